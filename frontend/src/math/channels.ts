// Which channels first, compared with what: the arithmetic of a chart of excitations.

import { mean as average, extent, nice, ticks } from "d3-array";

export const ORDERS = ["index", "excitation", "difference"] as const;
export type Order = (typeof ORDERS)[number];

/** The charts' axis: just what the gates use of it, or a sigmoid's whole range. */
export const SCALES = ["fitted", "full"] as const;
export type Scale = (typeof SCALES)[number];

/**
 * The axis that both charts share, so that they can be compared: ends and ticks at round numbers.
 * @param ranges of the blocks that are shown
 * @param values drawn beyond those, of a picture that is not of the gallery
 */
export function axis(
  scale: Scale,
  ranges: [number, number][],
  values: Float32Array[],
): { low: number; high: number; ticks: number[] } {
  const all = [
    ...ranges.flat(),
    ...values.flatMap((row) => extent(row) as [number, number]),
    ...(scale === "full" ? [0, 1] : []),
  ];
  const [low, high] = nice(Math.min(...all), Math.max(...all), 4);
  return low < high
    ? { low, high, ticks: ticks(low, high, 4) }
    : { low: low - 0.5, high: high + 0.5, ticks: [low] };
}

/** Decimals that tell the ticks of an axis apart, at least one. */
export function digitsOf(ticks: number[]): number {
  const whole = (scale: number) =>
    ticks.every((tick) => Math.abs(tick * scale - Math.round(tick * scale)) <= 1e-6);
  return whole(10) ? 1 : whole(100) ? 2 : 3;
}

/** Words that stand for a comparison; any other is the name of a class. */
export const COMPARISONS = ["predicted", "true", "all", "none"] as const;

export interface Comparison {
  /** What the mean is over: "cat", "all"; null where nothing is drawn. */
  of: string | null;
  /** What it is called where it is not the mean of a class. */
  called?: string;
  /** What it is not any more, since the reader set gates: "now mean of cat (no longer of dog)". */
  instead?: string | undefined;
  /** (C,), drawn below the excitations. */
  mean: Float32Array | null;
  /** Every class's mean, each (C,), when all are compared at once. */
  each: Float32Array[];
}

const NOTHING: Comparison = { of: null, mean: null, each: [] };

/**
 * The class mean that `compare` asks for.
 * @param means of one block, one (C,) a class; null where the network has none
 * @param predicted index of the predicted class
 * @param label index of the true class, null where the picture has none: then there is nothing to
 * compare with "true"
 * @param was what it would predict with its own gates
 */
export function comparison(
  compare: string,
  means: Float32Array[] | null,
  classes: string[],
  predicted: number,
  label: number | null,
  was = predicted,
): Comparison {
  if (!means || compare === "none") return NOTHING;
  if (compare === "all") return { of: "all", mean: meanOf(means), each: means };
  const index =
    compare === "predicted" ? predicted : compare === "true" ? label : classes.indexOf(compare);
  if (index === null || !means[index]) return NOTHING;
  const turned = compare === "predicted" && was !== predicted;
  const instead = turned ? `of ${classes[was]}` : undefined;
  return { of: classes[index]!, mean: means[index], each: [], ...(instead && { instead }) };
}

/** What the excitations are compared with, in words: "mean of cat". */
export const comparedWith = ({ of, called }: Comparison): string => called ?? `mean of ${of}`;

/** Mean over classes, each counting the same. */
export function meanOf(means: Float32Array[]): Float32Array {
  return means[0]!.map((_, c) => average(means, (row) => row[c]!)!);
}

/**
 * Channels from left to right: as numbered, the most excited first, or the furthest above their
 * mean first.
 */
export function ordered(order: Order, s: Float32Array, mean: Float32Array | null): number[] {
  const channels = Array.from(s, (_, c) => c);
  if (order === "index" || (order === "difference" && !mean)) return channels;
  const key = (c: number) => (order === "difference" ? s[c]! - mean![c]! : s[c]!);
  // a stable sort: equal ones keep their numbers' order
  return channels.sort((a, b) => key(b) - key(a));
}

/** Mean absolute difference of the excitations from `mean`. */
export function distance(s: Float32Array, mean: Float32Array): number {
  return average(s, (value, c) => Math.abs(value - mean[c]!))!;
}
