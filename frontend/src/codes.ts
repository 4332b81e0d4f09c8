// QR codes, drawn and read, for pages: a script of its own, fetched when a class's results are
// opened.

import { encodeQR } from "qr";
import { decodeQR } from "qr/decode.js";
import type { Codes } from "./network/codes.ts";
import { offer } from "./network/offer.ts";
import { svg } from "./parts/dom.ts";

const QUIET = 4; // modules of white around a code, as its standard asks

const CODES: Codes = {
  /** Dark on light in every theme, since many readers know no other. */
  draw(text: string): SVGSVGElement {
    const rows = encodeQR(text, "raw", { ecc: "low", border: QUIET });
    const dark = rows.flatMap((row, y) =>
      row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])),
    );
    const side = rows.length;
    return svg(
      "svg",
      { viewBox: `0 0 ${side} ${side}`, role: "img", "shape-rendering": "crispEdges" },
      svg("rect", { width: side, height: side, fill: "#fff" }),
      svg("path", { d: dark.join(""), fill: "#000" }),
    ) as SVGSVGElement;
  },

  read(image: ImageData): string | null {
    try {
      return decodeQR(image);
    } catch {
      return null; // it throws wherever it finds no code
    }
  },
};

offer("codes", CODES);
