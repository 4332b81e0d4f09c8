// Gates as strips of ink, all of a ribbon on one canvas: strong where a gate is open, pale where it
// is closed. An element for each strip (bands.ts) has its gradient read, styled and painted again
// with every picture, and for a whole network that was half of what a choice took.
//
// The canvas lies below its columns, and where those are is asked only when its size changes.

import { h } from "./dom.ts";
import { dab, inkedBy } from "./ink.ts";

export interface InkColumn {
  /** Side by side: a picture's gates, and those of a second one. */
  sides: Float32Array[];
  /** Channels from top to bottom. */
  order: number[];
}

/** What the second side has of a column's width. */
export const SECOND = 0.35;

export class InkColumns {
  readonly el = h("canvas", { class: "senet-ink-columns", "aria-hidden": "true" });
  private readonly cells: HTMLElement[];
  /** Left end and width of each column, in pixels of the canvas. */
  private places: [left: number, width: number][] = [];
  private now: [columns: InkColumn[], low: number, high: number] | null = null;
  private readonly small = h("canvas"); // a pixel wide a strip

  /** @param cells the columns' elements, whose ground is the canvas */
  constructor(cells: HTMLElement[]) {
    this.cells = cells;
    inkedBy(this.el, () => this.paint());
    this.el.addEventListener("contextrestored", () => this.paint());
    new ResizeObserver(() => this.measure()).observe(this.el);
  }

  /** @param low, high gates that are drawn palest and strongest */
  show(columns: InkColumn[], low: number, high: number): void {
    this.now = [columns, low, high];
    this.paint();
  }

  private measure(): void {
    const { el, cells } = this;
    const { left, width, height } = el.getBoundingClientRect();
    const scale = devicePixelRatio;
    [el.width, el.height] = [Math.round(width * scale), Math.round(height * scale)];
    this.places = cells.map((cell) => {
      const box = cell.getBoundingClientRect();
      return [Math.round((box.left - left) * scale), Math.round(box.width * scale)];
    });
    this.paint();
  }

  private paint(): void {
    const { el, small, places } = this;
    if (!this.now || places.length === 0 || el.width * el.height === 0) return;
    const [columns, low, high] = this.now;
    const strips = columns.flatMap(({ sides, order }) => sides.map((gates) => ({ gates, order })));
    if (small.width !== strips.length) small.width = strips.length;
    if (small.height !== el.height) small.height = el.height;
    const image = new ImageData(small.width, small.height);
    strips.forEach(({ gates, order }, x) => inkStrip(image, x, gates, order, low, high));
    small.getContext("2d")!.putImageData(image, 0, 0);
    const context = el.getContext("2d")!;
    context.clearRect(0, 0, el.width, el.height);
    context.imageSmoothingEnabled = false;
    let x = 0;
    columns.forEach(({ sides }, i) => {
      const [left, width] = places[i]!;
      const first = sides.length > 1 ? Math.round((1 - SECOND) * width) : width;
      context.drawImage(small, x++, 0, 1, el.height, left, 0, first, el.height);
      if (sides.length === 1) return;
      context.drawImage(small, x++, 0, 1, el.height, left + first, 0, width - first, el.height);
    });
  }
}

/** Fill a column of pixels; where a pixel has several gates, with their mean. */
function inkStrip(
  image: ImageData,
  x: number,
  gates: Float32Array,
  order: number[],
  low: number,
  high: number,
): void {
  const { width, height } = image;
  const [reach, count] = [high - low || 1, order.length];
  const shares = order.map((channel) => Math.min(1, Math.max(0, (gates[channel]! - low) / reach)));
  for (let y = 0; y < height; y++) {
    const [from, to] = [(y * count) / height, ((y + 1) * count) / height];
    const last = Math.min(count, Math.ceil(to)) - 1;
    let sum = 0;
    for (let place = Math.floor(from); place <= last; place++)
      sum += shares[place]! * (Math.min(to, place + 1) - Math.max(from, place));
    dab(image, y * width + x, sum / (to - from));
  }
}
