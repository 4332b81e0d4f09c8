// What "Convolution" computes: the maps of one picture under one kernel, and their sum.

import { type Kernel, parsed, SIDE, slide } from "../math/convolve.ts";
import { fromBase64 } from "../math/packed.ts";
import type { Shown } from "../parts/frame.ts";
import type { Cell } from "../parts/save.ts";

export interface ConvolutionData {
  /** Pixels a side. */
  size: number;
  pictures: Shown[];
  /** One per picture: (3, size, size) bytes in base64. */
  pixels: string[];
  kernels: { id: string; title: string; weights: number[]; constant: number }[];
  network: string;
}

export type ConvolutionView = {
  picture: string;
  /** A preset's name, or its numbers as math/convolve.ts writes them. */
  kernel: string;
  row: number;
  column: number;
  shown: "all" | "sofar";
};

export const CHANNELS = ["red", "green", "blue"] as const;
export const MOST = 9; // as sebook/widgets/convolution.py bounds a weight
const NINE = SIDE * SIDE;

export interface Made {
  bytes: Uint8Array;
  /** Pixels of each channel, from 0 to 1, and its map. */
  channels: number[][];
  maps: Float64Array[];
  sum: Float64Array;
  /** Where the maps' colours are full. */
  far: number;
  /** All numbers, as a table. */
  rows: Cell[][];
}

export class ConvolutionMaps {
  /** Places of the window along a side. */
  readonly places: number;
  readonly presets: Map<string, ConvolutionData["kernels"][number]>;
  private readonly data: ConvolutionData;
  private readonly bytes: Uint8Array[];
  private last: { key: string; made: Made } | null = null;

  constructor(data: ConvolutionData) {
    this.data = data;
    this.places = data.size - SIDE + 1;
    this.presets = new Map(data.kernels.map((kernel) => [kernel.id, kernel]));
    this.bytes = data.pixels.map(fromBase64);
  }

  kernel({ kernel }: ConvolutionView): Kernel {
    return this.presets.get(kernel) ?? parsed(kernel, MOST)!;
  }

  /** The same object for the same picture and kernel. */
  make(now: ConvolutionView): Made {
    const key = `${now.picture} ${now.kernel}`;
    if (this.last?.key !== key) this.last = { key, made: this.compute(now) };
    return this.last.made;
  }

  private compute(now: ConvolutionView): Made {
    const { size, pictures } = this.data;
    const bytes = this.bytes[pictures.findIndex(({ id }) => id === now.picture)]!;
    const { weights, constant } = this.kernel(now);
    const plane = (c: number) => bytes.subarray(c * size * size, (c + 1) * size * size);
    const channels = CHANNELS.map((_, c) => Array.from(plane(c), (byte) => byte / 255));
    const maps = channels.map((channel, c) =>
      slide(channel, size, weights.slice(c * NINE, (c + 1) * NINE)),
    );
    const sum = maps[0]!.map((value, i) => value + maps[1]![i]! + maps[2]![i]! + constant);
    const most = (map: Float64Array) => map.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const rows = Array.from(sum, (value, i) => [
      Math.floor(i / this.places),
      i % this.places,
      ...maps.map((map) => map[i]!),
      value,
    ]);
    return {
      bytes,
      channels,
      maps,
      sum,
      far: Math.max(...[...maps, sum].map(most)),
      rows: [["row", "column", ...CHANNELS, "sum"], ...rows],
    };
  }
}
