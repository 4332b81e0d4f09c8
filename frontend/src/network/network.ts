// What a widget asks of a network, whatever computes it: recorded results, a Python kernel, or the
// network in the browser. Types alone, so that everything may import this file and it imports
// nothing.

import type { Layers } from "../math/excite.ts";
import type { Familiarity } from "../math/unfamiliar.ts";

/** One SE block as a reader meets it. */
export interface BlockInfo {
  /** As in the model's `named_modules()`: "layer3.2.se". */
  name: string;
  /** For people: "block 3.3", the third of stage 3. */
  title: string;
  stage: number | null;
  /** 1 for the first SE block on the way through the network. */
  depth: number;
  /** C, the number of channels it weighs. */
  channels: number;
  /** Width of the layer between, C / r; null where the block has none. */
  hidden: number | null;
  /**
   * Least and largest excitation among the gallery's pictures and the class means: what a chart's
   * axis has to hold.
   */
  range: [low: number, high: number];
}

export interface NetworkInfo {
  name: string;
  title: string;
  classes: string[];
  /** In forward order. */
  blocks: BlockInfo[];
  /** Share of the test pictures it gets right, 0 to 1; null where nobody measured it. */
  accuracy: number | null;
  /** Whether its outputs are numbers, each for itself, and not classes of which one is right. */
  values?: boolean;
  /** Whether it is the reader's own: only they know which classes it has, and what is right. */
  yours?: boolean;
  /** How it notices what it does not know; absent where nobody measured it. */
  familiarity?: Familiarity | null;
}

export interface PictureInfo {
  /** Lasting, for links; unlike its position in the gallery. */
  id: string;
  title: string;
  alt: string;
  /** Where it is from: "CIFAR-10, test". */
  source: string;
  credit: string;
  /** Index into the network's classes; null where it belongs to none. */
  label: number | null;
  /**
   * Address of the picture as people see it; absent where it has no more pixels than the
   * network's.
   */
  photo?: string | null;
  /**
   * What the network takes it for with all gates at their means, the same for every picture: index
   * of a class and its share; absent where nobody recorded that.
   */
  fixed?: [likeliest: number, share: number];
}

export interface BlockAnswer {
  /** Squeeze, (C,). */
  z: Float32Array;
  /** Excitation, (C,); with gates, as overridden. */
  s: Float32Array;
}

export interface Answer {
  /** (K,), one per class. */
  logits: Float32Array;
  /** One per block of `network.blocks`, in that order. */
  blocks: BlockAnswer[];
}

/** Excitations to override, by block name: (C,) each, NaN leaves a channel's own. */
export type Gates = Record<string, Float32Array>;

/** One channel's map as it reaches the block, U_c, and as it leaves it, rescaled: (H, W) each. */
export interface Maps {
  u: Float32Array;
  x: Float32Array;
  height: number;
  width: number;
}

/** A square laid over a picture, in pixels; what sticks out is cut off. */
export interface Patch {
  left: number;
  top: number;
  side: number;
}

/**
 * What only a running network can say, and no recording. On a page it rejects until the engine is
 * ready.
 */
export interface Inside {
  /** Picture `index`'s map of one channel. */
  maps(index: number, block: string, channel: number, gates?: Gates): Promise<Maps>;
  /** The excitation of one channel with a grey patch over the picture, once for each patch. */
  covered(
    index: number,
    block: string,
    channel: number,
    patches: Patch[],
    gates?: Gates,
  ): Promise<Float32Array>;
}

/**
 * The id of the reader's own picture. It is in no link and on no other page: nobody else has it.
 */
export const OWN = "yours";

/** How a network in the reader's browser is doing. */
export type EngineState =
  | { kind: "idle" }
  | { kind: "loading"; bytes: number; total: number }
  | { kind: "starting" }
  | { kind: "ready" }
  | { kind: "failed"; message: string };

/** The hands on a network in the reader's browser (engine.ts). */
export interface Starter {
  readonly state: EngineState;
  /** Bytes to fetch before it runs. */
  readonly total: number;
  /** Fetch and start it, unless that is done or under way. */
  start(): Promise<void>;
  /** Give up what was begun. */
  cancel(): void;
  /** Hear of each change of state, and of the present one at once; returns what ends that. */
  watch(watcher: (state: EngineState) => void): () => void;
}

/** What a page can fetch to run the network itself. */
export interface Live {
  readonly engine: Starter;
  /** Side of the network's pictures in pixels. */
  readonly size: number;
  /** Which camera to ask for where there are two; without it the one that looks away. */
  readonly facing?: "user";
  /** Whether the network is the reader's own, and was here before the page. */
  readonly yours?: boolean;
  /**
   * Put the reader's picture, size x size, among the pictures, in place of one they gave before.
   * There is one for all widgets of this network on a page, and the others hear of it.
   * @param by the widget that has it
   * @returns its position
   */
  take(square: HTMLCanvasElement, name: string, by: HTMLElement): number;
  /** Hear of a picture that another widget put there; returns what ends that. */
  hear(by: HTMLElement, heard: (index: number) => void): () => void;
}

/** The pictures, what is known of the network, and a way to ask it. */
export interface Probe {
  readonly network: NetworkInfo;
  /** How the answers come about, for people. */
  readonly engine: string;
  readonly pictures: PictureInfo[];
  /** Mean excitation of each class, [block][class] -> (C,); null where there are none. */
  readonly means: Float32Array[][] | null;
  /** What the network answered for each picture of the gallery; absent in a kernel. */
  readonly recorded?: Answer[];
  /** Where answers are recorded and the network can be fetched; absent where it runs already. */
  readonly live?: Live;
  /** Draw picture `index` into a canvas at its own resolution. */
  draw(index: number, canvas: HTMLCanvasElement): void;
  /**
   * Run the network on picture `index`. Rejects with an `Error` whose message a reader can be
   * shown.
   */
  probe(index: number, gates?: Gates): Promise<Answer>;
  /** Absent where the book has no network to run. */
  readonly inside?: Inside;
  /**
   * The weights of a block's excitation, null where it is built in another way; absent where nobody
   * has them.
   */
  layers?(block: string): Promise<Layers | null>;
}
