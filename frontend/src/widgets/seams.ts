// "Seams": a photograph in a light of some colour, made twice as large in tiles, by a small
// upscaler that runs here. Each tile has its own gates, or the whole picture's, or none.

import { decimal } from "../math/format.ts";
import { fromBase64 } from "../math/packed.ts";
import {
  type Made,
  type Pixels,
  type Seam,
  seam,
  seenIn,
  type Upscaler,
  upscaled,
} from "../math/upscale.ts";
import { planes } from "../network/live.ts";
import type { Live, Starter } from "../network/network.ts";
import { bands } from "../parts/bands.ts";
import { div, h, matched, p, set } from "../parts/dom.ts";
import { type Frame, pictures, type Shown, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { ink, inked } from "../parts/ink.ts";
import { paintBytes } from "../parts/maps.ts";
import { type Menus, menus, titled } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import { type OwnPicture, ownPicture, showsGiven } from "../picture-editor/own-picture.ts";
import type { Keeper } from "../state/keeper.ts";
import { halves, network, type Shapes } from "./seams-network.ts";

type How = "own" | "whole" | "none";

export interface SeamsData {
  /** Of what the network gets, in pixels; photographs have twice as many. */
  side: number;
  pictures: Shown[];
  lights: { id: string; title: string; colours: number[] }[];
  tiles: number[];
  gates: Record<How, string>;
  shapes: Shapes;
  /** Weights in 16 bits: of the network, and of its twin without SE. */
  weights: { se: string; twin: string };
}

type SeamsView = { picture: string; light: string; tiles: number; gates: How };

/** What was computed of one photograph in one light, by network. */
interface Known {
  photograph: Pixels;
  light: string;
  small: Pixels;
  whole: Partial<Record<"se" | "twin", Made>>;
}

/** The network comes with the page, so nothing has to be fetched or started. */
const HERE: Starter = {
  state: { kind: "ready" },
  total: 0,
  start: async () => {},
  cancel() {},
  watch(watcher) {
    watcher({ kind: "ready" });
    return () => {};
  },
};

export function seams(root: HTMLElement, data: SeamsData, keeper: Keeper): () => void {
  const widget = new Seams(root, data, keeper);
  return () => widget.end();
}

class Seams {
  private readonly data: SeamsData;
  private readonly nets: Record<"se" | "twin", Upscaler>;
  private readonly frame: Frame<SeamsView>;
  private readonly own: OwnPicture;
  private readonly images: Map<string, HTMLImageElement>;
  private readonly picker: ReturnType<typeof pictures>;
  private readonly menus: Menus<"light" | "tiles" | "gates">;
  private readonly got: HTMLCanvasElement;
  private readonly made: HTMLCanvasElement;
  private readonly mosaic = h("div", { class: "senet-seams-gates", "aria-hidden": "true" });
  private readonly key = p("senet-legend", h("span"));
  private readonly said = p("senet-effect");
  private readonly read = new Map<string, Pixels>(); // the widget's photographs
  private readers: { pixels: Pixels; name: string } | null = null; // the reader's, while shown
  private known: Known | null = null;
  private rows: Cell[][] = [];
  private asked = 0;
  private readonly table = numbers([
    {
      what: "the tiles’ gates",
      name: () => `seams-${this.readers ? "yours" : this.frame.now.picture}`,
      grid: () => ({ caption: "The gates of every tile", rows: this.rows }),
    },
  ]);

  constructor(root: HTMLElement, data: SeamsData, keeper: Keeper) {
    this.data = data;
    const { se, twin } = data.weights;
    this.nets = {
      se: network(halves(fromBase64(se)), data.shapes, true),
      twin: network(halves(fromBase64(twin)), data.shapes, false),
    };
    this.images = new Map(data.pictures.map(({ id, url }) => [id, h("img", { src: url })]));
    this.picker = pictures(data.pictures, (picture) => {
      this.readers = null;
      this.frame.wish({ picture });
    });
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      light: ["Light", titled(data.lights)],
      tiles: ["Tiles", data.tiles.map((n) => [n, n === 1 ? "one, the whole" : `${n} × ${n}`])],
      gates: ["Gates", data.gates],
    });
    const { side } = data;
    this.got = h("canvas", { role: "img", width: side, height: side });
    this.made = h("canvas", { role: "img", width: 2 * side, height: 2 * side });
    this.own = ownPicture(
      root,
      this.live(),
      () => this.answer(),
      () => {},
    );
    this.frame = widgetFrame<SeamsView>(root, keeper, () => data, {
      body: this.layout(),
      foot: [this.table.el],
      draw: (now) => void this.answer(now),
      spoken: () => this.said.textContent!,
    });
  }

  end(): void {
    this.asked++;
    this.own.end();
    this.frame.end();
  }

  private live(): Live {
    return {
      engine: HERE,
      size: 2 * this.data.side,
      take: (square, name) => {
        this.readers = { pixels: pixelsOf(square), name };
        return 0;
      },
      hear: () => () => {}, // no other widget has this network
    };
  }

  private layout(): Node[] {
    const right = div(
      "senet-seams-side",
      h("figure", {}, this.got, h("figcaption", {}, "What the network gets")),
      h("figure", {}, this.mosaic, h("figcaption", {}, this.key)),
    );
    return [
      this.picker.el,
      div("senet-controls", ...this.menus.els),
      div(
        "senet-seams",
        h("figure", {}, this.made, h("figcaption", {}, "What it makes of it")),
        right,
      ),
      this.said,
      this.own.el,
    ];
  }

  /** Show what becomes of the picture that is chosen now. */
  private async answer(now: SeamsView = this.frame.now): Promise<void> {
    const ticket = ++this.asked;
    const { readers } = this;
    this.menus.show(now);
    this.picker.choose(readers ? "" : now.picture);
    try {
      const photograph = readers ? readers.pixels : await this.photograph(now.picture);
      if (ticket === this.asked) this.show(now, photograph);
    } catch (error) {
      if (ticket === this.asked) this.said.textContent = (error as Error).message;
    }
  }

  private async photograph(id: string): Promise<Pixels> {
    const image = this.images.get(id)!;
    const side = 2 * this.data.side;
    await image.decode();
    if (!this.read.has(id)) {
      const square = h("canvas", { width: side, height: side });
      square.getContext("2d", { willReadFrequently: true })!.drawImage(image, 0, 0);
      this.read.set(id, pixelsOf(square));
    }
    showsGiven(this.own, this.data.pictures.find((each) => each.id === id)!, side, image);
    return this.read.get(id)!;
  }

  private show(now: SeamsView, photograph: Pixels): void {
    const { colours } = this.data.lights.find(({ id }) => id === now.light)!;
    const { known: before } = this;
    const same = before?.photograph === photograph && before.light === now.light;
    const small = same ? before.small : seenIn(colours, photograph);
    const known: Known = same ? before : { photograph, light: now.light, small, whole: {} };
    this.known = known;
    const which = now.gates === "none" ? "twin" : "se";
    const net = this.nets[which];
    const whole = (known.whole[which] ??= upscaled(net, small, 1));
    const given = now.gates === "whole" ? whole.tiles[0]! : null;
    const made = now.tiles === 1 ? whole : upscaled(net, small, now.tiles, given);
    const found = seam(made.picture, whole.picture, now.tiles);
    paintBytes(this.got, bytesOf(small));
    paintBytes(this.made, bytesOf(made.picture));
    this.drawGates(made.tiles, now.tiles);
    this.say(now, found, seam(made.picture, photograph, 1).off);
  }

  /** Each tile's gates where the tile lies: the first block's above those of the second. */
  private drawGates(tiles: Float32Array[][], across: number): void {
    const some = tiles[0]!.length > 0;
    this.mosaic.style.setProperty("--across", String(across));
    matched(this.mosaic, tiles.length, () => h("div")).forEach((cell, i) => {
      const strips = matched(cell, tiles[i]!.length, () => h("span"));
      strips.forEach((strip, b) => {
        const s = tiles[i]![b]!;
        const style = bands("right", s, Array.from(s.keys()), 0, 1, ink());
        set(strip, { style, ...inked, "data-values": s.join(" ") });
      });
    });
    this.key.textContent = some
      ? "Each tile’s gates, two blocks: a band is a channel, faint at 0 and strong at 1"
      : "This network has no gates";
    const channels = some ? Array.from(tiles[0]![0]!, (_, c) => `channel ${c}`) : [];
    this.rows = [
      ["tile", ...channels],
      ...tiles.flatMap((blocks, i) =>
        blocks.map((s, b): Cell[] => [
          `row ${1 + Math.floor(i / across)}, column ${1 + (i % across)}, block ${b + 1}`,
          ...s,
        ]),
      ),
    ];
    this.table.show();
  }

  private say({ picture, light, tiles, gates }: SeamsView, found: Seam, away: number): void {
    const { data, readers } = this;
    const title = readers?.name ?? data.pictures.find(({ id }) => id === picture)!.title;
    const lit = data.lights.find(({ id }) => id === light)!.title;
    const words = `${sentence(tiles, gates, found)} What it makes is ${decimal(away, 1)} grey levels from the photograph on average.`;
    this.said.textContent = words;
    set(this.got, { "aria-label": `${title}. The light: ${lit}` });
    set(this.made, {
      "aria-label": `${title}, twice as large. ${words}`,
      "data-across": found.across,
      "data-inside": found.inside,
      "data-away": away,
    });
  }
}

function sentence(tiles: number, gates: How, { across, inside }: Seam): string {
  const count = `${tiles * tiles} tiles`;
  const what = {
    own: `${count}, each with its own gates`,
    whole: `${count}, all with the whole picture’s gates`,
    none: `${count}, by a network without SE`,
  }[gates];
  if (tiles === 1) return "One tile, which is the whole picture: nothing meets.";
  return `${what}: where they meet, the difference from the whole jumps by ${decimal(across, 2)} grey levels, elsewhere by ${decimal(inside, 2)}.`;
}

function pixelsOf(square: HTMLCanvasElement): Pixels {
  const values = planes(square).map((value) => value / 255);
  return { values, width: square.width, height: square.height };
}

/** Beyond 0 and 1 cut off, as a screen does. */
function bytesOf({ values }: Pixels): Uint8ClampedArray {
  return Uint8ClampedArray.from(values, (value) => 255 * value);
}
