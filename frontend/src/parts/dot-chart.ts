// One SE block's excitations: a dot a channel, the class mean as a line behind, a stem for the
// difference between the two, and a channel that the reader points at.
//
//   nothing held ──point──▶ shown while pointed at ──leave──▶ nothing held
//   nothing held ──click or arrow key──▶ held ──another──▶ held ──Escape, or the same again──▶ nothing held
//                                         held ──drag its handle, or Shift and an arrow──▶ its gate is pulled, where that is wanted
//
// The SVG counts in channels (x) and in percent of its height (y) and is stretched to its box, so
// that no resize needs a redraw; strokes don't scale, and so a line of no length with round ends
// stays a round dot. All dots are one path, by channel: it glides to another picture's as a whole,
// and there is one element to be styled anew and not one a channel.

import { type axis, behind, type Comparison } from "../math/channels.ts";
import { decimal, signed } from "../math/format.ts";
import type { BlockAnswer } from "../network/network.ts";
import { h, matched, say, set, svg, symbol, unique } from "./dom.ts";

export interface Excitations {
  answer: BlockAnswer;
  comparison: Comparison;
  /** Channels from left to right. */
  order: number[];
  /** Of excitation. */
  axis: ReturnType<typeof axis>;
  /** What the order means, for the axis: its left end and its right end. */
  ends: [string, string];
  /** The channel that is held. */
  held: number | null;
  /** Gates that were set by hand, NaN for the others. */
  set: Float32Array | null;
  /** The part of the order that is shown: its first place, and how many. All if absent. */
  part?: { from: number; count: number };
}

/**
 * A gate is pulled to a value from 0 to 1. `stroke` names a movement of the hand from its beginning
 * to its end.
 */
export type Pull = (channel: number, value: number, stroke: string) => void;

const STEP = 0.05; // of a key

export interface DotChart {
  el: HTMLElement;
  draw(data: Excitations): void;
}

export function dotChart(
  name: string,
  hold: (channel: number | null) => void,
  pull: Pull | null = null,
): DotChart {
  const marker = svg("rect", {
    class: "senet-marker",
    width: 1,
    height: 100,
    visibility: "hidden",
  });
  const layer = (name: string) => svg("g", { class: `senet-${name}` });
  const [grid, lines, stems, dots] = [layer("grid"), layer("means"), layer("stems"), layer("dots")];
  const plot = svg(
    "svg",
    { preserveAspectRatio: "none", "aria-hidden": "true" },
    marker,
    grid,
    lines,
    stems,
    dots,
  );
  const scale = h("div", { class: "senet-scale", "aria-hidden": "true" });
  const flag = h("span", { class: "senet-flag", "aria-hidden": "true", hidden: true });
  const handle = h("span", {
    class: "senet-handle",
    "aria-hidden": "true",
    hidden: true,
    title: "Drag to pull this gate",
  });
  const readoutId = unique("senet-readout");
  const slider = h(
    "div",
    {
      class: "senet-plot",
      role: "slider",
      tabindex: 0,
      "aria-label": `Channels of the ${name}`,
      "aria-valuemin": 0,
    },
    plot,
    flag,
    pull && handle,
  );
  const [first, last] = [h("span"), h("span")];
  const readout = h("p", { class: "senet-readout", id: readoutId });
  const el = h(
    "div",
    { class: "senet-chart" },
    scale,
    slider,
    h("div", { class: "senet-ends" }, first, last),
    readout,
  );

  let data: Excitations | null = null;
  let pointed: number | null = null; // a channel under the mouse
  let strokes = 0;
  let pulling: string | null = null;

  function draw(next: Excitations): void {
    data = next;
    const { answer, comparison, order } = data;
    const { low, high, ticks } = data.axis;
    const digits = ticks.some((tick) => Math.abs(tick * 10 - Math.round(tick * 10)) > 1e-6) ? 2 : 1;
    const place = rankOf(order);
    const { from, count } = data.part ?? { from: 0, count: order.length };
    const seen = order.slice(from, from + count).sort((a, b) => a - b);
    set(plot, { viewBox: `${from} 0 ${count} 100`, "data-many": count > 32 });
    const mean = comparison.mean;
    const y = (value: number) => ((100 * (high - value)) / (high - low)).toFixed(3);
    const at = (c: number) => `M${place[c]! + 0.5} ${y(answer.s[c]!)}`;
    const byHand = (c: number) => !Number.isNaN(data!.set?.[c] ?? NaN);
    const [own, pulled] = [seen.filter((c) => !byHand(c)), seen.filter(byHand)];
    matched(dots, pulled.length > 0 ? 2 : 1, () => svg("path")).forEach((path, i) => {
      const channels = i === 0 ? own : pulled;
      set(path, {
        d: channels.map((c) => `${at(c)}h0`).join(""),
        "data-channels": channels.join(" "),
        "data-set": i === 1,
      });
    });
    set(dots, {
      "data-s": answer.s.join(" "),
      "data-z": answer.z.join(" "),
      "data-mean": mean && mean.join(" "),
    });
    matched(stems, mean ? 1 : 0, () => svg("path")).forEach((path) =>
      set(path, { d: seen.map((c) => `${at(c)}V${y(mean![c]!)}`).join("") }),
    );
    // The mean as steps, a channel wide each: a slanted line would show values between channels,
    // where there are none.
    const steps = (row: Float32Array) =>
      order
        .slice(from, from + count)
        .map((c, i) => `${i === 0 ? "M" : "L"}${from + i} ${y(row[c]!)}h1`)
        .join("");
    const rows = mean ? [mean, ...comparison.each] : [];
    matched(lines, rows.length, () => svg("path")).forEach((line, i) => {
      set(line, { d: steps(rows[i]!), class: i === 0 ? "senet-mean" : "senet-one" });
    });

    matched(grid, ticks.length, () => svg("path")).forEach((line, i) =>
      set(line, { d: `M${from} ${y(ticks[i]!)}h${count}` }),
    );
    matched(scale, ticks.length, () => h("span")).forEach((number, i) => {
      set(number, { style: `top:${y(ticks[i]!)}%` });
      say(number, decimal(ticks[i]!, digits));
    });
    say(first, data.ends[0]);
    say(last, data.ends[1]);
    set(slider, { "aria-valuemax": order.length - 1 });
    if (pointed !== null && pointed >= order.length) pointed = null;
    point();
  }

  /** Show the channel pointed at, else the one held, else how to choose one. */
  function point(): void {
    const { answer, comparison, order, held } = data!;
    const { from, count } = data!.part ?? { from: 0, count: order.length };
    const channel = pointed ?? held;
    const place = channel === null ? 0 : order.indexOf(channel);
    const seen = channel !== null && place >= from && place < from + count;
    const left = (100 * (place - from + 0.5)) / count;
    set(marker, { visibility: seen ? "visible" : "hidden", x: place });
    set(flag, { hidden: !seen, style: `left:clamp(0.7rem,${left}%,100% - 0.7rem)` });
    const { low, high } = data!.axis;
    const height =
      channel === null ? 0 : Math.min(1, Math.max(0, (high - answer.s[channel]!) / (high - low)));
    set(handle, { hidden: !seen || channel !== held, style: `left:${left}%;top:${100 * height}%` });
    set(slider, { "aria-valuenow": place, "data-held": held, "data-shown": channel });
    if (channel === null) {
      readout.replaceChildren(
        `Point at a dot, tap it, or use the arrow keys.${pull ? " Then drag it, or press Shift with an arrow." : ""}`,
      );
      set(slider, { "aria-valuetext": `no channel chosen; ${order.length} channels` });
      return;
    }
    say(flag, String(channel));
    const [z, s] = [answer.z[channel]!, answer.s[channel]!];
    const lines = [
      h(
        "span",
        {},
        `channel ${channel}: `,
        symbol("z"),
        ` = ${decimal(z)}, `,
        symbol("s"),
        ` = ${decimal(s)}`,
      ),
    ];
    if (comparison.mean) {
      const mean = comparison.mean[channel]!;
      const values = comparison.each.map((row) => row[channel]!);
      const more =
        values.length > 0
          ? `(${decimal(Math.min(...values))} to ${decimal(Math.max(...values))})`
          : `(${signed(s - mean)})`;
      lines.push(h("span", {}, `${behind(comparison)}: ${decimal(mean)} ${more}`));
    }
    if (!Number.isNaN(data!.set?.[channel] ?? NaN)) lines.push(h("span", {}, "set by hand"));
    readout.replaceChildren(...lines);
    set(slider, { "aria-valuetext": lines.map((line) => line.textContent).join("; ") });
  }

  function channelAt(event: PointerEvent): number {
    const { left, width } = slider.getBoundingClientRect();
    const { order, part } = data!;
    const { from, count } = part ?? { from: 0, count: order.length };
    return order[
      from + Math.min(count - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * count)))
    ]!;
  }

  function pullTo(event: PointerEvent): void {
    const { top, height } = slider.getBoundingClientRect();
    const { low, high } = data!.axis;
    pull!(
      data!.held!,
      Math.min(1, Math.max(0, high - ((event.clientY - top) / height) * (high - low))),
      pulling!,
    );
  }

  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    slider.focus();
    handle.setPointerCapture(event.pointerId);
    pulling = `${name}-${++strokes}`;
  });
  handle.addEventListener("pointermove", (event) => {
    event.stopPropagation();
    if (pulling !== null) pullTo(event);
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    handle.addEventListener(end, () => (pulling = null));
  // or the channel would be let go
  handle.addEventListener("click", (event) => event.stopPropagation());

  slider.addEventListener("pointermove", (event) => {
    if (!data) return;
    const channel = channelAt(event);
    if (event.pointerType === "mouse" ? channel !== pointed : event.buttons > 0) {
      pointed = channel;
      point();
    }
  });
  slider.addEventListener("pointerleave", () => {
    pointed = null;
    if (data) point();
  });
  slider.addEventListener("click", (event) => {
    if (!data) return;
    const channel = channelAt(event as PointerEvent);
    hold(channel === data.held ? null : channel);
  });
  slider.addEventListener("keydown", (event) => {
    if (!data || event.altKey || event.ctrlKey || event.metaKey) return;
    const { order, held, answer } = data;
    if (
      pull &&
      held !== null &&
      event.shiftKey &&
      (event.key === "ArrowUp" || event.key === "ArrowDown")
    ) {
      event.preventDefault();
      event.stopPropagation();
      const to = answer.s[held]! + (event.key === "ArrowUp" ? STEP : -STEP);
      return pull(
        held,
        Math.round(Math.min(1, Math.max(0, to)) * 100) / 100,
        `${name}-${++strokes}`,
      );
    }
    const place = held === null ? -1 : order.indexOf(held);
    const end = order.length - 1;
    const to: Record<string, number> = {
      ArrowRight: Math.min(place + 1, end),
      ArrowUp: Math.min(place + 1, end),
      ArrowLeft: Math.max(place - 1, 0),
      ArrowDown: Math.max(place - 1, 0),
      PageUp: Math.min(place + 8, end),
      PageDown: Math.max(place - 8, 0),
      Home: 0,
      End: end,
    };
    if (event.key !== "Escape" && !(event.key in to)) return;
    // Elsewhere on the page arrow keys turn to the next chapter, and in JupyterLab they leave the
    // cell.
    event.preventDefault();
    event.stopPropagation();
    pointed = null;
    hold(event.key === "Escape" ? null : order[to[event.key]!]!);
  });

  return { el, draw };
}

/** Where each channel stands: the inverse of `order`. */
function rankOf(order: number[]): number[] {
  const place = new Array<number>(order.length);
  order.forEach((channel, i) => (place[channel] = i));
  return place;
}
