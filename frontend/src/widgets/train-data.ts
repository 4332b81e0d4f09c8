// What "Train it here" knows: runs seed by seed, their results, and what can be said by now.

import { decimal, percent, signed } from "../math/format.ts";
import type { Epoch, State } from "../training/run.ts";

export const ARMS = { se: "with SE", none: "without SE" } as const;
export type Arm = keyof typeof ARMS;

export interface Recipe {
  title: string;
  batch: number;
  pictures: number;
  tested: number;
  epochs: number;
}

export interface TrainData {
  recipes: Record<string, Recipe>;
  /** Runs that Python made, by recipe: seed, accuracy with SE and without. */
  recorded: Record<string, [seed: number, se: number, none: number][]>;
  /** Of Student's t, the 97.5 % quantile for 1, 2, ... degrees of freedom. */
  t: number[];
}

/** What the menus offer, by field. */
export const OFFERED = {
  r: { "2": "2", "4": "4", "8": "8", "16": "16" },
  rate: { "0.05": "0.05", "0.1": "0.1", "0.2": "0.2" },
  seeds: { "1": "one seed", "3": "three seeds", "10": "ten seeds" },
  quantity: { accuracy: "accuracy", loss: "loss" },
};

export type TrainView = {
  arms: "both" | Arm;
  r: string;
  recipe: string;
  rate: string;
  seed: number;
  seeds: string;
  quantity: "accuracy" | "loss";
};

/** One network's way through a run. */
export interface Curve {
  /** Of each batch. */
  losses: number[];
  epochs: Epoch[];
}

/** What has to be the same for runs to be compared. */
export interface Kind {
  /** The reduction ratio of the network with SE. */
  r: string;
  recipe: string;
  rate: string;
}

/** A seed's run: both networks, or one. */
export interface SeedRun extends Kind {
  seed: number;
  curves: Partial<Record<Arm, Curve>>;
}

/** Seeds to be run, one after the other. */
export interface Wish extends Kind {
  arms: Arm[];
  seeds: number[];
}

export function wished({ arms, r, recipe, rate, seed, seeds }: TrainView): Wish {
  return {
    arms: arms === "both" ? ["se", "none"] : [arms],
    r,
    recipe,
    rate,
    seeds: Array.from({ length: Number(seeds) }, (_, i) => seed + i),
  };
}

/** The first seed's run, as far as it was kept. */
export function begun(
  { r, recipe, rate, seeds, arms }: Wish,
  states: Partial<Record<Arm, State>>,
): SeedRun {
  const curves = Object.fromEntries(
    arms.map((arm) => [arm, { losses: [], epochs: states[arm]?.history ?? [] }]),
  );
  return { seed: seeds[0]!, r, recipe, rate, curves };
}

/** The file of an arm's network: that of the quick recipe has half of the channels. */
export const netOf = (arm: Arm, { recipe, r }: Pick<Kind, "recipe" | "r">) =>
  `${arm === "se" ? `se-r${r}` : arm}${recipe === "quick" ? "-quick" : ""}`;

/**
 * Whose tensors a saved file holds, by the names and shapes at its beginning: its r is that of the
 * last block, which has the most channels.
 */
export function meant(bytes: Uint8Array): { arm: Arm; recipe: string; r: string } {
  const notes = new TextDecoder().decode(bytes.subarray(0, 20_000));
  const shape = (name: string) =>
    new RegExp(`"${name}":\\s*\\{[^}]*"shape":\\s*\\[(\\d+),\\s*(\\d+)`)
      .exec(notes)
      ?.slice(1)
      .map(Number);
  const last = shape("layer3\\.0\\.se\\.fc1\\.weight");
  return {
    arm: notes.includes(".se.fc1") ? "se" : "none",
    recipe: shape("conv1\\.weight")?.[0] === 8 ? "quick" : "chapter",
    r: last ? String(last[1]! / last[0]!) : "4",
  };
}

/** Which runs may be compared. */
export const alike = (a: Kind, b: Kind) =>
  a.recipe === b.recipe && a.rate === b.rate && a.r === b.r;

/** Whether one run would replace the other. */
export const same = (a: SeedRun, b: SeedRun) => alike(a, b) && a.seed === b.seed;

/** Seed by seed, what was trained of a kind. Without SE there is no r: that run serves for all. */
export function ofKind(runs: SeedRun[], kind: Kind): SeedRun[] {
  const found = new Map<number, SeedRun>();
  for (const run of runs.filter(({ r, ...rest }) => alike({ ...rest, r: kind.r }, kind))) {
    const { se, none } = run.curves;
    const before = found.get(run.seed)?.curves;
    const curves = { ...before, ...(none && { none }), ...(se && run.r === kind.r && { se }) };
    found.delete(run.seed); // so that the latest is the last
    if (curves.se || curves.none) found.set(run.seed, { ...run, r: kind.r, curves });
  }
  return [...found.values()];
}

function accuracyOf({ curves }: SeedRun, arm: Arm, epochs: number): number | null {
  const ended = curves[arm]?.epochs ?? [];
  return ended.length === epochs ? ended.at(-1)!.test_accuracy : null;
}

/** How far each network is in its run, and what a batch of it takes, tests between included. */
export type Progress = Partial<Record<Arm, { at: number; of: number; pace: number }>>;

/** Milliseconds until all that is wished for is done; null before a batch of each was timed. */
export function timeLeft(progress: Progress, { arms, seeds }: Wish): number | null {
  const told = Object.values(progress);
  if (told.length < arms.length || told.some(({ pace }) => !pace)) return null;
  const slowest = Math.max(...told.map(({ at, of, pace }) => (of - at) * pace));
  const whole = Math.max(...told.map(({ of, pace }) => of * pace));
  return slowest + whole * (seeds.length - 1);
}

/** What came of a run that has ended. */
export function endWords(run: SeedRun, { epochs, tested }: Recipe): string {
  const each = (Object.keys(ARMS) as Arm[]).flatMap((arm) => {
    const accuracy = accuracyOf(run, arm, epochs);
    return accuracy === null ? [] : [`${percent(accuracy)} ${ARMS[arm]}`];
  });
  return `Seed ${run.seed} is trained. Right, of ${tested} test pictures: ${each.join(", ")}.`;
}

export interface Pair {
  seed: number;
  se: number;
  none: number;
}

/** The runs that both networks have finished. */
export function pairs(runs: SeedRun[], epochs: number): Pair[] {
  return runs.flatMap((run) => {
    const [se, none] = [accuracyOf(run, "se", epochs), accuracyOf(run, "none", epochs)];
    return se === null || none === null ? [] : [{ seed: run.seed, se, none }];
  });
}

export interface Interval {
  mean: number;
  /** Half of the 95% interval of the mean; null for a single value. */
  half: number | null;
}

export function interval(values: number[], t: number[]): Interval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, half: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, half: (t[n - 2] ?? t.at(-1)!) * Math.sqrt(variance / n) };
}

/** What these pairs allow to be said, in a sentence or two. */
export function verdict(found: Pair[], t: number[]): string {
  const points = (share: number) => signed(100 * share, 1);
  const n = found.length;
  if (n === 0) return "Train both networks to compare them.";
  const differences = found.map(({ se, none }) => se - none);
  const { mean, half } = interval(differences, t);
  if (half === null)
    return `One seed: SE minus none is ${points(mean)} points. Another seed may reverse it, so this says nothing yet of SE.`;
  const ahead = differences.filter((difference) => difference > 0).length;
  const [low, high] = [mean - half, mean + half];
  const counted = `${n} seeds, SE ahead in ${ahead}: on average ${points(mean)} points, 95% interval ${points(low)} to ${points(high)}.`;
  if (low <= 0 && high >= 0)
    return `${counted} It contains zero: these seeds cannot tell the two apart.`;
  return `${counted} It leaves out zero: ${low > 0 ? "SE is ahead" : "SE is behind"} by more than chance would explain, in this recipe.`;
}

// ---- a class's results, one line a run: "senet quick 0.1 r 4 seed 3 se 0.4520 none 0.4380"

export type Found = Pair & Kind;

export function lineOf({ recipe, rate, r, seed, se, none }: Found): string {
  return `senet ${recipe} ${rate} r ${r} seed ${seed} se ${se.toFixed(4)} none ${none.toFixed(4)}`;
}

const LINE =
  /^senet (\w+) ([\d.]+) r (\d{1,2}) seed (\d{1,9}) se (0\.\d+|1\.0+) none (0\.\d+|1\.0+)$/;

/** The runs in a text, each once, and the lines that are none. */
export function readLines(text: string): { runs: Found[]; odd: string[] } {
  const lines = [...new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/\s+/g, " ")))];
  const [runs, odd]: [Found[], string[]] = [[], []];
  for (const line of lines.filter(Boolean)) {
    const [, recipe, rate, r, ...rest] = LINE.exec(line) ?? [];
    const [seed, se, none] = rest.map(Number);
    if (none === undefined) odd.push(line);
    else runs.push({ recipe: recipe!, rate: rate!, r: r!, seed: seed!, se: se!, none });
  }
  return { runs, odd };
}

const LONG = 180_000; // milliseconds for a seed: longer than a reader waits

/** What is to come, and on a slow device that there is less to ask of it. */
export function leftWords(left: number, { recipe, seeds }: Wish): string {
  const quicker =
    recipe !== "quick" && left / seeds.length > LONG
      ? " The quick recipe suits a device like this: it takes a third of that."
      : "";
  return `About ${duration(left)} more on this device.${quicker}`;
}

/** How long, in words that suit a guess. */
function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1.5) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  return `${decimal(seconds / 60, seconds < 600 ? 1 : 0)} minutes`;
}
