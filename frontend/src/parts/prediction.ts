// The chosen picture, large, and what the network takes it for: the likeliest classes, and whether
// it is right.

import { largest } from "../math/softmax.ts";
import {
  type Answer,
  type NetworkInfo,
  OWN,
  type PictureInfo,
  type Probe,
} from "../network/network.ts";
import { div, h, matched, p, say, set, span } from "./dom.ts";
import { doubt } from "./doubt.ts";
import type { Head } from "./drawing-head.ts";
import { amount, shares } from "./shares.ts";

const SHOWN = 5;
const YOURS: ReturnType<typeof judged> = ["–", "Only you know whether that is right."];

const VALUES: typeof YOURS = ["–", "These are outputs, not classes: of maps, their means."];

export interface Prediction {
  el: HTMLElement;
  /** @param before what it was before gates were pulled, to be marked beside; null for nothing */
  show(index: number, answer: Answer, before: Answer | null): void;
  /** What may wait for the next frame: what each class's share was before, in words. */
  tell(): void;
  /** Whether it is right, as a sentence. */
  verdict(): string;
  /** What is shown, for an image of the view at `address`. */
  head(address: string | null): Head;
}

interface Fixed {
  el: HTMLElement;
  show(picture: PictureInfo): void;
  says(): boolean;
}

const WHOLE = "The same picture, at full size"; // beside what the network sees

export function prediction(probe: Probe): Prediction {
  const { network } = probe;
  const { classes } = network;
  const canvas = h("canvas", { role: "img" });
  const photo = h("img", { class: "senet-photo", alt: WHOLE, hidden: true });
  const title = p("senet-title");
  const source = p("senet-source");
  const [sign, sentence] = [h("span", { "aria-hidden": "true" }), new Text()];
  const ticks = span("senet-ticks");
  const verdict = p("senet-verdict", sign, sentence, ticks);
  const doubts = p("senet-doubt");
  const fixed = withMeans(network);
  const list = h("ol", {
    class: "senet-likeliest",
    "aria-label": network.values ? "Largest outputs" : "Likeliest classes",
  });
  // no name is cut, and bars are as long as names leave room
  list.style.setProperty("--longest", `${Math.max(...classes.map(({ length }) => length))}ch`);
  const remarks = div("senet-remarks", fixed.el, doubts);
  const named = div("senet-named", title, source);
  const answer = div("senet-answer", named, list, verdict, remarks);
  const corner = span("senet-corner", "corner: the network’s view");
  const el = div("senet-prediction", framed(photo, canvas, corner), answer);
  let shown: [number, Answer, Answer | null] | null = null;
  // a share fills its part of the row; other numbers, their part of the largest
  const whole = (all: Float64Array) =>
    network.values ? all.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9) : 1;

  function look(index: number, picture: PictureInfo): void {
    probe.draw(index, canvas);
    // larger ones look better smoothed
    set(canvas, { "aria-label": picture.alt, class: canvas.width <= 64 ? "senet-pixels" : "" });
    reveal(photo, picture.photo ?? null);
    say(title, picture.title);
    say(source, [picture.source, picture.credit].filter(Boolean).join(" · "));
    fixed.show(picture);
  }

  return {
    el,
    show(index, answer, before) {
      if (shown && shown[0] === index && shown[1] === answer && shown[2] === before) return;
      const picture = probe.pictures[index]!;
      if (shown?.[0] !== index || picture.id === OWN) look(index, picture);
      shown = [index, answer, before];
      const all = shares(network, answer.logits);
      const was = before && shares(network, before.logits);
      const top = largest(all, Math.min(SHOWN, classes.length));
      matched(list, top.length, row).forEach((item, i) => {
        const k = top[i]!;
        const its = { "data-logit": answer.logits[k], "data-probability": all[k] };
        set(item, { "data-class": classes[k], ...its, class: k === picture.label && "senet-true" });
        line(item, network, classes[k]!, all[k]!, was ? was[k]! : null, whole(all));
      });
      const [mark, words] = rightOrNot(network, picture, top[0]!);
      set(verdict, { "data-verdict": mark === "✓" ? "right" : mark === "✗" ? "wrong" : "none" });
      say(sign, mark);
      if (sentence.data !== ` ${words}`) sentence.data = ` ${words}`;
      say(ticks, was ? "Ticks: before the change." : "");
      set(el, { "data-pulled": !!was });
      // of the picture, not of what gates set by hand make of it
      const unsure = doubt(probe, picture, before ?? answer);
      say(doubts, unsure);
      set(remarks, { "data-two": !!unsure && fixed.says() });
    },
    tell: () => tellEarlier(list, network, shown![1], shown![2]),
    head(address) {
      const [index, answer] = shown!;
      const { id, title: name, source: from, credit } = probe.pictures[index]!;
      const all = shares(network, answer.logits);
      return {
        picture: canvas.toDataURL(),
        title: name,
        credit: [from, credit].filter(Boolean).join(" · "),
        likeliest: largest(all, Math.min(SHOWN, classes.length)).map((k) => [
          classes[k]!,
          Math.max(0, all[k]!) / whole(all),
          amount(network, all[k]!),
        ]),
        verdict: `${sign.textContent}${sentence.data}`.trim(),
        // its view would show another picture: the reader's own is on their device alone
        address: id === OWN && address ? `A picture of my own, in ${place(address)}` : address,
      };
    },
    verdict: () => [sentence.data.trim(), doubts.textContent].filter(Boolean).join(" "),
  };
}

/** A page, without the view that an address has of it. */
function place(address: string): string {
  const url = new URL(address);
  url.search = "";
  return url.href;
}

const framed = (...pictures: HTMLElement[]) =>
  h("figure", { class: "senet-picture" }, div("senet-frame", ...pictures));

/** One class: its name, its bar, and its share in words; marked, what it was before. */
function line(
  item: HTMLElement,
  network: NetworkInfo,
  title: string,
  now: number,
  was: number | null,
  whole: number,
): void {
  const [name, share, number] = item.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
  const width = (value: number) => `${(100 * Math.max(0, value)) / whole}%`;
  say(name, title);
  set(share.firstElementChild!, { style: `width:${width(now)}` });
  set(share, { "data-before": was !== null, style: was !== null && `--before:${width(was)}` });
  say(number, amount(network, now));
}

/** Of the likeliest classes, what each one's share was before gates were pulled. */
function tellEarlier(list: Element, network: NetworkInfo, now: Answer, was: Answer | null): void {
  const before = was && shares(network, was.logits);
  largest(shares(network, now.logits), list.childElementCount).forEach((k, i) => {
    const title = before ? `${amount(network, before[k]!)} before the change` : "";
    set(list.children[i]!, { "data-before": before ? before[k]! : "", title });
  });
}

/**
 * The photograph fills the frame, and what the network sees of it is its corner; until it is there,
 * and where there is none, the frame is what the network sees. One that is hidden keeps its
 * address: without one its text would be laid out in its place.
 */
function reveal(photo: HTMLImageElement, address: string | null): void {
  const turn = (there: boolean) => set(photo, { hidden: !there });
  photo.onload = address === null ? null : () => turn(true);
  if (address !== null) set(photo, { src: address });
  turn(address !== null && photo.complete && photo.naturalWidth > 0); // at once if seen before
}

/** One of the likeliest classes. */
function row(): HTMLLIElement {
  const [name, share, number] = ["class", "share", "number"].map((part) =>
    span(`senet-${part}`),
  ) as [HTMLElement, HTMLElement, HTMLElement];
  share.append(h("span"));
  return h("li", {}, name, share, number);
}

/**
 * What the gates do for a picture: the answer without them, where there is a right one. Its nodes
 * stay and their words change: others would have the page's styles asked again.
 */
function withMeans(network: NetworkInfo): Fixed {
  const parts = Array.from({ length: 4 }, () => new Text());
  const [sign, , more] = parts as [Text, Text, Text];
  const el = p("senet-fixed");
  el.append(h("span", { "aria-hidden": "true" }, sign), parts[1]!);
  el.append(span("senet-word", more), parts[3]!);
  return {
    el,
    says: () => sign.data !== "",
    show({ label, fixed }) {
      const words = ["", "", "", ""];
      if (fixed && label !== null) {
        const answer = `: ${network.classes[fixed[0]]!}, ${amount(network, fixed[1])}.`;
        const right = fixed[0] === label ? "✓" : "✗";
        words.splice(0, 4, right, " With average gates", " (means over many pictures)", answer);
      }
      parts.forEach((part, i) => {
        if (part.data !== words[i]) part.data = words[i]!;
      });
    },
  };
}

function rightOrNot(
  network: NetworkInfo,
  picture: PictureInfo,
  predicted: number,
): ReturnType<typeof judged> {
  if (network.values) return VALUES;
  if (picture.id === OWN || network.yours) return YOURS;
  return judged(picture.label, predicted, network.classes);
}

/** A sign and a sentence on whether the prediction is right. */
export function judged(
  label: number | null,
  predicted: number,
  classes: string[],
): [sign: "✓" | "✗" | "–", sentence: string] {
  if (label === null)
    return ["–", `This network knows ${classes.length} classes, and this is none of them.`];
  if (label === predicted) return ["✓", `Right: its class is ${classes[label]!}.`];
  return ["✗", `Wrong: its class is ${classes[label]!}.`];
}
