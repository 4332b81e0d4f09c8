// What a dropped network answers: which of its tensors has the scores, and how they become one row.

import type { Graph } from "./graph.ts";

const SAME = new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Cast"]);

/**
 * The tensor whose numbers the page shows as logits. Many files end in a softmax; the page has its
 * own, and two of them would make every answer look unsure.
 */
export function scoresOf({ makers, outputs }: Graph): string {
  const output = outputs[0]!;
  let node = makers.get(output);
  while (node && SAME.has(node.op)) node = makers.get(node.inputs[0]!);
  return node?.op === "Softmax" ? node.inputs[0]! : output;
}

/** Whether one of its numbers is right and the others wrong: not so after a sigmoid of each. */
export function classifies({ makers }: Graph, scores: string, dims: readonly number[]): boolean {
  const flat = dims.filter((length) => length > 1).length === 1;
  return flat && makers.get(scores)?.op !== "Sigmoid";
}

export const volume = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** One number for each class; of an output with pixels, the mean of each channel. */
export function rowOf(
  values: Float32Array<ArrayBuffer>,
  dims: readonly number[],
): Float32Array<ArrayBuffer> {
  if (dims.filter((length) => length > 1).length <= 1 || dims.length <= 2) return values;
  const channels = dims[1]!;
  const pixels = values.length / channels;
  return Float32Array.from({ length: channels }, (_, c) => {
    const own = values.subarray(c * pixels, (c + 1) * pixels);
    return own.reduce((sum, value) => sum + value, 0) / pixels;
  });
}
