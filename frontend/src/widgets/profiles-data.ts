// What "Class by class" draws from: class means of a few networks, and a number for every block;
// and both in words and as tables.

import { decimal, percent } from "../math/format.ts";
import { type Packed, unpack } from "../math/packed.ts";
import { rows } from "../network/gallery.ts";
import type { Cell } from "../parts/save.ts";

export type Estimate = [value: number, low: number, high: number];

export interface Block {
  name: string;
  title: string;
  channels: number;
  specificity: Estimate;
  closed: Estimate | null;
  open: Estimate | null;
  still: Estimate | null;
  probe: Estimate | null;
}

export interface Network {
  title: string;
  classes: string[];
  /** Shown at the start. */
  first: string[];
  pictures: number;
  blocks: Block[];
}

/** One per block: (K, C) and (C,). */
export interface Arrays {
  means: Packed[];
  specificity: Packed[];
}

export interface ProfilesData {
  networks: Record<string, Network>;
  /** Those at hand; the others are fetched. */
  arrays: Record<string, Arrays>;
}

export const ORDERS = {
  index: "number",
  mean: "mean over all classes",
  specificity: "class-specificity",
};
/** Strips come first: joined lines promise an order of the channels that there is not. */
export const MARKS = { strips: "a strip for each class", dots: "dots", lines: "lines" };
export const SCALES = { fitted: "as far as the means go", full: "from 0 to 1" };
export const MEASURES = {
  specificity: "class-specificity: share of variance between classes",
  probe: "classes read from the gates by a linear classifier",
  closed: "gates closed: below 0.05",
  open: "gates open: from 0.95 up",
  still: "gates still: within 0.05 of their mean",
};
export type Measure = keyof typeof MEASURES;

export type ProfilesView = {
  network: string;
  block: string;
  classes: string[];
  order: keyof typeof ORDERS;
  marks: keyof typeof MARKS;
  scale: keyof typeof SCALES;
  measure: Measure;
  channel: number | null;
};

/** One block of a network, with the class means that are shown. */
export interface Profile {
  block: Block;
  names: string[];
  /** Of each class of `names`, (C,). */
  shown: Float32Array[];
  /** Mean over all classes, (C,). */
  all: Float32Array;
  /** How class-specific each channel is, (C,). */
  specificity: Float32Array;
  /** Channels from left to right. */
  order: number[];
}

/** @param arrays null while they are on their way: what is pointed at has no numbers then */
export function profileOf(network: Network, arrays: Arrays | null, now: ProfilesView): Profile {
  const at = network.blocks.findIndex(({ name }) => name === now.block);
  const block = network.blocks[at]!;
  const { channels } = block;
  const means = arrays ? rows(arrays.means[at]!, network.classes.length, channels) : [];
  const all = Float32Array.from({ length: channels }, (_, c) =>
    means.length ? means.reduce((sum, row) => sum + row[c]!, 0) / means.length : 0,
  );
  const specificity = arrays ? unpack(arrays.specificity[at]!) : new Float32Array(channels);
  const order = Array.from(all, (_, c) => c);
  if (now.order === "mean") order.sort((a, b) => all[a]! - all[b]!);
  if (now.order === "specificity") order.sort((a, b) => specificity[b]! - specificity[a]!);
  const names = now.classes;
  const shown = names.map((name) => means[network.classes.indexOf(name)]!);
  return { block, names, shown, all, specificity, order };
}

/** What is drawn of all classes and of those that are shown. */
const DRAWN: Record<keyof typeof MARKS, [all: string, shown: string, one: string]> = {
  strips: [
    "grey curve",
    "Coloured bars: from the lowest of the classes shown to the highest.",
    "Strip",
  ],
  dots: ["thick grey line", "", "Dots"],
  lines: ["thick grey line", "", "Thin"],
};

/** How far the classes lie apart. */
export function meansWords(
  { block, names, shown, all }: Profile,
  marks: keyof typeof MARKS,
): string {
  const [grey, bars, one] = DRAWN[marks];
  const start = `${block.title}, ${block.channels} channels, ${grey}: all classes.`;
  if (names.length < 2) {
    return `Mean excitation in ${start}${names.length ? ` ${one}: ${names[0]}.` : ""}`;
  }
  const spread = Array.from(all, (_, c) => {
    const values = shown.map((row) => row[c]!);
    return Math.max(...values) - Math.min(...values);
  });
  const most = spread.indexOf(Math.max(...spread));
  const mean = spread.reduce((a, b) => a + b, 0) / spread.length;
  return `Mean excitation in ${start} ${bars ? `${bars} ` : ""}${names.join(", ")} lie ${decimal(mean, 2)} apart on average, at most ${decimal(spread[most]!, 2)} (channel ${most}).`;
}

export function channelWords({ names, shown, all, specificity }: Profile, c: number): string {
  const said = names.map((name, i) => `${name} ${decimal(shown[i]![c]!, 2)}`);
  const means = [...said, `all classes ${decimal(all[c]!, 2)}`].join(", ");
  return `channel ${c}: ${means}; ${percent(specificity[c]!)} of its variance lies between classes.`;
}

export function depthWords({ blocks }: Network, field: Measure): string {
  const measured = blocks.filter((each) => each[field]);
  if (measured.length === 0) return `${MEASURES[field]}: not measured for this network.`;
  const value = (each: Block) => percent(each[field]![0]);
  const most = measured.reduce((a, b) => (b[field]![0] > a[field]![0] ? b : a));
  const [first, last] = [measured[0]!, measured.at(-1)!];
  return `By depth, ${MEASURES[field]}: ${value(first)} in ${first.title}, ${value(last)} in ${last.title}, most in ${most.title} (${value(most)}).`;
}

export function channelRows({ names, shown, all, specificity, order }: Profile): Cell[][] {
  const short = (value: number) => Number(value.toFixed(5));
  const rows = order.map((c): Cell[] => [
    c,
    ...shown.map((row) => short(row[c]!)),
    short(all[c]!),
    short(specificity[c]!),
  ]);
  return [["channel", ...names, "all classes", "between classes"], ...rows];
}

export function blockRows({ blocks }: Network): Cell[][] {
  const measures = Object.keys(MEASURES) as Measure[];
  const fields = measures.filter((field) => blocks.some((each) => each[field]));
  const heads = fields.flatMap((field) => [field, `${field}, low`, `${field}, high`]);
  const rows = blocks.map((each): Cell[] => [
    each.name,
    ...fields.flatMap((field): Cell[] => each[field] ?? [null, null, null]),
  ]);
  return [["block", ...heads], ...rows];
}
