// "Why did this gate open?" A grey patch goes over the picture, step by step, and the network says
// each time how open the gate is.
//
//   patches ──a row at a time──▶ asked ──▶ told as they come ──▶ all, or cancelled between two rows

import type { Gates, Inside, Patch } from "./network.ts";

/** Steps along a side: the patch is twice as wide as a step, so that neighbours overlap. */
export const STEPS = { coarse: 8, fine: 16 } as const;
export type Fineness = keyof typeof STEPS;

/**
 * Row by row. Each is centred on its own cell, so that cells tile the picture; at the rim it sticks
 * out.
 */
export function patchesOf(size: number, steps: number): Patch[] {
  const step = size / steps;
  return Array.from({ length: steps * steps }, (_, i) => ({
    left: Math.round(((i % steps) - 0.5) * step),
    top: Math.round((Math.floor(i / steps) - 0.5) * step),
    side: Math.round(2 * step),
  }));
}

/** A copy of a picture, (3 * size * size), with a patch of one colour on it. */
export function cover(
  picture: Float32Array,
  size: number,
  { left, top, side }: Patch,
  grey: readonly number[],
): Float32Array {
  const covered = picture.slice();
  for (let y = Math.max(0, top); y < Math.min(size, top + side); y++) {
    const [from, to] = [y * size + Math.max(0, left), y * size + Math.min(size, left + side)];
    grey.forEach((value, plane) =>
      covered.fill(value, plane * size * size + from, plane * size * size + to),
    );
  }
  return covered;
}

/**
 * @param told after each row, with what is known by then
 * @throws the signal's reason once it is aborted
 */
export async function occlude(
  inside: Inside,
  {
    index,
    block,
    channel,
    size,
    steps,
    gates,
  }: { index: number; block: string; channel: number; size: number; steps: number; gates: Gates },
  told: (values: Float32Array) => void,
  signal: AbortSignal,
): Promise<Float32Array> {
  const patches = patchesOf(size, steps);
  const values = new Float32Array(patches.length).fill(NaN);
  for (let at = 0; at < patches.length; at += steps) {
    values.set(
      await inside.covered(index, block, channel, patches.slice(at, at + steps), gates),
      at,
    );
    signal.throwIfAborted();
    told(values);
  }
  return values;
}
