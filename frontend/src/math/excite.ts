// Equation 3 with a block's own weights, and what may replace it: three rules, one function, for
// every block that this page computes in plain loops.

import { decimal } from "./format.ts";
import { softmax } from "./softmax.ts";

const RULES = ["sigmoid", "softmax", "linear"] as const;
export type Rule = (typeof RULES)[number];

/** A block's two layers, matrices row by row: s = sigmoid(W2 relu(W1 z + b1) + b2). */
export interface Layers {
  /** (C/r, C). */
  w1: ArrayLike<number>;
  /** (C/r,). */
  b1: ArrayLike<number>;
  /** (C, C/r). */
  w2: ArrayLike<number>;
  /** (C,). */
  b2: ArrayLike<number>;
}

/** Two layers without biases, as rows of numbers. */
export interface Weights {
  w1: number[][];
  w2: number[][];
}

export interface Excited {
  z: number[];
  hidden: number[];
  /** W2 hidden, plus what was pushed: before the sigmoid or softmax. */
  logits: number[];
  s: number[];
}

export function excite(
  { w1, b1, w2, b2 }: Layers,
  z: ArrayLike<number>,
  rule: Rule = "sigmoid",
  pushed: Map<number, number> = new Map(),
): Excited {
  const before = product(w1, z, b1);
  const hidden = rule === "linear" ? before : before.map((value) => Math.max(0, value));
  const logits = product(w2, hidden, b2).map((value, c) => value + (pushed.get(c) ?? 0));
  const s =
    rule === "softmax" ? [...softmax(logits)] : logits.map((value) => 1 / (1 + Math.exp(-value)));
  return { z: Array.from(z), hidden, logits, s };
}

export const layersOf = ({ w1, w2 }: Weights): Layers => ({
  w1: w1.flat(),
  b1: w1.map(() => 0),
  w2: w2.flat(),
  b2: w2.map(() => 0),
});

function product(w: ArrayLike<number>, x: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from(b, (bias, o) => {
    let sum = bias;
    for (let i = 0; i < x.length; i++) sum += w[o * x.length + i]! * x[i]!;
    return sum;
  });
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
