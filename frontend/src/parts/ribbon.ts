// The whole network at a glance: its SE blocks from shallow to deep, each a strip of its gates, and below each how far they are from
// something else: the class mean, or a second picture's gates, whose strip then stands beside the first.
//
//   a block in focus ──arrow left, right──▶ its neighbour in focus     ──Enter, click──▶ opened as a chart
//                    ──arrow up, down──▶ its next channel is chosen    ──click on a gate──▶ that channel is chosen
//
// A strip counts in places (y) and is stretched to its box, like a chart. An open gate is inked, a closed one is paper.

import { h, matched, set, svg, symbol } from "../dom.ts";
import type { BlockInfo } from "../probe.ts";
import { decimal } from "../words.ts";

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
  /** Excitations that are paper and full ink. */
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

/** A gate as it is drawn now. */
interface Drawn {
  channel: number;
  byHand: boolean;
  share: number;
  value: number;
}

export interface Ribbon {
  el: HTMLElement;
  show(strips: Strips): void;
  /** What it shows, in a sentence. */
  words(): string;
}

/** @param choose a block, and a channel of it; without a channel the block alone */
export function ribbon(blocks: BlockInfo[], choose: (block: string, channel?: number | null) => void): Ribbon {
  const columns = blocks.map((block, i) => column(block, i));
  const strip = h("div", { class: "senet-ribbon", role: "toolbar", "aria-label": "Blocks from shallow to deep", style: `--blocks:${blocks.length}` });
  strip.append(...columns.map(({ button }) => button));
  const readout = h("p", { class: "senet-ribbon-readout" });
  const scale = h("p", { class: "senet-legend" });
  const el = h("div", { class: "senet-network" }, strip, scale, readout);
  let now: Strips | null = null;

  strip.addEventListener("keydown", (event) => {
    const at = columns.findIndex(({ button }) => button === event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const across = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: blocks.length - 1 }[event.key];
    const along = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (across === undefined && along === undefined && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    if (across !== undefined) return focus(Math.min(blocks.length - 1, Math.max(0, across)));
    if (event.key === "Escape") return choose(now!.block, null);
    const { order } = now!.rows[at]!;
    const held = now!.block === blocks[at]!.name ? now!.channel : null;
    const place = held === null ? (along! > 0 ? -1 : order.length) : order.indexOf(held);
    choose(blocks[at]!.name, order[Math.min(order.length - 1, Math.max(0, place + along!))]!);
  });

  function focus(at: number): void {
    columns.forEach(({ button }, i) => (button.tabIndex = i === at ? 0 : -1));
    columns[at]!.button.focus();
  }

  function column(block: BlockInfo, at: number) {
    const gates = svg("g");
    const plot = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, gates);
    const mark = h("span", { class: "senet-mark", hidden: true });
    const bar = h("span", { class: "senet-bar" }, h("span"));
    const far = h("span", { class: "senet-far", "aria-hidden": "true" });
    const name = h("span", { class: "senet-unseen" }); // in words what the strip shows
    const button = h(
      "button",
      { type: "button", class: "senet-strip", "data-block": block.name, tabindex: at === 0 ? 0 : -1, onfocus: () => tell(at, null) },
      name,
      h("span", { class: "senet-depth", "aria-hidden": "true" }, short(block)),
      h("span", { class: "senet-cells" }, plot, mark),
      bar,
      far,
    );
    const rank = (event: MouseEvent): number => {
      const { top, height } = plot.getBoundingClientRect();
      return Math.min(block.channels - 1, Math.max(0, Math.floor(((event.clientY - top) / height) * block.channels)));
    };
    button.addEventListener("click", (event) => {
      columns.forEach((column, i) => (column.button.tabIndex = i === at ? 0 : -1));
      const onCells = event.detail > 0 && (event.target as Element).closest(".senet-cells"); // 0: by a key
      choose(block.name, onCells ? now!.rows[at]!.order[rank(event)]! : undefined);
    });
    button.addEventListener("pointermove", (event) => {
      if ((event.target as Element).closest(".senet-cells")) tell(at, now!.rows[at]!.order[rank(event)]!);
    });
    button.addEventListener("pointerleave", () => tell(null, null));
    return { button, name, plot, gates, mark, bar, far, drawn: [] as Drawn[] };
  }

  /** Say what is pointed at, or what the focus is on. */
  function tell(at: number | null, channel: number | null): void {
    if (!now) return;
    if (at === null) return void readout.replaceChildren("Choose a block to open it as a chart, or one of its gates.");
    const { s, second } = now.rows[at]!;
    if (channel === null) return void readout.replaceChildren(label(blocks[at]!, now.rows[at]!));
    const parts: (Node | string)[] = [`${blocks[at]!.title}, channel ${channel}: `, symbol("s"), ` = ${decimal(s[channel]!)}`];
    if (second) parts.push(`; second picture ${decimal(second[channel]!)}`);
    readout.replaceChildren(...parts);
  }

  function label(block: BlockInfo, { s, distance, set }: Strip): string {
    const far = distance === null ? "" : `; ${decimal(distance)} from ${now!.to}`;
    const pulled = set ? set.filter((value) => !Number.isNaN(value)).length : 0;
    const chosen = now!.block === block.name && now!.channel !== null ? `; channel ${now!.channel} chosen, s = ${decimal(s[now!.channel]!)}` : "";
    return `${block.title}, ${block.channels} gates, on average ${decimal(average(s), 2)}${far}${pulled ? `; ${pulled} set by hand` : ""}${chosen}`;
  }

  return {
    el,
    show(strips) {
      now = strips;
      const { rows, low, high } = strips;
      const furthest = Math.max(...rows.map(({ distance }) => distance ?? 0));
      const ink = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
      rows.forEach(({ s, second, order, distance, set: pulled }, at) => {
        const { button, name, plot, gates, mark, bar, far } = columns[at]!;
        const block = blocks[at]!;
        const wide = second ? 2 : 1;
        set(plot, { viewBox: `0 0 ${wide} ${order.length}` });
        // A network has hundreds of gates, and a hand moves often: only what is another than before is written.
        const cells = matched(gates, wide * order.length, () => svg("rect", { width: 1, height: 1.02 }));
        const { drawn } = columns[at]!;
        drawn.length = cells.length;
        cells.forEach((cell, i) => {
          const [place, side] = [i % order.length, Math.floor(i / order.length)];
          const channel = order[place]!;
          const value = (side === 0 ? s : second!)[channel]!;
          const byHand = side === 0 && !Number.isNaN(pulled?.[channel] ?? NaN);
          const before = drawn[i];
          if (!before || before.channel !== channel || before.byHand !== byHand) set(cell, { x: side, y: place, "data-channel": channel, "data-set": byHand });
          const share = ink(value);
          if (before?.share !== share) cell.style.fillOpacity = String(share);
          if (before?.value !== value) cell.setAttribute("data-value", String(value));
          drawn[i] = { channel, byHand, share, value };
        });
        const chosen = strips.block === block.name ? strips.channel : null;
        mark.hidden = chosen === null;
        if (chosen !== null) mark.style.top = `${(100 * (order.indexOf(chosen) + 0.5)) / order.length}%`;
        const open = strips.open.includes(block.name);
        set(button, { "aria-pressed": String(open), "data-chosen": block.name === strips.block });
        name.textContent = label(block, rows[at]!);
        button.dataset.distance = distance === null ? "" : String(distance);
        (bar.firstElementChild as HTMLElement).style.height = `${distance === null || furthest === 0 ? 0 : (100 * distance) / furthest}%`;
        far.textContent = distance === null ? "" : decimal(distance, 2);
      });
      scale.replaceChildren(
        h("span", { class: "senet-ramp", "aria-hidden": "true" }),
        h("span", {}, symbol("s"), ` from ${decimal(low, 2)} (paper) to ${decimal(high, 2)} (ink)`),
        ...(strips.to ? [h("span", {}, `bars: mean distance from ${strips.to}`)] : []),
      );
      if (!el.contains(document.activeElement)) tell(null, null);
    },
    words() {
      if (!now) return "";
      const means = now.rows.map(({ s }) => average(s));
      const least = means.indexOf(Math.min(...means));
      const text = `${blocks.length} blocks; the gates of ${blocks[least]!.title} are the most closed, ${decimal(means[least]!, 2)} on average`;
      const far = now.rows.map(({ distance }) => distance ?? 0);
      const at = far.indexOf(Math.max(...far));
      return now.to ? `${text}; those of ${blocks[at]!.title} are furthest from ${now.to}, ${decimal(far[at]!)} on average.` : `${text}.`;
    },
  };
}

/** "3.1" for stage 3, block 1; else the depth. */
export function short({ title, stage, depth }: BlockInfo): string {
  const block = /block (\d+)$/.exec(title)?.[1];
  return stage !== null && block ? `${stage}.${block}` : String(depth);
}

const average = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
