// The weights of a network's excitations, as `sebook.pages.excitation_weights` writes them: fetched
// when a channel is looked into, and not before.

import { type Packed, unpack } from "../math/packed.ts";
import type { Layers, NetworkInfo } from "./network.ts";
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
  /** One a block; null where a block is not two layers and a sigmoid. */
  blocks: ({ hidden: number; w1: Packed; b1: Packed; w2: Packed; b2: Packed } | null)[];
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
    const { hidden, w1, b1, w2, b2 } = block;
    return [[name, { hidden, w1: unpack(w1), b1: unpack(b1), w2: unpack(w2), b2: unpack(b2) }]];
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

export function way(
  { hidden: count, w1, b1, w2, b2 }: Layers,
  z: Float32Array,
  channel: number,
): Way {
  const channels = z.length;
  const units = Array.from({ length: count }, (_, j) => j);
  const hidden = units.map((j) =>
    Math.max(
      0,
      z.reduce((sum, value, c) => sum + w1[j * channels + c]! * value, b1[j]!),
    ),
  );
  const added = units.map((j) => w2[channel * count + j]! * hidden[j]!);
  const sum = added.reduce((a, b) => a + b, b2[channel]!);
  return {
    given: units.map((j) => w1[j * channels + channel]! * z[channel]!),
    hidden,
    added,
    sum,
    s: 1 / (1 + Math.exp(-sum)),
  };
}
