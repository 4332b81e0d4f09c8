// Prose that drives a widget: `<a data-try="shallow-deep" href="?...#shallow-deep">`
// (book/_ext/book_try.py). Without this script it is a link to that state.
//
//   text ──click──▶ widget shows the link's state, in view and with the focus ──"Back to the text"──▶ text, widget as it was
//
// A second try before the way back leaves from the second link, and the widget returns to what it
// was before the first. The links of one widget are also the steps of a tour: the bar goes to the
// next and to the one before, and a button `data-tour` in the widget begins it. However many steps
// were taken, the way back leads to the link that the reader pressed.

import { addressOf, go } from "../state/deep-links.ts";
import { keepInView } from "./arrival.ts";
import { button, h } from "./dom.ts";

interface Way {
  key: string;
  /** What the widget showed, or, where it was not alive, would have shown. */
  before: URLSearchParams;
  bar: HTMLElement;
  from: From;
}

/** Heard by a widget whose tour comes to gates set by hand in its next step. */
export const AHEAD = "senet-ahead";

/** The link that the way back leads to, and where in the window it was. */
interface From {
  link: HTMLAnchorElement;
  top: number;
}

/** The links that set a widget, in the order of the text; of those that set the same, the first. */
export function linksTo(key: string): HTMLAnchorElement[] {
  const all = document.querySelectorAll<HTMLAnchorElement>(`a[data-try="${key}"]`);
  const seen = new Map<string, HTMLAnchorElement>();
  for (const link of all) if (!seen.has(link.search)) seen.set(link.search, link);
  return [...seen.values()];
}

/** The links of a widget, and which of them a link is; -1 for none. */
interface Tour {
  links: HTMLAnchorElement[];
  at: number;
}

function tourOf({ search }: HTMLAnchorElement, key: string): Tour {
  const links = linksTo(key);
  return { links, at: links.findIndex((link) => link.search === search) };
}

const setsGates = (link?: HTMLAnchorElement) =>
  [...new URLSearchParams(link?.search).keys()].some((name) => /(^|\.)gates$/.test(name));

/** @param figures of the page's widgets, by key */
export function listenForProseLinks(figures: Map<string, HTMLElement>): void {
  let way: Way | null = null;
  const said = h("p", { class: "senet-unseen", role: "status" });
  document.querySelector("main, article")?.append(said);
  // In the capture phase: before the theme's own listeners for links.
  document.addEventListener("click", (event) => {
    const target = event.target as Element | null;
    const tour = target?.closest<HTMLElement>("[data-tour]");
    if (tour) return step(linksTo(tour.dataset.tour!)[0]!, figures.get(tour.dataset.tour!)!);
    const link = target?.closest<HTMLAnchorElement>("a[data-try]");
    const figure = figures.get(link?.dataset.try ?? "");
    if (!link || !figure || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    begin(link, figure, { link, top: link.getBoundingClientRect().top });
  });

  function begin(link: HTMLAnchorElement, figure: HTMLElement, from: From): void {
    const key = link.dataset.try!;
    const before =
      way?.key === key ? way.before : (addressOf(key) ?? new URLSearchParams(location.search));
    way?.bar.remove();
    const tour = tourOf(link, key);
    const bar = barFor(link, figure, from, tour);
    figure.before(bar);
    way = { key, before, bar, from };
    go(key, new URLSearchParams(link.search));
    if (setsGates(tour.links[tour.at + 1]))
      figure.querySelector(".senet-under-way")?.dispatchEvent(new Event(AHEAD));
    figure.tabIndex = -1;
    figure.focus({ preventScroll: true });
    keepInView(figure);
    said.textContent = `Shown in the figure: ${link.textContent}. ${bar.querySelector("span")?.textContent ?? ""} Before the figure is the button Back to the text.`;
  }

  function barFor(link: HTMLAnchorElement, figure: HTMLElement, from: From, tour: Tour) {
    const { links, at } = tour;
    const to = (words: string, by: number) => {
      const other = links[at + by];
      const made = button(words, () => other && step(other, figure, words));
      made.disabled = !other;
      return made;
    };
    const close = h("button", { type: "button", "aria-label": "Stay here", onclick: stay }, "×");
    const [many, last] = [links.length > 1, at === links.length - 1];
    const { title } = links[at] ?? link;
    const bar = h(
      "div",
      { class: "senet-back", role: "group", "aria-label": "The way back" },
      h("strong", {}, `${many ? `${at + 1} of ${links.length}` : "Shown"}: ${link.textContent}`),
      title ? h("span", {}, title) : null,
      ...(many ? [to("Previous", -1), last ? button("Done", stay) : to("Next", 1)] : []),
      button("Back to the text", () => end(from)),
      close,
    );
    bar.addEventListener("keydown", ({ key }) => void (key === "Escape" && stay()));
    return bar;
  }

  /** Another step of the tour; the focus stays on the button that led there. */
  function step(link: HTMLAnchorElement, figure: HTMLElement, pressed = "Next"): void {
    const from = way?.key === link.dataset.try ? way!.from : { link, top: innerHeight / 3 };
    begin(link, figure, from);
    const buttons = [...way!.bar.querySelectorAll("button")].filter(({ disabled }) => !disabled);
    const named = (words: string) => buttons.find(({ textContent }) => textContent === words);
    (named(pressed) ?? named("Done") ?? buttons[0]!).focus({ preventScroll: true });
  }

  function end({ link, top }: From): void {
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
