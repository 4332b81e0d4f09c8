// Equation 3 with a block's own weights, and what may replace it: three rules, one function.

import { decimal } from "./format.ts";
import { softmax } from "./softmax.ts";

export const RULES = ["sigmoid", "softmax", "linear"] as const;
export type Rule = (typeof RULES)[number];

export interface Weights {
  /** (C/r, C) and (C, C/r), as `Linear` keeps them. */
  w1: number[][];
  w2: number[][];
}

export interface Layers {
  z: number[];
  /** W1 z, before the ReLU. */
  before: number[];
  hidden: number[];
  /** W2 hidden, plus what was pushed: before the sigmoid or softmax. */
  logits: number[];
  s: number[];
}

export function excite(
  { w1, w2 }: Weights,
  z: number[],
  rule: Rule,
  pushed: Map<number, number> = new Map(),
): Layers {
  const before = w1.map((row) => dot(row, z));
  const hidden = rule === "linear" ? before : before.map((value) => Math.max(0, value));
  const logits = w2.map((row, c) => dot(row, hidden) + (pushed.get(c) ?? 0));
  return {
    z,
    before,
    hidden,
    logits,
    s:
      rule === "softmax" ? [...softmax(logits)] : logits.map((value) => 1 / (1 + Math.exp(-value))),
  };
}

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** "3:0.5,7:-1" as a map from channel to value; what makes no sense is left out. */
export function changes(
  text: string,
  channels: number,
  low: number,
  high: number,
): Map<number, number> {
  const found = new Map<number, number>();
  for (const part of text.split(",")) {
    const [, channel, value] = /^(\d+):(-?\d+(?:\.\d+)?)$/.exec(part) ?? [];
    if (
      channel === undefined ||
      Number(channel) >= channels ||
      Number(value) < low ||
      Number(value) > high
    )
      continue;
    found.set(Number(channel), Number(value));
  }
  return found;
}

export function written(changed: Map<number, number>): string {
  return [...changed]
    .sort(([a], [b]) => a - b)
    .map(([channel, value]) => `${channel}:${value}`)
    .join(",");
}

/** A sum with each of its terms: (0.12 × 1.5) + (−0.3 × 0.2) = 0.120. */
export function sum(weights: number[], values: number[], more = 0): string {
  const terms = weights.map((weight, i) => `(${decimal(weight, 2)} × ${decimal(values[i]!, 2)})`);
  if (more !== 0) terms.push(decimal(more, 2));
  return `${terms.join(" + ")} = ${decimal(dot(weights, values) + more)}`;
}
