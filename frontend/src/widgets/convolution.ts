// "Convolution": a window over an RGB picture; under it three times nine pixels, times as many
// weights, make three numbers and their sum.
//
//   whole maps ──Step, Play──▶ as far as the window has come ──Play──▶ runs ──end of the picture, Pause──▶ stands
//        ▲────────────Whole maps─────────────┘

import {
  bracketed,
  type Kernel,
  parsed,
  SIDE,
  slide,
  terms,
  under,
  written,
} from "../math/convolve.ts";
import { decimal } from "../math/format.ts";
import { fromBase64 } from "../math/packed.ts";
import { choice, h, set, symbol } from "../parts/dom.ts";
import { pictures, type Shown, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { arrows, paint, paintBytes, pressed } from "../parts/maps.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

export interface ConvolutionData {
  /** Pixels a side. */
  size: number;
  pictures: Shown[];
  /** One a picture: (3, size, size) bytes in base64. */
  pixels: string[];
  kernels: { id: string; title: string; weights: number[]; constant: number }[];
  network: string;
}

const CHANNELS = ["red", "green", "blue"] as const;
const MOST = 9; // as senet/widgets/convolution.py bounds a weight
const PACE = 40; // windows a second

type ConvolutionView = {
  picture: string;
  /** A preset's name, or its numbers as math/convolve.ts writes them. */
  kernel: string;
  row: number;
  column: number;
  shown: "all" | "sofar";
};

export function convolution(root: HTMLElement, data: ConvolutionData, keeper: Keeper): () => void {
  const { size } = data;
  const out = size - SIDE + 1;
  const bytes = data.pixels.map(fromBase64);
  const known = new Map(data.kernels.map((kernel) => [kernel.id, kernel]));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let made = {
    key: "",
    maps: [] as Float64Array[],
    sum: new Float64Array(),
    far: 1,
    channels: [] as number[][],
    rows: [] as Cell[][],
  };
  let running = 0; // the frame that is asked for, 0 while nothing plays
  let words = "";

  const gallery = pictures(data.pictures, (picture) => frame.wish({ picture }));
  const kernels = choice("Kernel", (kernel) => kernel !== "own" && frame.wish({ kernel }));
  const option = ({ id, title }: { id: string; title: string }) =>
    h("option", { value: id }, title);
  const typedOption = h("option", { value: "own" }, "your own");
  const filters = h(
    "optgroup",
    { label: `First layer of ${data.network}` },
    ...data.kernels.filter(({ id }) => id.startsWith("stem-")).map(option),
  );
  kernels.select.append(
    ...data.kernels.filter(({ id }) => !id.startsWith("stem-")).map(option),
    typedOption,
    filters,
  );

  const button = (name: string, act: () => void) =>
    h("button", { type: "button", onclick: act }, name);
  const play = button("Play", () => (running ? pause() : start()));
  const controls = h(
    "div",
    { class: "senet-controls" },
    kernels.el,
    h(
      "span",
      { class: "senet-hand-buttons" },
      play,
      button("Step", () => step(1)),
      button("Step back", () => step(-1)),
      button("Whole maps", () => frame.wish({ shown: "all" })),
    ),
  );

  const stage = (name: string, caption: Node | string) => {
    const canvas = h("canvas", { role: "img", width: size, height: size });
    const outline = h("span", { class: "senet-window", "aria-hidden": "true" });
    const place = h("div", { class: "senet-place", "data-stage": name }, canvas, outline);
    pressed(place, (x, y) => moveTo(Math.floor(y * size) - 1, Math.floor(x * size) - 1));
    return { canvas, outline, place, caption: h("figcaption", {}, caption), el: h("figure") };
  };
  const picture = stage("picture", "picture");
  const total = stage("sum", h("span", {}, symbol("u"), ", the sum"));
  set(picture.place, { tabindex: 0, role: "application", "data-control": "window" });
  arrows(picture.place, (rows, columns) =>
    moveTo(frame.now.row + rows, frame.now.column + columns),
  );

  const rows = CHANNELS.map((name, c) => {
    const [channel, map] = [stage(`channel-${name}`, name), stage(`map-${name}`, `map of ${name}`)];
    const pixels = Array.from({ length: SIDE * SIDE }, () => h("span"));
    const inputs = pixels.map((_, k) =>
      h("input", {
        type: "number",
        min: -MOST,
        max: MOST,
        step: 0.01,
        "aria-label": `weight of ${name}, row ${Math.floor(k / SIDE) + 1}, column ${(k % SIDE) + 1}`,
        onchange: () => edit(c, k),
        onkeydown: nudge,
      }),
    );
    const result = h("p", { class: "senet-terms" });
    for (const { el, place, caption } of [channel, map]) el.append(place, caption);
    const el = h(
      "div",
      { class: "senet-conv-row", "data-channel": name },
      channel.el,
      h("div", { class: "senet-nine", "aria-hidden": "true" }, ...pixels),
      h("span", { class: "senet-sign", "aria-hidden": "true" }, "×"),
      h(
        "fieldset",
        { class: "senet-nine" },
        h("legend", { class: "senet-unseen" }, `Weights for ${name}`),
        ...inputs,
      ),
      h("span", { class: "senet-sign", "aria-hidden": "true" }, "="),
      map.el,
      result,
    );
    return { el, channel, map, pixels, inputs, result };
  });
  for (const { el, place, caption } of [picture, total]) el.append(place, caption);
  const sum = h("p", { class: "senet-conv-sum" });
  const where = h("p", { class: "senet-about" });

  const table = numbers([
    {
      what: "the window",
      name: () => `window-${frame.now.picture}-${frame.now.row}-${frame.now.column}`,
      grid: () => ({
        caption: `Under the window at row ${frame.now.row}, column ${frame.now.column}`,
        rows: windowRows(frame.now),
      }),
    },
    {
      what: "the maps",
      name: () => `maps-${frame.now.picture}`,
      grid: () => ({ caption: "The maps, whole", rows: made.rows }),
    },
  ]);

  const frame = widgetFrame<ConvolutionView>(root, keeper, () => data, {
    body: [
      gallery.el,
      controls,
      h(
        "div",
        { class: "senet-conv-ends" },
        picture.el,
        h("div", { class: "senet-conv-middle" }, where, sum),
        total.el,
      ),
      h("div", { class: "senet-conv-rows" }, ...rows.map(({ el }) => el)),
      h(
        "p",
        { class: "senet-about" },
        "Drag the window, or move it by the arrow keys when the picture has the focus. Weights can be typed over. Pixels count from 0 to 1; the maps share one scale, orange below zero, violet above. The rim stays empty: no whole window fits there.",
      ),
    ],
    foot: [table.el],
    draw,
    spoken: () => words,
  });
  return () => {
    pause();
    frame.end();
  };

  function kernelNow(): Kernel {
    return known.get(frame.now.kernel) ?? parsed(frame.now.kernel, MOST)!;
  }

  // ---- what the reader does

  function moveTo(row: number, column: number): void {
    pause();
    const within = (value: number) => String(Math.max(0, Math.min(out - 1, value)));
    frame.wish({ row: within(row), column: within(column) });
  }

  function step(by: number): void {
    pause();
    goTo(at() + by);
  }

  function at(): number {
    return frame.now.row * out + frame.now.column;
  }

  function goTo(index: number): void {
    const next = Math.max(0, Math.min(out * out - 1, index));
    frame.wish({ row: String(Math.floor(next / out)), column: String(next % out), shown: "sofar" });
  }

  /** From where the window is, or from the start if all is there already. */
  function start(): void {
    const last = out * out - 1;
    let from = frame.now.shown === "all" || at() === last ? 0 : at();
    let began = 0;
    const pace = calm.matches ? 2 * out : PACE; // who wants no motion gets it row by row
    const tick = (now: number) => {
      began ||= now;
      const gone = ((now - began) / 1000) * pace;
      const next = Math.min(
        last,
        from + (calm.matches ? Math.floor(gone / out) * out : Math.floor(gone)),
      );
      if (next !== at() || frame.now.shown === "all") goTo(next);
      if (next === last) pause();
      else running = requestAnimationFrame(tick);
    };
    running = requestAnimationFrame(tick);
    play.textContent = "Pause";
  }

  function pause(): void {
    cancelAnimationFrame(running);
    running = 0;
    play.textContent = "Play";
  }

  function edit(channel: number, k: number): void {
    const input = rows[channel]!.inputs[k]!;
    const value = Number(input.value);
    const { weights, constant } = kernelNow();
    const typed = input.value.trim() !== "" && Number.isFinite(value);
    const next = weights.map((weight, i) =>
      i === channel * SIDE * SIDE + k && typed ? Math.max(-MOST, Math.min(MOST, value)) : weight,
    );
    frame.wish({ kernel: written({ weights: next, constant }) });
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
    input.value = String(Math.round(100 * (Number(input.value) + by)) / 100);
    input.dispatchEvent(new Event("change"));
  }

  // ---- drawing

  function compute(now: ConvolutionView): void {
    const key = `${now.picture} ${now.kernel}`;
    if (made.key === key) return;
    const pixels = bytes[data.pictures.findIndex(({ id }) => id === now.picture)]!;
    const { weights, constant } = known.get(now.kernel) ?? parsed(now.kernel, MOST)!;
    const channels = CHANNELS.map((_, c) =>
      Array.from(pixels.subarray(c * size * size, (c + 1) * size * size), (byte) => byte / 255),
    );
    const maps = channels.map((channel, c) =>
      slide(channel, size, weights.slice(c * SIDE * SIDE, (c + 1) * SIDE * SIDE)),
    );
    const sum = maps[0]!.map((value, i) => value + maps[1]![i]! + maps[2]![i]! + constant);
    const all = [
      ["row", "column", ...CHANNELS, "sum"],
      ...Array.from(sum, (value, i) => [
        Math.floor(i / out),
        i % out,
        ...maps.map((map) => map[i]!),
        value,
      ]),
    ];
    made = {
      key,
      maps,
      sum,
      channels,
      rows: all,
      far: Math.max(
        ...[...maps, sum].map((map) =>
          map.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
        ),
      ),
    };
    paintBytes(picture.canvas, pixels);
    rows.forEach(({ channel }, c) =>
      paintBytes(channel.canvas, pixels.subarray(c * size * size, (c + 1) * size * size), 1),
    );
  }

  function draw(now: ConvolutionView): void {
    compute(now);
    const { weights, constant } = known.get(now.kernel) ?? parsed(now.kernel, MOST)!;
    const [row, column] = [now.row, now.column];
    const here = row * out + column;
    const upto = now.shown === "all" ? out * out : here + 1;
    const shown = data.pictures.find(({ id }) => id === now.picture)!;
    gallery.choose(now.picture);
    kernels.select.value = known.has(now.kernel) ? now.kernel : "own";
    typedOption.disabled = known.has(now.kernel);

    const outlines: [HTMLElement, number, number][] = [
      [picture.outline, 0, SIDE],
      [total.outline, 1, 1],
    ];
    for (const { channel, map } of rows)
      outlines.push([channel.outline, 0, SIDE], [map.outline, 1, 1]);
    for (const [outline, offset, side] of outlines) {
      outline.style.cssText = `left:${(100 * (column + offset)) / size}%;top:${(100 * (row + offset)) / size}%;width:${(100 * side) / size}%;height:${(100 * side) / size}%`;
    }
    set(picture.canvas, { "aria-label": shown.alt });
    set(picture.place, {
      "aria-label": `Window on ${shown.title}: row ${row}, column ${column}. Arrow keys move it.`,
      "data-row": row,
      "data-column": column,
    });

    rows.forEach(({ channel, map, pixels, inputs, result }, c) => {
      const [name, value] = [CHANNELS[c]!, made.maps[c]![here]!];
      const mine = weights.slice(c * SIDE * SIDE, (c + 1) * SIDE * SIDE);
      const values = under(made.channels[c]!, size, row, column);
      pixels.forEach((cell, k) => {
        cell.textContent = decimal(values[k]!, 2);
        cell.style.setProperty("--value", `${Math.round(100 * values[k]!)}%`);
        set(cell, { "data-light": values[k]! > 0.46 });
      });
      inputs.forEach((input, k) => {
        if (input !== document.activeElement || Math.abs(Number(input.value) - mine[k]!) > 1e-9)
          input.value = String(Math.round(100 * mine[k]!) / 100);
        set(input, { "data-sign": mine[k]! > 0 ? "more" : mine[k]! < 0 ? "less" : null });
      });
      paintMap(map.canvas, made.maps[c]!, upto);
      set(channel.canvas, { "aria-label": `${name} channel of the picture` });
      describe(map.canvas, `Map of ${name}`, made.maps[c]!, upto);
      set(map.place, { "data-value": value });
      result.replaceChildren(
        h("b", {}, `${name}: `),
        `${terms(values, mine)} = `,
        h("b", {}, decimal(value)),
      );
    });
    paintMap(total.canvas, made.sum, upto);
    describe(total.canvas, "The sum, one output channel", made.sum, upto);
    set(total.place, { "data-value": made.sum[here]! });
    const parts = [
      ...rows.map((_, c) => made.maps[c]![here]!),
      ...(constant === 0 ? [] : [constant]),
    ];
    const line = parts.map((value, i) => (i === 0 ? decimal(value) : bracketed(value))).join(" + ");
    sum.replaceChildren(symbol("u"), ` = ${line} = `, h("b", {}, decimal(made.sum[here]!)));
    const because =
      constant === 0
        ? ""
        : known.get(now.kernel)?.id.startsWith("stem-")
          ? " The last term is the filter’s constant: the network shifts its pixels first."
          : " The last term is the constant.";
    where.textContent = `Window at row ${row}, column ${column}.${now.shown === "all" ? "" : ` ${upto} of ${out * out} places done.`}${because}`;
    words = `Row ${row}, column ${column}: red ${decimal(parts[0]!)}, green ${decimal(parts[1]!)}, blue ${decimal(parts[2]!)}${constant === 0 ? "" : `, constant ${decimal(constant)}`}; sum ${decimal(made.sum[here]!)}.`;
    table.show();
  }

  /** Pixel, weight and product of each of the 27 places, and what is added to their sum. */
  function windowRows(now: ConvolutionView): Cell[][] {
    const { weights, constant } = kernelNow();
    const rows: Cell[][] = [["channel", "row", "column", "pixel", "weight", "product"]];
    CHANNELS.forEach((name, c) =>
      under(made.channels[c]!, size, now.row, now.column).forEach((pixel, k) => {
        const weight = weights[c * SIDE * SIDE + k]!;
        rows.push([name, Math.floor(k / SIDE), k % SIDE, pixel, weight, pixel * weight]);
      }),
    );
    return [...rows, ["constant", null, null, null, null, constant]];
  }

  /** In the picture's own grid, so that a number lies where the middle of its window was. */
  function paintMap(canvas: HTMLCanvasElement, map: Float64Array, upto: number): void {
    const values = new Float32Array(size * size).fill(Number.NaN);
    for (let i = 0; i < upto; i++)
      values[(Math.floor(i / out) + 1) * size + (i % out) + 1] = map[i]!;
    paint(canvas, values, made.far);
  }

  function describe(
    canvas: HTMLCanvasElement,
    name: string,
    map: Float64Array,
    upto: number,
  ): void {
    const done = map.subarray(0, upto);
    const [low, high] = [
      done.reduce((a, b) => Math.min(a, b)),
      done.reduce((a, b) => Math.max(a, b)),
    ];
    set(canvas, {
      "aria-label": `${name}: from ${decimal(low, 2)} to ${decimal(high, 2)}${upto < map.length ? ` in the ${upto} places done` : ""}`,
    });
  }
}
