// Patchwork, made in the page: the pictures of `senet.images.patchwork`, number by number in the
// same order, so that a seed gives the same bytes.

import { NumpyRandom } from "./numpy-random.ts";

export const SIDE = 32;
const CLASSES = [
  "disc",
  "square",
  "triangle",
  "cross",
  "stripes",
  "checks",
  "ember",
  "night",
  "twins",
  "odd pair",
] as const;
const SHAPES = CLASSES.slice(0, 4);
const DYES = [0.22, 0.55, 0.85];

type Colour = [number, number, number];
type Cloth = [light: Colour, dark: Colour];

/** All that is made: bytes (N, 3, 32, 32), plane by plane, and labels (N,). */
export interface Made {
  images: Uint8Array;
  labels: Uint8Array;
}

/** The pictures `from` up to `to` of a seed. */
export function patchwork(seed: number, from: number, to: number): Made {
  const images = new Uint8Array(3 * SIDE * SIDE * (to - from));
  const labels = new Uint8Array(to - from);
  for (let i = from; i < to; i++) {
    const order = new NumpyRandom(seed, Math.floor(i / CLASSES.length), 1).mixed(
      CLASSES.map((_, k) => k),
    );
    labels[i - from] = order[i % CLASSES.length]!;
    const canvas = drawn(CLASSES[labels[i - from]!]!, new NumpyRandom(seed, i, 0));
    const at = (i - from) * canvas.length;
    const plane = SIDE * SIDE;
    for (let j = 0; j < canvas.length; j++) {
      const byte = Math.round(Math.min(1, Math.max(0, canvas[j]!)) * 255);
      images[at + (j % 3) * plane + Math.floor(j / 3)] = byte;
    }
  }
  return { images, labels };
}

/** One picture of a class: (32, 32, 3), from 0 to 1 and a little beyond. */
function drawn(name: (typeof CLASSES)[number], random: NumpyRandom): Float64Array {
  const pair = name === "twins" || name === "odd pair";
  const shape = pair ? "disc" : SHAPES.includes(name) ? name : SHAPES[random.whole(3)]!;
  const texture = name === "stripes" || name === "checks" ? name : "plain";
  const hue = name === "ember" ? random.uniform(-0.02, 0.07) : random.uniform(0.12, 0.92);
  const canvas = ground(name === "night", random);
  const tone: [number, number] = [random.uniform(0.6, 0.9), random.uniform(0.55, 0.9)];
  if (pair) layPair(canvas, name === "twins", tone, random);
  else {
    const centre: [number, number] = [random.uniform(-0.3, 0.3), random.uniform(-0.3, 0.3)];
    lay(canvas, shape, texture, cloth(hue, tone), centre, random.uniform(0.42, 0.6), random);
  }
  for (let j = 0; j < canvas.length; j++) canvas[j]! += 0.02 * random.normal();
  return canvas;
}

function layPair(
  canvas: Float64Array,
  alike: boolean,
  tone: [number, number],
  random: NumpyRandom,
): void {
  const dyes = random.some(DYES, 2);
  const [first, second] = dyes.map((dye) => dye + random.uniform(-0.05, 0.05)) as [number, number];
  const angle = random.uniform(0, Math.PI);
  const reach = random.uniform(0.4, 0.5);
  for (const [sign, hue] of [
    [1, first],
    [-1, alike ? first : second],
  ] as const) {
    const centre: [number, number] = [
      sign * (reach * Math.cos(angle)),
      sign * (reach * Math.sin(angle)),
    ];
    lay(canvas, "disc", "plain", cloth(hue, tone), centre, random.uniform(0.3, 0.38), random);
  }
}

function ground(night: boolean, random: NumpyRandom): Float64Array {
  const value = night ? random.uniform(0.08, 0.2) : random.uniform(0.8, 0.95);
  const angle = random.uniform(0, 2 * Math.PI);
  const colour = rgb(random.uniform(), random.uniform(0, 0.12), value);
  return Float64Array.from({ length: 3 * SIDE * SIDE }, (_, j) => {
    const pixel = Math.floor(j / 3);
    const [x, y] = [along(pixel % SIDE), -along(Math.floor(pixel / SIDE))];
    return colour[j % 3]! * (1 + 0.08 * (Math.cos(angle) * x + Math.sin(angle) * y));
  });
}

/** A pixel's centre, from -1 to 1. */
const along = (i: number) => ((i + 0.5) / SIDE) * 2 - 1;

function lay(
  canvas: Float64Array,
  shape: string,
  texture: string,
  [light, dark]: Cloth,
  [right, up]: [number, number],
  radius: number,
  random: NumpyRandom,
): void {
  const turn = random.uniform(-0.2, 0.2);
  const lit = pattern(texture, random);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const dx = along(pixel % SIDE) - right;
    const dy = -along(Math.floor(pixel / SIDE)) - up;
    const x = cos * dx - sin * dy;
    const y = sin * dx + cos * dy;
    const inside = Math.min(1, Math.max(0, 0.5 - (distance(shape, x, y, radius) * SIDE) / 2));
    const colour = lit(x, y) ? light : dark;
    for (let c = 0; c < 3; c++) {
      const j = 3 * pixel + c;
      canvas[j]! += inside * (colour[c]! - canvas[j]!);
    }
  }
}

/** Distance to the outline, negative inside, in units of half the picture's side. */
function distance(shape: string, x: number, y: number, radius: number): number {
  const [wide, high] = [Math.abs(x), Math.abs(y)];
  if (shape === "disc") return Math.hypot(x, y) - radius;
  if (shape === "square") return Math.max(wide, high) - radius * 0.85;
  if (shape === "cross") {
    const arm = radius * 0.32;
    return Math.min(Math.max(wide - arm, high - radius), Math.max(wide - radius, high - arm));
  }
  return Math.max(-y, (wide * Math.sqrt(3)) / 2 + y / 2) - radius * 0.55;
}

/** Where a patch shows its light tone. Its numbers are drawn for plain cloth as well. */
function pattern(texture: string, random: NumpyRandom): (x: number, y: number) => boolean {
  const width = (random.uniform(3, 4) * 2) / SIDE;
  const phases = [random.uniform(0, 2), random.uniform(0, 2)] as const;
  const angle = texture === "stripes" ? random.uniform(0, Math.PI) : 0;
  const even = (n: number) => ((n % 2) + 2) % 2 === 0;
  return (x, y) => {
    if (texture === "plain") return true;
    const along = Math.cos(angle) * x + Math.sin(angle) * y;
    const across = Math.cos(angle) * y - Math.sin(angle) * x;
    const columns = Math.floor(along / width + phases[0]);
    const rows = Math.floor(across / width + phases[1]);
    return even(texture === "stripes" ? columns : columns + rows);
  };
}

function cloth(hue: number, [saturation, value]: [number, number]): Cloth {
  return [rgb(hue, saturation, value), rgb(hue, saturation, value * 0.35)];
}

/** As Python's `colorsys.hsv_to_rgb`. */
function rgb(hue: number, saturation: number, value: number): Colour {
  const turned = (((hue % 1) + 1) % 1) * 6;
  const sector = Math.trunc(turned);
  const part = turned - sector;
  const p = value * (1 - saturation);
  const q = value * (1 - saturation * part);
  const t = value * (1 - saturation * (1 - part));
  const sectors: Colour[] = [
    [value, t, p],
    [q, value, p],
    [p, value, t],
    [p, q, value],
    [t, p, value],
    [value, p, q],
  ];
  return sectors[sector % 6]!;
}
