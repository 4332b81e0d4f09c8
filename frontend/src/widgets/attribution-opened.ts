// The picture, and over it what opened a gate: each part by how far covering it closes the gate.

import { signed } from "../math/format.ts";
import { matched, set, svg } from "../parts/dom.ts";
import type { Shown } from "../parts/frame.ts";

export interface OpenedPicture {
  el: SVGElement;
  /** @param by how far covering each part closes the gate, row by row */
  show(picture: Shown, by: Float32Array, channel: number, on: boolean): void;
}

/** @param grid parts along a side */
export function openedPicture(grid: number): OpenedPicture {
  const image = svg("image", { width: grid, height: grid });
  const cells = svg("g");
  const viewBox = `0 0 ${grid} ${grid}`;
  const el = svg("svg", { viewBox, role: "img", class: "senet-opened" }, image, cells);
  return {
    el,
    show(picture, by, channel, on) {
      const far = Math.max(...by.map(Math.abs), 1e-9);
      set(image, { href: picture.url });
      matched(cells, on ? by.length : 0, cell).forEach((each, i) => {
        const value = by[i]!;
        const [x, y, share] = [i % grid, Math.floor(i / grid), Math.abs(value) / far];
        set(each, { "data-cell": i, "data-value": value });
        const [ground, sign] = each.children as unknown as [SVGElement, SVGElement];
        const kind = value < 0 ? "senet-against" : "senet-for";
        set(ground, { x, y, class: kind, "fill-opacity": (0.75 * share).toFixed(3) });
        set(sign, { x: x + 0.5, y: y + 0.72 });
        sign.textContent = share < 0.5 ? "" : value < 0 ? "−" : "+";
      });
      const larger = (best: number, value: number, i: number) =>
        Math.abs(value) > Math.abs(by[best]!) ? i : best;
      const most = by.reduce(larger, 0);
      const [row, column] = [Math.floor(most / grid) + 1, (most % grid) + 1];
      const told = `Most of all the part in row ${row} and column ${column} of ${grid}: covered, it changes the gate of channel ${channel} by ${signed(-by[most]!)}.`;
      set(el, { "aria-label": on ? `${picture.alt}. ${told}` : picture.alt });
    },
  };
}

const cell = () =>
  svg("g", {}, svg("rect", { width: 1, height: 1 }), svg("text", { "text-anchor": "middle" }));
