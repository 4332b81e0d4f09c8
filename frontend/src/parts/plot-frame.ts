// A chart drawn by a plotting library, and places in it to choose from: channels, epochs, blocks.
//
//   nothing held ──point──▶ read out while pointed at ──leave──▶ nothing held
//   nothing held ──click or arrow key──▶ held ──another──▶ held ──Escape, or again──▶ nothing held
//
// The drawing is as wide as its box and is redrawn when that changes: text in it keeps its size.

import { div, h, p, set } from "./dom.ts";
import { stepped } from "./keys.ts";

export interface Drawn {
  svg: SVGSVGElement;
  /** Where each place lies, in pixels of the drawing: from the left, or from the top. */
  places: number[];
  along: "x" | "y";
  held: number | null;
  /** What the chart shows at a place, in a line. */
  read(place: number): string;
  /** What the whole chart shows, in a sentence: its text alternative. */
  summary: string;
}

export interface PlotFrame {
  el: HTMLElement;
  /** Draw for a box of a width in pixels. */
  show(draw: (width: number) => Drawn): void;
  /** The drawing as it is. */
  svg(): SVGSVGElement;
  end(): void;
}

const USUAL = 640; // pixels, while the box has no width yet
const HINT = "Point at a place, tap it, or use the arrow keys.";

/** @param loose whether nothing may be held */
export function plotFrame(
  name: string,
  hold: (place: number | null) => void,
  loose = true,
): PlotFrame {
  const frame = new Plotted(name, hold, loose);
  return {
    el: frame.el,
    show: (draw) => frame.show(draw),
    svg: () => frame.svg,
    end: () => frame.end(),
  };
}

class Plotted {
  readonly el: HTMLElement;
  private readonly hold: (place: number | null) => void;
  private readonly loose: boolean;
  private readonly marker = h("div", { class: "senet-plotted-marker", "aria-hidden": "true" });
  private readonly sheet = h("div", { class: "senet-plotted-sheet", "aria-hidden": "true" });
  private readonly box: HTMLElement;
  private readonly readout = p("senet-readout");
  private readonly summary = p("senet-summary");
  private draw: ((width: number) => Drawn) | null = null;
  private drawn: Drawn | null = null;
  private width = 0;
  private pointed: number | null = null;
  private readonly watcher = new ResizeObserver(() => this.resize());

  constructor(name: string, hold: (place: number | null) => void, loose: boolean) {
    [this.hold, this.loose] = [hold, loose];
    const { sheet, marker, readout, summary } = this;
    this.box = h(
      "div",
      {
        class: "senet-plotted",
        role: "slider",
        tabindex: 0,
        "aria-label": name,
        "aria-valuemin": 0,
      },
      sheet,
      marker,
    );
    this.el = div("senet-plotted-whole", this.box, readout, summary);
    this.listen();
    this.watcher.observe(this.box);
  }

  get svg(): SVGSVGElement {
    return this.drawn!.svg;
  }

  show(draw: (width: number) => Drawn): void {
    this.draw = draw;
    this.redraw();
  }

  end(): void {
    this.watcher.disconnect();
  }

  private resize(): void {
    const now = Math.round(this.box.clientWidth);
    if (now === 0 || now === this.width) return;
    this.width = now;
    this.redraw();
  }

  private redraw(): void {
    if (!this.draw) return;
    const drawn = (this.drawn = this.draw(this.width || USUAL));
    const count = drawn.places.length;
    this.sheet.replaceChildren(drawn.svg);
    this.summary.textContent = drawn.summary;
    set(this.box, {
      "data-along": drawn.along,
      "aria-valuemax": Math.max(0, count - 1),
      "data-places": count,
    });
    if (this.pointed !== null && this.pointed >= count) this.pointed = null;
    this.point();
  }

  private point(): void {
    const { places, along, held, read, svg } = this.drawn!;
    const place = this.pointed ?? held;
    const at = place === null ? undefined : places[place];
    const text = at === undefined ? HINT : read(place!);
    this.marker.hidden = at === undefined;
    if (at !== undefined) {
      const [side, whole] =
        along === "x" ? (["left", svg.width] as const) : (["top", svg.height] as const);
      this.marker.style.cssText = `${side}:${(100 * at) / whole.baseVal.value}%`;
    }
    this.readout.textContent = text;
    set(this.box, {
      "aria-valuenow": place ?? 0,
      "aria-valuetext": at === undefined ? "nothing chosen" : text,
      "data-held": held,
    });
  }

  /** The place nearest to the pointer. */
  private under(event: MouseEvent): number | null {
    const { left, top, width, height } = this.sheet.getBoundingClientRect();
    const { places, along, svg } = this.drawn!;
    const at =
      along === "x"
        ? ((event.clientX - left) / width) * svg.width.baseVal.value
        : ((event.clientY - top) / height) * svg.height.baseVal.value;
    let best: number | null = null;
    places.forEach((place, i) => {
      if (best === null || Math.abs(place - at) < Math.abs(places[best]! - at)) best = i;
    });
    return best;
  }

  private listen(): void {
    const { box } = this;
    box.addEventListener("pointermove", (event) => {
      if (!this.drawn || event.pointerType !== "mouse") return;
      const place = this.under(event);
      if (place === this.pointed) return;
      this.pointed = place;
      this.point();
    });
    box.addEventListener("pointerleave", () => {
      this.pointed = null;
      if (this.drawn) this.point();
    });
    box.addEventListener("click", (event) => {
      if (!this.drawn) return;
      const place = this.under(event);
      this.hold(place === this.drawn.held && this.loose ? null : place);
    });
    const hold = (place: number | null) => {
      this.pointed = null;
      this.hold(place);
    };
    const steps = () =>
      this.drawn && {
        place: this.drawn.held ?? -1,
        count: this.drawn.places.length,
        listed: this.drawn.along === "y",
      };
    stepped(box, steps, hold, this.loose ? () => hold(null) : undefined);
  }
}
