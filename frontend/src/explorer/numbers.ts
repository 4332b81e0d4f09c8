// The explorer's numbers as one table: a number per row, so that any program can sort them.

import { type Comparison, comparedWith } from "../math/channels.ts";
import { softmax } from "../math/softmax.ts";
import type { Answer, NetworkInfo } from "../network/network.ts";
import type { Cell } from "../parts/save.ts";
import type { ExplorerView } from "./view.ts";

export interface Known {
  network: NetworkInfo;
  answer: Answer;
  /** With no gate pulled, null where none is. */
  plain: Answer | null;
  second: Answer | null;
  /** Of block number b. */
  compared(b: number): Comparison;
}

export function numbersOf({ network, answer, plain, second, compared }: Known): Cell[][] {
  const table: Cell[][] = [["quantity", "block", "channel", "class", "value"]];
  const classes = (what: string, values: ArrayLike<number>) =>
    network.classes.forEach((name, k) => table.push([what, null, null, name, values[k]!]));
  classes("logit", answer.logits);
  if (!network.values) classes("probability", softmax(answer.logits));
  if (plain) classes("logit, no gate pulled", plain.logits);
  if (second) classes("logit, second picture", second.logits);
  network.blocks.forEach(({ name }, b) => {
    const put = (what: string, values: ArrayLike<number> | null | undefined) =>
      Array.from(values ?? [], (value, c) => table.push([what, name, c, null, value]));
    const comparison = compared(b);
    put("z", answer.blocks[b]!.z);
    put("s", answer.blocks[b]!.s);
    put("s, no gate pulled", plain?.blocks[b]!.s);
    put("s, second picture", second?.blocks[b]!.s);
    if (!comparison.called) put(`s, ${comparedWith(comparison)}`, comparison.mean);
  });
  return table;
}

/** The rows of an occlusion map. */
export function patched(
  map: { steps: number; values: Float32Array } | null,
  { block, channel }: ExplorerView,
): Cell[][] {
  if (!map) return [];
  const { steps, values } = map;
  return Array.from(values, (value, i) => [
    `s with a patch at row ${Math.floor(i / steps)}, column ${i % steps} of ${steps}`,
    block,
    channel,
    null,
    value,
  ]);
}
