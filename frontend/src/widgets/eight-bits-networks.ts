// What the widget "Eight bits" knows of its two networks, the same one in float and in 8 bits:
// recorded answers for its own pictures, and both networks, once they run in the page.

import { sum } from "d3-array";
import { type Packed, unpack } from "../math/packed.ts";
import type { Manifest } from "../network/download.ts";
import { DroppedEngine, shipped } from "../network/dropped-engine.ts";
import { Engine } from "../network/engine.ts";
import { byBlock, LastPicture } from "../network/last-picture.ts";
import { planes } from "../network/live.ts";
import type { Answer, BlockInfo, Live, NetworkInfo } from "../network/network.ts";
import { sharedRuntime, type Way } from "../network/runtime.ts";
import { Together } from "../network/together.ts";
import type { Shown } from "../parts/frame.ts";

/** Answers for the pictures: (pictures, K), and (pictures, all channels of all blocks). */
interface Told {
  logits: Packed;
  gates: Packed;
}

export interface EightBitsData {
  title: string;
  network: string;
  file: string;
  /** Of pictures, in pixels. */
  side: number;
  way: Way;
  classes: string[];
  pictures: Shown[];
  /** `step` is from one level of a gate's 8 bits to the next. */
  blocks: { name: string; title: string; channels: number; step: number }[];
  float: Told;
  eight: Told;
}

/** One network's answer: (K,), and (C,) for each block. */
export interface Answered {
  logits: Float32Array;
  gates: Float32Array[];
}

export interface Pair {
  float: Answered;
  eight: Answered;
}

/** The recorded answers for picture `index`. */
export function recorded(data: EightBitsData, index: number): Pair {
  return { float: cut(data, data.float, index), eight: cut(data, data.eight, index) };
}

function cut({ classes, blocks }: EightBitsData, told: Told, index: number): Answered {
  const row = (packed: Packed, width: number) =>
    unpack(packed).subarray(index * width, (index + 1) * width);
  const all = row(
    told.gates,
    sum(blocks, ({ channels }) => channels),
  );
  return { logits: row(told.logits, classes.length), gates: byBlock(blocks, all) };
}

/** Both networks in the page. */
export class LivePair extends LastPicture implements Live {
  readonly engine: Together;
  private readonly float: Engine;
  private readonly eight: DroppedEngine;

  /** @param first the first picture's pixels, to which an answer is recorded */
  constructor(data: EightBitsData, manifest: Manifest, first: Float32Array) {
    const { network, file, side, way } = data;
    super(side);
    const blocks = data.blocks.map(({ name, title, channels }, i): BlockInfo => {
      return { name, title, stage: null, depth: i + 1, channels, hidden: null, range: [0, 1] };
    });
    const { logits, gates } = recorded(data, 0).float;
    const answer: Answer = { logits, blocks: gates.map((s) => ({ z: s, s })) };
    const known = { picture: first, size: side, answer };
    const info: NetworkInfo = {
      name: network,
      title: data.title,
      classes: data.classes,
      blocks,
      accuracy: null,
    };
    const runtime = sharedRuntime(manifest);
    this.float = new Engine(info, manifest, known, runtime);
    this.eight = new DroppedEngine(file, shipped(file, manifest), way, runtime);
    this.engine = new Together([
      { engine: this.float, bytes: manifest[network]! },
      { engine: this.eight, bytes: manifest[file]! },
    ]);
  }

  async ask(canvas: HTMLCanvasElement): Promise<Pair> {
    const pixels = planes(canvas);
    const [float, eight] = await Promise.all([
      this.float.ask(pixels, this.size),
      this.eight.ask(pixels),
    ]);
    return { float: told(float), eight: told(eight) };
  }
}

const told = ({ logits, blocks }: Answer): Answered => ({
  logits,
  gates: blocks.map(({ s }) => s),
});
