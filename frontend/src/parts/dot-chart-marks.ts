// The marks of a chart of excitations, as one SVG: dots, the class mean, stems between the two,
// lines of the axis.
//
// The SVG counts in channels (x) and in percent of its height (y) and is stretched to its box, so
// that no resize needs a redraw. Strokes don't scale, and so a line of hardly any length with round
// ends is a round dot. (One of no length at all has no direction, and WebKit then draws no round
// ends.) All dots are one path, by channel: it glides to another picture's as a whole, and there is
// one element to be styled, not one per channel.
//
// From 64 channels on, stems and joined steps would be a tangle. There each mean is a dash by
// itself, below the dots are strips of ink, of the gates and of their means, and beside them a
// small chart of the gates sorted: in the same one, readers took its curve for channels.

import { type axis, type Comparison, digitsOf } from "../math/channels.ts";
import { decimal } from "../math/format.ts";
import type { BlockAnswer } from "../network/network.ts";
import { h, matched, say, set, svg } from "./dom.ts";
import { InkRows } from "./ink-rows.ts";

export interface Excitations {
  answer: BlockAnswer;
  comparison: Comparison;
  /** Channels from left to right. */
  order: number[];
  /** Of excitation. */
  axis: ReturnType<typeof axis>;
  /** What the order means, for the axis: its left end and its right end. */
  ends: [string, string];
  /** The channel that is held. */
  held: number | null;
  /** Gates that were set by hand, NaN for the others. */
  set: Float32Array | null;
  /** The part of the order that is shown: its first place, and how many. All if absent. */
  part?: { from: number; count: number };
}

const DOT = "h0.001";
/** So many channels at once are drawn in the wide form. */
export const WIDE = 64;

export class Marks {
  readonly el: SVGSVGElement;
  /** The axis's numbers. */
  readonly scale = h("div", { class: "senet-scale", "aria-hidden": "true" });
  private readonly marker = svg("rect", {
    class: "senet-marker",
    width: 1,
    height: 100,
    visibility: "hidden",
  });
  private readonly ground = svg("rect", { class: "senet-ground", y: -15, height: 130 });
  /** The wide form's strips. */
  readonly heat: HTMLElement;
  private readonly rows = new InkRows();
  /** The wide form's gates from the largest to the smallest, on the same axis. */
  readonly sorted: HTMLElement;
  private readonly curve = svg("svg", { preserveAspectRatio: "none" }, svg("path"));
  private readonly grid = layer("grid");
  private readonly lines = layer("means");
  private readonly stems = layer("stems");
  private readonly dots = layer("dots");
  private scaled = ""; // what grid and scale were drawn for

  constructor() {
    const { ground, marker, grid, lines, stems, dots } = this;
    const plain = { preserveAspectRatio: "none", "aria-hidden": "true" };
    this.el = svg("svg", plain, ground, marker, grid, lines, stems, dots);
    this.heat = h(
      "div",
      { class: "senet-heat", "aria-hidden": "true", hidden: true },
      this.rows.el,
    );
    const hidden = { class: "senet-sorted", "aria-hidden": "true", hidden: true };
    this.sorted = h("div", hidden, this.curve, h("span", {}, "sorted"));
  }

  /** Mark the channel at a place, null for none. */
  mark(place: number | null): void {
    set(this.marker, { visibility: place === null ? "hidden" : "visible", x: place ?? 0 });
  }

  draw(data: Excitations): void {
    const { axis } = data;
    const { from, count } = partOf(data);
    const y = (value: number) => ((100 * (axis.high - value)) / (axis.high - axis.low)).toFixed(3);
    set(this.ground, { x: from - 1, width: count + 2 });
    set(this.el, { viewBox: `${from} 0 ${count} 100`, "data-many": count > 32 });
    this.drawDots(data, y);
    this.drawMeans(data, y);
    this.drawWide(data, y);
    const scale = [from, count, axis.low, axis.high, ...axis.ticks].join();
    if (scale === this.scaled) return;
    this.scaled = scale;
    matched(this.grid, axis.ticks.length, () => svg("path")).forEach((line, i) =>
      set(line, { d: `M${from} ${y(axis.ticks[i]!)}h${count}` }),
    );
    const digits = digitsOf(axis.ticks);
    matched(this.scale, axis.ticks.length, () => h("span")).forEach((number, i) => {
      set(number, { style: `top:${y(axis.ticks[i]!)}%` });
      say(number, decimal(axis.ticks[i]!, digits));
    });
  }

  /** The numbers of the dots, for programs that read the page. */
  tell(data: Excitations): void {
    const { answer, comparison } = data;
    const { mean } = comparison;
    const [s, z] = [answer.s.join(" "), answer.z.join(" ")];
    set(this.dots, { "data-s": s, "data-z": z, "data-mean": mean && mean.join(" ") });
    dotted(data).forEach((channels, i) =>
      set(this.dots.children[i]!, { "data-channels": channels.join(" ") }),
    );
  }

  private drawDots(data: Excitations, y: (value: number) => string): void {
    const { answer, comparison, order } = data;
    const place = rankOf(order);
    const at = (c: number) => `M${place[c]! + 0.5} ${y(answer.s[c]!)}`;
    const dots = dotted(data);
    matched(this.dots, dots.length, () => svg("path")).forEach((path, i) => {
      const d = dots[i]!.map((c) => at(c) + DOT).join("");
      set(path, { d, "data-set": i === 1 });
    });
    const { mean } = comparison;
    const stems = mean && partOf(data).count < WIDE;
    matched(this.stems, stems ? 1 : 0, () => svg("path")).forEach((path) =>
      set(path, {
        d: seen(data)
          .map((c) => `${at(c)}V${y(mean![c]!)}`)
          .join(""),
      }),
    );
  }

  /**
   * As steps, a channel wide each: a slanted line would show values between channels, where there
   * are none. Of many classes on many channels, the range of their means.
   */
  private drawMeans(data: Excitations, y: (value: number) => string): void {
    const { mean, each } = data.comparison;
    const { from, count } = partOf(data);
    const shown = data.order.slice(from, from + count);
    const wide = count >= WIDE;
    const steps = (row: Float32Array) =>
      shown.map((c, i) => `${i === 0 || wide ? "M" : "L"}${from + i} ${y(row[c]!)}h1`).join("");
    const range = () =>
      shown.map((c, i) => {
        const means = each.map((row) => row[c]!);
        return `M${from + i + 0.5} ${y(Math.min(...means))}V${y(Math.max(...means))}`;
      });
    const others = each.length === 0 ? [] : wide ? [range().join("")] : each.map(steps);
    const rows = mean ? [steps(mean), ...others] : [];
    matched(this.lines, rows.length, () => svg("path")).forEach((line, i) =>
      set(line, { d: rows[i]!, class: i === 0 ? "senet-mean" : "senet-one" }),
    );
  }

  private drawWide(data: Excitations, y: (value: number) => string): void {
    const { answer, order, axis, comparison } = data;
    const { from, count } = partOf(data);
    const wide = count >= WIDE;
    set(this.heat, { hidden: !wide });
    set(this.sorted, { hidden: !wide });
    set(this.el, { "data-wide": wide });
    const shown = wide ? order.slice(from, from + count) : [];
    const sorted = shown.map((c) => answer.s[c]!).sort((a, b) => b - a);
    const steps = sorted.map((s, i) => `${i ? "L" : "M"}${i} ${y(s)}h1`).join("");
    if (wide) set(this.curve, { viewBox: `0 0 ${count} 100` });
    set(this.curve.firstElementChild!, { d: steps });
    if (wide)
      this.rows.show(
        [answer.s, ...(comparison.mean ? [comparison.mean] : [])],
        shown,
        axis.low,
        axis.high,
      );
  }
}

const layer = (name: string) => svg("g", { class: `senet-${name}` });

/** The part of the order that is shown. */
export function partOf({ part, order }: Excitations): { from: number; count: number } {
  return part ?? { from: 0, count: order.length };
}

/** The channels that are shown. */
function seen({ order, part }: Excitations): number[] {
  const shown = part ? order.slice(part.from, part.from + part.count) : [...order];
  return shown.sort((a, b) => a - b);
}

/** Those whose gates are the network's own, and those that were set by hand where there are any. */
function dotted(data: Excitations): number[][] {
  const byHand = (c: number) => !Number.isNaN(data.set?.[c] ?? NaN);
  const all = seen(data);
  const pulled = all.filter(byHand);
  return pulled.length === 0 ? [all] : [all.filter((c) => !byHand(c)), pulled];
}

/** Where each channel is: the inverse of `order`. */
function rankOf(order: number[]): number[] {
  const place = new Array<number>(order.length);
  order.forEach((channel, i) => {
    place[channel] = i;
  });
  return place;
}
