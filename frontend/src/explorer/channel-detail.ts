// One channel, everywhere: its map before the gate, its mean z, its way through both layers, its
// gate s, and its map after it.

import type { Layers } from "../math/excite.ts";
import { decimal, signed } from "../math/format.ts";
import { type Way, way } from "../network/excitation-weights.ts";
import type { BlockInfo, Maps } from "../network/network.ts";
import { div, h, matched, p, say, set, symbol } from "../parts/dom.ts";
import { mapPair } from "./channel-maps.ts";

export interface Looked {
  block: BlockInfo;
  channel: number | null;
  /** (C,). */
  z: Float32Array;
  s: Float32Array;
  /** The gate's value, where it was set by hand. */
  set: number | null;
}

export interface ChannelDetail {
  el: HTMLElement;
  /** What it will show. */
  choose(block: string, channel: number | null): void;
  /**
   * The numbers, at once. What has to be fetched for another channel is taken away until it is
   * there.
   */
  show(looked: Looked): void;
  layers(layers: Layers | null | Error): void;
  /** @param maps words where there are none */
  maps(maps: Maps | string): void;
  way(): Way | null;
  words(): string;
}

export function channelDetail(more: Node[]): ChannelDetail {
  return new Detail(more);
}

class Detail implements ChannelDetail {
  readonly el: HTMLElement;
  private readonly title = p("senet-detail-title");
  private readonly pair = mapPair();
  private readonly figures = [
    mapFigure(this.pair.before, "u", "before"),
    mapFigure(this.pair.after, "x", "after"),
  ];
  private readonly note = p("senet-map-note");
  private readonly z = p("senet-z-line");
  private readonly s = p("senet-s-line");
  private readonly body = h("tbody");
  private readonly tables: HTMLElement;
  private readonly none = h(
    "p",
    {},
    "Choose a channel, in a chart or in the ribbon: here you see its map, its squeeze, its way through both layers, its gate, and the map after the gate.",
  );
  private readonly inside: HTMLElement;
  private now: Looked | null = null;
  private known: Layers | null = null;
  private found: Way | null = null;
  private asleep = "";

  constructor(more: Node[]) {
    const { title, note, z, s, none } = this;
    const [before, after] = this.figures as [HTMLElement, HTMLElement];
    this.tables = div("senet-tables", layersTable(this.body));
    const sums = div("senet-sums", z, this.tables, s);
    this.inside = div("senet-through", before, sums, after, note);
    this.el = h(
      "div",
      { class: "senet-detail", role: "group", "aria-label": "The chosen channel" },
      title,
      none,
      this.inside,
      ...more,
    );
  }

  choose(block: string, channel: number | null): void {
    set(this.el, { "data-block": block, "data-channel": channel });
  }

  show(looked: Looked): void {
    const other = this.now?.block !== looked.block;
    const moved = other || this.now?.channel !== looked.channel;
    const { block, channel } = looked;
    this.now = looked;
    if (other) this.known = null;
    const chosen = channel !== null;
    this.none.hidden = chosen;
    this.inside.hidden = !chosen;
    this.title.textContent = chosen
      ? `Channel ${channel} of ${block.title}`
      : "One channel, everywhere";
    this.choose(block.name, channel);
    if (moved) this.pair.clear();
    this.fill();
  }

  layers(layers: Layers | null | Error): void {
    this.known = layers instanceof Error ? null : layers;
    this.fill();
    if (layers === null) {
      this.s.append(". This block’s excitation is not two layers and a sigmoid.");
    }
    if (layers instanceof Error) this.s.append(`. Its weights did not load: ${layers.message}`);
  }

  maps(maps: Maps | string): void {
    const there = typeof maps !== "string";
    this.note.textContent = there
      ? `${maps.height} × ${maps.width} values each, on one scale: orange below zero, violet above.`
      : maps;
    for (const figure of this.figures) figure.hidden = !there;
    if (there) this.pair.draw(maps, this.now!.channel!);
  }

  way(): Way | null {
    return this.now?.channel === null ? null : this.found;
  }

  words(): string {
    if (!this.now || this.now.channel === null) return "";
    const { title, z, s, found } = this;
    return `${title.textContent}: ${z.textContent}; ${s.textContent}. ${found ? this.asleep : ""}`;
  }

  private fill(): void {
    const { channel, z, s, set: pulled } = this.now!;
    if (channel === null) return;
    const found = (this.found = this.known ? way(this.known, z, channel) : null);
    const made = found ? `σ(${decimal(found.sum)}) = ${decimal(found.s)}` : "";
    const own = found ? [`, from ${made}`] : [];
    const byHand = [", set by hand", ...(found ? [`; by itself it would be ${made}`] : [])];
    this.z.replaceChildren(
      "squeeze: ",
      symbol("z"),
      ` = ${decimal(z[channel]!)}, the mean of the map`,
    );
    this.s.replaceChildren(
      "excitation: ",
      symbol("s"),
      ` = ${decimal(s[channel]!)}`,
      ...(pulled === null ? own : byHand),
    );
    this.s.dataset.own = found ? String(found.s) : "";
    this.tables.hidden = !found;
    if (found) this.fillTable(found);
  }

  private fillTable({ given, hidden, added }: Way): void {
    const longest = Math.max(...added.map(Math.abs), 1e-9);
    matched(this.body, hidden.length, unit).forEach((row, j) => {
      const cells = [...row.children] as HTMLElement[];
      const words = [String(j), signed(given[j]!), decimal(hidden[j]!), signed(added[j]!)];
      words.forEach((text, i) => say(cells[i]!, text));
      cells[3]!.style.setProperty("--share", `${(100 * Math.abs(added[j]!)) / longest}%`);
      Object.assign(row.dataset, {
        unit: j,
        given: given[j],
        hidden: hidden[j],
        added: added[j],
      });
    });
    const off = hidden.filter((value) => value === 0).length;
    this.asleep =
      off === 0
        ? "All hidden units are awake."
        : `${off} of ${hidden.length} hidden units are asleep.`;
  }
}

function mapFigure(canvas: HTMLCanvasElement, letter: "u" | "x", when: string): HTMLElement {
  set(canvas, { "data-map": letter });
  const caption = h("figcaption", {}, symbol(letter), ` ${when} the gate`);
  return h("figure", { class: "senet-map" }, canvas, caption);
}

function layersTable(body: HTMLElement): HTMLElement {
  const caption = "Through the two layers";
  const heads: (string | Node)[][] = [
    ["hidden unit"],
    ["W", h("sub", {}, "1"), symbol("z")],
    ["after ReLU"],
    ["W", h("sub", {}, "2"), " adds"],
  ];
  const head = h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, ...head)));
  const table = h("table", {}, h("caption", {}, caption), h("thead", {}, head), body);
  return h("div", { role: "group", tabindex: 0, "aria-label": caption }, table);
}

function unit(): HTMLTableRowElement {
  return h("tr", {}, h("th", { scope: "row" }), h("td"), h("td"), h("td", { class: "senet-adds" }));
}
