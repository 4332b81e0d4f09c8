// From a reader's picture to what the network is shown, and the hands for it.
//
//   picture ──crop──▶ size x size ──hue, brightness, blur──▶ ──brush──▶ square, for the network

import { decimal, signed } from "../math/format.ts";
import { button, div, h, p } from "../parts/dom.ts";
import { slider } from "../parts/frame.ts";
import { type Adjustments, AS_IT_IS, adjust } from "./adjust.ts";
import { cover, covered } from "./brush.ts";
import { brushView } from "./brush-view.ts";
import { cropView } from "./crop-view.ts";
import { cutter, type Picture } from "./picture.ts";

const QUIET = 600; // milliseconds without a change before it is spoken

export interface Editor {
  el: HTMLElement;
  /** What the network is shown, size x size. It is redrawn at each change. */
  readonly square: HTMLCanvasElement;
  /** @param keep what was done to the one before: it is the same, a moment later */
  show(picture: Picture, keep?: boolean): void;
  /** Out of sight, until another picture comes. */
  hide(): void;
  end(): void;
}

/** By what a picture is adjusted: a name, bounds and step, and its value in words. */
const SLIDERS: Record<
  keyof Adjustments,
  [label: string, low: number, high: number, step: number, words: (value: number) => string]
> = {
  hue: ["Hue", -180, 180, 5, (value) => `${signed(value, 0)}°`],
  brightness: ["Brightness", 0, 2, 0.05, (value) => `× ${decimal(value, 2)}`],
  blur: ["Blur", 0, 4, 0.25, (value) => `${decimal(value, 2)} px`],
};
const NAMES = Object.keys(SLIDERS) as (keyof Adjustments)[];

/** @param changed by the reader's hand */
export function editor(size: number, changed: () => void): Editor {
  return new PictureEditor(size, changed);
}

class PictureEditor implements Editor {
  readonly el: HTMLElement;
  readonly square: HTMLCanvasElement;
  private readonly size: number;
  private readonly changed: () => void;
  private readonly cut: ReturnType<typeof cutter>["cut"];
  private readonly now: Adjustments = { ...AS_IT_IS };
  private readonly crop = cropView(() => this.later(this.crop.words()));
  private readonly brush: ReturnType<typeof brushView>;
  private readonly sliders: Record<keyof Adjustments, ReturnType<typeof slider>>;
  private readonly reset = button("Reset sliders", () => this.set(AS_IT_IS));
  private readonly line = h("p", { class: "senet-unseen", role: "status" });
  private picture: Picture | null = null;
  private waiting = 0;
  private talk: ReturnType<typeof setTimeout> | undefined;

  constructor(size: number, changed: () => void) {
    [this.size, this.changed] = [size, changed];
    ({ square: this.square, cut: this.cut } = cutter(size));
    this.brush = brushView(
      this.square,
      () => this.crop.crop,
      (said) => this.later(said),
    );
    this.sliders = {
      hue: this.slider("hue"),
      brightness: this.slider("brightness"),
      blur: this.slider("blur"),
    };
    const looks = p("senet-part", "How it looks");
    const sliders = NAMES.map((name) => this.sliders[name].el);
    this.el = h(
      "div",
      { class: "senet-editor", role: "group", "aria-label": "Edit your picture", hidden: true },
      this.crop.el,
      this.brush.el,
      div("senet-adjust", looks, ...sliders, this.reset),
      this.line,
    );
    this.set(AS_IT_IS, false);
  }

  show(next: Picture, keep = false): void {
    this.picture = next;
    this.crop.show(next, keep);
    if (!keep) {
      this.brush.strokes.forget();
      this.set(AS_IT_IS, false);
    }
    this.draw();
    this.el.hidden = false;
  }

  hide(): void {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    clearTimeout(this.talk);
    this.picture = null;
    this.el.hidden = true;
  }

  end(): void {
    this.hide();
  }

  private slider(name: keyof Adjustments) {
    const [label, low, high, step] = SLIDERS[name];
    const made = slider(low, high, step, (value) => this.set({ ...this.now, [name]: value }));
    made.name.textContent = label;
    return made;
  }

  private set(wanted: Readonly<Adjustments>, ours = true): void {
    Object.assign(this.now, wanted);
    for (const name of NAMES) {
      const { input, value } = this.sliders[name];
      const words = SLIDERS[name][4](this.now[name]);
      input.value = String(this.now[name]);
      value.textContent = words;
      input.setAttribute("aria-valuetext", words); // the browser reads it out
    }
    this.reset.disabled = NAMES.every((name) => this.now[name] === AS_IT_IS[name]);
    if (ours) this.later("");
  }

  private draw(): void {
    const { size, square, crop, brush } = this;
    this.cut(this.picture!.image, crop.crop);
    const context = square.getContext("2d", { willReadFrequently: true })!;
    const pixels = context.getImageData(0, 0, size, size);
    adjust(pixels.data, size, this.now);
    cover(pixels.data, covered(brush.strokes.now, crop.crop, size));
    context.putImageData(pixels, 0, 0);
    brush.show();
  }

  /** Once a frame is often enough, however fast a hand is. */
  private later(said: string): void {
    if (!this.picture) return;
    clearTimeout(this.talk);
    if (said) this.talk = setTimeout(() => (this.line.textContent = said), QUIET);
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
      this.changed();
    });
  }
}
