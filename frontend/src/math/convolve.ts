// The arithmetic of a convolution, small enough to be read: torch's conv2d, which is a correlation,
// in plain loops.

import { decimal } from "./format.ts";

export const SIDE = 3;
const WEIGHTS = 3 * SIDE * SIDE;

/**
 * A kernel of one output channel: by input channel, row and column; and what is added to each sum.
 */
export interface Kernel {
  weights: number[];
  constant: number;
}

/** One channel (size, size) under one 3x3 kernel, without padding: (size - 2, size - 2). */
export function slide(
  channel: ArrayLike<number>,
  size: number,
  weights: ArrayLike<number>,
): Float64Array {
  const out = size - SIDE + 1;
  const map = new Float64Array(out * out);
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < out; column++) {
      let sum = 0;
      for (let i = 0; i < SIDE; i++) {
        for (let j = 0; j < SIDE; j++)
          sum += weights[i * SIDE + j]! * channel[(row + i) * size + column + j]!;
      }
      map[row * out + column] = sum;
    }
  }
  return map;
}

/** The nine values under the window, row by row. */
export function under(
  channel: ArrayLike<number>,
  size: number,
  row: number,
  column: number,
): number[] {
  return Array.from(
    { length: SIDE * SIDE },
    (_, k) => channel[(row + Math.floor(k / SIDE)) * size + column + (k % SIDE)]!,
  );
}

/**
 * "1,0,...;0.5" as `sebook.widgets.convolution.written` writes it; null where it makes no sense.
 */
export function parsed(text: string, most: number): Kernel | null {
  const [numbers, added = "0", ...more] = text.split(";");
  const values = numbers!.split(",").map(numbered);
  const constant = numbered(added);
  const fits =
    values.length === WEIGHTS &&
    values.every((value) => Math.abs(value) <= most) &&
    Math.abs(constant) <= 10 * most;
  return fits && more.length === 0 ? { weights: values, constant } : null;
}

export function written({ weights, constant }: Kernel): string {
  const short = (value: number) => String(Math.round(1000 * value) / 1000 || 0); // no "-0"
  return `${weights.map(short).join(",")};${short(constant)}`;
}

const numbered = (text: string) => (text.trim() === "" ? Number.NaN : Number(text));

/** (0.82 × 1.00) + … ; terms whose weight is zero are left out, since they bring nothing. */
export function terms(values: number[], weights: number[]): string {
  const kept = values.flatMap((value, i) =>
    weights[i] === 0 ? [] : [`${decimal(value, 2)} × ${bracketed(weights[i]!, 2)}`],
  );
  return kept.length > 0 ? kept.join(" + ") : "all nine weights are 0";
}

/** A negative number within a sum, in brackets. */
export function bracketed(value: number, digits = 3): string {
  const text = decimal(value, digits);
  return value < 0 && Number(value.toFixed(digits)) !== 0 ? `(${text})` : text;
}
