// A dot per channel: its gate to the right, and upwards a number that belongs to it, such as what a
// method attributes to it. One is chosen, by a tap or by arrow keys.

import { axis, digitsOf } from "../math/channels.ts";
import { decimal } from "../math/format.ts";
import { h, matched, set, svg } from "../parts/dom.ts";
import { stepped } from "../parts/keys.ts";

// of the drawing, and of the room for its scales
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [440, 330, 80, 46];

export interface Dots {
  el: HTMLElement;
  /** @param s gates and @param found what belongs to them, (C,) each; @param marks lines across */
  show(s: Float32Array, found: Float32Array, chosen: number, marks?: number[]): void;
  /** @param more attributes of the whole */
  say(words: string, more: Record<string, number | null>): void;
}

/** What a plot says upwards, and how its numbers are called in the page. */
export interface Upwards {
  title: string;
  /** In `data-…` of each dot. */
  key: string;
}

const ATTRIBUTION: Upwards = { title: "attribution, logits", key: "attribution" };

export function attributionDots(
  choose: (channel: number) => void,
  { title, key }: Upwards = ATTRIBUTION,
): Dots {
  const grid = svg("g", { class: "senet-scatter-grid" });
  const names = svg("g");
  const dashes = svg("g", { class: "senet-scatter-marks" });
  const dots = svg("g", { class: "senet-scatter-dots" });
  const ring = svg("circle", { r: 9, class: "senet-scatter-chosen" });
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  const plot = svg("svg", { viewBox, "aria-hidden": "true" }, grid, dashes, names, dots, ring);
  const el = h(
    "div",
    {
      class: "senet-scatter",
      role: "slider",
      tabindex: 0,
      "aria-label": "Channels, by how far their gates are open",
      "aria-valuemin": 1,
      onclick: pointed,
    },
    plot,
  );
  let order: number[] = []; // channels from left to right
  let chosen = 0;
  stepped(
    el,
    () => ({ place: order.indexOf(chosen), count: order.length }),
    (place) => {
      choose(order[place]!);
    },
  );

  function pointed(event: MouseEvent): void {
    const area = plot.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * WIDTH;
    const y = ((event.clientY - area.top) / area.height) * HEIGHT;
    const far = ([...dots.children] as SVGCircleElement[]).map((dot) =>
      Math.hypot(dot.cx.baseVal.value - x, dot.cy.baseVal.value - y),
    );
    choose(far.indexOf(Math.min(...far)));
  }

  return {
    el,
    show(s, found, channel, marks = []) {
      chosen = channel;
      order = Array.from(s, (_, k) => k).sort((i, j) => s[i]! - s[j]! || i - j);
      const [across, up] = [
        axis("fitted", [], [s]),
        axis("fitted", [[0, 0]], [found, Float32Array.from([0, ...marks])]),
      ];
      const x = (value: number) =>
        LEFT + ((value - across.low) / (across.high - across.low)) * (WIDTH - LEFT - 12);
      const y = (value: number) =>
        12 + ((up.high - value) / (up.high - up.low)) * (HEIGHT - BOTTOM - 12);
      drawGrid(grid, across.ticks.map(x), up.ticks.map(y), up.ticks.indexOf(0));
      matched(dashes, marks.length, () => svg("path")).forEach((dash, i) => {
        set(dash, { d: `M${LEFT} ${y(marks[i]!)}H${WIDTH - 12}` });
      });
      drawNames(names, [...namesAcross(across.ticks, x), ...namesUp(up.ticks, y, title)]);
      matched(dots, s.length, () => svg("circle", { r: 4 })).forEach((dot, k) => {
        const data = { "data-channel": k, "data-value": s[k]!, [`data-${key}`]: found[k]! };
        set(dot, { cx: x(s[k]!), cy: y(found[k]!), ...data });
      });
      set(ring, { cx: x(s[channel]!), cy: y(found[channel]!) });
    },
    say(words, more) {
      const place = { "aria-valuemax": order.length, "aria-valuenow": order.indexOf(chosen) + 1 };
      set(el, { ...place, "aria-valuetext": words, ...more });
    },
  };
}

/** @param zero which of the lines across is that of zero */
function drawGrid(grid: SVGElement, xs: number[], ys: number[], zero: number): void {
  matched(grid, xs.length + ys.length, () => svg("path")).forEach((line, i) => {
    const k = i - xs.length;
    const d = k < 0 ? `M${xs[i]} 12V${HEIGHT - BOTTOM}` : `M${LEFT} ${ys[k]}H${WIDTH - 12}`;
    set(line, { d, "data-zero": k >= 0 && k === zero });
  });
}

interface Name {
  text: string;
  x: number;
  y: number;
  "text-anchor": "middle" | "end";
  transform?: string;
}

function namesAcross(ticks: number[], x: (value: number) => number): Name[] {
  const [y, digits] = [HEIGHT - BOTTOM + 17, digitsOf(ticks)];
  const title: Name = {
    text: "gate s",
    x: (LEFT + WIDTH) / 2,
    y: HEIGHT - 6,
    "text-anchor": "middle",
  };
  return [
    ...ticks.map((t): Name => ({ text: decimal(t, digits), x: x(t), y, "text-anchor": "middle" })),
    title,
  ];
}

function namesUp(ticks: number[], y: (value: number) => number, words: string): Name[] {
  const [x, digits] = [LEFT - 6, digitsOf(ticks)];
  const title: Name = {
    text: words,
    x: 0,
    y: 0,
    "text-anchor": "middle",
    transform: `translate(13 ${(HEIGHT - BOTTOM) / 2}) rotate(-90)`,
  };
  return [
    ...ticks.map((t): Name => ({ text: decimal(t, digits), x, y: y(t) + 5, "text-anchor": "end" })),
    title,
  ];
}

function drawNames(names: SVGElement, said: Name[]): void {
  matched(names, said.length, () => svg("text")).forEach((name, i) => {
    const { text, ...where } = said[i]!;
    set(name, { transform: null, ...where });
    name.textContent = text;
  });
}
