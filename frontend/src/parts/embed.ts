// A page with `?embed` in its address shows one widget and nothing else, for a frame in another
// page; it tells that page how high it is, each time that changes. `?embed=excitation` names one of
// several by its key; the rest of the address is the widget's view, as in every link.
//
//   address has "embed" ──▶ all but the figure put away ──▶ height sent, and again when it changes

import { h } from "./dom.ts";

/** What the page around the frame is sent; its own code compares `event.source` with the frame. */
export interface Height {
  senet: "height";
  height: number;
}

/** The parameter, or null: a link that leaves the frame is one to the whole page. */
const EMBED = "embed";

/** @param figures of the page's widgets, by key */
export function embed(figures: Map<string, HTMLElement>): void {
  const wanted = new URLSearchParams(location.search).get(EMBED);
  if (wanted === null) return;
  const figure = figures.get(wanted) ?? figures.values().next().value;
  if (!figure) return;
  document.documentElement.dataset.embed = "";
  figure.dataset.embedded = "";
  for (let at: HTMLElement = figure; at !== document.body; at = at.parentElement!) {
    at.dataset.way = "";
    for (const other of at.parentElement!.children)
      other.toggleAttribute("data-outside", other !== at);
  }
  const whole = new URL(location.href);
  whole.searchParams.delete(EMBED);
  const title = document.title;
  figure.after(
    h(
      "p",
      { class: "senet-from", "data-way": "" },
      h("a", { href: whole.href, target: "_blank" }, title),
    ),
  );
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    // to any page that frames it: a height is not a secret
    parent.postMessage({ senet: "height", height } satisfies Height, "*");
  };
  new ResizeObserver(tell).observe(document.body);
  tell();
}
