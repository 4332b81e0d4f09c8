// "Class by class": mean excitations of a few classes in one block, and below, a number for every
// block.
//
//   network ──its arrays, fetched once──▶ classes, block ──▶ upper chart ──channel──▶ readout
//                                     └─▶ measure ─────────▶ lower chart ──click──▶ block

import * as Plot from "@observablehq/plot";
import { decimal, percent } from "../math/format.ts";
import { type Packed, unpack } from "../math/packed.ts";
import { rows as cut } from "../network/gallery.ts";
import { chips, LOOKS } from "../parts/chips.ts";
import { choice, h } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { type Grid, grids } from "../parts/grid.ts";
import { type Drawn, plotFrame } from "../parts/plot-frame.ts";
import { type Cell, saver } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

type Estimate = [value: number, low: number, high: number];

interface Block {
  name: string;
  title: string;
  channels: number;
  specificity: Estimate;
  closed: Estimate | null;
  open: Estimate | null;
  still: Estimate | null;
  probe: Estimate | null;
}

interface Network {
  title: string;
  classes: string[];
  /** Shown at the start. */
  first: string[];
  pictures: number;
  blocks: Block[];
}

/** One a block: (K, C) and (C,). */
export interface Arrays {
  means: Packed[];
  specificity: Packed[];
}

export interface ProfilesData {
  networks: Record<string, Network>;
  /** Those at hand; the others are fetched. */
  arrays: Record<string, Arrays>;
}

const MOST = 6;
const ORDERS = { index: "number", mean: "mean over all classes", specificity: "class-specificity" };
const MARKS = { lines: "lines", dots: "dots" };
const SCALES = { fitted: "as far as the means go", full: "from 0 to 1" };
const MEASURES = {
  specificity: "class-specificity: share of variance between classes",
  probe: "classes read from the gates by a linear classifier",
  closed: "gates closed: below 0.05",
  open: "gates open: from 0.95 up",
  still: "gates still: within 0.05 of their mean",
};
type Measure = keyof typeof MEASURES;
const CHARTS = {
  style: {
    background: "transparent",
    color: "currentColor",
    fontSize: "12px",
    overflow: "visible",
  },
  marginLeft: 46,
  marginRight: 12,
  marginTop: 28,
};

type ProfilesView = {
  network: string;
  block: string;
  classes: string[];
  order: keyof typeof ORDERS;
  marks: keyof typeof MARKS;
  scale: keyof typeof SCALES;
  measure: Measure;
  channel: number | null;
};

/** @param fetch the arrays of a network that are not at hand */
export function profiles(
  root: HTMLElement,
  data: ProfilesData,
  keeper: Keeper,
  fetch: (name: string) => Promise<Arrays>,
): () => void {
  const networks = Object.keys(data.networks);
  const arrays = { ...data.arrays };
  let words = "";
  let over = false;

  const options = (of: Record<string, string>) =>
    Object.entries(of).map(([value, text]) => h("option", { value }, text));
  const network = choice("Network", (value) => frame.wish({ network: value }));
  network.select.append(
    ...networks.map((name) => h("option", { value: name }, data.networks[name]!.title)),
  );
  const classes = chips("Classes", "Add a class", MOST, true, (names) =>
    frame.wish({ classes: names }),
  );
  const block = choice("Block", (value) => frame.wish({ block: value }));
  const order = choice("Order channels by", (value) => frame.wish({ order: value }));
  order.select.append(...options(ORDERS));
  const marks = choice("Draw", (value) => frame.wish({ marks: value }));
  marks.select.append(...options(MARKS));
  const scale = choice("Scale", (value) => frame.wish({ scale: value }));
  scale.select.append(...options(SCALES));
  const measure = choice("By depth", (value) => frame.wish({ measure: value }));
  measure.select.append(...options(MEASURES));
  const upper = plotFrame("Channels of the block", (place) =>
    frame.wish({ channel: place === null ? null : ordered(frame.now)[place] }),
  );
  const lower = plotFrame(
    "Blocks by depth",
    (place) => frame.wish({ block: about(frame.now).blocks[place!]!.name }),
    false,
  );
  const problem = h("p", { class: "senet-problem", role: "alert" });
  const numbers = grids();
  const source = h("p", { class: "senet-about" });
  const name = (what: string) => `${frame.now.network}-${what}`;

  const frame: Frame<ProfilesView> = widgetFrame(root, keeper, () => data, {
    body: [
      h("div", { class: "senet-controls" }, network.el, block.el, order.el, marks.el, scale.el),
      classes.el,
      upper.el,
      saver("the class means", {
        name: () => name(frame.now.block),
        svg: upper.svg,
        rows: () => channelRows(frame.now),
      }),
      problem,
      h("div", { class: "senet-controls" }, measure.el),
      lower.el,
      saver("the curve by depth", {
        name: () => name(frame.now.measure),
        svg: lower.svg,
        rows: () => blockRows(frame.now),
      }),
      numbers.el,
      source,
    ],
    draw,
    spoken: () => words,
  });
  return () => {
    over = true;
    upper.end();
    lower.end();
    frame.end();
  };

  function about(now: ProfilesView): Network {
    return data.networks[now.network]!;
  }

  function position(now: ProfilesView): number {
    return about(now).blocks.findIndex((each) => each.name === now.block);
  }

  /** The block's means, one row a class, their mean, and how class-specific each channel is. */
  function numbersOf(now: ProfilesView): {
    means: Float32Array[];
    all: Float32Array;
    specificity: Float32Array;
  } {
    const at = position(now);
    const { channels } = about(now).blocks[at]!;
    const found = arrays[now.network];
    // A network is on its way, and the chart of the one before still stands: what is pointed at
    // there has no numbers.
    if (!found)
      return {
        means: [],
        all: new Float32Array(channels),
        specificity: new Float32Array(channels),
      };
    const means = cut(found.means[at]!, about(now).classes.length, channels);
    const all = means[0]!.map(
      (_, c) => means.reduce((sum, row) => sum + row[c]!, 0) / means.length,
    );
    return { means, all, specificity: unpack(found.specificity[at]!) };
  }

  /** Channels from left to right. */
  function ordered(now: ProfilesView): number[] {
    const { all, specificity } = numbersOf(now);
    const channels = Array.from(all, (_, c) => c);
    if (now.order === "mean") channels.sort((a, b) => all[a]! - all[b]!);
    if (now.order === "specificity") channels.sort((a, b) => specificity[b]! - specificity[a]!);
    return channels;
  }

  function shown(now: ProfilesView): string[] {
    return now.classes;
  }

  function draw(now: ProfilesView): void {
    const { title, blocks, pictures, classes: all } = about(now);
    network.select.value = now.network;
    block.select.replaceChildren(
      ...blocks.map((each) =>
        h("option", { value: each.name }, `${each.title} (C = ${each.channels})`),
      ),
    );
    for (const [part, field] of [
      [block, "block"],
      [order, "order"],
      [marks, "marks"],
      [scale, "scale"],
      [measure, "measure"],
    ] as const)
      part.select.value = now[field]!;
    for (const option of measure.select.options)
      option.disabled = blocks.every((each) => each[option.value as Measure] === null);
    classes.show(shown(now), all);
    source.textContent = `${title}: means over ${pictures.toLocaleString("en")} pictures that it did not learn from, in 256 steps of each block’s range. Bars are 95% intervals.`;
    lower.show((width) => byDepth(now, width));
    words = `${title}. ${depthWords(now)}`;
    if (!arrays[now.network]) return fetchFor(now.network);
    problem.textContent = "";
    root.removeAttribute("aria-busy");
    upper.show((width) => byChannel(now, width));
    numbers.show(() => tables(now));
    words = `${title}. ${meansWords(now)} ${depthWords(now)}`;
  }

  function fetchFor(name: string): void {
    root.setAttribute("aria-busy", "true");
    fetch(name).then(
      (found) => {
        arrays[name] = found;
        if (!over && frame.now.network === name) draw(frame.now);
      },
      (error: Error) => {
        root.removeAttribute("aria-busy");
        problem.textContent = `The class means did not load (${error.message}). Choose another network, or this one again.`;
      },
    );
  }

  function byChannel(now: ProfilesView, width: number): Drawn {
    const { means, all } = numbersOf(now);
    const channels = ordered(now);
    const names = shown(now);
    const points = (row: Float32Array) => channels.map((c, x) => ({ x, y: row[c]! }));
    const rowsShown = names.map((each) => means[about(now).classes.indexOf(each)]!);
    const wide = channels.length > 64 ? 2 : 3.5;
    const lines = now.marks === "lines";
    const series = rowsShown.flatMap((row, i) => {
      const { colour, dash, symbol } = LOOKS[i]! as {
        colour: string;
        dash: string;
        symbol: Plot.SymbolType;
      };
      return lines
        ? [
            Plot.lineY(points(row), {
              x: "x",
              y: "y",
              stroke: colour,
              strokeWidth: 1.7,
              strokeDasharray: dash,
            }),
          ]
        : [Plot.dot(points(row), { x: "x", y: "y", fill: colour, symbol, r: wide })];
    });
    const flat = [all, ...rowsShown].flatMap((row) => [...row]);
    const drawing = Plot.plot({
      ...CHARTS,
      width,
      height: 270,
      marginBottom: 36,
      x: {
        domain: [-0.5, channels.length - 0.5],
        label: axisWords(now),
        labelAnchor: "center",
        labelArrow: "none",
        ...(now.order === "index" ? {} : { ticks: [] }),
      },
      y: {
        domain: now.scale === "full" ? [0, 1] : [Math.min(...flat), Math.max(...flat)],
        nice: now.scale !== "full",
        grid: true,
        ticks: 5,
        label: "mean excitation s",
        labelArrow: "none",
      },
      marks: [
        Plot.lineY(points(all), {
          x: "x",
          y: "y",
          stroke: "currentColor",
          strokeOpacity: 0.45,
          strokeWidth: 3.5,
        }),
        ...series,
      ],
    }) as SVGSVGElement;
    const x = drawing as unknown as Plot.Plot;
    const at = (place: number) => x.scale("x")!.apply(place) as number;
    const held = now.channel === null ? null : channels.indexOf(Number(now.channel));
    return {
      svg: drawing,
      places: channels.map((_, place) => at(place)),
      along: "x",
      held,
      read(place) {
        const c = channels[place]!;
        const said = names.map((each, i) => `${each} ${decimal(rowsShown[i]![c]!, 2)}`);
        return `channel ${c}: ${[...said, `all classes ${decimal(all[c]!, 2)}`].join(", ")}; ${percent(numbersOf(now).specificity[c]!)} of its variance lies between classes.`;
      },
      summary: meansWords(now),
    };
  }

  function axisWords(now: ProfilesView): string {
    if (now.order === "index") return "channel";
    return now.order === "mean"
      ? "channels, from the smallest mean to the largest"
      : "channels, from the most class-specific to the least";
  }

  /** How far the lines lie apart. */
  function meansWords(now: ProfilesView): string {
    const { means, all } = numbersOf(now);
    const names = shown(now);
    const { title, channels } = about(now).blocks[position(now)]!;
    const start = `${title}, ${channels} channels, thick grey line: all classes.`;
    if (names.length < 2)
      return `Mean excitation in ${start}${names.length ? ` Thin: ${names[0]}.` : ""}`;
    const rowsShown = names.map((each) => means[about(now).classes.indexOf(each)]!);
    const spread = Array.from(all, (_, c) => {
      const values = rowsShown.map((row) => row[c]!);
      return Math.max(...values) - Math.min(...values);
    });
    const most = spread.indexOf(Math.max(...spread));
    const mean = spread.reduce((a, b) => a + b, 0) / spread.length;
    return `Mean excitation in ${start} ${names.join(", ")} lie ${decimal(mean, 2)} apart on average, at most ${decimal(spread[most]!, 2)} (channel ${most}).`;
  }

  function byDepth(now: ProfilesView, width: number): Drawn {
    const { blocks } = about(now);
    const field = now.measure as Measure;
    const points = blocks.flatMap(({ name: id, [field]: estimate }) =>
      estimate
        ? [{ id, value: estimate[0], low: estimate[1], high: estimate[2], here: id === now.block }]
        : [],
    );
    const short = new Map(
      blocks.map(({ name: id, title }) => [
        id,
        title.replace(/^stage (\d+), block (\d+)$/, "$1.$2"),
      ]),
    );
    const drawing = Plot.plot({
      ...CHARTS,
      width,
      height: 210,
      marginBottom: 38,
      x: {
        type: "point",
        domain: blocks.map(({ name: id }) => id),
        tickFormat: (id: string) => short.get(id)!,
        label: "block, from shallow to deep (stage.block)",
        labelAnchor: "center",
        labelArrow: "none",
      },
      y: { domain: [0, 100], percent: true, grid: true, ticks: 5, label: "%", labelArrow: "none" },
      marks: [
        Plot.lineY(points, {
          x: "id",
          y: "value",
          stroke: "currentColor",
          strokeOpacity: 0.6,
          strokeWidth: 1.2,
        }),
        Plot.ruleX(points, {
          x: "id",
          y1: "low",
          y2: "high",
          stroke: "currentColor",
          strokeWidth: 2.5,
        }),
        Plot.dot(points, {
          x: "id",
          y: "value",
          r: (d: { here: boolean }) => (d.here ? 7 : 4),
          fill: LOOKS[1]!.colour,
          stroke: "currentColor",
          strokeWidth: (d: { here: boolean }) => (d.here ? 2 : 0),
          symbol: "circle",
        } as Plot.DotOptions),
      ],
      r: { type: "identity" },
    }) as SVGSVGElement;
    const scaleX = (drawing as unknown as Plot.Plot).scale("x")!;
    return {
      svg: drawing,
      places: blocks.map(({ name: id }) => scaleX.apply(id) as number),
      along: "x",
      held: position(now),
      read(place) {
        const { title, [field]: estimate } = blocks[place]!;
        return estimate
          ? `${title}: ${percent(estimate[0])} (${percent(estimate[1])} to ${percent(estimate[2])})`
          : `${title}: not measured`;
      },
      summary: depthWords(now),
    };
  }

  function depthWords(now: ProfilesView): string {
    const field = now.measure as Measure;
    const measured = about(now).blocks.filter((each) => each[field]);
    if (measured.length === 0) return `${MEASURES[field]}: not measured for this network.`;
    const value = (each: Block) => percent(each[field]![0]);
    const most = measured.reduce((a, b) => (b[field]![0] > a[field]![0] ? b : a));
    return `By depth, ${MEASURES[field]}: ${value(measured[0]!)} in ${measured[0]!.title}, ${value(measured.at(-1)!)} in ${measured.at(-1)!.title}, most in ${most.title} (${value(most)}).`;
  }

  function channelRows(now: ProfilesView): Cell[][] {
    const { means, all, specificity } = numbersOf(now);
    const names = shown(now);
    const picked = names.map((each) => means[about(now).classes.indexOf(each)]!);
    const short = (value: number) => Number(value.toFixed(5));
    return [
      ["channel", ...names, "all classes", "between classes"],
      ...ordered(now).map((c): Cell[] => [
        c,
        ...picked.map((row) => short(row[c]!)),
        short(all[c]!),
        short(specificity[c]!),
      ]),
    ];
  }

  function blockRows(now: ProfilesView): Cell[][] {
    const fields = (Object.keys(MEASURES) as Measure[]).filter((field) =>
      about(now).blocks.some((each) => each[field]),
    );
    const heads = fields.flatMap((field) => [field, `${field}, low`, `${field}, high`]);
    return [
      ["block", ...heads],
      ...about(now).blocks.map((each): Cell[] => [
        each.name,
        ...fields.flatMap((field): Cell[] => each[field] ?? [null, null, null]),
      ]),
    ];
  }

  function tables(now: ProfilesView): Grid[] {
    return [
      {
        caption: `Mean excitation, ${about(now).blocks[position(now)]!.title}`,
        rows: channelRows(now),
      },
      { caption: "By depth, shares with 95% intervals", rows: blockRows(now) },
    ];
  }
}
