// A chart drawn by a plotting library, and places in it to choose from: channels, epochs, blocks.
//
//   nothing held ──point──▶ read out while pointed at ──leave──▶ nothing held
//   nothing held ──click or arrow key──▶ held ──another──▶ held ──Escape, or the same again──▶ nothing held
//
// The drawing is as wide as its box and is drawn anew when that changes: text in it keeps its size.

import { h, set } from "./dom.ts";

export interface Drawn {
  svg: SVGSVGElement;
  /** Where each place lies, in pixels of the drawing: from the left, or from the top. */
  places: number[];
  along: "x" | "y";
  held: number | null;
  /** What stands at a place, in a line. */
  read(place: number): string;
  /** What the whole chart shows, in a sentence: its text alternative. */
  summary: string;
}

export interface PlotFrame {
  el: HTMLElement;
  /** Draw for a box of a width in pixels. */
  show(draw: (width: number) => Drawn): void;
  /** The drawing as it is. */
  svg(): SVGSVGElement;
  end(): void;
}

const USUAL = 640; // pixels, while the box has no width yet
const HINT = "Point at a place, tap it, or use the arrow keys.";

/** @param loose whether nothing may be held */
export function plotFrame(
  name: string,
  hold: (place: number | null) => void,
  loose = true,
): PlotFrame {
  const marker = h("div", { class: "senet-plotted-marker", "aria-hidden": "true" });
  const sheet = h("div", { class: "senet-plotted-sheet", "aria-hidden": "true" });
  const box = h(
    "div",
    { class: "senet-plotted", role: "slider", tabindex: 0, "aria-label": name, "aria-valuemin": 0 },
    sheet,
    marker,
  );
  const readout = h("p", { class: "senet-readout" });
  const summary = h("p", { class: "senet-summary" });
  const el = h("div", { class: "senet-plotted-whole" }, box, readout, summary);
  let draw: ((width: number) => Drawn) | null = null;
  let drawn: Drawn | null = null;
  let width = 0;
  let pointed: number | null = null;

  function show(): void {
    if (!draw) return;
    drawn = draw(width || USUAL);
    sheet.replaceChildren(drawn.svg);
    summary.textContent = drawn.summary;
    set(box, {
      "data-along": drawn.along,
      "aria-valuemax": Math.max(0, drawn.places.length - 1),
      "data-places": drawn.places.length,
    });
    if (pointed !== null && pointed >= drawn.places.length) pointed = null;
    point();
  }

  function point(): void {
    const { places, along, held, read } = drawn!;
    const place = pointed ?? held;
    const at = place === null ? undefined : places[place];
    marker.hidden = at === undefined;
    const text = at === undefined ? HINT : read(place!);
    if (at !== undefined) {
      const whole =
        along === "x" ? drawn!.svg.width.baseVal.value : drawn!.svg.height.baseVal.value;
      marker.style.cssText = `${along === "x" ? "left" : "top"}:${(100 * at) / whole}%`;
    }
    readout.textContent = text;
    set(box, {
      "aria-valuenow": place ?? 0,
      "aria-valuetext": at === undefined ? "nothing chosen" : text,
      "data-held": held,
    });
  }

  /** The place nearest to the pointer. */
  function under(event: PointerEvent | MouseEvent): number | null {
    const { left, top, width: wide, height } = sheet.getBoundingClientRect();
    const { places, along, svg } = drawn!;
    const at =
      along === "x"
        ? ((event.clientX - left) / wide) * svg.width.baseVal.value
        : ((event.clientY - top) / height) * svg.height.baseVal.value;
    let best: number | null = null;
    places.forEach((place, i) => {
      if (best === null || Math.abs(place - at) < Math.abs(places[best]! - at)) best = i;
    });
    return best;
  }

  box.addEventListener("pointermove", (event) => {
    if (!drawn || event.pointerType !== "mouse") return;
    const place = under(event);
    if (place === pointed) return;
    pointed = place;
    point();
  });
  box.addEventListener("pointerleave", () => {
    pointed = null;
    if (drawn) point();
  });
  box.addEventListener("click", (event) => {
    if (!drawn) return;
    const place = under(event);
    hold(place === drawn.held && loose ? null : place);
  });
  box.addEventListener("keydown", (event) => {
    if (!drawn || event.altKey || event.ctrlKey || event.metaKey) return;
    const end = drawn.places.length - 1;
    const place = drawn.held ?? -1;
    const to: Record<string, number> = {
      ArrowRight: Math.min(place + 1, end),
      ArrowLeft: Math.max(place - 1, 0),
      ArrowDown: drawn.along === "y" ? Math.min(place + 1, end) : Math.max(place - 1, 0),
      ArrowUp: drawn.along === "y" ? Math.max(place - 1, 0) : Math.min(place + 1, end),
      PageUp: Math.min(place + 8, end),
      PageDown: Math.max(place - 8, 0),
      Home: 0,
      End: end,
    };
    if (!(event.key in to) && !(event.key === "Escape" && loose)) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    pointed = null;
    hold(event.key === "Escape" ? null : to[event.key]!);
  });

  const watcher = new ResizeObserver(() => {
    const now = Math.round(box.clientWidth);
    if (now === 0 || now === width) return;
    width = now;
    show();
  });
  watcher.observe(box);
  return {
    el,
    show(next) {
      draw = next;
      show();
    },
    svg: () => drawn!.svg,
    end: () => watcher.disconnect(),
  };
}
