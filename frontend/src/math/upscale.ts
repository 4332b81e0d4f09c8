// A small upscaler, with two SE blocks or with none, in plain loops: the picture as a whole, or in
// tiles, whose gates are their own or given. sebook/shipping/upscaler.py computes the same.
//
//   pixels ─▶ conv, ReLU ─▶ SE ─▶ conv, ReLU ─▶ SE ─▶ conv ─▶ four pixels of each

import { excite, type Layers } from "./excite.ts";
import { forward, type Layer, squeezed } from "./forward.ts";

/** Pixels that its convolutions see on each side. */
export const REACH = 3;

export interface Upscaler {
  layers: Layer[];
  /** After the first two layers; none in a network without SE. */
  blocks: Layers[];
}

/** Colours (3, height, width), from 0 to 1. */
export interface Pixels {
  values: Float32Array;
  width: number;
  height: number;
}

/** A picture, and the gates with which each tile was made, by block. */
export interface Made {
  picture: Pixels;
  tiles: Float32Array[][];
}

/** Where a tile lies: its own pixels, and those that are computed with it. */
interface Place {
  left: number;
  top: number;
  side: number;
  before: number;
  above: number;
  width: number;
  height: number;
}

/** @param given gates by block, in the place of the picture's own */
function run(net: Upscaler, { values, width, height }: Pixels, given: Float32Array[] | null) {
  const pixels = width * height;
  const gates: Float32Array[] = [];
  let u = values;
  net.layers.forEach((layer, at) => {
    u = forward(u, width, height, layer);
    const block = net.blocks[at];
    if (!block) return;
    const s = given?.[at] ?? Float32Array.from(excite(block, squeezed(u, pixels, "avg")).s);
    for (let i = 0; i < u.length; i++) u[i]! *= s[Math.floor(i / pixels)]!;
    gates.push(s);
  });
  return { maps: u, gates };
}

function places(size: number, tiles: number): Place[] {
  const side = size / tiles;
  return Array.from({ length: tiles * tiles }, (_, i) => {
    const [left, top] = [(i % tiles) * side, Math.floor(i / tiles) * side];
    // To the picture's edge and not beyond: a rim of zeros stays where the whole picture has it.
    const [before, above] = [Math.min(REACH, left), Math.min(REACH, top)];
    const width = before + side + Math.min(REACH, size - left - side);
    const height = above + side + Math.min(REACH, size - top - side);
    return { left, top, side, before, above, width, height };
  });
}

function cut({ values, width, height }: Pixels, place: Place): Pixels {
  const part = new Float32Array(3 * place.width * place.height);
  for (let row = 0; row < 3 * place.height; row++) {
    const [c, y] = [Math.floor(row / place.height), row % place.height];
    const from = (c * height + place.top - place.above + y) * width + place.left - place.before;
    part.set(values.subarray(from, from + place.width), row * place.width);
  }
  return { values: part, width: place.width, height: place.height };
}

/** Four pixels of each pixel: maps (12, height, width) of a tile, without its margin. */
function put(into: Pixels, maps: Float32Array, place: Place): void {
  for (let row = 0; row < 12 * place.side; row++) {
    const [map, y] = [Math.floor(row / place.side), row % place.side];
    const [c, dy, dx] = [Math.floor(map / 4), Math.floor((map % 4) / 2), map % 2];
    const from = (map * place.height + place.above + y) * place.width + place.before;
    const line = c * into.height + 2 * (place.top + y) + dy;
    const to = line * into.width + 2 * place.left + dx;
    for (let x = 0; x < place.side; x++) into.values[to + 2 * x] = maps[from + x]!;
  }
}

/**
 * A square picture, twice as large, in tiles: as many in a row as rows of them, each computed with
 * as many pixels around it as convolutions see.
 */
export function upscaled(
  net: Upscaler,
  x: Pixels,
  tiles: number,
  given: Float32Array[] | null = null,
): Made {
  const values = new Float32Array(4 * x.values.length);
  const picture = { values, width: 2 * x.width, height: 2 * x.height };
  const gates = places(x.width, tiles).map((place) => {
    const made = run(net, cut(x, place), given);
    put(picture, made.maps, place);
    return made.gates;
  });
  return { picture, tiles: gates };
}

/** What the upscaler gets of a photograph: means over two by two pixels, in a light of a colour. */
export function seenIn(light: number[], { values, width, height }: Pixels): Pixels {
  const [w, h] = [width / 2, height / 2];
  const small = new Float32Array(3 * w * h);
  for (let i = 0; i < small.length; i++) {
    const [c, y, x] = [Math.floor(i / (w * h)), Math.floor(i / w) % h, i % w];
    const at = (c * height + 2 * y) * width + 2 * x;
    const sum = values[at]! + values[at + 1]! + values[at + width]! + values[at + width + 1]!;
    small[i] = (sum / 4) * light[c]!;
  }
  return { values: small, width: w, height: h };
}

/** In grey levels (0 to 255). */
export interface Seam {
  /** How far two pictures are apart, on average. */
  off: number;
  /** How far that jumps from a pixel to the next where tiles meet, and elsewhere. */
  across: number;
  inside: number;
}

export function seam(made: Pixels, whole: Pixels, tiles: number): Seam {
  const { width, height } = made;
  const shown = (value: number) => 255 * Math.min(1, Math.max(0, value)); // as on a screen
  const far = made.values.map((value, i) => shown(value) - shown(whole.values[i]!));
  const sums = { across: 0, inside: 0 };
  const counts = { across: 0, inside: 0 };
  const step = (at: number, i: number, before: number) => {
    if (at === 0) return;
    const kind = at % (width / tiles) === 0 ? "across" : "inside";
    sums[kind] += Math.abs(far[i]! - far[before]!);
    counts[kind]++;
  };
  let off = 0;
  for (let i = 0; i < far.length; i++) {
    off += Math.abs(far[i]!);
    step(i % width, i, i - 1);
    step(Math.floor(i / width) % height, i, i - width);
  }
  const mean = (kind: keyof typeof sums) => sums[kind] / Math.max(1, counts[kind]);
  return { off: off / far.length, across: mean("across"), inside: mean("inside") };
}
