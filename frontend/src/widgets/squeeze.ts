// "Squeeze": an object on a picture, to be moved; the maps of a network's first SE block, computed
// as it moves; and one number of each.

import { decimal, signed } from "../math/format.ts";
import { forward, type Layer, laid, normalised, order, squeezed } from "../math/forward.ts";
import { fromBase64, type Packed, unpack } from "../math/packed.ts";
import { choice, h, matched, set, svg, symbol } from "../parts/dom.ts";
import { widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { arrows, paint, paintBytes, pressed } from "../parts/maps.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

interface Piece {
  id: string;
  title: string;
  /** Bytes in base64: a ground has (3, size, size), an object (4, size, size). */
  pixels: string;
}

export interface SqueezeData {
  network: string;
  block: string;
  size: number;
  /** How far an object goes each way, in pixels. */
  reach: number;
  mean: number[];
  std: number[];
  layers: { weights: Packed; bias: Packed; relu: boolean }[];
  grounds: Piece[];
  objects: Piece[];
}

const POOLS: Record<string, string> = { avg: "mean", max: "maximum" };

type SqueezeView = {
  object: string;
  ground: string;
  right: number;
  down: number;
  pool: "avg" | "max";
  channel: number;
  shuffled: boolean;
};

export function squeeze(root: HTMLElement, data: SqueezeData, keeper: Keeper): () => void {
  const { size, reach } = data;
  const pixels = size * size;
  const layers: Layer[] = data.layers.map(({ weights, bias, relu }) => ({
    weights: unpack(weights),
    bias: unpack(bias),
    relu,
  }));
  const channels = layers[layers.length - 1]!.bias.length;
  const bytes = new Map(
    [...data.grounds, ...data.objects].map(({ id, pixels }) => [id, fromBase64(pixels)]),
  );
  const mixed = order(pixels);
  let middle = { key: "", maps: new Float32Array() as Float32Array, far: 1 };
  let words = "";

  const options = (pieces: { id: string; title: string }[]) =>
    pieces.map(({ id, title }) => h("option", { value: id }, title));
  const object = choice("Object", (value) => frame.wish({ object: value }));
  object.select.append(...options(data.objects));
  const ground = choice("on", (value) => frame.wish({ ground: value }));
  ground.select.append(...options(data.grounds));
  const pool = choice("Squeeze by", (value) => frame.wish({ pool: value }));
  pool.select.append(
    ...options([
      { id: "avg", title: "average" },
      { id: "max", title: "maximum" },
    ]),
  );
  const button = (name: string, act: () => void) =>
    h("button", { type: "button", onclick: act }, name);
  const shuffle = button("Shuffle each map", () => frame.wish({ shuffled: !frame.now.shuffled }));
  const back = button("To the middle", () => frame.wish({ right: 0, down: 0 }));

  const canvas = h("canvas", { role: "img", width: size, height: size });
  const place = h(
    "div",
    { class: "senet-place senet-grab", tabindex: 0, role: "application", "data-control": "object" },
    canvas,
  );
  let grip = [0, 0]; // where the hand is on the object, so that it does not jump
  pressed(place, (x, y, first) => {
    const [column, row] = [Math.floor(x * size), Math.floor(y * size)];
    if (first) grip = [column - frame.now.right, row - frame.now.down];
    else put(column - grip[0]!, row - grip[1]!);
  });
  arrows(place, (rows, columns) => put(frame.now.right + columns, frame.now.down + rows));

  const large = h("canvas", { role: "img", width: size, height: size });
  const most = h("span", { class: "senet-window", "aria-hidden": "true" });
  const mapName = h("figcaption");
  const made = h("p", { class: "senet-made" });
  const moved = h("p", { class: "senet-effect" });
  const tiles = h("div", { class: "senet-squeezed", onclick: pointed });
  const look = choice("Channel", (channel) => frame.wish({ channel }));
  look.select.append(
    ...Array.from({ length: channels }, (_, c) => h("option", { value: c }, String(c))),
  );

  let rows: Cell[][] = [];
  const table = numbers([
    {
      what: "the squeezes",
      name: () => `squeeze-${frame.now.object}-${frame.now.right}-${frame.now.down}`,
      grid: () => ({ caption: "What is left of each map", rows }),
    },
  ]);

  const frame = widgetFrame<SqueezeView>(root, keeper, () => data, {
    body: [
      h("div", { class: "senet-controls" }, object.el, ground.el, pool.el, look.el),
      h(
        "div",
        { class: "senet-squeeze-row" },
        h("figure", {}, place, h("figcaption", {}, "Drag the object, or use the arrow keys")),
        h(
          "figure",
          { "data-symbol": "u" },
          h("div", { class: "senet-place" }, large, most),
          mapName,
        ),
        h(
          "div",
          { class: "senet-squeeze-said" },
          made,
          moved,
          h("span", { class: "senet-hand-buttons" }, back, shuffle),
        ),
      ),
      h(
        "p",
        { class: "senet-legend" },
        h(
          "span",
          {},
          "All maps ",
          symbol("u"),
          ", and what is left of each: ",
          symbol("z"),
          ". A line across shows where it was with the object in the middle. Tap one.",
        ),
      ),
      tiles,
      h(
        "p",
        { class: "senet-about" },
        `${data.network}, block ${data.block}: its maps are computed here, by its own first three convolutions, whenever something moves. Orange is below zero, violet above.`,
      ),
    ],
    foot: [table.el],
    draw,
    spoken: () => words,
  });
  return frame.end;

  function put(right: number, down: number): void {
    const within = (value: number) => Math.max(-reach, Math.min(reach, value));
    frame.wish({ right: within(right), down: within(down) });
  }

  function picture(now: SqueezeView, right: number, down: number): Uint8Array<ArrayBuffer> {
    return laid(bytes.get(now.ground)!, bytes.get(now.object)!, size, right, down);
  }

  function maps(shown: Uint8Array): Float32Array {
    return layers.reduce(
      (input, layer) => forward(input, size, layer),
      normalised(shown, data.mean, data.std),
    );
  }

  function draw(now: SqueezeView): void {
    const key = `${now.object} ${now.ground}`;
    if (middle.key !== key) {
      const u = maps(picture(now, 0, 0));
      middle = { key, maps: u, far: u.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
    }
    const shown = picture(now, now.right, now.down);
    const u = maps(shown);
    if (now.shuffled) mix(u);
    const [z, before] = [squeezed(u, pixels, now.pool), squeezed(middle.maps, pixels, now.pool)];
    const c = now.channel;
    const map = u.subarray(c * pixels, (c + 1) * pixels);
    const far = map.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const word = POOLS[now.pool]!;

    for (const [select, name] of [
      [object, "object"],
      [ground, "ground"],
      [pool, "pool"],
      [look, "channel"],
    ] as const)
      select.select.value = String(now[name]);
    set(shuffle, { "aria-pressed": String(now.shuffled) });
    back.disabled = now.right === 0 && now.down === 0;
    paintBytes(canvas, shown);
    const title = data.objects.find(({ id }) => id === now.object)!.title;
    const at = whereabouts(now.right, now.down);
    set(canvas, {
      "aria-label": `${title} on ${data.grounds.find(({ id }) => id === now.ground)!.title}, ${at}`,
    });
    set(place, {
      "aria-label": `Move ${title}: it is ${at}. Arrow keys move it, with Shift eight pixels at a time.`,
      "data-right": now.right,
      "data-down": now.down,
    });

    paint(large, map, far);
    mapName.replaceChildren(symbol("u"), ` of channel ${c}${now.shuffled ? ", shuffled" : ""}`);
    set(large, {
      "aria-label": `Map of channel ${c}, from ${decimal(Math.min(...map), 2)} to ${decimal(far, 2)}`,
    });
    const top = map.indexOf(z[c]!);
    most.hidden = now.pool !== "max";
    most.style.cssText = `left:${(100 * (top % size)) / size}%;top:${(100 * Math.floor(top / size)) / size}%;width:${100 / size}%;height:${100 / size}%`;

    const sum = map.reduce((a, b) => a + b, 0);
    const from =
      now.pool === "avg"
        ? [`(sum of ${pixels} pixels) / ${pixels}`, `${decimal(sum, 1)} / ${pixels}`]
        : [`largest of ${pixels} pixels`];
    made.replaceChildren(
      symbol("z"),
      h("sub", {}, String(c)),
      ` = ${from.join(" = ")} = `,
      h("b", {}, decimal(z[c]!)),
    );
    const change =
      map.reduce((a, value, i) => a + Math.abs(value - middle.maps[c * pixels + i]!), 0) / pixels;
    const still = now.right === 0 && now.down === 0 && !now.shuffled;
    moved.textContent = still
      ? `The object is in the middle. Move it: how far will the ${word} go?`
      : `Against the object in the middle, a pixel of this map changed by ${decimal(change)} on average; its ${word} by ${signed(z[c]! - before[c]!)}.`;
    words = `${title}, ${at}. Channel ${c}: ${word} ${decimal(z[c]!)}. ${still ? "" : moved.textContent}`;

    rows = [
      ["channel", word, `${word}, object in the middle`, "change"],
      ...Array.from(z, (value, k) => [k, value, before[k]!, value - before[k]!]),
    ];
    table.show();
    const reachOf = 1.15 * Math.max(...before.map(Math.abs), 0.1);
    matched(tiles, channels, tile).forEach((el, k) => {
      const [tiny, bars, number] = el.children as unknown as [
        HTMLCanvasElement,
        SVGElement,
        HTMLElement,
      ];
      paint(tiny, u.subarray(k * pixels, (k + 1) * pixels), middle.far);
      const height = (value: number) => 20 - 19 * Math.max(-1, Math.min(1, value / reachOf));
      const [rect, zero, line] = bars.children as unknown as SVGElement[];
      const end = height(z[k]!);
      set(rect!, { y: Math.min(20, end), height: Math.max(0.75, Math.abs(end - 20)) });
      set(zero!, { y1: 20, y2: 20 });
      set(line!, { y1: height(before[k]!), y2: height(before[k]!) });
      number.textContent = decimal(z[k]!, 2);
      set(el, {
        "data-channel": k,
        "data-value": z[k]!,
        "data-before": before[k]!,
        "data-chosen": k === c,
        title: `Channel ${k}`,
      });
    });
  }

  function tile(): HTMLElement {
    const line = (kind: string) => svg("line", { x1: 0, x2: 40, class: kind });
    const bars = svg(
      "svg",
      {
        viewBox: "0 0 40 40",
        preserveAspectRatio: "none",
        "aria-hidden": "true",
        "data-symbol": "z",
      },
      svg("rect", { x: 8, width: 24 }),
      line("senet-zero"),
      line("senet-before"),
    );
    return h(
      "div",
      {},
      h("canvas", { width: size, height: size, "aria-hidden": "true" }),
      bars,
      h("span"),
    );
  }

  /** The same values in another order, in every map. */
  function mix(u: Float32Array): void {
    for (let c = 0; c < channels; c++) {
      const map = u.slice(c * pixels, (c + 1) * pixels);
      for (let i = 0; i < pixels; i++) u[c * pixels + i] = map[mixed[i]!]!;
    }
  }

  function pointed(event: MouseEvent): void {
    const tile = (event.target as Element).closest<HTMLElement>("[data-channel]");
    if (tile) frame.wish({ channel: tile.dataset.channel! });
  }
}

function whereabouts(right: number, down: number): string {
  if (right === 0 && down === 0) return "in the middle";
  const side = right === 0 ? "" : `${Math.abs(right)} ${right > 0 ? "right" : "left"}`;
  const level = down === 0 ? "" : `${Math.abs(down)} ${down > 0 ? "below" : "above"}`;
  return `${[side, level].filter(Boolean).join(" and ")} of the middle`;
}
