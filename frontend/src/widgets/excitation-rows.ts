// Three rows of bars: z, hidden units and s of one block; and the weights at the chosen unit as
// lines, thick where weight times value is large.

import type { Layers, Rule, Weights } from "../math/excite.ts";
import { matched, set, svg } from "../parts/dom.ts";

const ROWS = ["z", "h", "s"] as const;
type Row = (typeof ROWS)[number];
const [WIDTH, HEIGHT, GAP] = [640, 64, 46]; // of the drawing, of a row's bars, and between two rows
const TALL = 3 * HEIGHT + 2 * GAP + 34;

/** A unit by its row and number: "z3", "h1", "s3". */
export const unitsOf = (count: number, row: Row) =>
  Array.from({ length: count }, (_, i) => `${row}${i}`);
export const numberOf = (unit: string) => Number(unit.slice(1));

/** A weight at a unit, the unit at its other end, and weight times value. */
export interface Link {
  unit: string;
  weight: number;
  term: number;
}

/** The weights at a unit: those that make it up, or for a z those that it goes into. */
export function linksOf(unit: string, { w1, w2 }: Weights, layers: Layers): Link[] {
  const i = numberOf(unit);
  if (unit[0] === "z") {
    return w1.map((row, j) => ({
      unit: `h${j}`,
      weight: row[i]!,
      term: row[i]! * layers.z[i]!,
    }));
  }
  const [row, from, of] = unit[0] === "h" ? [w1[i]!, "z", layers.z] : [w2[i]!, "h", layers.hidden];
  return row.map((weight, j) => ({ unit: `${from}${j}`, weight, term: weight * of[j]! }));
}

export class ExcitationRows {
  readonly el: SVGSVGElement;
  private readonly counts: Record<Row, number>;
  private readonly lines = svg("g");
  private readonly bars = svg("g");
  private readonly names = svg("g");

  constructor(channels: number, units: number, choose: (unit: string) => void) {
    this.counts = { z: channels, h: units, s: channels };
    this.el = svg(
      "svg",
      {
        class: "senet-layers",
        viewBox: `0 0 ${WIDTH} ${TALL}`,
        role: "img",
        onclick: (event: MouseEvent) => choose(this.under(event)),
      },
      this.lines,
      this.bars,
      this.names,
    );
  }

  show(layers: Layers, rule: Rule, chosen: string, links: Link[]): void {
    this.drawBars(layers, rule, chosen, new Set(links.map(({ unit }) => unit)));
    this.drawLinks(chosen, links);
    const titles = {
      z: "z, one per channel",
      h: rule === "linear" ? "hidden units, no ReLU" : "hidden units, after ReLU",
      s: rule === "softmax" ? "s, by softmax: they sum to 1" : "s, one per channel, 0 to 1",
    };
    matched(this.names, ROWS.length, () => svg("text")).forEach((name, k) => {
      const row = ROWS[k]!;
      set(name, { x: 2, y: top(row) - 8, class: `senet-${row}` });
      name.textContent = titles[row];
    });
  }

  private drawBars(layers: Layers, rule: Rule, chosen: string, linked: Set<string>): void {
    const values: Record<Row, number[]> = { z: layers.z, h: layers.hidden, s: layers.s };
    const scale: Record<Row, number> = {
      z: Math.max(...layers.z.map(Math.abs), 1e-9),
      h: Math.max(...layers.hidden.map(Math.abs), 1e-9),
      s: rule === "softmax" ? Math.max(...layers.s) : 1,
    };
    const signed: Record<Row, boolean> = { z: true, h: rule === "linear", s: false };
    const flat = ROWS.flatMap((row) => values[row].map((value, i) => ({ row, i, value })));
    matched(this.bars, flat.length, () => svg("rect")).forEach((bar, k) => {
      const { row, i, value } = flat[k]!;
      const full = signed[row] ? HEIGHT / 2 : HEIGHT;
      const size = Math.max(1, (Math.abs(value) / scale[row]) * full);
      const zero = top(row) + full;
      const unit = `${row}${i}`;
      const [x, width] = this.place(unit);
      set(bar, {
        x,
        width,
        y: value < 0 ? zero : zero - size,
        height: size,
        class: `senet-${row}`,
        "data-unit": unit,
        "data-value": value,
        "data-chosen": unit === chosen,
        "data-lit": unit === chosen || linked.has(unit),
      });
    });
  }

  private drawLinks(chosen: string, links: Link[]): void {
    const heaviest = Math.max(...links.map(({ term }) => Math.abs(term)), 1e-9);
    matched(this.lines, links.length, () => svg("line")).forEach((line, k) => {
      const { unit, weight, term } = links[k]!;
      const [from, to] =
        ROWS.indexOf(rowOf(unit)) < ROWS.indexOf(rowOf(chosen)) ? [unit, chosen] : [chosen, unit];
      set(line, {
        x1: this.middle(from),
        y1: top(rowOf(from)) + HEIGHT,
        x2: this.middle(to),
        y2: top(rowOf(to)),
        "data-weight": weight,
        "data-term": term,
        "stroke-width": 0.5 + (4 * Math.abs(term)) / heaviest,
        "stroke-dasharray": weight < 0 ? "4 4" : null,
      });
    });
  }

  private under(event: MouseEvent): string {
    const box = this.el.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = ((event.clientY - box.top) / box.height) * TALL;
    const row = ROWS.find((name) => y <= top(name) + HEIGHT + GAP / 2) ?? "s";
    const count = this.counts[row];
    return `${row}${Math.min(count - 1, Math.max(0, Math.floor(x * count)))}`;
  }

  private place(unit: string): [x: number, width: number] {
    const each = WIDTH / this.counts[rowOf(unit)];
    const width = Math.min(each * 0.7, 30);
    return [(numberOf(unit) + 0.5) * each - width / 2, width];
  }

  private middle(unit: string): number {
    const [x, width] = this.place(unit);
    return x + width / 2;
  }
}

const rowOf = (unit: string) => unit[0] as Row;
const top = (row: Row) => 24 + ROWS.indexOf(row) * (HEIGHT + GAP);
