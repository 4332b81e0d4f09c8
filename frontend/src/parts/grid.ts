// A chart's numbers as a table in a disclosure: made when first opened, and kept up while open.
// A table of the same shape as before is written over where it differs: thousands of new cells
// would be laid out again at every change of a control.

import { div, folded, h } from "./dom.ts";
import { type Cell, saver } from "./save.ts";

export const ALL = "All numbers as tables";

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
  const body = div("senet-tables", ...places.map((place, i) => h("div", {}, place, savers[i]!)));
  const el = folded("senet-numbers", ALL, show, body);
  const drawn: (Cell[][] | null)[] = kinds.map(() => null);

  function show(): void {
    if (!el.open) return;
    kinds.forEach((kind, i) => {
      const now = kind.grid();
      if (now.rows === drawn[i]) return;
      drawn[i] = now.rows;
      fill(places[i]!, [now]);
    });
  }

  return { el, show };
}

export function grids(): { el: HTMLDetailsElement; show(now: () => Grid[]): void } {
  const body = div("senet-tables");
  const el = folded("senet-numbers", ALL, refill, body);
  let grids: (() => Grid[]) | null = null;

  function refill(): void {
    if (el.open && grids) fill(body, grids());
  }

  return {
    el,
    show(now) {
      grids = now;
      refill();
    },
  };
}

function fill(place: HTMLElement, grids: Grid[]): void {
  const old = place.children;
  const boxes = grids.map((grid, i) => written(old[i], grid) ?? table(grid));
  const same = boxes.length === old.length && boxes.every((box, i) => box === old[i]);
  if (!same) replace(place, boxes);
}

/** Put boxes of tables in the place of others, each scrolled as the one that was there. */
export function replace(place: HTMLElement, boxes: Element[]): void {
  const old = [...place.children];
  const scrolled = old.map((box) => box.scrollTop);
  place.replaceChildren(...boxes);
  boxes.forEach((box, i) => {
    if (scrolled[i]) box.scrollTop = scrolled[i]!; // even 0 would have all laid out on the spot
  });
}

const text = (value: Cell) =>
  value === null ? "–" : typeof value === "number" ? String(Number(value.toFixed(4))) : value;

function table({ caption, rows: [heads, ...rows] }: Grid): HTMLElement {
  const lines = rows.map(([name, ...values]) => line(text(name!), ...values.map(text)));
  return scrolledTable(caption, heads!.map(String), lines);
}

/** The box with its table's cells written over, or null where caption, heads or shape differ. */
function written(box: Element | undefined, { caption, rows }: Grid): Element | null {
  if (box?.getAttribute("aria-label") !== caption) return null;
  const lines = [...box.querySelector("table")!.rows].map((row) => [...row.cells]);
  const heads = lines[0]!.map((cell) => cell.textContent);
  const fits = lines.length === rows.length && heads.join("\n") === rows[0]!.join("\n");
  if (!fits || lines.some((cells, i) => cells.length !== rows[i]!.length)) return null;
  lines.slice(1).forEach((cells, i) => {
    cells.forEach((cell, j) => {
      const now = text(rows[i + 1]![j]!);
      if (cell.textContent !== now) cell.textContent = now;
    });
  });
  return box;
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
