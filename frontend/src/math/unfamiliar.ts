// Does a network notice a picture of a thing that it does not know? The same rule as
// sebook/experiments/unfamiliar.py, which measures how often it errs.

import { softmax } from "./softmax.ts";

export interface Familiarity {
  weight: number;
  threshold: number;
  /** Pictures of its own classes that the rule takes for unfamiliar, of how many. */
  inside: Counted;
  /** Pictures of other things, by what they are. */
  outside: Record<string, Counted>;
  /** How often it is right, by its largest probability. */
  sure: { from: number; to: number; right: number; of: number }[];
}

export interface Counted {
  unfamiliar: number;
  of: number;
}

/**
 * How far a picture is from all that a network knows; above the rule's threshold, too far.
 * @param s excitations by block
 * @param means class means, [block][class]
 */
export function score(
  logits: Float32Array,
  s: Float32Array[],
  means: Float32Array[][],
  { weight }: Familiarity,
): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < logits.length; k++) {
    let sum = 0;
    for (let b = 0; b < s.length && sum < nearest; b++) {
      const [here, mean] = [s[b]!, means[b]![k]!];
      for (let c = 0; c < here.length; c++) sum += (here[c]! - mean[c]!) ** 2;
    }
    nearest = Math.min(nearest, sum);
  }
  return Math.sqrt(nearest) - weight * Math.log(Math.max(...softmax(logits)));
}

/** Its record where it was about as sure of its answer; null where it hardly ever was. */
export function recordAt(share: number, { sure }: Familiarity): (typeof sure)[number] | null {
  const step = sure.find(({ to }) => share <= to) ?? sure.at(-1);
  return step && step.of >= 30 ? step : null;
}

/** Whether it was wrong more often than right where it was about as sure. */
export function unsure(record: ReturnType<typeof recordAt>): boolean {
  return record !== null && 2 * record.right < record.of;
}
