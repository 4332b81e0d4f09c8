// A chart's numbers as a table behind a disclosure: made when first opened, and kept up while open.

import { h } from "../dom.ts";
import type { Cell } from "./save.ts";

export interface Grid {
  caption: string;
  /** The first row has the columns' names. */
  rows: Cell[][];
}

export function grids(): { el: HTMLDetailsElement; show(now: () => Grid[]): void } {
  const body = h("div", { class: "senet-tables" });
  const el = h("details", { class: "senet-numbers", ontoggle: fill }, h("summary", {}, "All numbers as tables"), body);
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

/** In a box of its own that scrolls, and that the keyboard can reach to scroll it. */
function grid({ caption, rows: [heads, ...rows] }: Grid): HTMLElement {
  const cell = (value: Cell) => (value === null ? "–" : typeof value === "number" ? String(Number(value.toFixed(4))) : value);
  const head = h("tr", {}, ...heads!.map((name) => h("th", { scope: "col" }, String(name))));
  const lines = rows.map(([name, ...values]) => h("tr", {}, h("th", { scope: "row" }, cell(name!)), ...values.map((value) => h("td", {}, cell(value)))));
  const table = h("table", {}, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, ...lines));
  return h("div", { role: "group", tabindex: 0, "aria-label": caption }, table);
}
