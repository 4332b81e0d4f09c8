// "Rescale": all maps of a block after their gates, and one channel large: before, after, and the
// sum with the shortcut.

import { changes, written } from "../math/excite.ts";
import { decimal } from "../math/format.ts";
import { type Packed, unpack } from "../math/packed.ts";
import { choice, h, matched, set, symbol } from "../parts/dom.ts";
import { pictures, type Shown, slider, widgetFrame } from "../parts/frame.ts";
import { type Grid, numbers } from "../parts/grid.ts";
import { paint } from "../parts/maps.ts";
import type { Keeper } from "../state/keeper.ts";

export interface RescaleData {
  network: string;
  block: string;
  pictures: Shown[];
  /** H, W. */
  size: [number, number];
  /** (pictures, C). */
  s: number[][];
  /** One a picture, (C, H, W), with 8 bits a value. */
  u: Packed[];
  shortcut: Packed[];
}

const STAGES = ["u", "product", "shortcut", "sum"] as const;
const STAGE_WORDS = ["before: u", "after: x\u0303 = s · u", "shortcut", "ReLU(x\u0303 + shortcut)"];

type RescaleView = {
  picture: string;
  channel: number;
  /** As math/excite.ts writes them. */
  gates: string;
};

export function rescale(root: HTMLElement, data: RescaleData, keeper: Keeper): () => void {
  const channels = data.s[0]!.length;
  const [height, width] = data.size;
  const pixels = height * width;
  const unpacked = new Map<Packed, Float32Array>();
  let words = "";

  const gallery = pictures(data.pictures, (picture) => frame.wish({ picture, gates: "" }));
  const look = choice("Channel", (channel) => frame.wish({ channel }));
  look.select.append(
    ...Array.from({ length: channels }, (_, c) => h("option", { value: c }, String(c))),
  );
  const gate = slider(0, 1, 0.01, (value) => put(value));
  const button = (name: string, act: () => void) =>
    h("button", { type: "button", onclick: act }, name);
  const presets = h(
    "span",
    { class: "senet-actions" },
    button("Off", () => put(0)),
    button("Wide open", () => put(1)),
    button("The block’s own", () => put(null)),
  );
  const large = STAGES.map((stage, i) => {
    const canvas = h("canvas", { role: "img", width, height, "data-stage": stage });
    return { canvas, el: h("figure", {}, canvas, h("figcaption", {}, STAGE_WORDS[i]!)) };
  });
  const tiles = h("div", { class: "senet-tiles", onclick: pointed });
  const effect = h("p", { class: "senet-effect" });
  const about = h(
    "p",
    { class: "senet-about" },
    `${data.network}, block ${data.block}. Orange is below zero, violet above, and all maps share one scale. Maps are stored in 256 steps; gates are exact.`,
  );

  const table = numbers([
    { what: "the channels", name: () => `rescale-${frame.now.picture}`, grid },
  ]);

  const frame = widgetFrame<RescaleView>(root, keeper, () => data, {
    body: [
      gallery.el,
      h("div", { class: "senet-controls" }, look.el, gate.el, presets),
      h("div", { class: "senet-stages" }, ...large.map(({ el }) => el)),
      effect,
      h(
        "p",
        { class: "senet-legend" },
        "All channels after their gates, and the gates below. Tap one.",
      ),
      tiles,
      about,
    ],
    foot: [table.el],
    draw,
    spoken: () => words,
  });
  return frame.end;

  /** null gives the gate back to the block. */
  function put(value: number | null): void {
    const set = changes(frame.now.gates, channels, 0, 1);
    if (value === null) set.delete(frame.now.channel);
    else set.set(frame.now.channel, value);
    frame.wish({ gates: written(set) });
  }

  function maps(packed: Packed): Float32Array {
    if (!unpacked.has(packed)) unpacked.set(packed, unpack(packed));
    return unpacked.get(packed)!;
  }

  function draw(now: RescaleView): void {
    const index = data.pictures.findIndex(({ id }) => id === now.picture);
    const mine = changes(now.gates, channels, 0, 1);
    const s = data.s[index]!.map((value, c) => mine.get(c) ?? value);
    const c = now.channel;
    const [u, shortcut] = [maps(data.u[index]!), maps(data.shortcut[index]!)];
    const far = Math.max(
      ...[data.u[index]!, data.shortcut[index]!].map((p) =>
        "low" in p ? Math.max(-p.low, p.high) : 1,
      ),
    );
    const before = u.subarray(c * pixels, (c + 1) * pixels);
    const product = before.map((value) => value * s[c]!);
    const added = shortcut.subarray(c * pixels, (c + 1) * pixels);
    const summed = product.map((value, i) => Math.max(0, value + added[i]!));
    [before, product, added, summed].forEach((values, i) => {
      const mean = values.reduce((a, b) => a + b, 0) / pixels;
      paint(large[i]!.canvas, values, far);
      set(large[i]!.canvas, {
        "data-mean": mean,
        "aria-label": `${STAGE_WORDS[i]!} of channel ${c}: mean ${decimal(mean)}, from ${decimal(Math.min(...values), 2)} to ${decimal(Math.max(...values), 2)}`,
      });
    });
    matched(tiles, channels, () =>
      h("div", {}, h("canvas", { width, height, "aria-hidden": "true" }), h("span")),
    ).forEach((tile, k) => {
      paint(
        tile.firstElementChild as HTMLCanvasElement,
        u.subarray(k * pixels, (k + 1) * pixels).map((value) => value * s[k]!),
        far,
      );
      tile.lastElementChild!.textContent = decimal(s[k]!, 2);
      set(tile, {
        "data-channel": k,
        "data-value": s[k]!,
        "data-chosen": k === c,
        "data-changed": mine.has(k),
      });
    });
    gallery.choose(now.picture);
    look.select.value = String(now.channel);
    gate.name.replaceChildren("gate ", symbol("s"), ` of channel ${c}`);
    [gate.input.value, gate.value.textContent] = [String(s[c]), decimal(s[c]!)];
    const others = [...mine.keys()].filter((k) => s[k] !== data.s[index]![k]);
    effect.textContent = `Every pixel of channel ${c} is multiplied by ${decimal(s[c]!)}${mine.has(c) ? `; the block’s own gate is ${decimal(data.s[index]![c]!)}` : ", the block’s own gate"}. ${channels - others.length} of ${channels} channels are as the block left them.`;
    words = effect.textContent;
    table.show();
  }

  /** Means of the maps before and after the gate: the second is the first times s. */
  function grid(): Grid {
    const index = data.pictures.findIndex(({ id }) => id === frame.now.picture);
    const [mine, u] = [changes(frame.now.gates, channels, 0, 1), maps(data.u[index]!)];
    const rows = data.s[index]!.map((kept, c) => {
      const [mean, s] = [
        u.subarray(c * pixels, (c + 1) * pixels).reduce((a, b) => a + b, 0) / pixels,
        mine.get(c) ?? kept,
      ];
      return [c, s, kept, mean, mean * s];
    });
    return {
      caption: "Every channel",
      rows: [["channel", "gate s", "the block’s own s", "mean before", "mean after"], ...rows],
    };
  }

  function pointed(event: MouseEvent): void {
    const tile = (event.target as Element).closest<HTMLElement>("[data-channel]");
    if (tile) frame.wish({ channel: tile.dataset.channel! });
  }
}
