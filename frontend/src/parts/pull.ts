// A chart's dots as handles on a block's gates.

import type { BlockInfo } from "../network/network.ts";
import type { NetworkView, Session } from "../state/session.ts";
import type { Pull } from "./dot-chart.ts";

/** @param session, block as they are once a gate is pulled */
export function pullOf<V extends NetworkView>(
  session: () => Session<V>,
  block: () => BlockInfo,
): Pull {
  return {
    to(channel, value, stroke) {
      session().hand.set(block(), [channel], () => value, stroke);
      void session().pullGates();
    },
    wanted(channel) {
      const value = session().hand.now[block().name]?.[channel] ?? NaN;
      return Number.isNaN(value) ? null : value;
    },
  };
}

/** (C,): what is set by hand, also before the network answers; its own where nothing is. */
export function overridden(own: Float32Array, set: Float32Array | null): Float32Array {
  return set ? own.map((value, c) => (Number.isNaN(set[c]!) ? value : set[c]!)) : own;
}
