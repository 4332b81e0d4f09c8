// Where a widget lives and keeps its view: here a published page. (The other home, a notebook, is in kernel.ts.)

import { fromQuery, toQuery, type View, type Wanted } from "./view.ts";

export interface Home {
  /** What is wanted at the start: the author's own view first, then what the reader brings. Neither is checked yet. */
  initial(): { author: Wanted; reader: Wanted };
  /** Keep a view that the reader has made. */
  keep(view: View): void;
  /** Hear of wishes from outside; returns what ends that. */
  listen(wish: (wanted: Wanted) => void): () => void;
  /** The address that shows this view, null where none can be given. */
  link(view: View): string | null;
}

/** Milliseconds until the address follows: to change it takes longer than to draw, and browsers allow it a few times a second only. */
const PAUSE = 200;
const PICTURE = "senet:picture";

/**
 * The view sits in the address, the picture also in the session, so that the next chapter shows it too, and other widgets of
 * the page hear of it at once.
 * @param key tells a page's widgets apart in the address
 * @param author the view that the chapter asks for
 * @param initial the author's view, checked: what the address need not repeat
 */
export function pageHome(key: string, author: Wanted, initial: () => View): Home {
  const wantsPicture = new EventTarget(); // unique to this home, to know its own messages by
  let shared: unknown = null;
  let writing: ReturnType<typeof setTimeout> | undefined;
  return {
    initial() {
      shared = read();
      return { author, reader: { ...(shared ? { picture: shared } : {}), ...fromQuery(new URLSearchParams(location.search), key) } };
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
      document.dispatchEvent(new CustomEvent(PICTURE, { detail: { picture: view.picture, from: wantsPicture } }));
    },
    listen(wish) {
      const hear = (event: Event) => {
        const { picture, from } = (event as CustomEvent<{ picture: string; from: EventTarget }>).detail;
        if (from === wantsPicture) return;
        shared = picture;
        wish({ picture });
      };
      document.addEventListener(PICTURE, hear);
      return () => document.removeEventListener(PICTURE, hear);
    },
    link: (view) => address(view),
  };

  function address(view: View): string {
    const url = new URL(location.href);
    toQuery(url.searchParams, key, view, initial());
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
