// The weights of a network's excitations, as `sebook.pages.excitation_weights` writes them: fetched
// when a channel is looked into, and not before.

import { excite, type Layers } from "../math/excite.ts";
import { type Packed, unpack } from "../math/packed.ts";
import type { NetworkInfo } from "./network.ts";
import { need } from "./registry.ts";

/**
 * Counted up whenever `sebook.pages.excitation_weights` writes something that an older page would
 * misread.
 */
const FORMAT = 1;

interface File {
  format: number;
  /** The mean colour of the pictures that it learned from, in whole steps from 0 to 255. */
  grey: [number, number, number];
  /** One per block; null where a block is not two layers and a sigmoid. */
  blocks: ({ w1: Packed; b1: Packed; w2: Packed; b2: Packed } | null)[];
}

export interface ExcitationWeights {
  grey: [number, number, number];
  blocks: Map<string, Layers>;
}

/** Fetches once; after a failure the next call tries again. */
export function fetchExcitationWeights(network: NetworkInfo): () => Promise<ExcitationWeights> {
  let opened: Promise<ExcitationWeights> | null = null;
  return () => {
    opened ??= need<File>(`layers/${network.name}`).then((file) => open(file, network));
    opened.catch(() => (opened = null));
    return opened;
  };
}

function open({ format, grey, blocks }: File, network: NetworkInfo): ExcitationWeights {
  if (format !== FORMAT || blocks.length !== network.blocks.length)
    throw new Error("the weights are not of this page: reload it without its cache");
  const known = network.blocks.flatMap(({ name }, i): [string, Layers][] => {
    const block = blocks[i];
    if (!block) return [];
    const { w1, b1, w2, b2 } = block;
    return [[name, { w1: unpack(w1), b1: unpack(b1), w2: unpack(w2), b2: unpack(b2) }]];
  });
  return { grey, blocks: new Map(known) };
}

/** One channel's way through the two layers. */
export interface Way {
  /** What z_c adds to each hidden unit: W1[j, c] z_c. */
  given: number[];
  /** All hidden units after the ReLU. */
  hidden: number[];
  /** What each hidden unit adds to this channel's gate: W2[c, j] h_j. */
  added: number[];
  /** Their sum with the bias, and what the sigmoid makes of it. */
  sum: number;
  s: number;
}

export function way(layers: Layers, z: Float32Array, channel: number): Way {
  const { w1, w2 } = layers;
  const { hidden, logits, s } = excite(layers, z);
  return {
    given: hidden.map((_, j) => w1[j * z.length + channel]! * z[channel]!),
    hidden,
    added: hidden.map((value, j) => w2[channel * hidden.length + j]! * value),
    sum: logits[channel]!,
    s: s[channel]!,
  };
}
