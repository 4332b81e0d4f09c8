// Prose that drives a widget: `<a data-try="shallow-deep" href="?...#shallow-deep">`
// (book/_ext/book_try.py). Without this script it is a link to that state.
//
//   text ──click──▶ widget shows the link's state, in view and with the focus ──"Back to the text"──▶ text, widget as it was
//
// A second try before the way back leaves from the second link, and the widget returns to what it
// was before the first.

import { addressOf, go } from "../state/deep-links.ts";
import { h } from "./dom.ts";

interface Way {
  key: string;
  /** What the widget showed, or, where it was not alive, would have shown. */
  before: URLSearchParams;
  bar: HTMLElement;
}

/** @param figures of the page's widgets, by key */
export function listenForProseLinks(figures: Map<string, HTMLElement>): void {
  let way: Way | null = null;
  const said = h("p", { class: "senet-unseen", role: "status" });
  document.querySelector("main, article")?.append(said);
  // In the capture phase: before the theme's own listeners for links.
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest<HTMLAnchorElement>("a[data-try]");
    const figure = figures.get(link?.dataset.try ?? "");
    if (
      !link ||
      !figure ||
      event.button !== 0 ||
      event.ctrlKey ||
      event.metaKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    begin(link, figure);
  });

  function begin(link: HTMLAnchorElement, figure: HTMLElement): void {
    const key = link.dataset.try!;
    const before =
      way?.key === key ? way.before : (addressOf(key) ?? new URLSearchParams(location.search));
    const top = link.getBoundingClientRect().top;
    way?.bar.remove();
    const back = h("button", { type: "button", onclick: () => end(link, top) }, "Back to the text");
    const close = h("button", { type: "button", "aria-label": "Stay here", onclick: stay }, "×");
    const bar = h(
      "div",
      { class: "senet-back", role: "group", "aria-label": "The way back" },
      h("span", {}, `Shown: ${link.textContent}`),
      back,
      close,
    );
    figure.before(bar);
    way = { key, before, bar };
    go(key, new URLSearchParams(link.search));
    figure.tabIndex = -1;
    figure.focus({ preventScroll: true });
    figure.scrollIntoView({ block: "start", behavior: "instant" });
    said.textContent = `Shown in the figure: ${link.textContent}. Before the figure is the button Back to the text.`;
  }

  function end(link: HTMLAnchorElement, top: number): void {
    const { key, before, bar } = way!;
    way = null;
    bar.remove();
    go(key, before);
    link.focus({ preventScroll: true });
    scrollBy({ top: link.getBoundingClientRect().top - top, behavior: "instant" });
    said.textContent = "Back in the text; the figure is as it was.";
  }

  function stay(): void {
    const { bar } = way!;
    const figure = bar.nextElementSibling as HTMLElement;
    way = null;
    bar.remove();
    figure.focus({ preventScroll: true });
    said.textContent = "";
  }
}
