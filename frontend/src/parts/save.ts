// What is shown, to take away: its numbers as CSV, its drawing as SVG or PNG. All is made in the
// page when asked for; nothing is fetched or sent.

import { h, set } from "./dom.ts";

export type Cell = string | number | null;

export interface Source {
  /** Of the file, without its ending. */
  name(): string;
  /** The first row has the columns' names. */
  rows(): Cell[][];
  /** A whole SVG document, or a drawing of the page; absent where there is none. */
  svg?(): string | SVGSVGElement;
  /** What its marks are, where the page says so beside it: a row each. */
  keys?(): SVGElement[];
}

const ROW = 18;
const SHARP = 2; // pixels of a PNG for each of the drawing

/** @param what is saved, for readers who can't see it */
export function saver(what: string, source: Source): HTMLElement {
  const line = h("span", { class: "senet-unseen", role: "status" });
  const { svg } = source;
  const drawing = () => {
    const drawn = svg!();
    return typeof drawn === "string" ? drawn : standing(drawn, source.keys?.());
  };
  const button = (kind: string, make: () => Promise<Blob> | Blob) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": `${kind}: save ${what}`,
        onclick: async () => {
          const file = `${source.name()}.${kind.toLowerCase()}`;
          try {
            hand(file, await make());
            line.textContent = `Saved ${file}`;
          } catch (error) {
            line.textContent = `${file} could not be made: ${(error as Error).message}`;
          }
        },
      },
      kind,
    );
  return h(
    "p",
    { class: "senet-save", role: "group", "aria-label": `Save ${what}` },
    "Save: ",
    button("CSV", () => new Blob([csv(source.rows())], { type: "text/csv" })),
    svg ? button("SVG", () => new Blob([drawing()], { type: "image/svg+xml" })) : null,
    svg ? button("PNG", () => png(drawing())) : null,
    line,
  );
}

/**
 * By the rules of RFC 4180; a cell that a spreadsheet would run as a formula gets an apostrophe.
 */
export function csv(rows: Cell[][]): string {
  const cell = (value: Cell) => {
    if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
    const text = (value ?? "").replace(/^[=+@-]/, "'$&");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/**
 * A self-contained drawing, with the page's colours of text and ground written into it.
 *
 * @param keys rows that go below it
 */
function standing(svg: SVGSVGElement, keys: SVGElement[] = []): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const { color, fontFamily } = getComputedStyle(svg);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.style.color = color;
  copy.style.fontFamily = fontFamily;
  copy.style.background = ground(svg) ?? "Canvas";
  if (keys.length > 0) {
    const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value];
    keys.forEach((row, i) => set(row, { transform: `translate(12 ${height + ROW * i})` }));
    const whole = height + ROW * keys.length + ROW / 3;
    set(copy, { height: whole, viewBox: `0 0 ${width} ${whole}` });
    copy.append(...keys);
  }
  return new XMLSerializer().serializeToString(copy);
}

/** The background colour of an element, null where none is set. */
export function ground(element: Element | null): string | null {
  for (; element; element = element.parentElement) {
    const { backgroundColor } = getComputedStyle(element);
    if (!/^(transparent|rgba\(.*, 0\))$/.test(backgroundColor)) return backgroundColor;
  }
  return null;
}

async function png(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = h("canvas", {
    width: SHARP * image.naturalWidth,
    height: SHARP * image.naturalHeight,
  });
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (!blob) throw new Error("this browser draws no PNG of that size");
  return blob;
}

/** Give the reader a file. */
export function hand(name: string, blob: Blob): void {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000); // after the browser has taken it
}
