// The first layers of a network, in plain loops: 3x3 convolutions with a rim of zeros, each with
// its batch norm folded in, and ReLU. Three of them on 32x32 pixels take a few milliseconds, so
// that no runtime has to be fetched to follow a hand.

/** Output channels that are computed together, since each reads the same pixels. */
const TOGETHER = 4;

/** Weights (out, in, 3, 3), one bias an output channel. */
export interface Layer {
  weights: Float32Array;
  bias: Float32Array;
  relu: boolean;
}

/** Channels (in, height, width) -> (out, height, width). */
export function forward(
  input: Float32Array,
  width: number,
  height: number,
  { weights, bias, relu }: Layer,
): Float32Array {
  const pixels = width * height;
  const [into, out] = [input.length / pixels, bias.length];
  const [wide, tall] = [width + 2, height + 2];
  const rim = new Float32Array(into * tall * wide); // of zeros
  for (let row = 0; row < into * height; row++) {
    const [c, y] = [Math.floor(row / height), row % height];
    rim.set(input.subarray(row * width, (row + 1) * width), (c * tall + y + 1) * wide + 1);
  }
  const made = new Float32Array(Math.ceil(out / TOGETHER) * TOGETHER * pixels); // some spare
  for (let o = 0; o < out; o++) made.fill(bias[o]!, o * pixels, (o + 1) * pixels);
  const w = new Float64Array(3 * TOGETHER); // three neighbours of each
  for (let o = 0; o < out; o += TOGETHER) {
    for (let row = 0; row < 3 * into; row++) {
      const [c, ky] = [Math.floor(row / 3), row % 3];
      for (let k = 0; k < w.length; k++)
        w[k] = weights[((o + Math.floor(k / 3)) * into + c) * 9 + 3 * ky + (k % 3)] ?? 0;
      addRow(made, o * pixels, rim, (c * tall + ky) * wide, width, height, w);
    }
  }
  if (relu) for (let i = 0; i < made.length; i++) made[i] = Math.max(0, made[i]!);
  return made.subarray(0, out * pixels);
}

/** One row of a kernel over one channel, added to four maps. */
function addRow(
  made: Float32Array,
  at: number,
  rim: Float32Array,
  from: number,
  width: number,
  height: number,
  w: Float64Array,
): void {
  const pixels = width * height;
  const [a, b, c] = [w[0]!, w[1]!, w[2]!];
  const [d, e, f] = [w[3]!, w[4]!, w[5]!];
  const [g, h, i] = [w[6]!, w[7]!, w[8]!];
  const [k, l, m] = [w[9]!, w[10]!, w[11]!];
  for (let y = 0; y < height; y++) {
    let next = from + y * (width + 2);
    let [p, q] = [rim[next]!, rim[next + 1]!];
    next += 2;
    const end = at + (y + 1) * width;
    for (let j = at + y * width; j < end; j++) {
      const r = rim[next++]!;
      made[j]! += a * p + b * q + c * r;
      made[j + pixels]! += d * p + e * q + f * r;
      made[j + 2 * pixels]! += g * p + h * q + i * r;
      made[j + 3 * pixels]! += k * p + l * q + m * r;
      p = q;
      q = r;
    }
  }
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

/** One number per map: its mean or its largest value. */
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
