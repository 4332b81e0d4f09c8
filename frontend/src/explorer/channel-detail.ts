// One channel, everywhere: its map before the gate, its mean z, its way through both layers, its
// gate s, and its map after it.

import { decimal, signed } from "../math/format.ts";
import { type Way, way } from "../network/excitation-weights.ts";
import type { BlockInfo, Layers, Maps } from "../network/network.ts";
import { h, matched, say, set, symbol } from "../parts/dom.ts";
import { paint } from "../parts/maps.ts";

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
  const title = h("p", { class: "senet-detail-title" });
  const [before, after] = [map("u", "before"), map("x", "after")];
  const note = h("p", { class: "senet-map-note" });
  const z = h("p", { class: "senet-z-line" });
  const s = h("p", { class: "senet-s-line" });
  const body = h("tbody");
  const heads: (string | Node)[][] = [
    ["hidden unit"],
    ["W", h("sub", {}, "1"), symbol("z")],
    ["after ReLU"],
    ["W", h("sub", {}, "2"), " adds"],
  ];
  const table = h(
    "table",
    {},
    h("caption", {}, "Through the two layers"),
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, ...head)))),
    body,
  );
  const region = h(
    "div",
    { role: "group", tabindex: 0, "aria-label": "Through the two layers" },
    table,
  );
  const tables = h("div", { class: "senet-tables" }, region);
  const none = h(
    "p",
    {},
    "Choose a channel, in a chart or in the ribbon: here you see its map, its squeeze, its way through both layers, its gate, and the map behind the gate.",
  );
  const inside = h(
    "div",
    { class: "senet-through" },
    before.el,
    h("div", { class: "senet-sums" }, z, tables, s),
    after.el,
    note,
  );
  const el = h(
    "div",
    { class: "senet-detail", role: "group", "aria-label": "The chosen channel" },
    title,
    none,
    inside,
    ...more,
  );
  let now: Looked | null = null;
  let found: Way | null = null;
  let known: Layers | null = null;
  let asleep = "";

  function map(letter: "u" | "x", when: string) {
    const canvas = h("canvas", { role: "img", "data-map": letter });
    const caption = h("figcaption", {}, symbol(letter), ` ${when} the gate`);
    return { canvas, el: h("figure", { class: "senet-map" }, canvas, caption), when };
  }

  function fill(): void {
    const { channel, z: squeezed, s: gates, set: pulled } = now!;
    if (channel === null) return;
    z.replaceChildren(
      "squeeze: ",
      symbol("z"),
      ` = ${decimal(squeezed[channel]!)}, the mean of the map`,
    );
    found = known ? way(known, squeezed, channel) : null;
    tables.hidden = !found;
    const kept = found ? [`, from σ(${decimal(found.sum)}) = ${decimal(found.s)}`] : [];
    const words =
      pulled === null
        ? kept
        : [
            ", set by hand",
            ...(found
              ? [`; by itself it would be σ(${decimal(found.sum)}) = ${decimal(found.s)}`]
              : []),
          ];
    s.replaceChildren("excitation: ", symbol("s"), ` = ${decimal(gates[channel]!)}`, ...words);
    Object.assign(s.dataset, { own: found ? String(found.s) : "" });
    if (!found) return;
    const { given, hidden, added } = found;
    const longest = Math.max(...added.map(Math.abs), 1e-9);
    matched(body, hidden.length, unit).forEach((row, j) => {
      const cells = [...row.children] as HTMLElement[];
      [String(j), signed(given[j]!), decimal(hidden[j]!), signed(added[j]!)].forEach((text, i) =>
        say(cells[i]!, text),
      );
      cells[3]!.style.setProperty("--share", `${(100 * Math.abs(added[j]!)) / longest}%`);
      Object.assign(row.dataset, { unit: j, given: given[j], hidden: hidden[j], added: added[j] });
    });
    const off = hidden.filter((value) => value === 0).length;
    asleep =
      off === 0
        ? "All hidden units are awake."
        : `${off} of ${hidden.length} hidden units are asleep.`;
  }

  return {
    el,
    show(looked) {
      const other = now?.block !== looked.block;
      const moved = other || now?.channel !== looked.channel;
      now = looked;
      if (other) known = null;
      const chosen = looked.channel !== null;
      none.hidden = chosen;
      inside.hidden = !chosen;
      title.textContent = chosen
        ? `Channel ${looked.channel} of ${looked.block.title}`
        : "One channel, everywhere";
      set(el, { "data-block": looked.block.name, "data-channel": looked.channel });
      if (moved)
        for (const { canvas } of [before, after])
          canvas.getContext("2d")!.clearRect(0, 0, canvas.width, canvas.height);
      fill();
    },
    layers(layers) {
      known = layers instanceof Error ? null : layers;
      fill();
      if (layers === null) s.append(". This block’s excitation is not two layers and a sigmoid.");
      if (layers instanceof Error) s.append(`. Its weights did not load: ${layers.message}`);
    },
    maps(maps) {
      const there = typeof maps !== "string";
      note.textContent = there
        ? `${maps.height} × ${maps.width} values each, on one scale: orange below zero, violet above.`
        : maps;
      for (const { el } of [before, after]) el.hidden = !there;
      if (!there) return;
      const far = Math.max(1e-9, ...[...maps.u, ...maps.x].map(Math.abs));
      for (const [{ canvas, when }, values] of [
        [before, maps.u],
        [after, maps.x],
      ] as const) {
        set(canvas, { width: maps.width, height: maps.height });
        paint(canvas, values, far);
        const mean = values.reduce((a, b) => a + b, 0) / values.length;
        set(canvas, {
          "data-mean": mean,
          "data-least": Math.min(...values),
          "data-most": Math.max(...values),
          "aria-label": `Map of channel ${now!.channel} ${when} the gate: mean ${decimal(mean)}, from ${decimal(Math.min(...values), 2)} to ${decimal(Math.max(...values), 2)}`,
        });
      }
    },
    way: () => (now?.channel === null ? null : found),
    words: () =>
      now && now.channel !== null
        ? `${title.textContent}: ${z.textContent}; ${s.textContent}. ${found ? asleep : ""}`
        : "",
  };
}

function unit(): HTMLTableRowElement {
  return h("tr", {}, h("th", { scope: "row" }), h("td"), h("td"), h("td", { class: "senet-adds" }));
}
