// The gallery: one radio button a picture, in columns of three. The browser's own radio group
// brings focus, names and the keys up and down, which go to the next picture; left and right go to
// the next column here.
//
// Thumbnails are pictures, not canvases: Chromium gives each canvas a layer of its own, and one
// more to what comes after it, and then every frame of the page took care of eighty.

import type { PictureInfo, Probe } from "../network/network.ts";
import { div, h, set, unique } from "./dom.ts";

/**
 * A gallery has three pictures a class (`sebook.pages.exhibits.PER_CLASS`): a column is a class.
 */
const ROWS = 3;

const thumbnails = new WeakMap<PictureInfo, string>();
let sheet: HTMLCanvasElement | undefined;

/** The address of a picture as the network sees it. */
export function thumbnail(probe: Probe, index: number): string {
  const picture = probe.pictures[index]!;
  let address = thumbnails.get(picture);
  if (!address) {
    sheet ??= h("canvas");
    probe.draw(index, sheet);
    address = sheet.toDataURL();
    thumbnails.set(picture, address); // a reader's own has an entry of its own each time it changes
  }
  return address;
}

export interface Picker {
  el: HTMLElement;
  choose(index: number): void;
  /** Show picture `index` as it is now, also one that was not there before. */
  renew(index: number): void;
}

export function picker(probe: Probe, chosen: (index: number) => void): Picker {
  const group = unique("senet-picture");
  const inputs: HTMLInputElement[] = [];
  const strip = div("senet-thumbs");
  probe.pictures.forEach((_, i) => renew(i));
  strip.style.setProperty("--rows", String(Math.min(ROWS, inputs.length)));
  strip.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !/^(Arrow|Home$|End$)/.test(event.key))
      return;
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    const here = inputs.findIndex((input) => input.checked);
    const to = { ArrowRight: here + ROWS, ArrowLeft: here - ROWS, Home: 0, End: inputs.length - 1 }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    if (!inputs[to]) return;
    inputs[to].focus();
    chosen(to);
  });

  function renew(index: number): void {
    const { id, title } = probe.pictures[index]!;
    if (index === inputs.length) {
      const input = h("input", {
        type: "radio",
        name: group,
        value: id,
        onchange: () => chosen(index),
      });
      inputs.push(input);
      strip.append(h("label", {}, input, h("img", { alt: "" })));
    }
    const label = strip.children[index] as HTMLLabelElement;
    label.title = title;
    inputs[index]!.setAttribute("aria-label", title);
    set(label.querySelector("img")!, { src: thumbnail(probe, index), alt: title });
  }

  return {
    renew,
    el: h("fieldset", { class: "senet-picker" }, h("legend", {}, "Choose a picture"), strip),
    choose(index) {
      const input = inputs[index]!;
      input.checked = true;
      // On a narrow page the strip scrolls by itself; scrollIntoView would move the page as well.
      const [{ offsetLeft, offsetWidth }, view] = [input.parentElement!, strip.scrollLeft];
      if (offsetLeft < view) strip.scrollLeft = offsetLeft;
      else if (offsetLeft + offsetWidth > view + strip.clientWidth)
        strip.scrollLeft = offsetLeft + offsetWidth - strip.clientWidth;
    },
  };
}
