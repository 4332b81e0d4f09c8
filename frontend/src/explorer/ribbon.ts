// The whole network at a glance: its SE blocks from shallow to deep, each a strip of its gates, and
// below each how far they are from something else: the class mean, or a second picture's gates,
// whose strip then stands beside the first.
//
//   a block in focus ──arrow left, right──▶ its neighbour in focus     ──Enter, click──▶ opened as a chart
//                    ──arrow up, down──▶ its next channel is chosen    ──click on a gate──▶ that channel is chosen
//
// An open gate is inked, a closed one is paper. A strip is one element: ink behind a mask with a
// band a gate, since a network has hundreds of gates, and as many elements to be styled anew with
// every picture took longer than all else together.

import { decimal } from "../math/format.ts";
import type { BlockInfo } from "../network/network.ts";
import { h, matched, say, set, symbol } from "../parts/dom.ts";

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

export interface Ribbon {
  el: HTMLElement;
  show(strips: Strips): void;
  /** What it shows, in a sentence. */
  words(): string;
}

/** @param choose a block, and a channel of it; without a channel the block alone */
export function ribbon(
  blocks: BlockInfo[],
  choose: (block: string, channel?: number | null) => void,
): Ribbon {
  const columns = blocks.map((block, i) => column(block, i));
  const strip = h("div", {
    class: "senet-ribbon",
    role: "toolbar",
    "aria-label": "Blocks from shallow to deep",
    style: `--blocks:${blocks.length}`,
  });
  strip.append(...columns.map(({ button }) => button));
  const readout = h("p", { class: "senet-ribbon-readout" });
  const [from, bars] = [h("span"), h("span")];
  const scale = h(
    "p",
    { class: "senet-legend" },
    h("span", { class: "senet-ramp", "aria-hidden": "true" }),
    h("span", {}, symbol("s"), from),
    bars,
  );
  const el = h("div", { class: "senet-network" }, strip, scale, readout);
  let now: Strips | null = null;

  strip.addEventListener("keydown", (event) => {
    const at = columns.findIndex(({ button }) => button === event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const across = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: blocks.length - 1 }[
      event.key
    ];
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
    const inks = h("span", { class: "senet-inks" });
    const pulls = h("span");
    const mark = h("span", { class: "senet-mark", hidden: true });
    const bar = h("span", { class: "senet-bar" }, h("span"));
    const far = h("span", { class: "senet-far", "aria-hidden": "true" });
    const name = h("span", { class: "senet-unseen" }); // in words what the strip shows
    const button = h(
      "button",
      {
        type: "button",
        class: "senet-strip",
        "data-block": block.name,
        tabindex: at === 0 ? 0 : -1,
        onfocus: () => tell(at, null),
      },
      name,
      h("span", { class: "senet-depth", "aria-hidden": "true" }, short(block)),
      h("span", { class: "senet-cells" }, inks, pulls, mark),
      bar,
      far,
    );
    const rank = (event: MouseEvent): number => {
      const { top, height } = inks.getBoundingClientRect();
      return Math.min(
        block.channels - 1,
        Math.max(0, Math.floor(((event.clientY - top) / height) * block.channels)),
      );
    };
    button.addEventListener("click", (event) => {
      columns.forEach((column, i) => (column.button.tabIndex = i === at ? 0 : -1));
      // 0: by a key
      const onCells = event.detail > 0 && (event.target as Element).closest(".senet-cells");
      choose(block.name, onCells ? now!.rows[at]!.order[rank(event)]! : undefined);
    });
    button.addEventListener("pointermove", (event) => {
      if ((event.target as Element).closest(".senet-cells"))
        tell(at, now!.rows[at]!.order[rank(event)]!);
    });
    button.addEventListener("pointerleave", () => tell(null, null));
    return { button, name, inks, pulls, mark, bar, far };
  }

  /** Say what is pointed at, or what the focus is on. */
  function tell(at: number | null, channel: number | null): void {
    if (!now) return;
    if (at === null)
      return void readout.replaceChildren(
        "Choose a block to open it as a chart, or one of its gates.",
      );
    const { s, second } = now.rows[at]!;
    if (channel === null) return void readout.replaceChildren(label(blocks[at]!, now.rows[at]!));
    const parts: (Node | string)[] = [
      `${blocks[at]!.title}, channel ${channel}: `,
      symbol("s"),
      ` = ${decimal(s[channel]!)}`,
    ];
    if (second) parts.push(`; second picture ${decimal(second[channel]!)}`);
    readout.replaceChildren(...parts);
  }

  function label(block: BlockInfo, { s, distance, set }: Strip): string {
    const far = distance === null ? "" : `; ${decimal(distance)} from ${now!.to}`;
    const pulled = set ? set.filter((value) => !Number.isNaN(value)).length : 0;
    const chosen =
      now!.block === block.name && now!.channel !== null
        ? `; channel ${now!.channel} chosen, s = ${decimal(s[now!.channel]!)}`
        : "";
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
        const { button, name, inks, pulls, mark, bar, far } = columns[at]!;
        const block = blocks[at]!;
        const middle = (channel: number) =>
          `top:${(100 * (order.indexOf(channel) + 0.5)) / order.length}%`;
        const shown = second ? [s, second] : [s];
        matched(inks, shown.length, () => h("span")).forEach((strip, side) => {
          const bands = order.map(
            (c, i) =>
              `rgba(0,0,0,${ink(shown[side]![c]!).toFixed(3)}) 0 ${((100 * (i + 1)) / order.length).toFixed(3)}%`,
          );
          set(strip, {
            style: `-webkit-mask-image:linear-gradient(${bands})`,
            "data-values": shown[side]!.join(" "),
          });
        });
        const byHand = order.filter((c) => !Number.isNaN(pulled?.[c] ?? NaN));
        matched(pulls, byHand.length, () => h("span", { class: "senet-pulled" })).forEach(
          (tick, i) => set(tick, { style: middle(byHand[i]!) }),
        );
        const chosen = strips.block === block.name ? strips.channel : null;
        set(mark, { hidden: chosen === null, style: chosen === null ? null : middle(chosen) });
        const open = strips.open.includes(block.name);
        set(button, {
          "aria-pressed": String(open),
          "data-chosen": block.name === strips.block,
          "data-distance": distance ?? "",
        });
        say(name, label(block, rows[at]!));
        set(bar.firstElementChild!, {
          style: `height:${distance === null || furthest === 0 ? 0 : (100 * distance) / furthest}%`,
        });
        say(far, distance === null ? "" : decimal(distance, 2));
      });
      say(from, ` from ${decimal(low, 2)} (paper) to ${decimal(high, 2)} (ink)`);
      say(bars, strips.to ? `bars: mean distance from ${strips.to}` : "");
      if (!el.contains(document.activeElement)) tell(null, null);
    },
    words() {
      if (!now) return "";
      const means = now.rows.map(({ s }) => average(s));
      const least = means.indexOf(Math.min(...means));
      const text = `${blocks.length} blocks; the gates of ${blocks[least]!.title} are the most closed, ${decimal(means[least]!, 2)} on average`;
      const far = now.rows.map(({ distance }) => distance ?? 0);
      const at = far.indexOf(Math.max(...far));
      return now.to
        ? `${text}; those of ${blocks[at]!.title} are furthest from ${now.to}, ${decimal(far[at]!)} on average.`
        : `${text}.`;
    },
  };
}

/** "3.1" for stage 3, block 1; else the depth. */
export function short({ title, stage, depth }: BlockInfo): string {
  const block = /block (\d+)$/.exec(title)?.[1];
  return stage !== null && block ? `${stage}.${block}` : String(depth);
}

const average = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
