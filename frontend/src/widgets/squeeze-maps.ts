// What "Squeeze" computes: the picture as it is put together, a network's first maps of it, and one
// number of each; beside them the same with the object in the middle.

import { forward, type Layer, laid, normalised, order, squeezed } from "../math/forward.ts";
import { fromBase64, type Packed, unpack } from "../math/packed.ts";

interface Piece {
  id: string;
  title: string;
  /** Bytes in base64: a ground has (3, size, size), an object (4, size, size). */
  pixels: string;
}

export interface SqueezeData {
  network: string;
  block: string;
  size: number;
  /** How far an object goes each way, in pixels. */
  reach: number;
  mean: number[];
  std: number[];
  layers: { weights: Packed; bias: Packed; relu: boolean }[];
  grounds: Piece[];
  objects: Piece[];
}

export type SqueezeView = {
  object: string;
  ground: string;
  right: number;
  down: number;
  pool: "avg" | "max";
  channel: number;
  shuffled: boolean;
};

/** A picture's maps and what is left of each, beside those with the object in the middle. */
export interface Made {
  shown: Uint8Array;
  maps: Float32Array;
  z: number[];
  before: number[];
  /** Of the chosen channel. */
  map: Float32Array;
}

export class SqueezeMaps {
  readonly channels: number;
  /** Of the object in the middle, and how far their values go. */
  middle = { key: "", maps: new Float32Array() as Float32Array, far: 1 };
  private readonly data: SqueezeData;
  private readonly pixels: number;
  private readonly layers: Layer[];
  private readonly bytes: Map<string, Uint8Array>;
  private readonly mixed: Uint32Array;

  constructor(data: SqueezeData) {
    this.data = data;
    this.pixels = data.size * data.size;
    this.layers = data.layers.map(({ weights, bias, relu }) => ({
      weights: unpack(weights),
      bias: unpack(bias),
      relu,
    }));
    this.channels = this.layers.at(-1)!.bias.length;
    const pieces = [...data.grounds, ...data.objects];
    this.bytes = new Map(pieces.map(({ id, pixels }) => [id, fromBase64(pixels)]));
    this.mixed = order(this.pixels);
  }

  private picture({ ground, object }: SqueezeView, right: number, down: number) {
    const { bytes, data } = this;
    return laid(bytes.get(ground)!, bytes.get(object)!, data.size, right, down);
  }

  private maps(shown: Uint8Array): Float32Array {
    const { size, mean, std } = this.data;
    const first = normalised(shown, mean, std);
    return this.layers.reduce((input, layer) => forward(input, size, size, layer), first);
  }

  make(now: SqueezeView): Made {
    const { pixels } = this;
    const key = `${now.object} ${now.ground}`;
    if (this.middle.key !== key) {
      const maps = this.maps(this.picture(now, 0, 0));
      this.middle = { key, maps, far: maps.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
    }
    const shown = this.picture(now, now.right, now.down);
    const maps = this.maps(shown);
    if (now.shuffled) this.mix(maps);
    const z = squeezed(maps, pixels, now.pool);
    const before = squeezed(this.middle.maps, pixels, now.pool);
    const map = maps.subarray(now.channel * pixels, (now.channel + 1) * pixels);
    return { shown, maps, z, before, map };
  }

  /** The same values in another order, in every map. */
  private mix(maps: Float32Array): void {
    for (let from = 0; from < maps.length; from += this.pixels) {
      const map = maps.slice(from, from + this.pixels);
      for (let i = 0; i < this.pixels; i++) maps[from + i] = map[this.mixed[i]!]!;
    }
  }
}
