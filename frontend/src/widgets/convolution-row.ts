// One channel of "Convolution": its pixels under the window, times nine weights that can be typed
// over, and its map. And a place for a map or a picture, with the window on it.

import { SIDE, terms } from "../math/convolve.ts";
import { decimal } from "../math/format.ts";
import { h, p, set } from "../parts/dom.ts";
import { paint } from "../parts/maps.ts";
import { MOST } from "./convolution-maps.ts";

export interface Place {
  el: HTMLElement;
  place: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Put the window where it covers `side` pixels each way. */
  frame(row: number, column: number, side: number): void;
}

export function place(size: number, name: string, caption: Node | string): Place {
  const canvas = h("canvas", { role: "img", width: size, height: size });
  const outline = h("span", { class: "senet-window", "aria-hidden": "true" });
  const around = h("div", { class: "senet-place", "data-stage": name }, canvas, outline);
  const share = (pixels: number) => `${(100 * pixels) / size}%`;
  return {
    el: h("figure", {}, around, h("figcaption", {}, caption)),
    place: around,
    canvas,
    frame(row, column, side) {
      outline.style.cssText = `left:${share(column)};top:${share(row)};width:${share(side)};height:${share(side)}`;
    },
  };
}

/** In the picture's own grid, so that a number lies where the middle of its window was. */
export function paintMap(
  { canvas }: Place,
  name: string,
  map: Float64Array,
  upto: number,
  far: number,
): void {
  const out = canvas.width - SIDE + 1;
  const values = new Float32Array(canvas.width * canvas.height).fill(Number.NaN);
  for (let i = 0; i < upto; i++) {
    values[(Math.floor(i / out) + 1) * canvas.width + (i % out) + 1] = map[i]!;
  }
  paint(canvas, values, far);
  const done = map.subarray(0, upto);
  const low = done.reduce((a, b) => Math.min(a, b));
  const high = done.reduce((a, b) => Math.max(a, b));
  const sofar = upto < map.length ? ` in the ${upto} places done` : "";
  const label = `${name}: from ${decimal(low, 2)} to ${decimal(high, 2)}${sofar}`;
  set(canvas, { "aria-label": label });
}

export interface ChannelRow {
  el: HTMLElement;
  channel: Place;
  map: Place;
  show(pixels: number[], weights: number[], value: number): void;
}

/** @param typed what a weight, by its number from 0 to 8, shall be, as the reader wrote it */
export function channelRow(
  size: number,
  name: string,
  typed: (k: number, text: string) => void,
): ChannelRow {
  const channel = place(size, `channel-${name}`, name);
  const map = place(size, `map-${name}`, `map of ${name}`);
  const nine = Array.from({ length: SIDE * SIDE }, (_, k) => k);
  const cells = nine.map(() => h("span"));
  const inputs = nine.map((k) => weight(name, k, (text) => typed(k, text)));
  const result = p("senet-terms");
  const sign = (text: string) => h("span", { class: "senet-sign", "aria-hidden": "true" }, text);
  const legend = h("legend", { class: "senet-unseen" }, `Weights for ${name}`);
  const el = h(
    "div",
    { class: "senet-conv-row", "data-channel": name },
    channel.el,
    h("div", { class: "senet-nine", "aria-hidden": "true" }, ...cells),
    sign("×"),
    h("fieldset", { class: "senet-nine" }, legend, ...inputs),
    sign("="),
    map.el,
    result,
  );
  set(channel.canvas, { "aria-label": `${name} channel of the picture` });
  return {
    el,
    channel,
    map,
    show(pixels, weights, value) {
      cells.forEach((cell, k) => {
        cell.textContent = decimal(pixels[k]!, 2);
        cell.style.setProperty("--value", `${Math.round(100 * pixels[k]!)}%`);
        set(cell, { "data-light": pixels[k]! > 0.46 });
      });
      inputs.forEach((input, k) => showWeight(input, weights[k]!));
      set(map.place, { "data-value": value });
      const sum = `${terms(pixels, weights)} = `;
      result.replaceChildren(h("b", {}, `${name}: `), sum, h("b", {}, decimal(value)));
    },
  };
}

function weight(name: string, k: number, typed: (text: string) => void): HTMLInputElement {
  const [row, column] = [Math.floor(k / SIDE) + 1, (k % SIDE) + 1];
  const input: HTMLInputElement = h("input", {
    type: "number",
    min: -MOST,
    max: MOST,
    step: 0.01,
    "aria-label": `weight of ${name}, row ${row}, column ${column}`,
    onchange: () => typed(input.value),
    onkeydown: nudge,
  });
  return input;
}

function showWeight(input: HTMLInputElement, weight: number): void {
  const typing = input === document.activeElement;
  if (!typing || input.value === "" || Math.abs(Number(input.value) - weight) > 1e-9) {
    input.value = String(Math.round(100 * weight) / 100);
  }
  set(input, { "data-sign": weight > 0 ? "more" : weight < 0 ? "less" : null });
}

/**
 * Why what was typed cannot be a weight, and what can; "" where it is one.
 * @param text "" where the browser hands on nothing of what was typed
 * @param weight what it was before, and still is
 */
export function refused(text: string, weight: number): string {
  const empty = text.trim() === "";
  if (!empty && Math.abs(Number(text)) <= MOST) return "";
  const what = empty ? "That is not a number" : `${text} is out of range`;
  return `${what}, so ${decimal(weight, 2)} stays: type a number from −${MOST} to ${MOST}.`;
}

/**
 * Up and down change a weight by a tenth; left and right stay in the field instead of turning the
 * page.
 */
function nudge(event: KeyboardEvent): void {
  if (!event.key.startsWith("Arrow")) return;
  event.stopPropagation();
  const by = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const input = event.target as HTMLInputElement;
  const next = Math.max(-MOST, Math.min(MOST, Number(input.value) + by));
  input.value = String(Math.round(100 * next) / 100);
  input.dispatchEvent(new Event("change"));
}
