// One SE block's excitations: a dot a channel, the class mean as a line behind, a stem for the difference between the two, and a
// channel that the reader points at.
//
//   nothing held ──point──▶ shown while pointed at ──leave──▶ nothing held
//   nothing held ──click or arrow key──▶ held ──another──▶ held ──Escape, or the same again──▶ nothing held
//
// The SVG counts in channels (x) and in percent of its height (y) and is stretched to its box, so that no resize needs a redraw; strokes don't
// scale, and so a line of no length with round ends stays a round dot. A new picture moves the dots that are there, 64 of them in
// well under a millisecond (a plotting library's redraw took 10 to 40).

import type { axis, Comparison } from "../channels.ts";
import { h, matched, set, svg, symbol, unique } from "../dom.ts";
import type { BlockAnswer } from "../probe.ts";
import { decimal, signed } from "../words.ts";

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
}

export interface Chart {
  el: HTMLElement;
  draw(data: Excitations): void;
}

export function excitationChart(name: string, hold: (channel: number | null) => void): Chart {
  const marker = svg("rect", { class: "senet-marker", width: 1, height: 100, visibility: "hidden" });
  const layer = (name: string) => svg("g", { class: `senet-${name}` });
  const [grid, lines, stems, dots] = [layer("grid"), layer("means"), layer("stems"), layer("dots")];
  const plot = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, marker, grid, lines, stems, dots);
  const scale = h("div", { class: "senet-scale", "aria-hidden": "true" });
  const flag = h("span", { class: "senet-flag", "aria-hidden": "true", hidden: true });
  const readoutId = unique("senet-readout");
  const slider = h("div", { class: "senet-plot", role: "slider", tabindex: 0, "aria-label": `Channels of the ${name}`, "aria-valuemin": 0 }, plot, flag);
  const [first, last] = [h("span"), h("span")];
  const readout = h("p", { class: "senet-readout", id: readoutId });
  const el = h("div", { class: "senet-chart" }, scale, slider, h("div", { class: "senet-ends" }, first, last), readout);

  let data: Excitations | null = null;
  let pointed: number | null = null; // a channel under the mouse

  function draw(next: Excitations): void {
    data = next;
    const { answer, comparison, order } = data;
    const { low, high, ticks } = data.axis;
    const digits = ticks.some((tick) => Math.abs(tick * 10 - Math.round(tick * 10)) > 1e-6) ? 2 : 1;
    const place = rankOf(order);
    set(plot, { viewBox: `0 0 ${order.length} 100`, "data-many": order.length > 32 });
    const mean = comparison.mean;
    const y = (value: number) => (100 * (high - value)) / (high - low);
    const at = (c: number) => `translate(${place[c]! + 0.5}px,${y(answer.s[c]!)}px)`;
    matched(dots, order.length, () => svg("path", { d: "M0 0h0" })).forEach((dot, c) => {
      dot.style.transform = at(c);
      set(dot, { "data-channel": c, "data-value": answer.s[c]!, "data-squeeze": answer.z[c]!, "data-mean": mean?.[c], "data-set": !Number.isNaN(data!.set?.[c] ?? NaN) });
    });
    matched(stems, mean ? order.length : 0, () => svg("path", { d: "M0 0v1" })).forEach((stem, c) => {
      stem.style.transform = `${at(c)} scaleY(${y(mean![c]!) - y(answer.s[c]!)})`;
    });
    // The mean as steps, a channel wide each: a slanted line would show values between channels, where there are none.
    const steps = (row: Float32Array) => order.map((c, i) => `${i === 0 ? "M" : "L"}${i} ${y(row[c]!)}h1`).join("");
    const rows = mean ? [mean, ...comparison.each] : [];
    matched(lines, rows.length, () => svg("path")).forEach((line, i) => {
      set(line, { d: steps(rows[i]!), class: i === 0 ? "senet-mean" : "senet-one" });
    });

    matched(grid, ticks.length, () => svg("path")).forEach((line, i) => set(line, { d: `M0 ${y(ticks[i]!)}h${order.length}` }));
    scale.replaceChildren(...ticks.map((tick) => h("span", { style: `top:${y(tick)}%` }, decimal(tick, digits))));
    [first.textContent, last.textContent] = data.ends;
    set(slider, { "aria-valuemax": order.length - 1 });
    if (pointed !== null && pointed >= order.length) pointed = null;
    point();
  }

  /** Show the channel pointed at, else the one held, else how to choose one. */
  function point(): void {
    const { answer, comparison, order, held } = data!;
    const channel = pointed ?? held;
    const place = channel === null ? 0 : order.indexOf(channel);
    set(marker, { visibility: channel === null ? "hidden" : "visible", x: place });
    set(flag, { hidden: channel === null, style: `left:clamp(0.7rem,${(100 * (place + 0.5)) / order.length}%,100% - 0.7rem)` });
    set(slider, { "aria-valuenow": place, "data-held": held, "data-shown": channel });
    if (channel === null) {
      readout.replaceChildren("Point at a dot, tap it, or use the arrow keys.");
      set(slider, { "aria-valuetext": `no channel chosen; ${order.length} channels` });
      return;
    }
    flag.textContent = String(channel);
    const [z, s] = [answer.z[channel]!, answer.s[channel]!];
    const lines = [h("span", {}, `channel ${channel}: `, symbol("z"), ` = ${decimal(z)}, `, symbol("s"), ` = ${decimal(s)}`)];
    if (comparison.mean) {
      const mean = comparison.mean[channel]!;
      const values = comparison.each.map((row) => row[channel]!);
      const more = values.length > 0 ? `(${decimal(Math.min(...values))} to ${decimal(Math.max(...values))})` : `(${signed(s - mean)})`;
      lines.push(h("span", {}, `mean of ${comparison.of}: ${decimal(mean)} ${more}`));
    }
    if (!Number.isNaN(data!.set?.[channel] ?? NaN)) lines.push(h("span", {}, "set by hand"));
    readout.replaceChildren(...lines);
    set(slider, { "aria-valuetext": lines.map((line) => line.textContent).join("; ") });
  }

  function channelAt(event: PointerEvent): number {
    const { left, width } = slider.getBoundingClientRect();
    const { order } = data!;
    return order[Math.min(order.length - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * order.length)))]!;
  }

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
    const { order, held } = data;
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
    // Elsewhere on the page arrow keys turn to the next chapter, and in JupyterLab they leave the cell.
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
