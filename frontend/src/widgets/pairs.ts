// "Pairs": timm's networks with SE, each against its partner without: what it gains on a test set,
// or how much longer it takes on a machine.
//
//   measure, order ──▶ a dot a pair, and their mean ──place──▶ the pair in words

import * as Plot from "@observablehq/plot";
import { mean } from "d3-array";
import { decimal, signed } from "../math/format.ts";
import { div } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { grids } from "../parts/grid.ts";
import { type Menus, menus, titled } from "../parts/menus.ts";
import { type Drawn, plotFrame } from "../parts/plot-frame.ts";
import { inRows, plotted } from "../parts/plotted.ts";
import { type Cell, saver } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

interface Pair {
  without: string;
  with: string;
  pixels: number;
  /** Millions, without SE and with. */
  parameters: [number, number];
  /** Per cent, without SE and with, by test set. */
  top1: Record<string, [number, number]>;
  /** With SE over without, by machine. */
  time: Record<string, number>;
}

interface Measure {
  id: string;
  title: string;
  what: "top1" | "time";
}

export interface PairsData {
  measures: Measure[];
  pairs: Pair[];
}

const ORDERS = { recipe: "recipe", difference: "size of the difference" };

export type PairsView = {
  measure: string;
  order: keyof typeof ORDERS;
  at: number | null;
};

/** In points of accuracy, or in per cent of the time. */
export function difference(pair: Pair, { id, what }: Measure): number {
  if (what === "time") return 100 * (pair.time[id]! - 1);
  const [without, withSe] = pair.top1[id]!;
  return withSe - without;
}

/** The pairs as they are drawn, from the top. */
export function ordered({ pairs }: PairsData, measure: Measure, now: PairsView): Pair[] {
  if (now.order === "recipe") return pairs;
  return [...pairs].sort((a, b) => difference(b, measure) - difference(a, measure));
}

/** "seresnet50 a1" of "seresnet50.a1_in1k". RegNets have one recipe. */
export function short(name: string): string {
  const [network, recipe] = name.replace("_in1k", "").split(".");
  return recipe === "pycls" ? network! : `${network} ${recipe}`;
}

export function pairWords(pair: Pair, measure: Measure): string {
  const { id, title, what } = measure;
  const [before, after] = pair.parameters.map((millions) => decimal(millions, 1));
  const [left, right] = what === "time" ? ["", ""] : pair.top1[id]!.map((top1) => decimal(top1, 2));
  const change =
    what === "time"
      ? `${signed(difference(pair, measure), 1)}% time`
      : `${left}% → ${right}%, ${signed(difference(pair, measure), 2)} points`;
  return `${short(pair.without)} → ${short(pair.with)}, ${pair.pixels} pixels. ${title}: ${change}. ${before} → ${after} million parameters.`;
}

export function summaryWords({ pairs }: PairsData, measure: Measure): string {
  const all = pairs.map((pair) => difference(pair, measure));
  const average = mean(all)!;
  const above = all.filter((value) => value > 0).length;
  return measure.what === "time"
    ? `${measure.title}: with SE, ${signed(average, 0)}% time on average; ${above} of ${all.length} pairs take longer.`
    : `${measure.title}: ${signed(average, 2)} points on average; ${above} of ${all.length} pairs gain.`;
}

export function pairs(root: HTMLElement, data: PairsData, keeper: Keeper): () => void {
  const widget = new Pairs(root, data, keeper);
  return () => widget.end();
}

class Pairs {
  private readonly frame: Frame<PairsView>;
  private readonly data: PairsData;
  private readonly menus: Menus<"measure" | "order">;
  private readonly chart = plotFrame("Pairs of networks", (at) => this.frame.wish({ at }));
  private readonly numbers = grids();
  private words = "";

  constructor(root: HTMLElement, data: PairsData, keeper: Keeper) {
    this.data = data;
    this.menus = menus((wanted) => this.frame.wish({ ...wanted, at: null }), {
      measure: ["Compare", titled(data.measures)],
      order: ["Order by", ORDERS],
    });
    const saved = saver("the chart", {
      name: () => `pairs-${this.frame.now.measure}`,
      svg: this.chart.svg,
      rows: () => this.rows(this.frame.now),
    });
    this.frame = widgetFrame<PairsView>(root, keeper, () => data, {
      body: [div("senet-controls", ...this.menus.els), this.chart.el, saved, this.numbers.el],
      draw: (now) => this.draw(now),
      spoken: () => this.words,
    });
  }

  end(): void {
    this.chart.end();
    this.frame.end();
  }

  private draw(now: PairsView): void {
    const measure = this.measure(now);
    this.menus.show(now);
    this.chart.show((width) => drawn(this.data, measure, now, width));
    this.numbers.show(() => [{ caption: measure.title, rows: this.rows(now) }]);
    this.words = summaryWords(this.data, measure);
  }

  private measure(now: PairsView): Measure {
    return this.data.measures.find(({ id }) => id === now.measure)!;
  }

  private rows(now: PairsView): Cell[][] {
    const measure = this.measure(now);
    const timed = measure.what === "time";
    const heads = timed ? ["time with SE / without"] : ["top-1 without SE, %", "with SE, %"];
    const rows = ordered(this.data, measure, now).map((pair): Cell[] => [
      pair.without,
      pair.with,
      pair.pixels,
      ...(timed ? [pair.time[measure.id]!] : pair.top1[measure.id]!),
    ]);
    return [["without SE", "with SE", "pixels", ...heads], ...rows];
  }
}

function drawn(data: PairsData, measure: Measure, now: PairsView, width: number): Drawn {
  const shown = ordered(data, measure, now);
  const names = shown.map((pair) => short(pair.with));
  const rows = shown.map((pair, i) => ({ name: names[i], x: difference(pair, measure), i }));
  const label = measure.what === "time" ? "time more with SE, %" : "points gained with SE";
  return {
    ...plotted("y", names, {
      ...inRows(names, width, 22, { label }),
      marks: [
        Plot.ruleX([0], { strokeOpacity: 0.5 }),
        Plot.ruleX([mean(rows, ({ x }) => x)!], { strokeDasharray: "4 3", strokeWidth: 1.5 }),
        Plot.ruleY(rows, { x1: 0, x2: "x", y: "name", stroke: "var(--senet-s)", strokeWidth: 1.5 }),
        Plot.dot(rows, {
          x: "x",
          y: "name",
          fill: "var(--senet-s)",
          r: ({ i }: { i: number }) => (i === now.at ? 7 : 4.5),
        } as Plot.DotOptions),
      ],
    }),
    held: now.at,
    read: (place) => pairWords(shown[place]!, measure),
    summary: `${summaryWords(data, measure)} The dashed line is the mean.`,
  };
}
