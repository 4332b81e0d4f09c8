// Gates as one or two rows of ink, on one canvas: a pixel per channel, which the page's style
// stretches. With every picture, elements with gradients would be styled and painted again.

import { h } from "./dom.ts";
import { dab, inkedBy } from "./ink.ts";

/** Pixels from top to bottom: of one row alone, or of the first and the second. */
const ALONE: Row[] = [{ from: 0, to: 16, strength: 1 }];
const TWO: Row[] = [
  { from: 0, to: 8, strength: 1 },
  { from: 9, to: 16, strength: 0.6 },
];

interface Row {
  from: number;
  to: number;
  strength: number;
}

export class InkRows {
  readonly el = h("canvas", { height: 16 });
  private now: [rows: Float32Array[], order: number[], low: number, high: number] | null = null;

  constructor() {
    inkedBy(this.el, () => this.paint());
    this.el.addEventListener("contextrestored", () => this.paint());
  }

  /**
   * @param order channels from left to right
   * @param low, high gates that are drawn palest and strongest
   */
  show(rows: Float32Array[], order: number[], low: number, high: number): void {
    this.now = [rows, order, low, high];
    this.paint();
  }

  private paint(): void {
    if (!this.now || this.now[1].length === 0) return;
    const [rows, order, low, high] = this.now;
    const { el } = this;
    if (el.width !== order.length) el.width = order.length; // a new width is a new layout
    const image = new ImageData(el.width, el.height);
    const line = 4 * el.width;
    (rows.length === 1 ? ALONE : TWO).forEach(({ from, to, strength }, i) => {
      order.forEach((channel, x) => {
        const share = (rows[i]![channel]! - low) / (high - low || 1);
        dab(image, from * el.width + x, strength * Math.min(1, Math.max(0, share)));
      });
      for (let y = from + 1; y < to; y++)
        image.data.copyWithin(y * line, from * line, (from + 1) * line);
    });
    el.getContext("2d")!.putImageData(image, 0, 0);
  }
}
