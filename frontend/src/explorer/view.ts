// What the explorer shows: one plain object. What its fields may be, Python says; here is what
// those rules can't say of one field beside another.

import type { Order, Scale } from "../math/channels.ts";
import type { BlockInfo, Probe } from "../network/network.ts";
import { type Rules, setsOf, settle, type Wanted } from "../state/fields.ts";

/**
 * Besides a class and the words of COMPARISONS, a chart may be compared with the second
 * picture's gates.
 */
export const SECOND = "second";

export type ExplorerView = {
  network: string;
  /** Ids of pictures; the second is null for none. */
  picture: string;
  second: string | null;
  /** The block that is looked into, and the other one that is open. */
  block: string;
  beside: string;
  /** The channel of `block` that is chosen, null for none. */
  channel: number | null;
  order: Order;
  /** SECOND, one of COMPARISONS, or a class. */
  compare: string;
  scale: Scale;
  /** How many channels a chart shows at once, 0 for all; and the first place that is shown then. */
  zoom: number;
  from: number;
  /** Gates that were set by hand, as gates-text.ts writes them: "layer1.0.se:3=0". */
  gates: string;
};

export type Known = Pick<Probe, "network" | "pictures" | "means">;

/** The explorer's rules on one network. */
export const rulesOn = (rules: Rules, network: string): Rules => ({
  ...rules,
  network: { kind: "one", of: [network] },
});

/**
 * `wanted` where it makes sense for this network and these pictures, and `fallback` where it
 * doesn't.
 */
export function settled(
  rules: Rules,
  wanted: Wanted,
  fallback: ExplorerView | null,
  known: Known,
): ExplorerView {
  const { blocks, name } = known.network;
  const view = settle(rulesOn(rules, name), wanted, fallback, setsOf(known));
  if (view.beside === view.block) view.beside = apart(view.block, fallback, blocks);
  if (view.compare !== SECOND || view.second !== null) return view;
  const { compare } = fallback ?? view;
  const usual = known.means ? "predicted" : "none";
  return { ...view, compare: compare === SECOND ? usual : compare };
}

/**
 * The block to open beside `block`, which was there: the one whose place it takes, else a
 * neighbour.
 */
function apart(block: string, fallback: ExplorerView | null, blocks: BlockInfo[]): string {
  if (fallback && fallback.block !== block) return fallback.block;
  if (fallback && fallback.beside !== block) return fallback.beside;
  return (blocks.find((b) => b.name !== block) ?? blocks[0]!).name;
}
