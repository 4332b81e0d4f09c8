// A widget's foot: a link to its view, which a click copies, and the way back to
// where it began.

import { OWN, type PictureInfo } from "../network/network.ts";
import { button, h, span } from "./dom.ts";

export interface Actions {
  el: HTMLElement;
  /** @param without what the address can't carry, in words; "" where it carries all */
  show(address: string | null, without?: string): void;
}

const LINK = "Link to this view";

/** @param say tells those who listen */
export function actions(reset: () => void, say: (words: string) => void, ...more: Node[]): Actions {
  const link = h("a", { class: "senet-link", onclick: copy, hidden: true }, LINK);
  let missing = "";

  async function copy(event: MouseEvent): Promise<void> {
    // a link like any other
    if (event.ctrlKey || event.metaKey || event.shiftKey || !navigator.clipboard) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(link.href);
      say((link.textContent = missing ? `Link copied, ${missing}` : "Link copied"));
      setTimeout(rest, missing ? 4000 : 2000);
    } catch {
      location.assign(link.href); // the clipboard is closed to us: the address line will do
    }
  }

  function rest(): void {
    link.textContent = missing ? `${LINK}, ${missing}` : LINK;
  }

  return {
    el: span("senet-actions", ...more, link, button("Reset", reset)),
    show(address, without = "") {
      link.hidden = address === null;
      if (address) link.href = address;
      if (without === missing) return;
      missing = without;
      rest();
    },
  };
}

/** What a link to a view of this picture lacks: the reader's own is on their device alone. */
export const without = ({ id }: PictureInfo): string =>
  id === OWN ? "but your picture is not in it" : "";
