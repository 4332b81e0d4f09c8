// The whole network at a glance: its SE blocks from shallow to deep, each a strip of its gates, and
// below each how far they are from something else: the class mean, or a second picture's gates,
// whose strip is then beside the first.
//
//   a block in focus ──arrow left, right──▶ its neighbour in focus
//                    ──arrow up, down──▶ its next channel is chosen
//                    ──Enter, click──▶ opened as a chart ──click on a gate──▶ that channel chosen
//
// An open gate is drawn in strong colour, a closed one is pale (parts/ink-columns.ts).

import { decimal } from "../math/format.ts";
import type { BlockInfo } from "../network/network.ts";
import { div, h, matched, p, say, set, span, symbol } from "../parts/dom.ts";
import { InkColumns, SECOND } from "../parts/ink-columns.ts";
import { type Column, columnOf, explained, stages } from "./ribbon-column.ts";

export interface Strip {
  s: Float32Array;
  /** The second picture's gates, null for none. */
  second: Float32Array | null;
  /** Channels from top to bottom. */
  order: number[];
  /** Mean absolute difference from what is compared with, null for nothing. */
  distance: number | null;
  /** Gates that were set by hand, NaN for the others. */
  set: Float32Array | null;
}

export interface Strips {
  rows: Strip[];
  /** Excitations that are drawn palest and strongest. */
  low: number;
  high: number;
  /** Names of the blocks that are open as charts. */
  open: string[];
  /** The channel that is chosen, of block `block`. */
  block: string;
  channel: number | null;
  /** What the distances are to, in words; null where there are none. */
  to: string | null;
}

export interface Ribbon {
  el: HTMLElement;
  show(strips: Strips): void;
  /** What may wait for the next frame: words, and how far the gates are from something else. */
  tell(): void;
  /** What it shows, in a sentence. */
  words(): string;
}

/** A block, and a channel of it; without a channel the block alone, with null none. */
type Choose = (block: string, channel?: number | null) => void;

export function ribbon(blocks: BlockInfo[], choose: Choose): Ribbon {
  return new Blocks(blocks, choose);
}

class Blocks implements Ribbon {
  readonly el: HTMLElement;
  private readonly blocks: BlockInfo[];
  private readonly choose: Choose;
  private readonly columns: Column[];
  private readonly inks: InkColumns;
  private readonly readout = p("senet-ribbon-readout");
  private readonly from = h("span");
  private readonly bars = h("span");
  private now: Strips | null = null;
  private readonly shown: string[] = []; // of each column, as text

  constructor(blocks: BlockInfo[], choose: Choose) {
    [this.blocks, this.choose] = [blocks, choose];
    this.columns = blocks.map((block, i) => this.column(block, i));
    this.inks = new InkColumns(this.columns.map(({ inks }) => inks));
    const strip = h("div", {
      class: "senet-ribbon",
      role: "toolbar",
      "aria-label": "Blocks from shallow to deep",
      style: `--blocks:${blocks.length};--second:${100 * SECOND}%`,
    });
    strip.append(...stages(blocks), this.inks.el, ...this.columns.map(({ button }) => button));
    strip.addEventListener("keydown", (event) => this.key(event));
    const ramp = h("span", { class: "senet-ramp", "aria-hidden": "true" });
    const ink = h("span", {}, "gate ", symbol("s"), this.from);
    const scale = p("senet-legend", ramp, ink, this.bars);
    this.el = div("senet-network", strip, scale, this.readout);
  }

  show(strips: Strips): void {
    this.now = strips;
    const { rows, low, high } = strips;
    const columns = rows.map((row) => ({ sides: sidesOf(row), order: row.order }));
    this.inks.show(columns, low, high);
    rows.forEach((row, at) => {
      const { name } = this.blocks[at]!;
      const chosen = name === strips.block;
      const column = this.columns[at]!;
      const marks = marksOf(row, chosen ? strips.channel : null);
      const state = { "aria-pressed": String(strips.open.includes(name)), "data-chosen": chosen };
      const shown = JSON.stringify([marks, state]);
      if (shown === this.shown[at]) return; // most columns stay: their elements are not asked
      this.shown[at] = shown;
      drawMarks(column, marks);
      set(column.button, state);
    });
  }

  tell(): void {
    if (!this.now) return;
    const { rows, low, high, to } = this.now;
    const furthest = Math.max(LITTLE, ...rows.map(({ distance }) => distance ?? 0));
    rows.forEach((row, at) => {
      const { button, name, bar, far, inks } = this.columns[at]!;
      set(button, { "data-distance": row.distance ?? "" });
      sidesOf(row).forEach((gates, side) =>
        set(inks.children[side]!, { "data-values": gates.join(" ") }),
      );
      say(name, this.label(this.blocks[at]!, row));
      const tall = (row.distance ?? 0) / furthest;
      set(bar.firstElementChild!, { style: `height:${100 * tall}%` });
      say(far, row.distance === null ? "" : decimal(row.distance, 2));
    });
    say(this.from, `: faint is ${decimal(low, 2)}, strong ${decimal(high, 2)}`);
    const split = rows.some(({ second }) => second);
    const bars = "bars: mean gate difference";
    say(this.bars, to ? (split ? `right part: ${to}; ${bars}` : `${bars} from ${to}`) : "");
    if (!this.el.contains(document.activeElement)) this.point(null, null);
  }

  words(): string {
    if (!this.now) return "";
    const { rows, to } = this.now;
    const means = rows.map(({ s }) => average(s));
    const least = means.indexOf(Math.min(...means));
    const text = `${this.blocks.length} blocks; the gates of ${this.blocks[least]!.title} are the most closed, ${decimal(means[least]!, 2)} on average`;
    const far = rows.map(({ distance }) => distance ?? 0);
    const at = far.indexOf(Math.max(...far));
    return to
      ? `${text}; those of ${this.blocks[at]!.title} are furthest from ${to}, ${decimal(far[at]!)} on average.`
      : `${text}.`;
  }

  private column(block: BlockInfo, at: number): Column {
    const made = columnOf(block, at);
    const { button, inks } = made;
    const channel = (event: MouseEvent): number => {
      const { top, height } = inks.getBoundingClientRect();
      const place = Math.floor(((event.clientY - top) / height) * block.channels);
      return this.now!.rows[at]!.order[Math.min(block.channels - 1, Math.max(0, place))]!;
    };
    const onGates = (event: Event) => !!(event.target as Element).closest(".senet-cells");
    button.addEventListener("focus", () => this.point(at, null));
    button.addEventListener("click", (event) => {
      this.reach(at);
      const byKey = event.detail === 0;
      this.choose(block.name, !byKey && onGates(event) ? channel(event) : undefined);
    });
    button.addEventListener("pointermove", (event) => {
      if (onGates(event)) this.point(at, channel(event));
    });
    button.addEventListener("pointerleave", () => this.point(null, null));
    return made;
  }

  private key(event: KeyboardEvent): void {
    const at = this.columns.findIndex(({ button }) => button === event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.blocks.length - 1;
    const across = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    const along = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (across === undefined && along === undefined && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    if (across !== undefined) {
      const next = Math.min(last, Math.max(0, across));
      this.reach(next);
      return this.columns[next]!.button.focus();
    }
    if (event.key === "Escape") return this.choose(this.now!.block, null);
    const { order } = this.now!.rows[at]!;
    const name = this.blocks[at]!.name;
    const held = this.now!.block === name ? this.now!.channel : null;
    const place = held === null ? (along! > 0 ? -1 : order.length) : order.indexOf(held);
    this.choose(name, order[Math.min(order.length - 1, Math.max(0, place + along!))]!);
  }

  /** Tab comes to this one. */
  private reach(at: number): void {
    this.columns.forEach(({ button }, i) => {
      button.tabIndex = i === at ? 0 : -1;
    });
  }

  /** Say what is pointed at, or what the focus is on. */
  private point(at: number | null, channel: number | null): void {
    if (!this.now) return;
    if (at === null) {
      const open = this.blocks.find(({ name }) => name === this.now!.block)!;
      return say(
        this.readout,
        `${explained(open)}. Each stripe is one channel’s gate. Press a column to open it.`,
      );
    }
    const [block, row] = [this.blocks[at]!, this.now.rows[at]!];
    if (channel === null) return this.readout.replaceChildren(this.label(block, row));
    const value = ` = ${decimal(row.s[channel]!)}`;
    const second = row.second ? `; second picture ${decimal(row.second[channel]!)}` : "";
    this.readout.replaceChildren(
      `${block.title}, channel ${channel}: `,
      symbol("s"),
      value + second,
    );
  }

  private label(block: BlockInfo, { s, distance, set }: Strip): string {
    const { to, channel, block: chosen } = this.now!;
    const far = distance === null ? "" : `; ${decimal(distance)} from ${to}`;
    const pulled = set ? set.filter((value) => !Number.isNaN(value)).length : 0;
    const byHand = pulled ? `; ${pulled} set by hand` : "";
    const held =
      chosen === block.name && channel !== null
        ? `; channel ${channel} chosen, s = ${decimal(s[channel]!)}`
        : "";
    return `${block.title}, ${block.channels} gates, on average ${decimal(average(s), 2)}${far}${byHand}${held}`;
  }
}

/** A bar is full at the largest difference, or at this one: small ones are to look small. */
const LITTLE = 0.25;

const sidesOf = ({ s, second }: Strip) => (second ? [s, second] : [s]);

interface Marks {
  sides: number;
  /** Where gates are set by hand, and where the chosen channel is, in percent from the top. */
  pulled: number[];
  chosen: number | null;
}

function marksOf(row: Strip, channel: number | null): Marks {
  const { order, set: pulled } = row;
  const middle = (c: number) => (100 * (order.indexOf(c) + 0.5)) / order.length;
  return {
    sides: sidesOf(row).length,
    pulled: pulled ? order.filter((c) => !Number.isNaN(pulled[c]!)).map(middle) : [],
    chosen: channel === null ? null : middle(channel),
  };
}

function drawMarks({ inks, pulls, mark }: Column, { sides, pulled, chosen }: Marks): void {
  matched(inks, sides, () => h("span"));
  matched(pulls, pulled.length, () => span("senet-pulled")).forEach((tick, i) =>
    set(tick, { style: `top:${pulled[i]}%` }),
  );
  set(mark, { hidden: chosen === null, style: chosen === null ? null : `top:${chosen}%` });
}

const average = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
