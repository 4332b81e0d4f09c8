// Every map of a block, small, and under each what is left of it: a bar for z, and a line across
// where it was with the object in the middle.

import { decimal } from "../math/format.ts";
import { h, matched, set, svg } from "../parts/dom.ts";
import { paint } from "../parts/maps.ts";

/** All maps of a picture (C, size, size), what is left of each, and that of the one before. */
export interface Squeezed {
  maps: Float32Array;
  z: number[];
  before: number[];
  chosen: number;
  /** Where the maps' colours are full. */
  far: number;
}

export function squeezeTiles(
  size: number,
  chosen: (channel: string) => void,
): { el: HTMLElement; show(squeezed: Squeezed): void } {
  const el = h("div", {
    class: "senet-squeezed",
    onclick: (event: MouseEvent) => {
      const tile = (event.target as Element).closest<HTMLElement>("[data-channel]");
      if (tile) chosen(tile.dataset.channel!);
    },
  });
  return {
    el,
    show({ maps, z, before, chosen, far }) {
      const reach = 1.15 * Math.max(...before.map(Math.abs), 0.1);
      const height = (value: number) => 20 - 19 * Math.max(-1, Math.min(1, value / reach));
      matched(el, z.length, () => tile(size)).forEach((each, k) => {
        const [map, bars, number] = each.children as unknown as [
          HTMLCanvasElement,
          SVGElement,
          HTMLElement,
        ];
        paint(map, maps.subarray(k * size * size, (k + 1) * size * size), far);
        const [bar, zero, line] = bars.children as unknown as [SVGElement, SVGElement, SVGElement];
        const end = height(z[k]!);
        set(bar, { y: Math.min(20, end), height: Math.max(0.75, Math.abs(end - 20)) });
        set(zero, { y1: 20, y2: 20 });
        set(line, { y1: height(before[k]!), y2: height(before[k]!) });
        number.textContent = decimal(z[k]!, 2);
        set(each, {
          "data-channel": k,
          "data-value": z[k]!,
          "data-before": before[k]!,
          "data-chosen": k === chosen,
          title: `Channel ${k}`,
        });
      });
    },
  };
}

function tile(size: number): HTMLElement {
  const line = (kind: string) => svg("line", { x1: 0, x2: 40, class: kind });
  const bars = svg(
    "svg",
    {
      viewBox: "0 0 40 40",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      "data-symbol": "z",
    },
    svg("rect", { x: 8, width: 24 }),
    line("senet-zero"),
    line("senet-before"),
  );
  const map = h("canvas", { width: size, height: size, "aria-hidden": "true" });
  return h("div", {}, map, bars, h("span"));
}
