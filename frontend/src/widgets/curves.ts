// "Training curves": loss and accuracy of a few runs, epoch by epoch; or a study's arms, each with
// its seeds and their mean's interval.
//
//   show: runs  ──runs, quantity, axis──▶ lines ──place──▶ every run's numbers there
//         study ──value─────────────────▶ dots  ──arm────▶ its seeds, mean and interval

import * as Plot from "@observablehq/plot";
import { decimal, percent, signed } from "../math/format.ts";
import { chips, LOOKS } from "../parts/chips.ts";
import { choice, h } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { type Grid, grids } from "../parts/grid.ts";
import { type Drawn, plotFrame } from "../parts/plot-frame.ts";
import { type Cell, saver } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

const FIELDS = ["epoch", "loss", "accuracy", "test_loss", "test_accuracy", "seconds"] as const;
/** By field, one value an epoch; null where nothing was measured. */
type Run = Record<(typeof FIELDS)[number], (number | null)[]>;

interface Arm {
  name: string;
  /** Seed and accuracy. */
  runs: [seed: number, accuracy: number][];
  mean: number;
  /** Half of the 95% interval; null for a single run. */
  half: number | null;
  /** From the first arm, seed by seed. */
  difference: number | null;
  differenceHalf: number | null;
}

export interface CurvesData {
  histories: Record<string, Run>;
  studies: Record<string, { title: string; arms: Arm[]; command: string; date: string }>;
}

const MOST = 6;
const QUANTITIES = { accuracy: "accuracy", loss: "loss" };
const AXES = { epoch: "epochs", minutes: "minutes" };
const VALUES = { accuracy: "accuracy", difference: "difference from the first arm" };
const CHARTS = {
  style: {
    background: "transparent",
    color: "currentColor",
    fontSize: "12px",
    overflow: "visible",
  },
  marginRight: 14,
  marginTop: 28,
};

type CurvesView = {
  /** "runs", or the name of a study. */
  show: string;
  quantity: keyof typeof QUANTITIES;
  axis: keyof typeof AXES;
  runs: string[];
  value: keyof typeof VALUES;
  at: number | null;
};

/**
 * @param feed in a live kernel, calls back with the data whenever Python has changed them; returns
 * what ends that
 */
export function curves(
  root: HTMLElement,
  data: CurvesData,
  keeper: Keeper,
  feed?: (hear: (data: CurvesData) => void) => () => void,
): () => void {
  let words = "";

  const options = (of: Record<string, string>) =>
    Object.entries(of).map(([value, text]) => h("option", { value }, text));
  const show = choice("Show", (value) => frame.wish({ show: value, at: null }));
  const quantity = choice("Quantity", (value) => frame.wish({ quantity: value }));
  quantity.select.append(...options(QUANTITIES));
  const axis = choice("Along", (value) => frame.wish({ axis: value, at: null }));
  axis.select.append(...options(AXES));
  const value = choice("Value", (name) => frame.wish({ value: name }));
  value.select.append(...options(VALUES));
  const runs = chips("Runs", "Add a run", MOST, false, (names) =>
    frame.wish({ runs: names, at: null }),
  );
  const chart = plotFrame("Places in the chart", (place) => frame.wish({ at: place }));
  const numbers = grids();
  const legend = h("p", { class: "senet-legend" });
  const source = h("p", { class: "senet-about" });

  const frame: Frame<CurvesView> = widgetFrame(root, keeper, () => data, {
    body: [
      h("div", { class: "senet-controls" }, show.el, quantity.el, axis.el, value.el),
      runs.el,
      legend,
      chart.el,
      saver("the chart", {
        name: () => (frame.now.show === "runs" ? `training-${frame.now.quantity}` : frame.now.show),
        svg: chart.svg,
        rows: () => rows(frame.now),
      }),
      numbers.el,
      source,
    ],
    draw,
    spoken: () => words,
    mend,
  });
  const unfed = feed?.((next) => {
    data = next;
    frame.refresh();
  });
  return () => {
    unfed?.();
    chart.end();
    frame.end();
  };

  /** How many places there are depends on what is drawn. */
  function mend(now: CurvesView): CurvesView {
    const count = now.show === "runs" ? places(now).length : data.studies[now.show]!.arms.length;
    return now.at !== null && now.at >= count ? { ...now, at: null } : now;
  }

  function shown(now: CurvesView): [name: string, run: Run][] {
    return now.runs.map((name) => [name, data.histories[name]!]);
  }

  /** Where each epoch's end lies on the axis. */
  function along(run: Run, now: CurvesView): number[] {
    if (now.axis === "epoch") return run.epoch.map((epoch) => epoch!);
    let time = 0;
    return run.seconds.map((seconds) => (time += seconds ?? 0) / 60);
  }

  /** All that the axis holds, in order. */
  function places(now: CurvesView): number[] {
    return [...new Set(shown(now).flatMap(([, run]) => along(run, now)))].sort((a, b) => a - b);
  }

  function draw(now: CurvesView): void {
    const study = now.show !== "runs";
    show.select.replaceChildren(
      h("option", { value: "runs" }, "runs, epoch by epoch"),
      ...Object.entries(data.studies).map(([name, { title }]) =>
        h("option", { value: name }, `study: ${title}`),
      ),
    );
    for (const [part, field] of [
      [show, "show"],
      [quantity, "quantity"],
      [axis, "axis"],
      [value, "value"],
    ] as const)
      part.select.value = now[field]!;
    show.el.hidden = Object.keys(data.studies).length === 0;
    quantity.el.hidden = axis.el.hidden = runs.el.hidden = study;
    value.el.hidden = !study;
    runs.show(
      shown(now).map(([name]) => name),
      Object.keys(data.histories),
    );
    legend.replaceChildren(
      ...(study
        ? [key("senet-key-seed", "one seed"), key("senet-key-diamond", "mean and its 95% interval")]
        : [
            key("senet-key-mean", "on test pictures"),
            key("senet-key-dashed", "on those trained on"),
          ]),
    );
    source.textContent = study
      ? `Made by ${data.studies[now.show]!.command} on ${data.studies[now.show]!.date}.`
      : "Training pictures are counted as they were shown: shifted, mirrored, cut.";
    chart.show((width) => (study ? drawStudy(now, width) : drawRuns(now, width)));
    numbers.show(() => [
      {
        caption: study ? data.studies[now.show]!.title : `Every epoch, ${now.quantity}`,
        rows: rows(now),
      } satisfies Grid,
    ]);
    words = study ? studyWords(now) : runWords(now);
  }

  function drawRuns(now: CurvesView, width: number): Drawn {
    const [field, test] =
      now.quantity === "loss"
        ? (["loss", "test_loss"] as const)
        : (["accuracy", "test_accuracy"] as const);
    const where = places(now);
    const series = shown(now).flatMap(([, run], i) => {
      const { colour, symbol } = LOOKS[i]! as { colour: string; symbol: Plot.SymbolType };
      const points = along(run, now).map((x, e) => ({
        x,
        trained: run[field][e],
        tested: run[test][e],
      }));
      const every = Math.max(1, Math.round(points.length / 8));
      const marked = points.filter((_, e) => e % every === every - 1 || e === points.length - 1);
      return [
        Plot.lineY(points, {
          x: "x",
          y: "trained",
          stroke: colour,
          strokeWidth: 1.2,
          strokeDasharray: "4 3",
        }),
        Plot.lineY(points, { x: "x", y: "tested", stroke: colour, strokeWidth: 1.9 }),
        Plot.dot(marked, { x: "x", y: "tested", fill: colour, symbol, r: 4 }),
      ];
    });
    const svg = Plot.plot({
      ...CHARTS,
      width,
      height: 280,
      marginLeft: 46,
      marginBottom: 36,
      x: {
        domain: [0, where.at(-1) ?? 1],
        label: now.axis === "epoch" ? "epoch" : "minutes",
        labelAnchor: "center",
        labelArrow: "none",
        ticks: Math.min(8, Math.max(2, Math.floor(width / 70))),
      },
      y: {
        ...(now.quantity === "loss"
          ? { zero: true, nice: true }
          : { domain: [0, 100], percent: true }),
        grid: true,
        ticks: 5,
        label: now.quantity === "loss" ? "loss (nats)" : "accuracy, %",
        labelArrow: "none",
      },
      marks: [Plot.ruleY([0], { strokeOpacity: 0.4 }), ...series],
    }) as SVGSVGElement;
    const x = (svg as unknown as Plot.Plot).scale("x")!;
    return {
      svg,
      places: where.map((place) => x.apply(place) as number),
      along: "x",
      held: now.at === null ? null : Number(now.at),
      read(place) {
        const at = where[place]!;
        const said = shown(now).flatMap(([name, run]) => {
          const e = along(run, now).findLastIndex((end) => end <= at);
          if (e < 0 || (now.axis === "epoch" && run.epoch[e] !== at)) return [];
          return [
            `${name} ${figure(run[test][e], now)} on test pictures, ${figure(run[field][e], now)} on those trained on`,
          ];
        });
        return `${now.axis === "epoch" ? `epoch ${at}` : `after ${decimal(at, 1)} minutes`}: ${said.join("; ") || "no run"}`;
      },
      summary: runWords(now),
    };
  }

  function figure(measured: number | null | undefined, now: CurvesView): string {
    return measured == null
      ? "nothing measured"
      : now.quantity === "loss"
        ? decimal(measured, 3)
        : percent(measured);
  }

  function runWords(now: CurvesView): string {
    const [field, test] =
      now.quantity === "loss"
        ? (["loss", "test_loss"] as const)
        : (["accuracy", "test_accuracy"] as const);
    const said = shown(now).map(([name, run]) => {
      const last = run.epoch.length - 1;
      if (last < 0) return `${name}: no epoch has ended yet`;
      const which = run[test][last] == null ? field : test;
      return `${name} from ${figure(run[which][0], now)} after epoch 1 to ${figure(run[which][last], now)} after ${run.epoch[last]}`;
    });
    return said.length
      ? `${now.quantity === "loss" ? "Loss" : "Accuracy"} on test pictures: ${said.join("; ")}.`
      : "No run is chosen.";
  }

  function drawStudy(now: CurvesView, width: number): Drawn {
    const { arms } = data.studies[now.show]!;
    const differs = now.value === "difference";
    const standard = new Map(arms[0]!.runs);
    const seeds = arms.flatMap(({ name, runs }) =>
      runs.flatMap(([seed, accuracy]) =>
        differs
          ? standard.has(seed)
            ? [{ name, x: accuracy - standard.get(seed)! }]
            : []
          : [{ name, x: accuracy }],
      ),
    );
    const means = arms.flatMap(({ name, ...arm }, i) => {
      const [mean, half] = differs ? [arm.difference, arm.differenceHalf] : [arm.mean, arm.half];
      return mean === null
        ? []
        : [
            {
              name,
              mean,
              low: mean - (half ?? 0),
              high: mean + (half ?? 0),
              here: i === now.at,
            },
          ];
    });
    const svg = Plot.plot({
      ...CHARTS,
      width,
      height: 60 + 24 * arms.length,
      marginLeft: 20 + 7 * Math.max(...arms.map(({ name }) => name.length)),
      marginBottom: 36,
      x: {
        percent: true,
        grid: true,
        nice: true,
        label: differs ? "difference in points of accuracy" : "accuracy, %",
        labelAnchor: "center",
        labelArrow: "none",
        ticks: Math.max(3, Math.floor(width / 90)),
      },
      y: { type: "point", domain: arms.map(({ name }) => name), label: null },
      r: { type: "identity" },
      marks: [
        Plot.ruleX([differs ? 0 : arms[0]!.mean], { strokeOpacity: 0.5 }),
        Plot.dot(seeds, { x: "x", y: "name", stroke: LOOKS[1]!.colour, r: 3, strokeWidth: 1.3 }),
        Plot.ruleY(means, {
          x1: "low",
          x2: "high",
          y: "name",
          stroke: "currentColor",
          strokeWidth: 2.5,
        }),
        Plot.dot(means, {
          x: "mean",
          y: "name",
          fill: "currentColor",
          symbol: "diamond",
          r: (d: { here: boolean }) => (d.here ? 7 : 5),
        } as Plot.DotOptions),
      ],
    }) as SVGSVGElement;
    const y = (svg as unknown as Plot.Plot).scale("y")!;
    return {
      svg,
      places: arms.map(({ name }) => y.apply(name) as number),
      along: "y",
      held: now.at === null ? null : Number(now.at),
      read: (place) => armWords(arms[place]!),
      summary: studyWords(now),
    };
  }

  function armWords({ name, runs: each, mean, half, difference, differenceHalf }: Arm): string {
    const with_ = (number: string, width: number | null) =>
      width === null ? number : `${number} ± ${decimal(100 * width, 1)}`;
    const from =
      difference === null
        ? ""
        : `; ${with_(signed(100 * difference, 1), differenceHalf)} points from the first arm`;
    return `${name}: ${with_(decimal(100 * mean, 1), half)}% over ${each.length} seed${each.length === 1 ? "" : "s"}${from}`;
  }

  function studyWords(now: CurvesView): string {
    const { title, arms } = data.studies[now.show]!;
    const [best, worst] = [
      arms.reduce((a, b) => (b.mean > a.mean ? b : a)),
      arms.reduce((a, b) => (b.mean < a.mean ? b : a)),
    ];
    return `${title[0]!.toUpperCase()}${title.slice(1)}: ${arms.length} arms. Highest ${best.name} (${percent(best.mean)}), lowest ${worst.name} (${percent(worst.mean)}).`;
  }

  function rows(now: CurvesView): Cell[][] {
    if (now.show === "runs")
      return [
        ["run", ...FIELDS],
        ...shown(now).flatMap(([name, run]) =>
          run.epoch.map((_, e): Cell[] => [name, ...FIELDS.map((field) => run[field][e] ?? null)]),
        ),
      ];
    const heads = [
      "arm",
      "seeds",
      "accuracy",
      "± (95%)",
      "difference",
      "± (95%) of it",
      "accuracy by seed",
    ];
    return [
      heads,
      ...data.studies[now.show]!.arms.map((arm): Cell[] => [
        arm.name,
        arm.runs.length,
        arm.mean,
        arm.half,
        arm.difference,
        arm.differenceHalf,
        arm.runs.map(([, accuracy]) => accuracy).join(" "),
      ]),
    ];
  }
}

function key(look: string, text: string): HTMLElement {
  return h("span", { class: `senet-key ${look}` }, text);
}
