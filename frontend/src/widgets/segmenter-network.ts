// What the widget "Segmenter" knows of its network: recorded answers for its own pictures, and the
// network itself, once it runs in the page, for the reader's picture and camera.

import { type Packed, unpack } from "../math/packed.ts";
import type { Manifest } from "../network/download.ts";
import { DroppedEngine, shipped } from "../network/dropped-engine.ts";
import { byBlock, LastPicture } from "../network/last-picture.ts";
import { planes } from "../network/live.ts";
import type { Gates, Live } from "../network/network.ts";
import { sharedRuntime } from "../network/runtime.ts";
import type { Shown } from "../parts/frame.ts";

export type How = "own" | "frozen" | "ones";

export interface SegmenterData {
  network: string;
  /** Of pictures and masks, in pixels. */
  side: number;
  pictures: Shown[];
  gates: { channels: number; same: boolean }[];
  /** All gates, one after the other. */
  means: Packed;
  recorded: Record<string, Record<How, { runs: number[]; gates: Packed }>>;
}

export interface Segmented {
  /** 1 where the person is: (side * side). */
  mask: Uint8Array;
  /** As they were used, (C,) each. */
  gates: Float32Array[];
}

const PERSON = 0.5;

/** A recorded answer: lengths of what is outside and inside, in turns. */
export function recorded(data: SegmenterData, picture: string, how: How): Segmented {
  const { runs, gates } = data.recorded[picture]![how];
  const mask = new Uint8Array(data.side * data.side);
  let at = 0;
  runs.forEach((length, i) => {
    mask.fill(i % 2, at, at + length);
    at += length;
  });
  return { mask, gates: byBlock(data.gates, unpack(gates)) };
}

/** Pixels in both masks, of those in one or the other; 1 where both are empty. */
export function overlap(one: Uint8Array, other: Uint8Array): number {
  let [both, either] = [0, 0];
  one.forEach((inside, i) => {
    both += inside & other[i]!;
    either += inside | other[i]!;
  });
  return either ? both / either : 1;
}

/** The network in the page. The picture that it is asked about is the reader's last. */
export class LiveSegmenter extends LastPicture implements Live {
  readonly engine: DroppedEngine;
  readonly facing = "user";
  private readonly frozen: Gates;
  private readonly ones: Gates;

  constructor(data: SegmenterData, manifest: Manifest) {
    super(data.side);
    const { network } = data;
    const name = (i: number) => `gate${i + 1}`;
    const means = byBlock(data.gates, unpack(data.means));
    this.frozen = Object.fromEntries(means.map((values, i) => [name(i), values]));
    this.ones = Object.fromEntries(means.map(({ length }, i) => [name(i), ones(length)]));
    const way = { mean: [0, 0, 0], std: [1, 1, 1] };
    const file = shipped(network, manifest);
    this.engine = new DroppedEngine(network, file, way, sharedRuntime(manifest));
    this.engine.blocks = data.gates.map(({ channels }, i) => ({
      name: name(i),
      title: `gate ${i + 1}`,
      stage: null,
      depth: i + 1,
      channels,
      hidden: null,
      range: [0, 1],
    }));
  }

  async ask(how: How): Promise<Segmented> {
    const given = { own: undefined, frozen: this.frozen, ones: this.ones }[how];
    const { logits, blocks } = await this.engine.whole(planes(this.picture), given);
    return {
      mask: Uint8Array.from(logits, (value) => (value > PERSON ? 1 : 0)),
      gates: blocks.map(({ s }) => s),
    };
  }
}

const ones = (length: number) => new Float32Array(length).fill(1);
