// The chosen channel, looked into: its layers and what opened its gate are fetched when one is
// chosen. Occlusion needs the network itself to run.

import { running } from "../network/engine.ts";
import type { Gates, Maps, Probe } from "../network/network.ts";
import { button } from "../parts/dom.ts";
import type { Session } from "../state/session.ts";
import { channelDetail } from "./channel-detail.ts";
import { occlusionMap } from "./occlusion-map.ts";
import { position } from "./shown.ts";
import type { ExplorerView } from "./view.ts";

export interface LookInside {
  el: HTMLElement;
  /** What channel of what block, at once. */
  choose(view: ExplorerView): void;
  show(session: Session<ExplorerView>): void;
  /** @param maps words where there are none */
  maps(maps: Maps | string): void;
  words(): string;
  /** The occlusion map that is shown, null for none. */
  map(): { steps: number; values: Float32Array } | null;
  end(): void;
}

export function lookInside(probe: Probe): LookInside {
  const { blocks } = probe.network;
  const fetching = button("Fetch the network to see its maps", () => {
    void probe.live?.engine.start();
  });
  const reason =
    probe.inside &&
    occlusionMap(
      probe.inside,
      (index, canvas) => probe.draw(index, canvas),
      async ({ index, block, channel, gates }) =>
        (await probe.probe(index, gates)).blocks[position(blocks, block)]!.s[channel]!,
      async () => !probe.live || running(probe.live.engine),
    );
  const detail = channelDetail([fetching, ...(reason ? [reason.el] : [])]);

  return {
    el: detail.el,
    choose: ({ block, channel }) => detail.choose(block, channel),
    show(session) {
      const { block, channel } = session.view;
      const answer = session.answer.blocks[position(blocks, block)]!;
      const set = session.pulled ? (session.hand.now[block]?.[channel ?? -1] ?? NaN) : NaN;
      detail.show({
        block: blocks[position(blocks, block)]!,
        channel,
        ...answer,
        set: Number.isNaN(set) ? null : set,
      });
      fetching.hidden = channel === null || session.ready || !probe.live;
      const gates = session.pulled ? withoutOne(session.hand.now, block, channel) : {};
      reason?.offer(channel === null ? null : { index: session.index, block, channel, gates });
      if (channel === null) return;
      const here = () => session.view.block === block && session.view.channel === channel;
      probe.layers?.(block).then(
        (layers) => here() && detail.layers(layers),
        (error: Error) => here() && detail.layers(error),
      );
    },
    maps: (maps) => detail.maps(maps),
    words: () => detail.words(),
    map: () => reason?.map() ?? null,
    end: () => reason?.end(),
  };
}

/** Gates by hand but for one: its own value is what is asked about. */
function withoutOne(gates: Gates, block: string, channel: number | null): Gates {
  const row = gates[block];
  if (!row) return gates;
  return { ...gates, [block]: row.map((value, c) => (c === channel ? NaN : value)) };
}
