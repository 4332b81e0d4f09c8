// What "Training curves" draws from: runs epoch by epoch, and studies arm by arm; and each in
// words.

import { decimal, percent, signed } from "../math/format.ts";
import type { Cell } from "../parts/save.ts";

const FIELDS = ["epoch", "loss", "accuracy", "test_loss", "test_accuracy", "seconds"] as const;
/** By field, one value an epoch; null where nothing was measured. */
export type Run = Record<(typeof FIELDS)[number], (number | null)[]>;

export interface Arm {
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

export interface Study {
  title: string;
  arms: Arm[];
  command: string;
  date: string;
}

export interface CurvesData {
  histories: Record<string, Run>;
  studies: Record<string, Study>;
}

export const QUANTITIES = { accuracy: "accuracy", loss: "loss" };
export const AXES = { epoch: "epochs", minutes: "minutes" };
export const VALUES = { accuracy: "accuracy", difference: "difference from the first arm" };

export type CurvesView = {
  /** "runs", or the name of a study. */
  show: string;
  quantity: keyof typeof QUANTITIES;
  axis: keyof typeof AXES;
  runs: string[];
  value: keyof typeof VALUES;
  /** The place that is held: an epoch's end, or an arm. */
  at: number | null;
};

/** What is measured on the pictures that are trained on, and on test pictures. */
export function fieldsOf({ quantity }: CurvesView) {
  return quantity === "loss"
    ? ({ trained: "loss", tested: "test_loss" } as const)
    : ({ trained: "accuracy", tested: "test_accuracy" } as const);
}

export function shownOf({ histories }: CurvesData, now: CurvesView): [name: string, run: Run][] {
  return now.runs.map((name) => [name, histories[name]!]);
}

/** Where each epoch's end lies on the axis. */
export function along(run: Run, { axis }: CurvesView): number[] {
  if (axis === "epoch") return run.epoch.map((epoch) => epoch!);
  let time = 0;
  return run.seconds.map((seconds) => {
    time += seconds ?? 0;
    return time / 60;
  });
}

/** All that the axis holds, in order. */
export function placesOf(data: CurvesData, now: CurvesView): number[] {
  const all = shownOf(data, now).flatMap(([, run]) => along(run, now));
  return [...new Set(all)].sort((a, b) => a - b);
}

export function measured(value: number | null | undefined, { quantity }: CurvesView): string {
  if (value == null) return "nothing measured";
  return quantity === "loss" ? decimal(value, 3) : percent(value);
}

/** What every run has at a place of the axis. */
export function runsAt(data: CurvesData, now: CurvesView, at: number): string {
  const { trained, tested } = fieldsOf(now);
  const said = shownOf(data, now).flatMap(([name, run]) => {
    const e = along(run, now).findLastIndex((end) => end <= at);
    if (e < 0 || (now.axis === "epoch" && run.epoch[e] !== at)) return [];
    return [
      `${name} ${measured(run[tested][e], now)} on test pictures, ${measured(run[trained][e], now)} on those trained on`,
    ];
  });
  const where = now.axis === "epoch" ? `epoch ${at}` : `after ${decimal(at, 1)} minutes`;
  return `${where}: ${said.join("; ") || "no run"}`;
}

export function runWords(data: CurvesData, now: CurvesView): string {
  const { trained, tested } = fieldsOf(now);
  const said = shownOf(data, now).map(([name, run]) => {
    const last = run.epoch.length - 1;
    if (last < 0) return `${name}: no epoch has ended yet`;
    const which = run[tested][last] == null ? trained : tested;
    return `${name} from ${measured(run[which][0], now)} after epoch 1 to ${measured(run[which][last], now)} after ${run.epoch[last]}`;
  });
  if (said.length === 0) return "No run is chosen.";
  return `${now.quantity === "loss" ? "Loss" : "Accuracy"} on test pictures: ${said.join("; ")}.`;
}

/** The interval of an accuracy, cut off at 0 and 1, which no share passes; null for one run. */
export function intervalOf({ mean, half }: Arm): [low: number, high: number] | null {
  return half === null ? null : [Math.max(0, mean - half), Math.min(1, mean + half)];
}

export function armWords(arm: Arm): string {
  const { name, runs, mean, difference, differenceHalf } = arm;
  const points = (share: number) => decimal(100 * share, 1);
  const interval = intervalOf(arm);
  const within = interval ? ` (${interval.map(points).join(" to ")})` : "";
  const by = differenceHalf === null ? "" : ` ± ${points(differenceHalf)}`;
  const from =
    difference === null ? "" : `; ${signed(100 * difference, 1)}${by} points from the first arm`;
  const seeds = `${runs.length} seed${runs.length === 1 ? "" : "s"}`;
  return `${name}: ${points(mean)}%${within} over ${seeds}${from}`;
}

export function studyWords({ title, arms }: Study): string {
  const best = arms.reduce((a, b) => (b.mean > a.mean ? b : a));
  const worst = arms.reduce((a, b) => (b.mean < a.mean ? b : a));
  return `${title[0]!.toUpperCase()}${title.slice(1)}: ${arms.length} arms. Highest ${best.name} (${percent(best.mean)}), lowest ${worst.name} (${percent(worst.mean)}).`;
}

/** All numbers of what is shown, as a table. */
export function rowsOf(data: CurvesData, now: CurvesView): Cell[][] {
  if (now.show === "runs") {
    const rows = shownOf(data, now).flatMap(([name, run]) =>
      run.epoch.map((_, e): Cell[] => [name, ...FIELDS.map((field) => run[field][e] ?? null)]),
    );
    return [["run", ...FIELDS], ...rows];
  }
  const rows = data.studies[now.show]!.arms.map((arm): Cell[] => [
    arm.name,
    arm.runs.length,
    arm.mean,
    arm.half,
    arm.difference,
    arm.differenceHalf,
    arm.runs.map(([, accuracy]) => accuracy).join(" "),
  ]);
  const difference = ["difference", "± (95%) of it"];
  return [["arm", "seeds", "accuracy", "± (95%)", ...difference, "accuracy by seed"], ...rows];
}
