// "Convolution": a window over an RGB picture; under it three times nine pixels, times as many
// weights, make three numbers and their sum.
//
//   whole maps ──Step, Play──▶ as far as the window has come ──Play──▶ runs ──end, Pause──▶ stops
//        ▲────────────Whole maps─────────────┘

import { bracketed, SIDE, under, written } from "../math/convolve.ts";
import { decimal } from "../math/format.ts";
import { button, type Choice, choice, h, options, set, symbol } from "../parts/dom.ts";
import { type Frame, pictures, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { arrows, paintBytes, pressed } from "../parts/maps.ts";
import { titled } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";
import {
  CHANNELS,
  type ConvolutionData,
  ConvolutionMaps,
  type ConvolutionView,
  type Made,
  MOST,
} from "./convolution-maps.ts";
import { type ChannelRow, channelRow, paintMap, place, refused } from "./convolution-row.ts";

const PACE = 40; // windows a second
const NINE = SIDE * SIDE;

export function convolution(root: HTMLElement, data: ConvolutionData, keeper: Keeper): () => void {
  const widget = new Convolution(root, data, keeper);
  return () => {
    widget.pause();
    widget.frame.end();
  };
}

class Convolution {
  readonly frame: Frame<ConvolutionView>;
  private readonly data: ConvolutionData;
  private readonly maps: ConvolutionMaps;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private running = 0; // the frame that is asked for, 0 while nothing plays
  private painted: Made | null = null;
  private words = "";
  // ---- what it consists of
  private readonly gallery: ReturnType<typeof pictures>;
  private readonly kernels: Choice;
  private readonly typed = h("option", { value: "own" }, "your own");
  private readonly play = button("Play", () => (this.running ? this.pause() : this.start()));
  private readonly picture: ReturnType<typeof place>;
  private readonly total: ReturnType<typeof place>;
  private readonly rows: ChannelRow[];
  private readonly sum = h("p", { class: "senet-conv-sum" });
  private readonly where = h("p", { class: "senet-about" });
  private readonly problem = h("p", { class: "senet-problem", role: "alert" });
  private readonly table = this.tables();

  constructor(root: HTMLElement, data: ConvolutionData, keeper: Keeper) {
    const { size } = (this.data = data);
    this.maps = new ConvolutionMaps(data);
    this.gallery = pictures(data.pictures, (picture) => this.frame.wish({ picture }));
    this.kernels = this.menu();
    this.picture = place(size, "picture", "picture");
    this.total = place(size, "sum", h("span", {}, symbol("u"), ", the sum"));
    this.rows = CHANNELS.map((name, c) =>
      channelRow(size, name, (k, value) => this.edit(c * NINE + k, value)),
    );
    this.listen();
    this.frame = widgetFrame<ConvolutionView>(root, keeper, () => data, {
      body: this.layout(),
      foot: [this.table.el],
      draw: (now) => this.draw(now),
      spoken: () => this.words,
    });
  }

  pause(): void {
    cancelAnimationFrame(this.running);
    this.running = 0;
    this.play.textContent = "Play";
  }

  // ---- how it is put together

  private menu(): Choice {
    const kernels = choice(
      "Kernel",
      (kernel) => kernel !== this.typed.value && this.frame.wish({ kernel }),
    );
    const isFilter = ({ id }: { id: string }) => id.startsWith("stem-");
    const filters = options(titled(this.data.kernels.filter(isFilter)));
    kernels.select.append(
      ...options(titled(this.data.kernels.filter((kernel) => !isFilter(kernel)))),
      this.typed,
      h("optgroup", { label: `First layer of ${this.data.network}` }, ...filters),
    );
    return kernels;
  }

  private listen(): void {
    const { size } = this.data;
    const places = this.rows.flatMap(({ channel, map }) => [channel, map]);
    for (const { place } of [this.picture, this.total, ...places]) {
      pressed(place, (x, y) => this.moveTo(Math.floor(y * size) - 1, Math.floor(x * size) - 1));
    }
    set(this.picture.place, { tabindex: 0, role: "application", "data-control": "window" });
    arrows(this.picture.place, (rows, columns) => {
      const { row, column } = this.frame.now;
      this.moveTo(row + rows, column + columns);
    });
  }

  private layout(): Node[] {
    const buttons = [
      this.play,
      button("Step", () => this.step(1)),
      button("Step back", () => this.step(-1)),
      button("Whole maps", () => this.frame.wish({ shown: "all" })),
    ];
    return [
      this.gallery.el,
      h(
        "div",
        { class: "senet-controls" },
        this.kernels.el,
        h("span", { class: "senet-hand-buttons" }, ...buttons),
      ),
      h(
        "div",
        { class: "senet-conv-ends" },
        this.picture.el,
        h("div", { class: "senet-conv-middle" }, this.where, this.sum),
        this.total.el,
      ),
      h("div", { class: "senet-conv-rows" }, ...this.rows.map(({ el }) => el)),
      this.problem,
      h(
        "p",
        { class: "senet-about" },
        `Drag the window, or move it by the arrow keys when the picture has the focus. Weights can be typed over, by numbers from −${MOST} to ${MOST}. Pixels count from 0 to 1; the maps share one scale, orange below zero, violet above. The rim stays empty: no whole window fits there.`,
      ),
    ];
  }

  private tables() {
    const now = () => this.frame.now;
    return numbers([
      {
        what: "the window",
        name: () => `window-${now().picture}-${now().row}-${now().column}`,
        grid: () => ({
          caption: `Under the window at row ${now().row}, column ${now().column}`,
          rows: this.windowRows(now()),
        }),
      },
      {
        what: "the maps",
        name: () => `maps-${now().picture}`,
        grid: () => ({ caption: "The maps, whole", rows: this.painted!.rows }),
      },
    ]);
  }

  // ---- what the reader does

  private moveTo(row: number, column: number): void {
    this.pause();
    const within = (value: number) => Math.max(0, Math.min(this.maps.places - 1, value));
    this.frame.wish({ row: within(row), column: within(column) });
  }

  private step(by: number): void {
    this.pause();
    this.goTo(this.at() + by);
  }

  private at(): number {
    const { row, column } = this.frame.now;
    return row * this.maps.places + column;
  }

  private goTo(index: number): void {
    const { places } = this.maps;
    const next = Math.max(0, Math.min(places * places - 1, index));
    this.frame.wish({ row: Math.floor(next / places), column: next % places, shown: "sofar" });
  }

  /** From where the window is, or from the start if all is there already. */
  private start(): void {
    const { places } = this.maps;
    const last = places * places - 1;
    const whole = () => this.frame.now.shown === "all";
    const from = whole() || this.at() === last ? 0 : this.at();
    const still = this.calm.matches; // reduced motion: one row at a time
    let began = 0;
    const tick = (now: number) => {
      began ||= now;
      const gone = ((now - began) / 1000) * (still ? 2 * places : PACE);
      const done = still ? Math.floor(gone / places) * places : Math.floor(gone);
      const next = Math.min(last, from + done);
      if (next !== this.at() || whole()) this.goTo(next);
      if (next === last) this.pause();
      else this.running = requestAnimationFrame(tick);
    };
    this.running = requestAnimationFrame(tick);
    this.play.textContent = "Pause";
  }

  private edit(place: number, text: string): void {
    const { weights, constant } = this.maps.kernel(this.frame.now);
    this.problem.textContent = refused(text, weights[place]!);
    if (this.problem.textContent) return this.draw(this.frame.now);
    const value = Number(text);
    this.frame.wish({
      kernel: written({ weights: weights.map((w, i) => (i === place ? value : w)), constant }),
    });
  }

  // ---- drawing

  private draw(now: ConvolutionView): void {
    const made = this.maps.make(now);
    if (made !== this.painted) {
      this.drawPixels(made);
      this.problem.textContent = ""; // it was about other weights
    }
    this.painted = made;
    const { places, presets } = this.maps;
    const here = now.row * places + now.column;
    const upto = now.shown === "all" ? places * places : here + 1;
    this.gallery.choose(now.picture);
    this.kernels.select.value = presets.has(now.kernel) ? now.kernel : this.typed.value;
    this.typed.disabled = presets.has(now.kernel);
    this.drawWindow(now);
    const { weights } = this.maps.kernel(now);
    this.rows.forEach((row, c) => {
      const pixels = under(made.channels[c]!, this.data.size, now.row, now.column);
      row.show(pixels, weights.slice(c * NINE, (c + 1) * NINE), made.maps[c]![here]!);
      paintMap(row.map, `Map of ${CHANNELS[c]!}`, made.maps[c]!, upto, made.far);
    });
    paintMap(this.total, "The sum, one output channel", made.sum, upto, made.far);
    set(this.total.place, { "data-value": made.sum[here]! });
    this.say(now, made, here, upto);
    this.table.show();
  }

  private drawPixels({ bytes }: Made): void {
    const pixels = this.data.size * this.data.size;
    paintBytes(this.picture.canvas, bytes);
    this.rows.forEach(({ channel }, c) =>
      paintBytes(channel.canvas, bytes.subarray(c * pixels, (c + 1) * pixels), 1),
    );
  }

  private drawWindow({ picture, row, column }: ConvolutionView): void {
    const channels = this.rows.map(({ channel }) => channel);
    for (const place of [this.picture, ...channels]) place.frame(row, column, SIDE);
    const maps = this.rows.map(({ map }) => map);
    for (const place of [this.total, ...maps]) place.frame(row + 1, column + 1, 1);
    const shown = this.data.pictures.find(({ id }) => id === picture)!;
    set(this.picture.canvas, { "aria-label": shown.alt });
    set(this.picture.place, {
      "aria-label": `Window on ${shown.title}: row ${row}, column ${column}. Arrow keys move it.`,
      "data-row": row,
      "data-column": column,
    });
  }

  private say(now: ConvolutionView, made: Made, here: number, upto: number): void {
    const { constant } = this.maps.kernel(now);
    const parts = made.maps.map((map) => map[here]!);
    const added = constant === 0 ? parts : [...parts, constant];
    const line = added.map((value, i) => (i === 0 ? decimal(value) : bracketed(value)));
    const total = decimal(made.sum[here]!);
    this.sum.replaceChildren(symbol("u"), ` = ${line.join(" + ")} = `, h("b", {}, total));
    const isFilter = this.maps.presets.get(now.kernel)?.id.startsWith("stem-");
    const because = isFilter
      ? " The last term is the filter’s constant: the network shifts its pixels first."
      : " The last term is the constant.";
    const done = now.shown === "all" ? "" : ` ${upto} of ${this.maps.places ** 2} places done.`;
    this.where.textContent = `Window at row ${now.row}, column ${now.column}.${done}${constant === 0 ? "" : because}`;
    const said = parts.map((value, c) => `${CHANNELS[c]!} ${decimal(value)}`);
    if (constant !== 0) said.push(`constant ${decimal(constant)}`);
    this.words = `Row ${now.row}, column ${now.column}: ${said.join(", ")}; sum ${total}.`;
  }

  /** Pixel, weight and product of each of the 27 places, and what is added to their sum. */
  private windowRows(now: ConvolutionView): Cell[][] {
    const { weights, constant } = this.maps.kernel(now);
    const { channels } = this.maps.make(now);
    const rows: Cell[][] = [["channel", "row", "column", "pixel", "weight", "product"]];
    CHANNELS.forEach((name, c) =>
      under(channels[c]!, this.data.size, now.row, now.column).forEach((pixel, k) => {
        const weight = weights[c * NINE + k]!;
        rows.push([name, Math.floor(k / SIDE), k % SIDE, pixel, weight, pixel * weight]);
      }),
    );
    return [...rows, ["constant", null, null, null, null, constant]];
  }
}
