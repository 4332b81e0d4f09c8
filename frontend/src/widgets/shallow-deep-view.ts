// What "Shallow and deep" shows: one plain object, checked wherever it comes from, and its form in
// a page's address.

import { COMPARISONS, ORDERS, type Order, SCALES, type Scale } from "../math/channels.ts";
import type { NetworkInfo, PictureInfo } from "../network/network.ts";
import { read, written } from "../state/gates-text.ts";
import { POSITION, type Trait } from "../state/kernel-home.ts";

export interface View {
  /** Id of a picture. */
  picture: string;
  /** Names of two SE blocks. */
  shallow: string;
  deep: string;
  order: Order;
  /** One of COMPARISONS, or a class. */
  compare: string;
  scale: Scale;
  /** The channel held in each chart, null for none. */
  shallowChannel: number | null;
  deepChannel: number | null;
  /** Gates set by hand, as gates-text.ts writes them; "" for none. */
  gates: string;
}

/** Anything from outside: an address, a stored value, Python. */
export type Wanted = { [field in keyof View]?: unknown };

export interface Known {
  network: NetworkInfo;
  pictures: PictureInfo[];
  means: unknown;
}

/** The first and the last SE block, the first picture. */
export function defaultView({ network, pictures, means }: Known): View {
  return {
    picture: pictures[0]!.id,
    shallow: network.blocks[0]!.name,
    deep: network.blocks.at(-1)!.name,
    order: "index",
    compare: means ? "predicted" : "none",
    scale: "fitted",
    shallowChannel: null,
    deepChannel: null,
    gates: "",
  };
}

/**
 * `wanted` where it makes sense for this network and these pictures, field by field, and `fallback`
 * where it doesn't.
 */
export function settled(wanted: Wanted, fallback: View, { network, pictures, means }: Known): View {
  const block = (name: unknown) => network.blocks.find((b) => b.name === name);
  const one = <T>(value: unknown, ok: boolean, otherwise: T) => (ok ? (value as T) : otherwise);
  const comparable =
    COMPARISONS.includes(wanted.compare as never) ||
    network.classes.includes(wanted.compare as string);

  const view: View = {
    picture: one(
      wanted.picture,
      pictures.some((p) => p.id === wanted.picture),
      fallback.picture,
    ),
    shallow: one(wanted.shallow, !!block(wanted.shallow), fallback.shallow),
    deep: one(wanted.deep, !!block(wanted.deep), fallback.deep),
    order: one(
      wanted.order,
      ORDERS.includes(wanted.order as Order) && (!!means || wanted.order !== "difference"),
      fallback.order,
    ),
    compare: one(
      wanted.compare,
      comparable && (!!means || wanted.compare === "none"),
      fallback.compare,
    ),
    scale: one(wanted.scale, SCALES.includes(wanted.scale as Scale), fallback.scale),
    shallowChannel: null,
    deepChannel: null,
    gates: fallback.gates,
  };
  if (typeof wanted.gates === "string") view.gates = written(read(wanted.gates, network.blocks));
  // A channel of one block means nothing in another: a fallback's channel stays only with its
  // block.
  const channel = (value: unknown, name: string, kept: number | null, keptFor: string) => {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    const inside =
      Number.isInteger(number) &&
      (number as number) >= 0 &&
      (number as number) < block(name)!.channels;
    return inside ? (number as number) : value === undefined && name === keptFor ? kept : null;
  };
  view.shallowChannel = channel(
    wanted.shallowChannel,
    view.shallow,
    fallback.shallowChannel,
    fallback.shallow,
  );
  view.deepChannel = channel(wanted.deepChannel, view.deep, fallback.deepChannel, fallback.deep);
  return view;
}

const IN_ADDRESS: Record<Exclude<keyof View, "picture">, string> = {
  shallow: "shallow",
  deep: "deep",
  order: "order",
  compare: "compare",
  scale: "scale",
  shallowChannel: "shallow-channel",
  deepChannel: "deep-channel",
  gates: "gates",
};

/**
 * Read a view from an address: `picture` belongs to all widgets of a page, the others carry the
 * widget's `key`.
 */
export function fromQuery(query: URLSearchParams, key: string): Wanted {
  const wanted: Wanted = {};
  if (query.has("picture")) wanted.picture = query.get("picture");
  for (const [field, name] of Object.entries(IN_ADDRESS)) {
    if (query.has(`${key}.${name}`)) wanted[field as keyof View] = query.get(`${key}.${name}`);
  }
  return wanted;
}

/**
 * Write `view` into `query`; other parameters stay. What is as in `initial` is left out, but for
 * the picture: without it, a page shows the picture that its reader saw last.
 */
export function toQuery(
  query: URLSearchParams,
  key: string,
  view: View,
  initial: View,
): URLSearchParams {
  const put = (name: string, value: string | number | null, usual: string | number | null) =>
    value === usual || value === null ? query.delete(name) : query.set(name, String(value));
  put("picture", view.picture, null);
  for (const [field, name] of Object.entries(IN_ADDRESS)) {
    put(`${key}.${name}`, view[field as keyof View], initial[field as keyof View]);
  }
  return query;
}

/** Python's traits for it. */
export const TRAITS: Record<keyof View, Trait> = {
  picture: { name: "picture", ...POSITION },
  shallow: { name: "shallow" },
  deep: { name: "deep" },
  order: { name: "order" },
  compare: { name: "compare" },
  scale: { name: "scale" },
  shallowChannel: { name: "shallow_channel" },
  deepChannel: { name: "deep_channel" },
  gates: { name: "gates" },
};
