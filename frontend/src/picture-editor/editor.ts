// From a reader's picture to what the network is shown, and the hands for it.
//
//   picture ──crop──▶ size x size ──hue, brightness, blur──▶ ──brush──▶ square, which is what the network gets, pixel by pixel

import { decimal, signed } from "../math/format.ts";
import { h } from "../parts/dom.ts";
import { slider } from "../parts/frame.ts";
import { type Adjustments, AS_IT_IS, adjust } from "./adjust.ts";
import { cover, covered } from "./brush.ts";
import { brushView } from "./brush-view.ts";
import { cropView } from "./crop-view.ts";
import { cutter, type Picture } from "./picture.ts";

const QUIET = 600; // milliseconds without a change before it is spoken

export interface Editor {
  el: HTMLElement;
  /** What the network is shown, size x size. It is drawn anew at each change. */
  readonly square: HTMLCanvasElement;
  /** @param keep what was done to the one before: it is the same, a moment later */
  show(picture: Picture, keep?: boolean): void;
  /** Out of sight, until another picture comes. */
  hide(): void;
  end(): void;
}

/** @param changed by the reader's hand */
export function editor(size: number, changed: () => void): Editor {
  const { square, cut } = cutter(size);
  const now: Adjustments = { ...AS_IT_IS };
  let picture: Picture | null = null;
  let waiting = 0;
  let talk: ReturnType<typeof setTimeout> | undefined;
  const crop = cropView(() => later(crop.words()));
  const brush = brushView(square, () => crop.crop, later);
  const sliders = {
    hue: adjustment("hue", "Hue", -180, 180, 5, (value) => `${signed(value, 0)}°`),
    brightness: adjustment(
      "brightness",
      "Brightness",
      0,
      2,
      0.05,
      (value) => `× ${decimal(value, 2)}`,
    ),
    blur: adjustment("blur", "Blur", 0, 4, 0.25, (value) => `${decimal(value, 2)} px`),
  };
  const names = Object.keys(sliders) as (keyof Adjustments)[];
  const reset = h("button", { type: "button", onclick: () => set(AS_IT_IS) }, "Reset sliders");
  const line = h("p", { class: "senet-unseen", role: "status" });
  const el = h(
    "div",
    { class: "senet-editor", role: "group", "aria-label": "Edit your picture", hidden: true },
    crop.el,
    brush.el,
    h(
      "div",
      { class: "senet-adjust" },
      h("p", { class: "senet-part" }, "How it looks"),
      ...names.map((name) => sliders[name].el),
      reset,
    ),
    line,
  );
  set(AS_IT_IS, false);

  function adjustment(
    name: keyof Adjustments,
    label: string,
    low: number,
    high: number,
    step: number,
    words: (value: number) => string,
  ) {
    const made = slider(low, high, step, (value) => set({ ...now, [name]: value }));
    made.name.textContent = label;
    return { ...made, words };
  }

  function set(wanted: Readonly<Adjustments>, ours = true): void {
    Object.assign(now, wanted);
    for (const name of names) {
      const { input, value, words } = sliders[name];
      input.value = String(now[name]);
      value.textContent = words(now[name]);
      // read out by the browser, so that nothing need be said
      input.setAttribute("aria-valuetext", value.textContent);
    }
    reset.disabled = names.every((name) => now[name] === AS_IT_IS[name]);
    if (ours) later("");
  }

  function draw(): void {
    cut(picture!.image, crop.crop);
    const context = square.getContext("2d", { willReadFrequently: true })!;
    const pixels = context.getImageData(0, 0, size, size);
    adjust(pixels.data, size, now);
    cover(pixels.data, covered(brush.strokes.now, crop.crop, size));
    context.putImageData(pixels, 0, 0);
    brush.show();
  }

  /** Once a frame is often enough, however fast a hand is. */
  function later(said: string): void {
    if (!picture) return;
    clearTimeout(talk);
    if (said) talk = setTimeout(() => (line.textContent = said), QUIET);
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
      changed();
    });
  }

  return {
    el,
    square,
    show(next, keep = false) {
      picture = next;
      crop.show(next, keep);
      if (!keep) {
        brush.strokes.forget();
        set(AS_IT_IS, false);
      }
      draw();
      el.hidden = false;
    },
    hide,
    end: hide,
  };

  function hide(): void {
    cancelAnimationFrame(waiting);
    waiting = 0;
    clearTimeout(talk);
    picture = null;
    el.hidden = true;
  }
}
