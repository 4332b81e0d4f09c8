// A channel's map before and after its gate: two canvases on one scale, and the question that fills
// them, which only the network itself can answer.

import { decimal } from "../math/format.ts";
import type { Maps, Probe } from "../network/network.ts";
import { h, say, set, span } from "../parts/dom.ts";
import { paint } from "../parts/maps.ts";
import { latestOnly, Superseded } from "../state/latest-only.ts";
import type { Session } from "../state/session.ts";
import type { ExplorerView } from "./view.ts";

/**
 * What asks for the maps of the chosen channel, for all that show them.
 *
 * @param show words where there are none
 */
export function channelMaps(
  probe: Probe,
  show: (maps: Maps | string) => void,
): (session: Session<ExplorerView>) => void {
  const asked = latestOnly((...which: Parameters<NonNullable<Probe["inside"]>["maps"]>) =>
    probe.inside!.maps(...which),
  );
  return (session) => {
    const { block, channel } = session.view;
    if (channel === null) return;
    if (!probe.inside) return show("");
    if (!session.ready) return show("Its maps are not recorded: the network computes them.");
    const here = () => session.view.block === block && session.view.channel === channel;
    asked(session.index, block, channel, session.pulled ? session.hand.now : {}).then(
      (found) => here() && show(found),
      (error: Error) =>
        here() && !(error instanceof Superseded) && show(`No maps: ${error.message}`),
    );
  };
}

export interface MapPair {
  before: HTMLCanvasElement;
  after: HTMLCanvasElement;
  clear(): void;
  draw(maps: Maps, channel: number): void;
}

export function mapPair(): MapPair {
  const before = h("canvas", { role: "img" });
  const after = h("canvas", { role: "img" });
  return {
    before,
    after,
    clear() {
      for (const canvas of [before, after]) {
        canvas.getContext("2d")!.clearRect(0, 0, canvas.width, canvas.height);
      }
    },
    draw({ u, x, width, height }, channel) {
      const far = Math.max(1e-9, ...[...u, ...x].map(Math.abs));
      const sides = [
        { canvas: before, values: u, when: "before" },
        { canvas: after, values: x, when: "after" },
      ];
      for (const { canvas, values, when } of sides) {
        set(canvas, { width, height });
        paint(canvas, values, far);
        const mean = values.reduce((a, b) => a + b, 0) / values.length;
        const [least, most] = [Math.min(...values), Math.max(...values)];
        set(canvas, {
          "data-mean": mean,
          "data-least": least,
          "data-most": most,
          "aria-label": `Map of channel ${channel} ${when} the gate: mean ${decimal(mean)}, from ${decimal(least, 2)} to ${decimal(most, 2)}`,
        });
      }
    },
  };
}

export interface Product {
  el: HTMLElement;
  /** @param channel null for none: then there is nothing to see */
  hold(channel: number | null, s: number): void;
  maps(maps: Maps | string): void;
}

/** The chosen channel's map, times its gate, and what is left: a line beside its block's name. */
export function product(): Product {
  const pair = mapPair();
  const words = span("senet-product-words");
  const gate = h("span");
  const times = span("senet-times", gate);
  const parts = [words, pair.before, times, pair.after];
  const el = h("p", { class: "senet-product", hidden: true }, ...parts);
  let held: number | null = null;
  return {
    el,
    hold(channel, s) {
      if (channel !== held && !el.hidden) el.hidden = true; // until its maps are there
      held = channel;
      say(words, `map of channel ${channel}`);
      say(gate, `× ${decimal(s, 2)} =`);
    },
    maps(maps) {
      el.hidden = held === null || typeof maps === "string";
      if (held !== null && typeof maps !== "string") pair.draw(maps, held);
    },
  };
}
