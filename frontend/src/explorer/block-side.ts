// One of the two blocks that are open: its name, its chart, and a sentence that says what it shows.

import type { Comparison } from "../math/channels.ts";
import type { BlockInfo, Maps } from "../network/network.ts";
import { div, h, set as mark, p, say } from "../parts/dom.ts";
import { dotChart } from "../parts/dot-chart.ts";
import { Openers } from "../parts/openers.ts";
import { overridden, pullOf } from "../parts/pull.ts";
import { summed } from "../parts/sentences.ts";
import type { Session } from "../state/session.ts";
import { product } from "./channel-maps.ts";
import type { Drawn } from "./drawing.ts";
import { opened, position } from "./shown.ts";
import type { ExplorerView } from "./view.ts";

export interface BlockSide {
  el: HTMLElement;
  show(block: BlockInfo, chart: Drawn["charts"][number], axis: Drawn["axis"]): void;
  /** What may wait for the next frame: words. */
  tell(): void;
  /** Of the chosen channel. @param maps words where there are none */
  maps(maps: Maps | string): void;
}

/** @param session as it is once the side is used */
export function blockSide(word: string, session: () => Session<ExplorerView>): BlockSide {
  let block: BlockInfo;
  let shown: { s: Float32Array; comparison: Comparison } | null = null;
  const title = p("senet-side-title");
  const summary = p("senet-summary");
  const rescaled = product();
  const hold = (channel: number | null) => {
    const { probe, view } = session();
    const open = opened(probe.network.blocks, view);
    const beside = open.find(({ name }) => name !== block.name)?.name;
    session().wish({ block: block.name, beside, channel });
  };
  const pull = pullOf(session, () => block);
  const openers = new Openers();
  const chart = dotChart(`${word} block`, hold, pull, (channel) => {
    const { probe } = session();
    openers.show(probe, position(probe.network.blocks, block.name), channel);
  });
  const el = h(
    "div",
    { class: "senet-side", role: "group", "data-side": word, "aria-label": `${word} block` },
    div("senet-side-head", title, rescaled.el),
    chart.el,
    openers.el,
    summary,
  );
  return {
    el,
    show(now, { order, comparison, held }, axis) {
      block = now;
      mark(el, { "data-block": block.name });
      const { answer: all, view, probe } = session();
      const answered = all.blocks[position(probe.network.blocks, block.name)]!;
      const set = session().hand.now[block.name] ?? null;
      const answer = { ...answered, s: overridden(answered.s, set) };
      shown = { s: answer.s, comparison };
      const count = view.zoom === 0 ? block.channels : Math.min(view.zoom, block.channels);
      const part = { from: Math.min(view.from, block.channels - count), count };
      say(title, `${block.title}: ${block.channels} channels`);
      const ends = endsOf(view.order, order[part.from]!, order[part.from + count - 1]!);
      rescaled.hold(held, held === null ? NaN : answer.s[held]!);
      chart.draw({ answer, comparison, order, axis, ends, held, set, part });
    },
    tell() {
      if (!shown) return;
      chart.tell();
      say(summary, summed(shown.s, shown.comparison));
    },
    maps: rescaled.maps,
  };
}

/** What the left and the right end of the axis are. */
function endsOf(order: ExplorerView["order"], first: number, last: number): [string, string] {
  if (order === "index") return [`channel ${first}`, `channel ${last}`];
  return order === "excitation"
    ? ["more excited", "less excited"]
    : ["further above", "further below"];
}
