// W1 and W2 whole, as small drawings: a square for each weight, as large as the weight, filled
// where it is positive. The chosen unit's row and column are framed.

import type { Weights } from "../math/excite.ts";
import { decimal } from "../math/format.ts";
import { div, h, p, set, svg } from "../parts/dom.ts";
import { numberOf } from "./excitation-rows.ts";

const CELL = 12;

export class ExcitationMatrices {
  readonly el: HTMLElement;
  private readonly frames = { w1: frame(), w2: frame() };
  private readonly sizes: Record<"w1" | "w2", [rows: number, columns: number]>;

  constructor({ w1, w2 }: Weights) {
    const [units, channels] = [w1.length, w2.length];
    this.sizes = { w1: [units, channels], w2: [channels, units] };
    const says = `A square per weight: the larger, the stronger; filled is positive, hollow negative.`;
    this.el = div(
      "senet-matrices",
      drawing("W₁", `${units} × ${channels}: a row per hidden unit`, w1, this.frames.w1),
      drawing("W₂", `${channels} × ${units}: a row per gate`, w2, this.frames.w2),
      p("senet-about", says),
    );
  }

  /** Frame the chosen unit: its row of the matrix that makes it, its column of the next. */
  show(unit: string): void {
    const i = numberOf(unit);
    this.mark("w1", unit[0] === "h" ? [i, null] : unit[0] === "z" ? [null, i] : null);
    this.mark("w2", unit[0] === "s" ? [i, null] : unit[0] === "h" ? [null, i] : null);
  }

  private mark(name: "w1" | "w2", place: [row: number | null, column: number | null] | null): void {
    const [rows, columns] = this.sizes[name];
    const [row, column] = place ?? [null, null];
    set(this.frames[name], {
      visibility: place ? "visible" : "hidden",
      x: (column ?? 0) * CELL,
      y: (row ?? 0) * CELL,
      width: column === null ? columns * CELL : CELL,
      height: row === null ? rows * CELL : CELL,
    });
  }
}

function frame(): SVGRectElement {
  return svg("rect", { class: "senet-matrix-frame" });
}

function drawing(name: string, shape: string, rows: number[][], frame: Element): HTMLElement {
  const all = rows.flat();
  const largest = Math.max(...all.map(Math.abs), 1e-9);
  const squares = rows.flatMap((row, j) =>
    row.map((weight, i) => {
      const side = (CELL - 2) * Math.sqrt(Math.abs(weight) / largest);
      return svg("rect", {
        x: i * CELL + (CELL - side) / 2,
        y: j * CELL + (CELL - side) / 2,
        width: side,
        height: side,
        "data-weight": weight,
        "data-negative": weight < 0,
      });
    }),
  );
  const [width, height] = [rows[0]!.length * CELL, rows.length * CELL];
  const label = `${name}, ${shape}. Weights from ${decimal(Math.min(...all), 2)} to ${decimal(Math.max(...all), 2)}.`;
  const view = { viewBox: `-2 -2 ${width + 4} ${height + 4}`, style: `width:${width + 4}px` };
  return h(
    "figure",
    { class: "senet-matrix" },
    svg("svg", { role: "img", "aria-label": label, ...view }, ...squares, frame),
    h("figcaption", {}, h("b", {}, name), `, ${shape}`),
  );
}
