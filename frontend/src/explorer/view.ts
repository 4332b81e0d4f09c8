// What the explorer shows: one plain object, checked wherever it comes from, and its form in a
// page's address.

import { COMPARISONS, ORDERS, type Order, SCALES, type Scale } from "../math/channels.ts";
import type { BlockInfo, Probe } from "../network/network.ts";
import { read, written } from "../state/gates-text.ts";

/** How many channels a chart shows at once; 0 for all. */
export const ZOOMS = [0, 64, 32, 16] as const;
/**
 * Besides a class and the words of COMPARISONS, a chart may have the second picture's gates behind
 * its own.
 */
export const SECOND = "second";

export interface ExplorerView {
  network: string;
  /** Ids of pictures; the second is null for none. */
  picture: string;
  second: string | null;
  /** The block that is looked into, and the other one that is open. */
  block: string;
  beside: string;
  /** The channel of `block` that is chosen, null for none. */
  channel: number | null;
  order: Order;
  /** SECOND, one of COMPARISONS, or a class. */
  compare: string;
  scale: Scale;
  /** One of ZOOMS, and the first place that is shown then. */
  zoom: number;
  from: number;
  /** Gates that were set by hand, as gates-text.ts writes them: "layer1.0.se:3=0". */
  gates: string;
}

/** Anything from outside: an address, the prose, Python. */
export type Wanted = { [field in keyof ExplorerView]?: unknown };

export type Known = Pick<Probe, "network" | "pictures" | "means">;

export function defaultView({ network, pictures, means }: Known): ExplorerView {
  return {
    network: network.name,
    picture: pictures[0]!.id,
    second: null,
    block: network.blocks.at(-1)!.name,
    beside: network.blocks[0]!.name,
    channel: null,
    order: "index",
    compare: means ? "predicted" : "none",
    scale: "full",
    zoom: 0,
    from: 0,
    gates: "",
  };
}

/**
 * `wanted` where it makes sense for this network and these pictures, field by field, and `fallback`
 * where it doesn't.
 */
export function settled(
  wanted: Wanted,
  fallback: ExplorerView,
  { network, pictures, means }: Known,
): ExplorerView {
  const blockOf = (name: unknown) => network.blocks.find((b) => b.name === name);
  const one = <T>(value: unknown, ok: boolean, otherwise: T) => (ok ? (value as T) : otherwise);
  const shown = (id: unknown) => pictures.some((p) => p.id === id);
  const none = wanted.second === null || wanted.second === "";
  const second = none
    ? null
    : one(wanted.second, shown(wanted.second), shown(fallback.second) ? fallback.second : null);
  const block = one(wanted.block, !!blockOf(wanted.block), fallback.block);
  const beside = one(wanted.beside, !!blockOf(wanted.beside), fallback.beside);
  const comparable = (value: unknown) =>
    value === "none" ||
    (value === SECOND && second !== null) ||
    (!!means &&
      (COMPARISONS.includes(value as never) || network.classes.includes(value as string)));
  const kept = comparable(fallback.compare) ? fallback.compare : means ? "predicted" : "none";
  return {
    network: network.name,
    picture: one(wanted.picture, shown(wanted.picture), fallback.picture),
    second,
    block,
    beside: beside === block ? apart(block, fallback, network.blocks) : beside,
    channel: channelOf(wanted, fallback, block, blockOf(block)!.channels),
    order: one(wanted.order, ORDERS.includes(wanted.order as Order), fallback.order),
    compare: one(wanted.compare, comparable(wanted.compare), kept),
    scale: one(wanted.scale, SCALES.includes(wanted.scale as Scale), fallback.scale),
    zoom: one(whole(wanted.zoom), ZOOMS.includes(whole(wanted.zoom) as never), fallback.zoom),
    from: one(whole(wanted.from), whole(wanted.from) !== null, fallback.from),
    gates:
      typeof wanted.gates === "string"
        ? written(read(wanted.gates, network.blocks))
        : fallback.gates,
  };
}

/**
 * The block to open beside `block`, which stood there: the one that it takes the place of, else a
 * neighbour.
 */
function apart(block: string, fallback: ExplorerView, blocks: BlockInfo[]): string {
  if (fallback.block !== block) return fallback.block;
  if (fallback.beside !== block) return fallback.beside;
  return (blocks.find((b) => b.name !== block) ?? blocks[0]!).name;
}

/** A channel of one block means nothing in another: it stays only with its block. */
function channelOf(
  wanted: Wanted,
  fallback: ExplorerView,
  block: string,
  channels: number,
): number | null {
  if (wanted.channel === undefined || wanted.channel === null)
    return wanted.channel === undefined && block === fallback.block ? fallback.channel : null;
  const number = whole(wanted.channel);
  return number !== null && number < channels ? number : null;
}

/** A whole number from 0 up, also as an address has it. */
function whole(value: unknown): number | null {
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) && (number as number) >= 0 ? (number as number) : null;
}

const FIELDS = [
  "network",
  "second",
  "block",
  "beside",
  "channel",
  "order",
  "compare",
  "scale",
  "zoom",
  "from",
  "gates",
] as const;

/**
 * Read a view from an address: `picture` belongs to all widgets of a page, the others carry the
 * widget's `key`.
 */
export function fromQuery(query: URLSearchParams, key: string): Wanted {
  const wanted: Wanted = {};
  if (query.has("picture")) wanted.picture = query.get("picture");
  for (const field of FIELDS)
    if (query.has(`${key}.${field}`)) wanted[field] = query.get(`${key}.${field}`);
  return wanted;
}

/**
 * Write `view` into `query`; other parameters stay. What is as in `usual` is left out, but for the
 * picture, which others share.
 */
export function toQuery(
  query: URLSearchParams,
  key: string,
  view: ExplorerView,
  usual: ExplorerView,
): URLSearchParams {
  query.set("picture", view.picture);
  for (const field of FIELDS) {
    if (view[field] === usual[field]) query.delete(`${key}.${field}`);
    else query.set(`${key}.${field}`, String(view[field] ?? ""));
  }
  return query;
}
