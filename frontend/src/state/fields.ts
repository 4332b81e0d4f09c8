// A widget's view: a value for each field, held to the rules that Python declares and sends along
// (sebook/widgets/fields.py). One `settle` for all widgets, and one form in a page's address.

import { written as kernelText, parsed } from "../math/convolve.ts";
import { changes, written as changesText } from "../math/excite.ts";
import type { Probe } from "../network/network.ts";
import { written as gatesText, read as readGates } from "./gates-text.ts";

export type Value = string | number | boolean | null | readonly string[];
/** Anything from outside: an address, a stored value, Python. */
export type Wanted = Record<string, unknown>;
/** What a widget knows, by name: its pictures, the channels of its blocks. */
export type Sets = Record<string, unknown>;
/** One of a widget's sets, by name. */
interface SetName {
  set: string;
}

/** What a field may be. Python's docstrings say what each entry means. */
export interface Rule {
  kind: "one" | "whole" | "number" | "flag" | "several" | "changes" | "gates" | "kernel";
  default?: Value;
  by?: string[];
  bound?: boolean;
  none?: boolean;
  of?: (string | number | SetName)[];
  last?: boolean;
  without?: (string | number)[];
  low?: number;
  high?: number;
  below?: SetName;
  most?: number;
  first?: SetName;
  channels?: SetName;
  /** All widgets of a page have it in common: pictures of a gallery. */
  shared?: boolean;
  /** How Python's trait holds it, where that is another form or name. */
  position?: boolean;
  rows?: boolean;
  trait?: string;
}

export type Rules = Record<string, Rule>;

/**
 * `wanted` where it makes sense, field by field; where it doesn't, `fallback`, and where that makes
 * none beside the other fields, the value at the start.
 */
export function settle<V>(rules: Rules, wanted: Wanted, fallback: V | null, sets: Sets): V {
  const view: Record<string, Value> = {};
  const before = fallback as Record<string, Value> | null;
  for (const [name, rule] of Object.entries(rules)) {
    const moved = rule.bound && rule.by!.some((other) => view[other] !== before?.[other]);
    const kept = () => (moved ? undefined : read(rule, before?.[name], view, sets));
    view[name] = read(rule, wanted[name], view, sets) ?? kept() ?? start(rule, view, sets);
    if (rule.none && none(wanted[name])) view[name] = null;
  }
  return view as V;
}

/** The sets of a network and its pictures. */
export function setsOf({
  network,
  pictures,
  means,
}: Pick<Probe, "network" | "pictures"> & { means: unknown }): Sets {
  const channels = Object.fromEntries(network.blocks.map((block) => [block.name, block.channels]));
  return { pictures, blocks: network.blocks, channels, classes: network.classes, means: !!means };
}

/**
 * Read a view from an address. Shared fields belong to all widgets of a page, others carry its
 * `key`.
 */
export function fromQuery(rules: Rules, query: URLSearchParams, key: string): Wanted {
  const names = Object.keys(rules).map((name) => [name, address(name, rules[name]!, key)] as const);
  return Object.fromEntries(
    names.filter(([, at]) => query.has(at)).map(([name, at]) => [name, query.get(at)]),
  );
}

/**
 * Write `view` into `query`; other parameters stay. What is as in `usual` is left out, but for what
 * is shared: without it, a page shows what its reader saw last.
 */
export function toQuery(
  rules: Rules,
  query: URLSearchParams,
  key: string,
  view: object,
  usual: object,
): URLSearchParams {
  for (const [name, rule] of Object.entries(rules)) {
    const [now, before] = [view, usual].map((each) => text((each as Record<string, Value>)[name]!));
    if (now === before && !rule.shared) query.delete(address(name, rule, key));
    else query.set(address(name, rule, key), now!);
  }
  return query;
}

/** A value as an address holds it. */
export function text(value: Value): string {
  return Array.isArray(value) ? value.join("|") : value === null ? "" : String(value);
}

function address(name: string, rule: Rule, key: string): string {
  const words = name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return rule.shared ? words : `${key}.${words}`;
}

const none = (value: unknown) => value === null || value === "";

/** `value` as the field holds it; undefined where it may not be that. */
function read(rule: Rule, value: unknown, view: Wanted, sets: Sets): Value | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === "" && !TEXTS.has(rule.kind)) return undefined;
  return READERS[rule.kind](rule, value, view, sets);
}

/** In which nothing is a value like any other. */
const TEXTS: ReadonlySet<string> = new Set(["changes", "gates", "several"]);

type Reader = (rule: Rule, value: unknown, view: Wanted, sets: Sets) => Value | undefined;

const READERS: Record<Rule["kind"], Reader> = {
  one(rule, value, view, sets) {
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    return possible(rule, view, sets).find((choice) => String(choice) === String(value));
  },
  whole(rule, value, view, sets) {
    const digits = typeof value === "string" && /^-?\d{1,9}$/.test(value);
    const number = digits ? Number(value) : value;
    if (typeof number !== "number" || !Number.isInteger(number)) return undefined;
    const size = rule.below ? (at(rule, rule.below, view, sets) as number) : Infinity;
    return number >= rule.low! && number <= (rule.high ?? Infinity) && number < size
      ? number
      : undefined;
  },
  number(rule, value) {
    const number = Number(value);
    return number >= rule.low! && number <= rule.high! ? number : undefined;
  },
  flag: (_, value) =>
    String(value) === "true" ? true : String(value) === "false" ? false : undefined,
  several(rule, value, view, sets) {
    const names = typeof value === "string" ? value.split("|").filter(Boolean) : value;
    if (!Array.isArray(names) || names.length > rule.most!) return undefined;
    const choices = possible(rule, view, sets);
    const each = new Set(names).size === names.length;
    return each && names.every((name) => choices.includes(name)) ? names : undefined;
  },
  changes(rule, value, view, sets) {
    if (typeof value !== "string") return undefined;
    const channels = at(rule, rule.channels!, view, sets) as number;
    return changesText(changes(value, channels, rule.low!, rule.high!));
  },
  gates(rule, value, view, sets) {
    if (typeof value !== "string") return undefined;
    const known = at(rule, rule.channels!, view, sets) as Record<string, number>;
    const blocks = Object.entries(known).map(([name, channels]) => ({ name, channels }));
    return gatesText(readGates(value, blocks));
  },
  kernel(rule, value, view, sets) {
    if (typeof value !== "string" || possible(rule, view, sets).includes(value)) {
      return typeof value === "string" ? value : undefined;
    }
    const kernel = parsed(value, rule.most!);
    return kernel ? kernelText(kernel) : undefined;
  },
};

function start(rule: Rule, view: Wanted, sets: Sets): Value {
  if (rule.none) return rule.default ?? null;
  if (rule.kind === "several") {
    if (!rule.first) return possible(rule, view, sets).slice(0, rule.most) as string[];
    return members(at(rule, rule.first, view, sets)) as string[];
  }
  if (rule.kind === "one") {
    const choices = possible(rule, view, sets);
    if (choices.includes(rule.default as string)) return rule.default!;
    return choices.at(rule.last ? -1 : 0)!;
  }
  return rule.default ?? STARTS[rule.kind];
}

const STARTS = { whole: 0, number: 0, flag: false, changes: "", gates: "", kernel: "" };

function possible(rule: Rule, view: Wanted, sets: Sets): (string | number)[] {
  if (rule.without && sets.means === false) return rule.without;
  return rule.of!.flatMap((item) =>
    typeof item === "object" ? members(at(rule, item, view, sets)) : [item],
  );
}

/** A set, or the part of it that belongs to the fields that the rule goes by. */
function at({ by = [] }: Rule, { set }: SetName, view: Wanted, sets: Sets): unknown {
  return by.reduce<unknown>(
    (part, name) => (part as Record<string, unknown>)[String(view[name])],
    sets[set],
  );
}

/** The keys of an object; of things with an id or a name, that. */
function members(set: unknown): (string | number)[] {
  if (!Array.isArray(set)) return Object.keys(set as object);
  return set.map((each) => (typeof each === "object" ? (each.id ?? each.name) : each));
}
