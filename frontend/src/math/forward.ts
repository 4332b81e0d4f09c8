// The first layers of a network, in plain loops: 3x3 convolutions with a rim of zeros, each with
// its batch norm folded in, and ReLU. Three of them on 32x32 pixels take a few milliseconds, so
// that no runtime has to be fetched to follow a hand.

/** Weights (out, in, 3, 3), one bias an output channel. */
export interface Layer {
  weights: Float32Array;
  bias: Float32Array;
  relu: boolean;
}

/** Channels (in, size, size) -> (out, size, size). */
export function forward(
  input: Float32Array,
  size: number,
  { weights, bias, relu }: Layer,
): Float32Array {
  const pixels = size * size;
  const [into, out] = [input.length / pixels, bias.length];
  const wide = size + 2;
  const padded = new Float32Array(into * wide * wide); // the rim of zeros
  for (let c = 0; c < into; c++) {
    for (let y = 0; y < size; y++)
      padded.set(
        input.subarray(c * pixels + y * size, c * pixels + (y + 1) * size),
        (c * wide + y + 1) * wide + 1,
      );
  }
  const output = new Float32Array(out * pixels);
  for (let o = 0; o < out; o++) {
    const map = output.subarray(o * pixels, (o + 1) * pixels).fill(bias[o]!);
    for (let c = 0; c < into; c++) {
      for (let k = 0; k < 9; k++) {
        const weight = weights[(o * into + c) * 9 + k]!;
        const from = (c * wide + Math.floor(k / 3)) * wide + (k % 3);
        for (let y = 0; y < size; y++) {
          for (let x = 0, i = from + y * wide, j = y * size; x < size; x++)
            map[j + x]! += weight * padded[i + x]!;
        }
      }
    }
    if (relu) for (let i = 0; i < pixels; i++) map[i] = Math.max(0, map[i]!);
  }
  return output;
}

/**
 * A layer (4, size, size) of bytes, colours times opacity before opacity, laid on a ground (3,
 * size, size), moved by whole pixels.
 */
export function laid(
  ground: Uint8Array,
  layer: Uint8Array,
  size: number,
  right: number,
  down: number,
): Uint8Array<ArrayBuffer> {
  const pixels = size * size;
  const picture = new Uint8Array(3 * pixels);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [fromY, fromX] = [y - down, x - right];
      const from =
        fromY >= 0 && fromY < size && fromX >= 0 && fromX < size ? fromY * size + fromX : -1;
      const opacity = from < 0 ? 0 : layer[3 * pixels + from]!;
      for (let c = 0; c < 3; c++) {
        const i = c * pixels + y * size + x;
        const colour = from < 0 ? 0 : layer[c * pixels + from]!;
        // as senet.images.patchwork.laid, to the bit
        picture[i] = Math.floor((255 * colour + (255 - opacity) * ground[i]! + 127) / 255);
      }
    }
  }
  return picture;
}

/** Bytes (3, size, size) as a network takes them: (x / 255 - mean) / std. */
export function normalised(picture: Uint8Array, mean: number[], std: number[]): Float32Array {
  const pixels = picture.length / 3;
  return Float32Array.from(
    picture,
    (byte, i) => (byte / 255 - mean[Math.floor(i / pixels)]!) / std[Math.floor(i / pixels)]!,
  );
}

/** One number a map: its mean or its largest value. */
export function squeezed(maps: Float32Array, pixels: number, pool: string): number[] {
  return Array.from({ length: maps.length / pixels }, (_, c) => {
    const map = maps.subarray(c * pixels, (c + 1) * pixels);
    return pool === "max"
      ? map.reduce((a, b) => Math.max(a, b))
      : map.reduce((a, b) => a + b, 0) / pixels;
  });
}

/** An order of `count` things, the same at every call. */
export function order(count: number): Uint32Array {
  const places = Uint32Array.from({ length: count }, (_, i) => i);
  let seed = 1;
  for (let i = count - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; // the generator of Numerical Recipes
    const j = Math.floor((seed / 2 ** 32) * (i + 1));
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return places;
}
