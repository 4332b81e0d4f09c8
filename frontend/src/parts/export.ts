// What a view shows, to take away: its numbers as CSV, its drawing as SVG or PNG. Made when asked for.

import { h } from "../dom.ts";

export type Cell = string | number | null;

export interface Source {
  /** For the file's name, without its ending. */
  name(): string;
  /** Rows of cells, the first row the heads. */
  rows(): Cell[][];
  /** A whole SVG document. */
  svg(): string;
}

const SHARP = 2; // pixels of a PNG for one of the SVG

export function exports(source: Source): HTMLElement {
  const line = h("span", { class: "senet-unseen", role: "status" });
  const button = (kind: string, what: string, make: () => Promise<Blob> | Blob) =>
    h("button", {
      type: "button",
      "aria-label": `${kind}: save ${what}`,
      onclick: async () => {
        const file = `${source.name()}.${kind.toLowerCase()}`;
        try {
          save(file, await make());
          line.textContent = `Saved ${file}`;
        } catch (error) {
          line.textContent = `${file} could not be made: ${(error as Error).message}`;
        }
      },
    }, kind);
  return h(
    "span",
    { class: "senet-export", role: "group", "aria-label": "Save this view" },
    "Save ",
    button("CSV", "the numbers of this view", () => new Blob([csv(source.rows())], { type: "text/csv" })),
    button("SVG", "the drawing of this view", () => new Blob([source.svg()], { type: "image/svg+xml" })),
    button("PNG", "the drawing of this view", () => png(source.svg())),
    line,
  );
}

/** As RFC 4180 has it; a cell that a spreadsheet would run as a formula gets an apostrophe. */
export function csv(rows: Cell[][]): string {
  const cell = (value: Cell) => {
    if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
    const text = (value ?? "").replace(/^[=+@-]/, "'$&");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

async function png(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = h("canvas", { width: SHARP * image.naturalWidth, height: SHARP * image.naturalHeight });
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (!blob) throw new Error("this browser draws no PNG of that size");
  return blob;
}

function save(name: string, blob: Blob): void {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000); // after the browser has taken it
}
