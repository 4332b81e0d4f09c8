// A link to a widget's view leads to the widget, also where it has no anchor, and also while what
// is above the widget still grows.

const SETTLED = 3000; // milliseconds, by when a page has come to rest
const OUTLINE = 6; // pixels that the mark of a chosen picture reaches below the gallery

/**
 * Where the eye goes first: below the page's head, picture and answer with what they follow
 * from.
 */
function bringIntoView(figure: HTMLElement): void {
  const start = figure.querySelector<HTMLElement>(".senet-stage .senet-prediction");
  if (!start) return figure.scrollIntoView({ block: "start", behavior: "instant" });
  // What sticks is already where it sticks: its place in the flow is that of what comes before it.
  const before = start.previousElementSibling!.getBoundingClientRect();
  const { top } = getComputedStyle(start); // the end of the page's head
  scrollBy({ top: before.bottom + OUTLINE - Number.parseFloat(top), behavior: "instant" });
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

/** The widget that the address names by its anchor, else by what it sets. */
function sought(figures: Map<string, HTMLElement>): HTMLElement | null {
  const anchor = location.hash.slice(1);
  if (anchor) return figures.get(anchor) ?? null;
  const names = [...new URLSearchParams(location.search).keys()];
  const key = [...figures.keys()].find((key) => names.some((name) => name.startsWith(`${key}.`)));
  return key === undefined ? null : figures.get(key)!;
}
