// Three rows of bars: z, hidden units and s of one block; between them the weights as lines. The
// whole path of the chosen unit is drawn: what makes it, and where it leads. A line is thick where
// weight times value is large.

import type { Excited, Rule, Weights } from "../math/excite.ts";
import { matched, set, svg } from "../parts/dom.ts";

const ROWS = ["z", "h", "s"] as const;
type Row = (typeof ROWS)[number];
const [WIDTH, HEIGHT, GAP] = [640, 60, 64]; // of the drawing, of a row's bars, and between two rows
const [ABOVE, BELOW] = [26, 28]; // for the words over the first row and under the last
const TALL = 3 * HEIGHT + 2 * GAP + ABOVE + BELOW;
const NARROW = 240; // the hidden units' row: a bottleneck, with its words beside it

/** A unit by its row and number: "z3", "h1", "s3". */
export const unitsOf = (count: number, row: Row) =>
  Array.from({ length: count }, (_, i) => `${row}${i}`);
export const numberOf = (unit: string) => Number(unit.slice(1));

/** A weight, the units at its ends, and what it carries: weight times the value above it. */
export interface Link {
  from: string;
  to: string;
  weight: number;
  term: number;
}

/** All weights of a block: W1's, hidden unit by hidden unit, then W2's, gate by gate. */
export function linksOf({ w1, w2 }: Weights, layers: Excited): Link[] {
  const between = (rows: number[][], to: Row, from: Row, values: number[]): Link[] =>
    rows.flatMap((row, j) =>
      row.map((weight, i) => ({
        from: `${from}${i}`,
        to: `${to}${j}`,
        weight,
        term: weight * values[i]!,
      })),
    );
  return [...between(w1, "h", "z", layers.z), ...between(w2, "s", "h", layers.hidden)];
}

/** Those that end or begin at a unit. */
export const at = (unit: string, links: Link[]) =>
  links.filter(({ from, to }) => from === unit || to === unit);

/**
 * How much of the chosen unit's path each link is, from 0 (no part) to 1. Next to the unit, its
 * own share; one layer further, times that of the hidden unit on the way.
 */
function pathOf(unit: string, links: Link[]): number[] {
  const own = at(unit, links);
  const share = shares(own);
  if (unit[0] === "h") {
    const [into, out] = [shares(own.filter(({ to }) => to === unit)), shares(own)];
    return links.map((link) =>
      link.to === unit ? into(link) : link.from === unit ? out(link) : 0,
    );
  }
  const through = new Map(own.map((link) => [unit[0] === "s" ? link.from : link.to, share(link)]));
  const further = links.filter((link) => !own.includes(link));
  const on = shares(further);
  return links.map((link) => {
    if (own.includes(link)) return share(link);
    return (through.get(unit[0] === "s" ? link.to : link.from) ?? 0) * on(link);
  });
}

function shares(links: Link[]): (link: Link) => number {
  const heaviest = Math.max(...links.map(({ term }) => Math.abs(term)), 1e-9);
  return ({ term }) => Math.min(1, Math.abs(term) / heaviest);
}

export class ExcitationRows {
  readonly el: SVGSVGElement;
  private readonly counts: Record<Row, number>;
  private readonly lines = svg("g");
  private readonly bars = svg("g");
  /** Where bars ended before anything was moved or pushed. */
  private readonly befores = svg("g");
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
      this.befores,
      this.names,
    );
  }

  /** @param plain the same with nothing moved or pushed */
  show(layers: Excited, plain: Excited, rule: Rule, chosen: string, links: Link[]): void {
    const path = pathOf(chosen, links);
    const on = links.filter((_, k) => path[k]! > 0.02);
    const scale = scaleOf([layers, plain], rule);
    this.drawBars(layers, scale, chosen, new Set(on.flatMap(({ from, to }) => [from, to])));
    this.drawBefores(layers, plain, scale);
    this.drawLinks(chosen, links, path);
    // No line crosses words: they are over the first row, beside the narrow one, under the last.
    const words: [row: Row, y: number, text: string][] = [
      ["z", top("z") - 8, "z, one per channel"],
      ["h", top("h") + 22, "hidden units,"],
      ["h", top("h") + 46, rule === "linear" ? "no ReLU" : "after ReLU"],
      [
        "s",
        TALL - 6,
        rule === "softmax" ? "s, by softmax: they sum to 1" : "s, one per channel, 0 to 1",
      ],
    ];
    matched(this.names, words.length, () => svg("text")).forEach((name, k) => {
      const [row, y, text] = words[k]!;
      set(name, { x: 2, y, class: `senet-${row}` });
      name.textContent = text;
    });
  }

  private drawBars(layers: Excited, scale: Scale, chosen: string, linked: Set<string>): void {
    const values = valuesOf(layers);
    const flat = ROWS.flatMap((row) => values[row].map((value, i) => ({ row, i, value })));
    matched(this.bars, flat.length, () => svg("rect")).forEach((bar, k) => {
      const { row, i, value } = flat[k]!;
      const { full, reach } = scale[row];
      const size = Math.max(1, (Math.abs(value) / reach) * full);
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

  private drawBefores(layers: Excited, plain: Excited, scale: Scale): void {
    const [now, then] = [valuesOf(layers), valuesOf(plain)];
    const changed = ROWS.flatMap((row) =>
      then[row].flatMap((value, i) =>
        Math.abs(now[row][i]! - value) > 1e-6 ? [{ unit: `${row}${i}`, row, value }] : [],
      ),
    );
    matched(this.befores, changed.length, () => svg("path")).forEach((mark, k) => {
      const { unit, row, value } = changed[k]!;
      const { full, reach } = scale[row];
      const [x, width] = this.place(unit);
      const y = top(row) + full - (value / reach) * full;
      set(mark, {
        d: `M${x - 3} ${y}h${width + 6}`,
        class: "senet-before",
        "data-unit": unit,
        "data-value": value,
      });
    });
  }

  private drawLinks(chosen: string, links: Link[], path: number[]): void {
    matched(this.lines, links.length, () => svg("line")).forEach((line, k) => {
      const { from, to, weight, term } = links[k]!;
      set(line, {
        x1: this.middle(from),
        y1: top(rowOf(from)) + HEIGHT + 3,
        x2: this.middle(to),
        y2: top(rowOf(to)) - 3,
        class: from[0] === "z" ? "senet-z" : "senet-s",
        "data-own": from === chosen || to === chosen,
        "data-weight": weight,
        "data-term": term,
        "data-on": path[k]! > 0.02,
        "stroke-width": 0.5 + 4 * path[k]!,
        "stroke-dasharray": weight < 0 ? "4 4" : null,
      });
    });
  }

  private under(event: MouseEvent): string {
    const box = this.el.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = ((event.clientY - box.top) / box.height) * TALL;
    const row = ROWS.find((name) => y <= top(name) + HEIGHT + GAP / 2) ?? "s";
    const distance = (unit: string) => Math.abs(this.middle(unit) - x * WIDTH);
    return unitsOf(this.counts[row], row).reduce((near, unit) =>
      distance(unit) < distance(near) ? unit : near,
    );
  }

  private place(unit: string): [x: number, width: number] {
    const row = rowOf(unit);
    const whole = row === "h" ? Math.min(NARROW, 60 * this.counts.h) : WIDTH;
    const each = whole / this.counts[row];
    const width = Math.min(each * 0.7, 30);
    return [(WIDTH - whole) / 2 + (numberOf(unit) + 0.5) * each - width / 2, width];
  }

  private middle(unit: string): number {
    const [x, width] = this.place(unit);
    return x + width / 2;
  }
}

/** Of each row: how high a bar can be in the drawing, and the value that is as high. */
type Scale = Record<Row, { full: number; reach: number }>;

const valuesOf = ({ z, hidden, s }: Excited): Record<Row, number[]> => ({ z, h: hidden, s });

/** One for all that is drawn: bars, and the marks of what they were before. */
function scaleOf(drawn: Excited[], rule: Rule): Scale {
  const most = (row: Row) =>
    Math.max(...drawn.flatMap((each) => valuesOf(each)[row].map(Math.abs)), 1e-9);
  return {
    z: { full: HEIGHT / 2, reach: most("z") },
    h: { full: rule === "linear" ? HEIGHT / 2 : HEIGHT, reach: most("h") },
    s: { full: HEIGHT, reach: rule === "softmax" ? most("s") : 1 },
  };
}

const rowOf = (unit: string) => unit[0] as Row;
const top = (row: Row) => ABOVE + ROWS.indexOf(row) * (HEIGHT + GAP);
