// A chart's numbers as a table in a disclosure: made when first opened, and kept up while open.

import { h } from "./dom.ts";
import { type Cell, saver } from "./save.ts";

export interface Grid {
  caption: string;
  /** The first row has the columns' names. */
  rows: Cell[][];
}

/**
 * Tables that can be taken away one by one, for widgets whose chart is more than one drawing.
 * @param kinds what each holds, in words, its file's name, and how to make it; rows that are the
 * same array as before stay as they are
 */
export function numbers(kinds: { what: string; name(): string; grid(): Grid }[]): {
  el: HTMLDetailsElement;
  show(): void;
} {
  const places = kinds.map(() => h("div"));
  const savers = kinds.map(({ what, name, grid }) =>
    saver(what, { name, rows: () => grid().rows }),
  );
  const body = h(
    "div",
    { class: "senet-tables" },
    ...places.map((place, i) => h("div", {}, place, savers[i]!)),
  );
  const el = h(
    "details",
    { class: "senet-numbers", ontoggle: show },
    h("summary", {}, "All numbers as tables"),
    body,
  );
  const drawn: (Cell[][] | null)[] = kinds.map(() => null);

  function show(): void {
    if (!el.open) return;
    kinds.forEach((kind, i) => {
      const now = kind.grid();
      if (now.rows === drawn[i]) return;
      drawn[i] = now.rows;
      const from = places[i]!.firstElementChild?.scrollTop ?? 0;
      places[i]!.replaceChildren(grid(now));
      places[i]!.firstElementChild!.scrollTop = from;
    });
  }

  return { el, show };
}

export function grids(): { el: HTMLDetailsElement; show(now: () => Grid[]): void } {
  const body = h("div", { class: "senet-tables" });
  const el = h(
    "details",
    { class: "senet-numbers", ontoggle: fill },
    h("summary", {}, "All numbers as tables"),
    body,
  );
  let grids: (() => Grid[]) | null = null;

  function fill(): void {
    if (!el.open || !grids) return;
    const scrolled = [...body.children].map((region) => region.scrollTop);
    body.replaceChildren(...grids().map(grid));
    [...body.children].forEach((region, i) => (region.scrollTop = scrolled[i] ?? 0));
  }

  return {
    el,
    show(now) {
      grids = now;
      fill();
    },
  };
}

function grid({ caption, rows: [heads, ...rows] }: Grid): HTMLElement {
  const cell = (value: Cell) =>
    value === null ? "–" : typeof value === "number" ? String(Number(value.toFixed(4))) : value;
  const lines = rows.map(([name, ...values]) => line(cell(name!), ...values.map(cell)));
  return scrolledTable(caption, heads!.map(String), lines);
}

/** A row of a table: its name, and its cells. */
export function line(name: string, ...cells: string[]): HTMLTableRowElement {
  return h("tr", {}, h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", {}, cell)));
}

/**
 * A table in a box of its own that scrolls, and that the keyboard can reach to scroll it. Not a
 * landmark: a page may have many widgets.
 */
export function scrolledTable(
  caption: string,
  heads: (string | Node)[],
  rows: HTMLTableRowElement[],
): HTMLElement {
  const head = heads.map((name) => (name ? h("th", { scope: "col" }, name) : h("td")));
  const table = h(
    "table",
    {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...rows),
  );
  return h("div", { role: "group", tabindex: 0, "aria-label": caption }, table);
}
