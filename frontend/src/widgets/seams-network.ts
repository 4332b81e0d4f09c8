// The weights of the small upscaler, as sebook/shipping/upscaler.py packs them: 16-bit floats, one
// tensor after the other, in the order of its layers.

import type { Upscaler } from "../math/upscale.ts";

export interface Shapes {
  channels: number;
  hidden: number;
}

/** 16-bit floats, little-endian: a browser's own reader of them is too new to count on. */
export function halves(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true);
    const [sign, exponent, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : 2 ** -24 * rest);
  });
}

/** @param se whether they are of a network with SE blocks */
export function network(flat: Float32Array, { channels, hidden }: Shapes, se: boolean): Upscaler {
  const [layers, blocks]: [Upscaler["layers"], Upscaler["blocks"]] = [[], []];
  let at = 0;
  const next = (count: number) => flat.subarray(at, (at += count));
  for (const [into, out] of [
    [3, channels],
    [channels, channels],
    [channels, 12],
  ] as const) {
    const last = layers.length === 2;
    layers.push({ weights: next(out * into * 9), bias: next(out), relu: !last });
    if (se && !last) {
      const [w1, b1] = [next(hidden * channels), next(hidden)];
      blocks.push({ w1, b1, w2: next(channels * hidden), b2: next(channels) });
    }
  }
  return { layers, blocks };
}
