// Save a chart: its drawing as SVG or PNG, its numbers as CSV. All is made in the page; nothing is fetched or sent.

import { h } from "../dom.ts";

export type Cell = string | number | null;

export interface Saved {
  /** Of the file, without its ending. */
  name: string;
  svg: SVGSVGElement;
  /** The first row has the columns' names. */
  rows: Cell[][];
}

const SHARPNESS = 2; // pixels of a PNG for each of the drawing

/** @param what is saved, for whoever can't see it */
export function saver(what: string, now: () => Saved): HTMLElement {
  const button = (kind: string, save: (saved: Saved) => Promise<Blob>) =>
    h("button", { type: "button", "aria-label": `${kind}: save ${what}`, onclick: () => void save(now()).then((blob) => hand(blob, `${now().name}.${kind.toLowerCase()}`)) }, kind);
  return h(
    "p",
    { class: "senet-save" },
    "Save: ",
    button("SVG", async ({ svg }) => new Blob([standing(svg)], { type: "image/svg+xml" })),
    button("PNG", ({ svg }) => png(svg)),
    button("CSV", async ({ rows }) => new Blob([csv(rows)], { type: "text/csv" })),
  );
}

/** By the rules of RFC 4180: what holds a comma, a quote or a line's end stands in quotes. */
export function csv(rows: Cell[][]): string {
  const cell = (value: Cell) => {
    const text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A drawing that stands alone, with the page's colours of text and ground written into it. */
function standing(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const { color, fontFamily } = getComputedStyle(svg);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.style.color = color;
  copy.style.fontFamily = fontFamily;
  copy.style.background = ground(svg);
  return new XMLSerializer().serializeToString(copy);
}

function ground(element: Element | null): string {
  for (; element; element = element.parentElement) {
    const { backgroundColor } = getComputedStyle(element);
    if (!/^(transparent|rgba\(.*, 0\))$/.test(backgroundColor)) return backgroundColor;
  }
  return "Canvas";
}

async function png(svg: SVGSVGElement): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standing(svg))}`;
  await image.decode();
  const canvas = h("canvas", { width: svg.width.baseVal.value * SHARPNESS, height: svg.height.baseVal.value * SHARPNESS });
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be made")))));
}

function hand(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
