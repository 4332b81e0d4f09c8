// Where a widget's view is kept: on a page in the address, in a notebook in Python's traits.

import type { Gallery } from "../network/gallery.ts";
import { type Model, plain } from "../network/kernel.ts";
import type { Gates } from "../network/network.ts";
import { drivable } from "./deep-links.ts";
import { fromQuery, type Rule, type Rules, toQuery, type Wanted } from "./fields.ts";
import { written as gatesText, read as readGates } from "./gates-text.ts";

export interface Keeper {
  /** What the view's fields may be. */
  readonly rules: Rules;
  /** The fields to begin with, unchecked: the author's own view, and what the reader brings. */
  initial(): { author: Wanted; reader: Wanted };
  /** Keep a view that the reader has made. @param usual what an address need not repeat */
  keep(view: object, usual: object): void;
  /** Hear of wishes from outside, `ours` where the reader made them; returns what ends that. */
  listen(wish: (wanted: Wanted, ours?: boolean) => void): () => void;
  /** The address that shows this view, null where none can be given. */
  link(view: object, usual: object): string | null;
}

/** Milliseconds until Python follows, of widgets that need no answer from it. */
export const PAUSE = 200;
/**
 * Until address and session follow: to change them takes as long as to draw, so the answer comes
 * first, on slow devices too; and browsers allow an address to change a few times a second only.
 */
const LATER = 400;
const PICTURE = "senet:picture";

/**
 * The view sits in the address. A picture that is shared is kept in the session too, so that the
 * next chapter shows it as well, and other widgets of the page hear of it at once.
 * @param key tells a page's widgets apart in the address
 * @param author the view that the chapter asks for
 */
export function pageKeeper(key: string, author: Wanted, rules: Rules): Keeper {
  const shares = rules.picture?.shared === true;
  const mine = {}; // unique to this keeper, to know its own messages by
  let shared: unknown = null;
  let writing: ReturnType<typeof setTimeout> | undefined;
  let put: (() => void) | null = null; // what is to be written
  let latest: { view: object; usual: object } | null = null; // what the widget shows

  const address = (view: object, usual: object): string => {
    const url = new URL(location.href);
    toQuery(rules, url.searchParams, key, view, usual);
    return url.href;
  };

  const write = () => {
    clearTimeout(writing);
    put?.();
    put = null;
  };
  addEventListener("pagehide", write); // the next chapter reads it

  return {
    rules,
    initial() {
      shared = shares ? stored() : null;
      const brought = fromQuery(rules, new URLSearchParams(location.search), key);
      return { author, reader: { ...(shared ? { picture: shared } : {}), ...brought } };
    },
    keep(view, usual) {
      const { picture } = view as { picture?: string };
      put = () => {
        replace(address(view, usual));
        if (shares) store(shared as string);
      };
      clearTimeout(writing);
      writing = setTimeout(write, LATER);
      if (!shares || picture === shared) return;
      shared = picture;
      document.dispatchEvent(new CustomEvent(PICTURE, { detail: { picture, from: mine } }));
    },
    listen(wish) {
      const hear = (event: Event) => {
        const { picture, from } = (event as CustomEvent<{ picture: string; from: object }>).detail;
        if (!shares || from === mine) return;
        shared = picture;
        wish({ picture });
      };
      document.addEventListener(PICTURE, hear);
      const undriven = drivable(key, {
        address: () =>
          latest
            ? toQuery(rules, new URLSearchParams(), key, latest.view, latest.usual)
            : new URLSearchParams(location.search),
        go(query) {
          const start: Wanted = { ...latest?.usual, ...author };
          if (shares) delete start.picture; // it stays, unless the address has one
          wish({ ...start, ...fromQuery(rules, query, key) }, true);
        },
      });
      return () => {
        undriven();
        document.removeEventListener(PICTURE, hear);
      };
    },
    link(view, usual) {
      latest = { view, usual };
      const url = new URL(address(view, usual));
      url.searchParams.delete("embed"); // a link is to the whole page
      url.hash = key; // it leads to the widget, and not to the page's top
      return url.href;
    },
  };
}

function replace(url: string): void {
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // Some browsers refuse on file://: the view is shown all the same.
  }
}

function store(picture: string): void {
  if (picture === stored()) return;
  try {
    sessionStorage.setItem(PICTURE, picture);
  } catch {
    // Storage is switched off: the picture stays this page's.
  }
}

function stored(): string | null {
  try {
    return sessionStorage.getItem(PICTURE);
  } catch {
    return null;
  }
}

/**
 * @param pause milliseconds until Python hears of a change, for widgets that don't need it to
 * answer
 */
export function kernelKeeper(model: Model, pause = 0): Keeper {
  const rules = model.get("_fields") as Rules;
  const gallery = model.get("_gallery") as Gallery | undefined;
  const traits = Object.entries(rules).map(([field, rule]) => ({
    field,
    rule,
    trait: rule.trait ?? field,
  }));
  const read = ({ trait, rule }: (typeof traits)[number]) =>
    fromTrait(rule, model.get(trait), gallery);
  let keeping = false;
  let sending: ReturnType<typeof setTimeout> | undefined;

  const send = (view: object): void => {
    keeping = true; // set() reports changes back at once
    for (const { field, trait, rule } of traits) {
      model.set(trait, toTrait(rule, (view as Wanted)[field], gallery));
    }
    keeping = false;
    model.save_changes();
  };
  return {
    rules,
    initial: () => ({
      author: Object.fromEntries(traits.map((each) => [each.field, read(each)])),
      reader: {},
    }),
    keep(view) {
      clearTimeout(sending);
      if (pause === 0) send(view);
      else sending = setTimeout(() => send(view), pause);
    },
    listen(wish) {
      const ends = traits.map((each) => {
        const hear = () => {
          if (!keeping) wish({ [each.field]: read(each) });
        };
        model.on(`change:${each.trait}`, hear);
        return () => model.off(`change:${each.trait}`, hear);
      });
      return () => ends.forEach((end) => end());
    },
    link: () => null,
  };
}

/**
 * Pictures of one's own have no lasting ids: Python counts them. Gates are rows there, text here.
 */
function fromTrait(rule: Rule, value: any, gallery?: Gallery): unknown {
  if (rule.position) return value === null ? null : gallery!.pictures[value]?.id;
  if (!rule.rows) return value;
  const row = (gates: (number | null)[]) => Float32Array.from(gates, (gate) => gate ?? NaN);
  const rows = Object.entries(value as Record<string, (number | null)[]>);
  return gatesText(Object.fromEntries(rows.map(([name, gates]) => [name, row(gates)])) as Gates);
}

function toTrait(rule: Rule, value: any, gallery?: Gallery): unknown {
  if (rule.position) {
    return value === null ? null : gallery!.pictures.findIndex(({ id }) => id === value);
  }
  return rule.rows ? plain(readGates(value, gallery!.network.blocks)) : value;
}
