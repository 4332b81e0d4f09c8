// "Rescale": all maps of a block after their gates, and one channel large: before, after, and the
// sum with the shortcut.

import { changes, written } from "../math/excite.ts";
import { decimal } from "../math/format.ts";
import { type Packed, unpack } from "../math/packed.ts";
import { button, div, h, matched, p, set, span, symbol } from "../parts/dom.ts";
import { type Frame, pictures, type Shown, slider, widgetFrame } from "../parts/frame.ts";
import { type Grid, numbers } from "../parts/grid.ts";
import { paint } from "../parts/maps.ts";
import { type Menus, menus, numbered } from "../parts/menus.ts";
import type { Keeper } from "../state/keeper.ts";

export interface RescaleData {
  network: string;
  block: string;
  pictures: Shown[];
  /** H, W. */
  size: [number, number];
  /** (pictures, C). */
  s: number[][];
  /** One per picture, (C, H, W), with 8 bits a value. */
  u: Packed[];
  shortcut: Packed[];
}

type RescaleView = {
  picture: string;
  channel: number;
  /** As math/excite.ts writes them. */
  gates: string;
};

const STAGES = {
  u: "before: u",
  product: "after: x\u0303 = s · u",
  shortcut: "shortcut",
  sum: "ReLU(x\u0303 + shortcut)",
};

export function rescale(root: HTMLElement, data: RescaleData, keeper: Keeper): () => void {
  return new Rescale(root, data, keeper).frame.end;
}

/** The chosen picture's maps and gates. */
interface Here {
  u: Float32Array;
  shortcut: Float32Array;
  /** Where the maps' colours are full. */
  far: number;
  /** The block's own gates, those that the reader set, and both together. */
  own: number[];
  set: Map<number, number>;
  s: number[];
}

class Rescale {
  readonly frame: Frame<RescaleView>;
  private readonly data: RescaleData;
  private readonly channels: number;
  private readonly pixels: number;
  private readonly unpacked = new Map<Packed, Float32Array>();
  // ---- what it consists of
  private readonly gallery: ReturnType<typeof pictures>;
  private readonly menus: Menus<"channel">;
  private readonly gate = slider(0, 1, 0.01, (value) => this.put(value));
  private readonly large: HTMLCanvasElement[];
  private readonly tiles = h("div", {
    class: "senet-tiles",
    onclick: (event: MouseEvent) => {
      const tile = (event.target as Element).closest<HTMLElement>("[data-channel]");
      if (tile) this.frame.wish({ channel: tile.dataset.channel });
    },
  });
  private readonly effect = p("senet-effect");
  private readonly table = numbers([
    {
      what: "the channels",
      name: () => `rescale-${this.frame.now.picture}`,
      grid: () => this.grid(),
    },
  ]);

  constructor(root: HTMLElement, data: RescaleData, keeper: Keeper) {
    this.data = data;
    const [height, width] = data.size;
    this.channels = data.s[0]!.length;
    this.pixels = height * width;
    this.gallery = pictures(data.pictures, (picture) => this.frame.wish({ picture, gates: "" }));
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      channel: ["Channel", numbered(this.channels)],
    });
    this.large = Object.keys(STAGES).map((stage) =>
      h("canvas", { role: "img", width, height, "data-stage": stage }),
    );
    this.frame = widgetFrame<RescaleView>(root, keeper, () => data, {
      body: this.layout(),
      foot: [this.table.el],
      draw: (now) => this.draw(now),
      spoken: () => this.effect.textContent!,
    });
  }

  private layout(): Node[] {
    const { network, block } = this.data;
    const presets = [
      button("Off", () => this.put(0)),
      button("Wide open", () => this.put(1)),
      button("The block’s own", () => this.put(null)),
    ];
    const stages = Object.values(STAGES).map((words, i) =>
      h("figure", {}, this.large[i]!, h("figcaption", {}, words)),
    );
    return [
      this.gallery.el,
      div("senet-controls", ...this.menus.els, this.gate.el, span("senet-actions", ...presets)),
      div("senet-stages", ...stages),
      this.effect,
      p("senet-legend", "All channels after their gates, and the gates below. Tap one."),
      this.tiles,
      p(
        "senet-about",
        `${network}, block ${block}. Orange is below zero, violet above, and all maps share one scale. Maps are stored in 256 steps; gates are exact.`,
      ),
    ];
  }

  /** null gives the gate back to the block. */
  private put(value: number | null): void {
    const { channel, gates } = this.frame.now;
    const set = changes(gates, this.channels, 0, 1);
    if (value === null) set.delete(channel);
    else set.set(channel, value);
    this.frame.wish({ gates: written(set) });
  }

  private maps(packed: Packed): Float32Array {
    if (!this.unpacked.has(packed)) this.unpacked.set(packed, unpack(packed));
    return this.unpacked.get(packed)!;
  }

  private here({ picture, gates }: RescaleView): Here {
    const index = this.data.pictures.findIndex(({ id }) => id === picture);
    const [u, shortcut] = [this.data.u[index]!, this.data.shortcut[index]!];
    const most = (packed: Packed) => ("low" in packed ? Math.max(-packed.low, packed.high) : 1);
    const [own, set] = [this.data.s[index]!, changes(gates, this.channels, 0, 1)];
    return {
      u: this.maps(u),
      shortcut: this.maps(shortcut),
      far: Math.max(most(u), most(shortcut)),
      own,
      set,
      s: own.map((value, c) => set.get(c) ?? value),
    };
  }

  /** Channel `c` of maps (C, H, W). */
  private channel(maps: Float32Array, c: number): Float32Array {
    return maps.subarray(c * this.pixels, (c + 1) * this.pixels);
  }

  private draw(now: RescaleView): void {
    const here = this.here(now);
    const { s, own, set } = here;
    const c = now.channel;
    this.drawLarge(here, c);
    this.drawTiles(here, c);
    this.gallery.choose(now.picture);
    this.menus.show(now);
    this.gate.name.replaceChildren("gate ", symbol("s"), ` of channel ${c}`);
    this.gate.input.value = String(s[c]);
    this.gate.value.textContent = decimal(s[c]!);
    const changed = [...set.keys()].filter((k) => s[k] !== own[k]).length;
    const whose = set.has(c)
      ? `; the block’s own gate is ${decimal(own[c]!)}`
      : ", the block’s own gate";
    const changes =
      changed === 0
        ? "You have not changed any gate."
        : `You have changed ${changed} of ${this.channels} gates.`;
    this.effect.textContent = `Every pixel of channel ${c} is multiplied by ${decimal(s[c]!)}${whose}. ${changes}`;
    this.table.show();
  }

  private drawLarge({ u, shortcut, s, far }: Here, c: number): void {
    const before = this.channel(u, c);
    const product = before.map((value) => value * s[c]!);
    const added = this.channel(shortcut, c);
    const sum = product.map((value, i) => Math.max(0, value + added[i]!));
    Object.entries({ u: before, product, shortcut: added, sum }).forEach(([stage, values], i) => {
      const mean = values.reduce((a, b) => a + b, 0) / this.pixels;
      const [low, high] = [decimal(Math.min(...values), 2), decimal(Math.max(...values), 2)];
      const words = STAGES[stage as keyof typeof STAGES];
      const label = `${words} of channel ${c}: mean ${decimal(mean)}, from ${low} to ${high}`;
      paint(this.large[i]!, values, far);
      set(this.large[i]!, { "data-mean": mean, "aria-label": label });
    });
  }

  private drawTiles({ u, s, set: mine, far }: Here, c: number): void {
    const [height, width] = this.data.size;
    const tile = () =>
      h("div", {}, h("canvas", { width, height, "aria-hidden": "true" }), h("span"));
    matched(this.tiles, this.channels, tile).forEach((tile, k) => {
      const after = this.channel(u, k).map((value) => value * s[k]!);
      paint(tile.firstElementChild as HTMLCanvasElement, after, far);
      tile.lastElementChild!.textContent = decimal(s[k]!, 2);
      set(tile, {
        "data-channel": k,
        "data-value": s[k]!,
        "data-chosen": k === c,
        "data-changed": mine.has(k),
      });
    });
  }

  /** Means of the maps before and after the gate: the second is the first times s. */
  private grid(): Grid {
    const { u, own, s } = this.here(this.frame.now);
    const rows = own.map((kept, c) => {
      const mean = this.channel(u, c).reduce((a, b) => a + b, 0) / this.pixels;
      return [c, s[c]!, kept, mean, mean * s[c]!];
    });
    const heads = ["channel", "gate s", "the block’s own s", "mean before", "mean after"];
    return { caption: "Every channel", rows: [heads, ...rows] };
  }
}
