// One switch for the gates of all blocks: the network's own, their means, another picture's, or all
// 1; and beside it how many test pictures the network gets right that way, where it was measured.

import { meanOf } from "../math/channels.ts";
import { percent } from "../math/format.ts";
import type { Gates } from "../network/network.ts";
import { choice, div, h, say } from "../parts/dom.ts";
import { asking } from "../state/latest-only.ts";
import type { Session } from "../state/session.ts";
import type { ExplorerView } from "./view.ts";

export const WAYS = {
  own: "the network’s own",
  mean: "their means, for every picture",
  other: "another picture’s",
  one: "all 1, as if there were no SE",
};
type Way = keyof typeof WAYS;
/** Shares of test pictures that a network gets right, 0 to 1. */
export type Accuracies = Record<Way, number>;

const HAND = "hand";

export interface AllGates {
  el: HTMLElement;
  show(): void;
}

export function allGates(session: Session<ExplorerView>, known: Accuracies | null): AllGates {
  const { probe, hand } = session;
  const { blocks } = probe.network;
  const line = h("span", { class: "senet-all-line", role: "status" });
  const menu = choice("Gates of all blocks", (way) => void turn(way as Way), WAYS);
  menu.select.append(h("option", { value: HAND, disabled: true, hidden: true }, "set by hand"));
  menu.select.querySelector<HTMLOptionElement>("[value=mean]")!.disabled = !probe.means;
  const el = div("senet-all-gates", menu.el, line);
  const ask = asking(el, rowsOf);
  let set: { way: Way; gates: Gates; of: string } | null = null;

  async function turn(way: Way): Promise<void> {
    let rows: Awaited<ReturnType<typeof rowsOf>> | null;
    try {
      rows = await ask(way);
    } catch (error) {
      show();
      return say(line, `No gates of another picture: ${(error as Error).message}`);
    }
    if (!rows) return; // another way was chosen meanwhile
    if (way === "own") hand.release();
    else {
      hand.take(Object.fromEntries(blocks.map(({ name }, b) => [name, rows.gates[b]!])));
      set = { way, gates: hand.now, of: rows.of };
    }
    await session.pullGates();
  }

  /** What each block's gates are set to, and whose they are. */
  async function rowsOf(way: Way): Promise<{ gates: Float32Array[]; of: string }> {
    const ones = () => blocks.map(({ channels }) => new Float32Array(channels).fill(1));
    if (way === "one" || way === "own") return { gates: ones(), of: "" };
    if (way === "mean") return { gates: probe.means!.map(meanOf), of: "" };
    const { second } = session.view;
    const other = session.position(second) ?? (session.index + 1) % probe.pictures.length;
    const answer = await probe.probe(other);
    return { gates: answer.blocks.map(({ s }) => s.slice()), of: probe.pictures[other]!.title };
  }

  function show(): void {
    const mine = set && hand.now === set.gates ? set : null;
    const way = hand.count === 0 ? "own" : (mine?.way ?? HAND);
    if (menu.select.value !== way) menu.select.value = way;
    say(line, way === HAND ? "" : words(way, mine?.of ?? "", known));
  }

  return { el, show };
}

/** @param of whose gates they are, "" for nobody's */
export function words(way: Way, of: string, known: Accuracies | null): string {
  const whose = of ? `Those for ${of}. ` : "";
  if (!known) return `${whose}How often this network is right that way was not measured.`;
  const right = `right on ${percent(known[way])} of the test pictures`;
  if (way === "own") return `${right[0]!.toUpperCase()}${right.slice(1)}.`;
  return `${whose}That way it is ${right}, and with its own gates on ${percent(known.own)}.`;
}
