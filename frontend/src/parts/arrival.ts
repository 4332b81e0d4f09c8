// A link to a widget's view leads to the widget, also where it has no anchor, and also while what
// is above the widget still grows.

const SETTLED = 3000; // milliseconds, by when a page has come to rest
const OUTLINE = 6; // pixels that the mark of a chosen picture reaches below the gallery
const MARGIN = 16; // pixels that the ring of a closed gate reaches below its chart

/**
 * Where the eye goes first: below the page's head, picture and answer with what they follow from.
 * And the chart that a link is about, down to its lowest gates.
 */
function bringIntoView(figure: HTMLElement): void {
  const start = figure.querySelector<HTMLElement>(".senet-prediction");
  if (!start) return figure.scrollIntoView({ block: "start", behavior: "instant" });
  // What sticks is already where it sticks: its place in the flow is that of what comes before it.
  const before = start.previousElementSibling?.getBoundingClientRect().bottom;
  const head = document.querySelector(".bd-header-article")?.getBoundingClientRect().height ?? 0;
  const top = (before ?? start.getBoundingClientRect().top) + OUTLINE - head;
  scrollBy({ top: Math.max(top, below(figure)), behavior: "instant" });
}

/** By how many pixels the chart ends below what is seen, before anything is scrolled. */
function below(figure: HTMLElement): number {
  const handle = figure.querySelector(".senet-handle:not([hidden])");
  const back = document.querySelector(".senet-back"); // a link in the text was pressed
  // without a chosen channel, a ribbon says more than a chart, and an address means the picture
  const charts = back && !figure.querySelector(".senet-ribbon") ? figure : null;
  const plot = handle?.closest(".senet-plot") ?? charts?.querySelector(".senet-plot");
  if (!plot) return Number.NEGATIVE_INFINITY;
  const { left, right, bottom } = plot.getBoundingClientRect();
  const card = back?.getBoundingClientRect();
  const covered = card && card.left < right && card.right > left && card.top > 0;
  return bottom + MARGIN - (covered ? Math.min(card.top, innerHeight) : innerHeight);
}

/** @param figures of the page's widgets, by key */
export function arrive(figures: Map<string, HTMLElement>): void {
  const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (visit && visit.type !== "navigate") return; // the browser knows where the reader was
  const figure = sought(figures);
  if (figure) keepInView(figure);
}

/** In view from now until the page has come to rest, unless the reader moves on before. */
export function keepInView(figure: HTMLElement): void {
  bringIntoView(figure);
  const again = new ResizeObserver(() => bringIntoView(figure));
  const leave = () => again.disconnect();
  again.observe(document.body);
  for (const move of ["wheel", "touchstart", "pointerdown", "keydown"])
    addEventListener(move, leave, { once: true, passive: true });
  setTimeout(leave, SETTLED);
}

/**
 * The widget that the address names by its anchor, else by what it sets. Of a section, which an
 * anchor may name as well, only widgets in it are meant: without one, the section is.
 */
function sought(figures: Map<string, HTMLElement>): HTMLElement | null {
  const anchor = location.hash.slice(1);
  if (figures.has(anchor)) return figures.get(anchor)!;
  const section = anchor ? document.getElementById(anchor) : document.body;
  const inside = [...figures].filter(([, figure]) => section?.contains(figure));
  const names = [...new URLSearchParams(location.search).keys()];
  const set = inside.find(([key]) => names.some((name) => name.startsWith(`${key}.`)));
  if (set) return set[1];
  // a picture belongs to all widgets of a network, of which the first is meant
  const shown = inside.find(([, { dataset }]) => dataset.network !== undefined);
  return names.includes("picture") && shown ? shown[1] : null;
}
