// What "Train it here" knows: runs seed by seed, their results, and what can be said by now.

import { decimal, signed } from "../math/format.ts";
import type { Epoch } from "../training/run.ts";

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
  rate: { "0.05": "0.05", "0.1": "0.1", "0.2": "0.2" },
  seeds: { "1": "one seed", "3": "three seeds", "10": "ten seeds" },
  quantity: { accuracy: "accuracy", loss: "loss" },
};

export type TrainView = {
  arms: "both" | Arm;
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

/** A seed's run: both networks, or one. */
export interface SeedRun {
  seed: number;
  recipe: string;
  rate: string;
  curves: Partial<Record<Arm, Curve>>;
}

/** Seeds to be run, one after the other. */
export interface Wish {
  arms: Arm[];
  recipe: string;
  rate: string;
  seeds: number[];
}

/** The file of an arm's network: that of the quick recipe has half of the channels. */
export const netOf = (arm: Arm, recipe: string) => (recipe === "quick" ? `${arm}-quick` : arm);

/** Whose tensors a saved file holds, by the names and shapes at its beginning. */
export function meant(bytes: Uint8Array): [arm: Arm, net: string] {
  const notes = new TextDecoder().decode(bytes.subarray(0, 20_000));
  const arm = notes.includes(".se.fc1") ? "se" : "none";
  const quick = /"conv1\.weight":\s*\{[^}]*"shape":\s*\[8,/.test(notes);
  return [arm, netOf(arm, quick ? "quick" : "chapter")];
}

/** Which runs may be compared: the same recipe, the same rate. */
export const alike = (a: Pick<SeedRun, "recipe" | "rate">, b: Pick<SeedRun, "recipe" | "rate">) =>
  a.recipe === b.recipe && a.rate === b.rate;

export function accuracyOf({ curves }: SeedRun, arm: Arm, epochs: number): number | null {
  const ended = curves[arm]?.epochs ?? [];
  return ended.length === epochs ? ended.at(-1)!.test_accuracy : null;
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

// ---- a class's results, one line a run: "senet quick 0.1 seed 3 se 0.4520 none 0.4380"

export function lineOf(run: Pick<SeedRun, "recipe" | "rate">, { seed, se, none }: Pair): string {
  return `senet ${run.recipe} ${run.rate} seed ${seed} se ${se.toFixed(4)} none ${none.toFixed(4)}`;
}

const LINE = /^senet (\w+) ([\d.]+) seed (\d{1,9}) se (0\.\d+|1\.0+) none (0\.\d+|1\.0+)$/;

/** The runs in a text, each once, and the lines that are none. */
export function readLines(text: string): {
  runs: (Pair & Pick<SeedRun, "recipe" | "rate">)[];
  odd: string[];
} {
  const lines = [...new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/\s+/g, " ")))];
  const [runs, odd]: [(Pair & Pick<SeedRun, "recipe" | "rate">)[], string[]] = [[], []];
  for (const line of lines.filter(Boolean)) {
    const [, recipe, rate, seed, se, none] = LINE.exec(line) ?? [];
    if (none === undefined) odd.push(line);
    else
      runs.push({
        recipe: recipe!,
        rate: rate!,
        seed: Number(seed),
        se: Number(se),
        none: Number(none),
      });
  }
  return { runs, odd };
}

/** How long, in words that suit a guess. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1.5) return "a second";
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  return `${decimal(seconds / 60, seconds < 600 ? 1 : 0)} minutes`;
}
