// The two drawings of "Training curves": lines of runs, and dots of a study's arms.

import * as Plot from "@observablehq/plot";
import { LOOKS } from "../parts/chips.ts";
import type { Drawn } from "../parts/plot-frame.ts";
import { CENTRED, inRows, plotted, UPWARDS } from "../parts/plotted.ts";
import {
  along,
  armWords,
  type CurvesData,
  type CurvesView,
  fieldsOf,
  intervalOf,
  placesOf,
  type Run,
  runsAt,
  runWords,
  type Study,
  shownOf,
  studyWords,
} from "./curves-data.ts";

export function drawRuns(data: CurvesData, now: CurvesView, width: number): Drawn {
  const where = placesOf(data, now);
  const series = shownOf(data, now).flatMap(([, run], i) => lines(run, now, i));
  const loss = now.quantity === "loss";
  return {
    ...plotted("x", where, {
      width,
      height: 280,
      x: {
        ...CENTRED,
        domain: [0, where.at(-1) ?? 1],
        label: now.axis === "epoch" ? "epoch" : "minutes",
        ticks: Math.min(8, Math.max(2, Math.floor(width / 70))),
      },
      y: {
        ...UPWARDS,
        ...(loss ? { zero: true, nice: true } : { domain: [0, 100], percent: true }),
        label: loss ? "loss (nats)" : "accuracy, %",
      },
      marks: [Plot.ruleY([0], { strokeOpacity: 0.4 }), ...series],
    }),
    held: now.at,
    read: (place) => runsAt(data, now, where[place]!),
    summary: runWords(data, now),
  };
}

/** A run: dashed on the pictures it is trained on, solid with symbols on test pictures. */
function lines(run: Run, now: CurvesView, i: number): Plot.Markish[] {
  const { colour, symbol } = LOOKS[i]! as { colour: string; symbol: Plot.SymbolType };
  const { trained, tested } = fieldsOf(now);
  const points = along(run, now).map((x, e) => ({
    x,
    trained: run[trained][e],
    tested: run[tested][e],
  }));
  const every = Math.max(1, Math.round(points.length / 8));
  const marked = points.filter((_, e) => e % every === every - 1 || e === points.length - 1);
  const dashed = { stroke: colour, strokeWidth: 1.2, strokeDasharray: "4 3" };
  return [
    Plot.lineY(points, { x: "x", y: "trained", ...dashed }),
    Plot.lineY(points, { x: "x", y: "tested", stroke: colour, strokeWidth: 1.9 }),
    Plot.dot(marked, { x: "x", y: "tested", fill: colour, symbol, r: 4 }),
  ];
}

export function drawStudy(study: Study, now: CurvesView, width: number): Drawn {
  const { arms } = study;
  const differs = now.value === "difference";
  const names = arms.map(({ name }) => name);
  const label = differs ? "difference in points of accuracy" : "accuracy, %";
  return {
    ...plotted("y", names, {
      ...inRows(names, width, 24, { percent: true, label }),
      marks: [
        Plot.ruleX([differs ? 0 : arms[0]!.mean], { strokeOpacity: 0.5 }),
        ...dots(study, now),
      ],
    }),
    held: now.at,
    read: (place) => armWords(arms[place]!),
    summary: studyWords(study),
  };
}

/** A ring a seed, a diamond an arm, and its interval. */
function dots({ arms }: Study, now: CurvesView): Plot.Markish[] {
  const differs = now.value === "difference";
  const standard = new Map(arms[0]!.runs);
  const seeds = arms.flatMap(({ name, runs }) =>
    runs.flatMap(([seed, accuracy]) => {
      if (!differs) return [{ name, x: accuracy }];
      const first = standard.get(seed);
      return first === undefined ? [] : [{ name, x: accuracy - first }];
    }),
  );
  const means = arms.flatMap((arm, i) => {
    const { name, difference, differenceHalf } = arm;
    const mean = differs ? difference : arm.mean;
    if (mean === null) return [];
    const half = differenceHalf ?? 0;
    const [low, high] = differs ? [mean - half, mean + half] : (intervalOf(arm) ?? [mean, mean]);
    return [{ name, mean, low, high, here: i === now.at }];
  });
  const bar = { stroke: "currentColor", strokeWidth: 2.5 };
  const ring = { stroke: LOOKS[1]!.colour, r: 3, strokeWidth: 1.3 };
  return [
    Plot.dot(seeds, { x: "x", y: "name", ...ring }),
    Plot.ruleY(means, { x1: "low", x2: "high", y: "name", ...bar }),
    Plot.dot(means, {
      x: "mean",
      y: "name",
      fill: "currentColor",
      symbol: "diamond",
      r: (d: { here: boolean }) => (d.here ? 7 : 5),
    } as Plot.DotOptions),
  ];
}
