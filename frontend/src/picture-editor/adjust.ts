// Hue, brightness and blur of a picture, as torchvision.transforms.functional has them: adjust_hue,
// adjust_brightness, gaussian_blur, in this order, on values from 0 to 1. So Python says what must
// come out. (A canvas has filters of its own, but not in every browser, and each browser's are a
// little different.)

export interface Adjustments {
  /** Degrees round the colour circle, -180 to 180. */
  hue: number;
  /** Every value is multiplied by it: 0 is black, 1 leaves it. */
  brightness: number;
  /** Standard deviation of the Gauss, in pixels of the network; 0 for none. */
  blur: number;
}

export const AS_IT_IS: Readonly<Adjustments> = { hue: 0, brightness: 1, blur: 0 };

/** @param data RGBA of size x size pixels, changed in place; its alpha stays */
export function adjust(
  data: Uint8ClampedArray,
  size: number,
  { hue, brightness, blur }: Adjustments,
): void {
  if (hue === 0 && brightness === 1 && blur === 0) return; // to the bit as it was
  const count = size * size;
  const planes = [0, 1, 2].map((c) =>
    Float64Array.from({ length: count }, (_, i) => data[4 * i + c]! / 255),
  );
  if (hue !== 0) turn(planes, hue / 360);
  if (brightness !== 1)
    for (const plane of planes) plane.forEach((value, i) => (plane[i] = clamp(value * brightness)));
  const final = blur > 0 ? planes.map((plane) => blurred(plane, size, blur)) : planes;
  // the array rounds
  final.forEach((plane, c) => plane.forEach((value, i) => (data[4 * i + c] = 255 * value)));
}

/** @param by share of the circle */
function turn([red, green, blue]: Float64Array[], by: number): void {
  for (let i = 0; i < red!.length; i++) {
    const [r, g, b] = [red![i]!, green![i]!, blue![i]!];
    const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
    const range = most - least;
    if (range === 0) continue; // grey has no hue
    const sixth =
      most === r ? (g - b) / range : most === g ? 2 + (b - r) / range : 4 + (r - g) / range;
    const hue = 6 * modulo(sixth / 6 + by, 1);
    const [side, part, saturation] = [Math.floor(hue) % 6, hue - Math.floor(hue), range / most];
    const p = clamp(most * (1 - saturation));
    const q = clamp(most * (1 - saturation * part));
    const t = clamp(most * (1 - saturation * (1 - part)));
    [red![i], green![i], blue![i]] = [
      [most, t, p],
      [q, most, p],
      [p, most, t],
      [p, q, most],
      [t, p, most],
      [most, p, q],
    ][side] as [number, number, number];
  }
}

/** Three standard deviations to each side; beyond the edge the picture is mirrored. */
function blurred(plane: Float64Array, size: number, deviation: number): Float64Array {
  const reach = Math.min(Math.ceil(3 * deviation), size - 1);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / deviation) ** 2),
  );
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const mirror = (at: number) => (at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at);
  const along = (from: Float64Array, step: number, across: number) =>
    from.map((_, i) => {
      const at = Math.floor(i / step) % size;
      let value = 0;
      for (let k = -reach; k <= reach; k++)
        value +=
          weights[k + reach]! *
          from[Math.floor(i / across) * across + mirror(at + k) * step + (i % step)]!;
      return value / sum;
    });
  return along(along(plane, 1, size), size, size * size);
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));
const modulo = (value: number, by: number) => ((value % by) + by) % by;
