// A widget that is a few choices and no picture: where its choices come from and are kept. On a page that is the address, in a
// notebook Python's traits. (Widgets with pictures have home.ts.)

import type { Model } from "./kernel.ts";

export type Settings = Record<string, string>;

export interface Keeper {
  /** The author's choices, and those that the reader brings; neither is checked yet. */
  initial(): { author: Settings; reader: Settings };
  keep(settings: Settings): void;
  listen(wish: (settings: Settings) => void): () => void;
  /** The address that shows these settings, null where none can be given. */
  link(settings: Settings): string | null;
}

/** @param key tells a page's widgets apart in the address: `cost.network=...` */
export function pageKeeper(key: string, author: Settings): Keeper {
  const link = (settings: Settings): string => {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(settings)) {
      if (value === author[name]) url.searchParams.delete(`${key}.${name}`);
      else url.searchParams.set(`${key}.${name}`, value);
    }
    return url.href;
  };
  return {
    initial() {
      const query = new URLSearchParams(location.search);
      const brought = Object.keys(author).filter((name) => query.has(`${key}.${name}`));
      return { author, reader: Object.fromEntries(brought.map((name) => [name, query.get(`${key}.${name}`)!])) };
    },
    keep(settings) {
      try {
        history.replaceState(history.state, "", link(settings));
      } catch {
        // Some browsers refuse on file://: the choice is shown all the same.
      }
    },
    listen: () => () => {},
    link,
  };
}

/** @param names of the traits; those that are numbers or booleans in Python stay so there */
export function kernelKeeper(model: Model, names: string[]): Keeper {
  let keeping = false;
  const read = () => Object.fromEntries(names.map((name) => [name, String(model.get(name))]));
  return {
    initial: () => ({ author: read(), reader: {} }),
    keep(settings) {
      keeping = true; // set() reports changes back at once
      for (const name of names) {
        const kind = typeof model.get(name);
        model.set(name, kind === "number" ? Number(settings[name]) : kind === "boolean" ? settings[name] === "true" : settings[name]);
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
