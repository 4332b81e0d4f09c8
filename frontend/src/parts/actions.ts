// A widget's foot: a link to its view, which a click copies, and the way back to
// where it began.

import { h } from "./dom.ts";

export interface Actions {
  el: HTMLElement;
  show(address: string | null): void;
}

/** @param say tells those who listen */
export function actions(reset: () => void, say: (words: string) => void, ...more: Node[]): Actions {
  const link = h("a", { class: "senet-link", onclick: copy, hidden: true }, "Link to this view");

  async function copy(event: MouseEvent): Promise<void> {
    // a link like any other
    if (event.ctrlKey || event.metaKey || event.shiftKey || !navigator.clipboard) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(link.href);
      say((link.textContent = "Link copied"));
      setTimeout(() => (link.textContent = "Link to this view"), 2000);
    } catch {
      location.assign(link.href); // the clipboard is closed to us: the address line will do
    }
  }

  return {
    el: h(
      "span",
      { class: "senet-actions" },
      ...more,
      link,
      h("button", { type: "button", onclick: reset }, "Reset"),
    ),
    show(address) {
      link.hidden = address === null;
      if (address) link.href = address;
    },
  };
}
