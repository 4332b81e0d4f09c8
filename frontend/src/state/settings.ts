// A widget that is a few choices and no picture: where its choices come from and are kept. On a
// page that is the address, in a notebook Python's traits. (Widgets with pictures have home.ts.)

import type { Model } from "../network/kernel.ts";
import { drivable } from "./deep-links.ts";

export type Settings = Record<string, string>;

export interface Keeper {
  /** The author's choices, and those that the reader brings; neither is checked yet. */
  initial(): { author: Settings; reader: Settings };
  keep(settings: Settings): void;
  /** Hear of wishes from outside, `ours` where the reader made them; returns what ends that. */
  listen(wish: (settings: Settings, ours?: boolean) => void): () => void;
  /** The address that shows these settings, null where none can be given. */
  link(settings: Settings): string | null;
}

/** @param key tells a page's widgets apart in the address: `cost.network=...` */
export function pageKeeper(key: string, author: Settings): Keeper {
  let latest = author; // what the widget shows
  const put = (query: URLSearchParams, settings: Settings): URLSearchParams => {
    for (const [name, value] of Object.entries(settings)) {
      if (value === author[name]) query.delete(`${key}.${name}`);
      else query.set(`${key}.${name}`, value);
    }
    return query;
  };
  const link = (settings: Settings): string => {
    latest = settings;
    const url = new URL(location.href);
    put(url.searchParams, settings);
    return url.href;
  };
  const brought = (query: URLSearchParams): Settings => {
    const names = Object.keys(author).filter((name) => query.has(`${key}.${name}`));
    return Object.fromEntries(names.map((name) => [name, query.get(`${key}.${name}`)!]));
  };
  return {
    initial: () => ({ author, reader: brought(new URLSearchParams(location.search)) }),
    keep(settings) {
      try {
        history.replaceState(history.state, "", link(settings));
      } catch {
        // Some browsers refuse on file://: the choice is shown all the same.
      }
    },
    listen: (wish) =>
      drivable(key, {
        address: () => put(new URLSearchParams(), latest),
        go: (query) => wish({ ...author, ...brought(query) }, true),
      }),
    link,
  };
}

/**
 * @param names of the traits; those that hold numbers, booleans, None or lists in Python do so
 * afterwards, too
 */
export function kernelKeeper(model: Model, names: string[]): Keeper {
  let keeping = false;
  const read = () => Object.fromEntries(names.map((name) => [name, written(model.get(name))]));
  return {
    initial: () => ({ author: read(), reader: {} }),
    keep(settings) {
      keeping = true; // set() reports changes back at once
      for (const name of names) {
        model.set(name, like(model.get(name), settings[name]!));
      }
      keeping = false;
      model.save_changes();
    },
    listen(wish) {
      const hear = () => {
        if (!keeping) wish(read());
      };
      for (const name of names) model.on(`change:${name}`, hear);
      return () => names.forEach((name) => model.off(`change:${name}`, hear));
    },
    link: () => null,
  };
}

const written = (value: unknown): string =>
  Array.isArray(value) ? value.join("|") : value == null ? "" : String(value);

/** `text` as the trait whose value is `was` wants it. */
function like(was: unknown, text: string): unknown {
  if (Array.isArray(was)) return text ? text.split("|") : [];
  if (typeof was === "boolean") return text === "true";
  return was === null || typeof was === "number" ? (text === "" ? null : Number(text)) : text;
}
