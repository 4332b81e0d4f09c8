// How far two rows of numbers agree in their order, as sebook.experiments.attribution and
// sebook.experiments.importance count it.

import { largest } from "./softmax.ts";

/** Ranks less their mean, ties shared. */
export function ranks(values: ArrayLike<number>): number[] {
  const all = Array.from(values);
  return all.map((value) => all.reduce((sum, other) => sum + Math.sign(value - other), 0) / 2);
}

/** Spearman's rank correlation; null where one of the rows is constant. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const [x, y] = [ranks(a), ranks(b)];
  const dot = (p: number[], q: number[]) => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  const size = Math.sqrt(dot(x, x) * dot(y, y));
  return size === 0 ? null : dot(x, y) / size;
}

/** 1 for the largest, 2 for the next; equal ones share the better place. */
export function place(values: ArrayLike<number>, i: number): number {
  return 1 + Array.from(values).filter((value) => value > values[i]!).length;
}

/** Indices of the largest `count`, of equal ones the first. */
export function top(values: ArrayLike<number>, count: number): Set<number> {
  return new Set(largest(values, count));
}
