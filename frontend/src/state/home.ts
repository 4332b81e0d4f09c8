// Where a widget lives and keeps its view: here a published page. (The other home, a notebook, is
// in kernel.ts.)

import { drivable } from "./deep-links.ts";

/** @template V the widget's view: what is wanted has its fields, unchecked */
export interface Home<V extends { picture: string }> {
  /**
   * What is wanted at the start: the author's own view first, then what the reader brings. Neither
   * is checked yet.
   */
  initial(): { author: Wanted<V>; reader: Wanted<V> };
  /** Keep a view that the reader has made. */
  keep(view: V): void;
  /** Hear of wishes from outside, `ours` where the reader made them; returns what ends that. */
  listen(wish: (wanted: Wanted<V>, ours?: boolean) => void): () => void;
  /** The address that shows this view, null where none can be given. */
  link(view: V): string | null;
}

export type Wanted<V> = { [field in keyof V]?: unknown };

/** How a widget's view is written in an address. */
export interface Address<V> {
  fromQuery(query: URLSearchParams, key: string): Wanted<V>;
  toQuery(query: URLSearchParams, key: string, view: V, usual: V): URLSearchParams;
}

/**
 * Milliseconds until the address follows: to change it takes longer than to draw, and browsers
 * allow it a few times a second only.
 */
const PAUSE = 200;
const PICTURE = "senet:picture";

/**
 * The view sits in the address, the picture also in the session, so that the next chapter shows it
 * too, and other widgets of the page hear of it at once.
 * @param key tells a page's widgets apart in the address
 * @param author the view that the chapter asks for
 * @param initial the author's view, checked, for the network of a given view: what the address need
 * not repeat
 */
export function pageHome<V extends { picture: string }>(
  key: string,
  author: Wanted<V>,
  initial: (view: V) => V,
  form: Address<V>,
): Home<V> {
  const wantsPicture = new EventTarget(); // unique to this home, to know its own messages by
  let shared: unknown = null;
  let writing: ReturnType<typeof setTimeout> | undefined;
  let latest: V | null = null; // what the widget shows
  return {
    initial() {
      shared = read();
      return {
        author,
        reader: {
          ...(shared ? { picture: shared } : {}),
          ...form.fromQuery(new URLSearchParams(location.search), key),
        },
      };
    },
    keep(view) {
      clearTimeout(writing);
      writing = setTimeout(() => write(address(view)), PAUSE);
      if (view.picture === shared) return;
      shared = view.picture;
      try {
        sessionStorage.setItem(PICTURE, view.picture);
      } catch {
        // Storage is switched off: the picture stays this page's.
      }
      document.dispatchEvent(
        new CustomEvent(PICTURE, { detail: { picture: view.picture, from: wantsPicture } }),
      );
    },
    listen(wish) {
      const hear = (event: Event) => {
        const { picture, from } = (event as CustomEvent<{ picture: string; from: EventTarget }>)
          .detail;
        if (from === wantsPicture) return;
        shared = picture;
        wish({ picture } as Wanted<V>);
      };
      document.addEventListener(PICTURE, hear);
      const undriven = drivable(key, {
        address: () =>
          latest
            ? form.toQuery(new URLSearchParams(), key, latest, initial(latest))
            : new URLSearchParams(location.search),
        go(query) {
          const start: Wanted<V> = { ...(latest ? initial(latest) : {}), ...author };
          delete start.picture; // it stays, unless the address has one
          wish({ ...start, ...form.fromQuery(query, key) }, true);
        },
      });
      return () => {
        undriven();
        document.removeEventListener(PICTURE, hear);
      };
    },
    link(view) {
      latest = view;
      return address(view);
    },
  };

  function address(view: V): string {
    const url = new URL(location.href);
    form.toQuery(url.searchParams, key, view, initial(view));
    return url.href;
  }

  function write(url: string): void {
    try {
      history.replaceState(history.state, "", url);
    } catch {
      // Some browsers refuse on file://: the view is shown all the same.
    }
  }

  function read(): string | null {
    try {
      return sessionStorage.getItem(PICTURE);
    } catch {
      return null;
    }
  }
}
