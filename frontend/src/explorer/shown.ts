// What the explorer shows, worked out from its view and the network's answers. Nothing here asks,
// keeps or draws.

import { axis, type Comparison, comparison, distance, ordered } from "../math/channels.ts";
import { largest } from "../math/softmax.ts";
import type { Answer, BlockInfo, Gates } from "../network/network.ts";
import type { Earlier } from "./before.ts";
import type { Drawn } from "./drawing.ts";
import { type ExplorerView, type Known, SECOND } from "./view.ts";

export interface Seen {
  probe: Known;
  view: ExplorerView;
  answer: Answer;
  /** With all gates the network's own. */
  plain: Answer;
  /** Of the second picture, where there is one. */
  second: Answer | null;
  /** Gates that were set by hand, as far as the answers heed them. */
  set: Gates;
  /**
   * On a first page: what was shown before the last change, to be compared with; null at the
   * start. There one block is open.
   */
  before?: Earlier | null;
}

/** A picture's index in the gallery, null for none. */
export function at(pictures: Known["pictures"], id: string): number;
export function at(pictures: Known["pictures"], id: string | null): number | null;
export function at(pictures: Known["pictures"], id: string | null): number | null {
  return id === null ? null : pictures.findIndex((p) => p.id === id);
}

export function position(blocks: BlockInfo[], name: string): number {
  return blocks.findIndex((block) => block.name === name);
}

/** The open blocks, the shallower first. @param one whether there is one */
export function opened(blocks: BlockInfo[], view: ExplorerView, one = false): BlockInfo[] {
  return blocks.filter(({ name }) => name === view.block || (!one && name === view.beside));
}

/** What the gates of block number b are compared with. */
export function compared(
  { probe: { network, pictures, means }, view, answer, plain, second, before }: Seen,
  b: number,
): Comparison {
  if (before === null) return { of: null, mean: null, each: [] };
  if (before) {
    const { called, instead, answer } = before;
    return { of: SECOND, called, instead, mean: answer.blocks[b]!.s, each: [] };
  }
  if (view.compare === SECOND)
    return second
      ? {
          of: "second",
          called: pictures[at(pictures, view.second)!]!.title,
          mean: second.blocks[b]!.s,
          each: [],
        }
      : { of: null, mean: null, each: [] };
  return comparison(
    view.compare,
    means?.[b] ?? null,
    network.classes,
    largest(answer.logits, 1)[0]!,
    pictures[at(pictures, view.picture)]!.label,
    largest(plain.logits, 1)[0]!,
  );
}

/** The first place that a chart shows, so that the chosen channel is among them. */
export function firstPlace(seen: Seen): number {
  const { zoom, from, channel, block, order } = seen.view;
  if (zoom === 0 || channel === null) return from;
  const b = position(seen.probe.network.blocks, block);
  const place = ordered(order, seen.answer.blocks[b]!.s, compared(seen, b).mean).indexOf(channel);
  return place < from ? place : place >= from + zoom ? place - zoom + 1 : from;
}

/** All that ribbon, charts, tables and exports are drawn from. */
export function drawn(seen: Seen): Drawn {
  const { probe, view, answer, set, before } = seen;
  const second = before === undefined ? seen.second : (before?.answer ?? null);
  const { pictures } = probe;
  const { blocks, title } = probe.network;
  const rows = blocks.map(({ name }, b) => {
    const s = answer.blocks[b]!.s;
    const other = second?.blocks[b]!.s ?? null;
    const behind = compared(seen, b);
    return {
      s,
      second: other,
      order: ordered(view.order, s, behind.mean),
      distance: other ? distance(s, other) : behind.mean ? distance(s, behind.mean) : null,
      set: set[name] ?? null,
    };
  });
  const common = axis(
    view.scale,
    blocks.map(({ range }) => range),
    answer.blocks.map(({ s }) => s),
  );
  const open = opened(blocks, view, before !== undefined);
  const { of } = compared(seen, 0);
  const to = before
    ? before.called
    : second
      ? pictures[at(pictures, view.second)!]!.title
      : of && (of === "all" ? "the mean" : `the mean of ${of}`);
  return {
    caption: `${title || "This network"}: ${pictures[at(pictures, view.picture)]!.title}`,
    blocks,
    strips: {
      rows,
      low: common.low,
      high: common.high,
      open: open.map(({ name }) => name),
      block: view.block,
      channel: view.channel,
      to,
    },
    axis: common,
    charts: open.map(({ name, title }) => {
      const b = position(blocks, name);
      return {
        title,
        s: rows[b]!.s,
        order: rows[b]!.order,
        comparison: compared(seen, b),
        held: name === view.block ? view.channel : null,
      };
    }),
  };
}
