// A drawing by the plotting library in the page's style, and where its places lie (plot-frame.ts).

import * as Plot from "@observablehq/plot";
import type { Drawn } from "./plot-frame.ts";

/** An axis's label in its middle, without an arrow. */
export const CENTRED = { labelAnchor: "center", labelArrow: "none" } as const;

/** An axis upwards: a grid of about five lines, and a label without an arrow. */
export const UPWARDS = { grid: true, ticks: 5, labelArrow: "none" } as const;

/**
 * A chart with a row for each name, whose numbers lie along x.
 * @param each pixels that a row takes
 */
export function inRows(
  names: string[],
  width: number,
  each: number,
  x: Plot.ScaleOptions,
): Plot.PlotOptions {
  return {
    width,
    height: 60 + each * names.length,
    marginLeft: 20 + 7 * Math.max(...names.map(({ length }) => length)),
    x: { ...CENTRED, grid: true, nice: true, ticks: Math.max(3, Math.floor(width / 90)), ...x },
    y: { type: "point", domain: names, label: null },
    r: { type: "identity" },
  };
}

/** In the page's own colour of text, on its own ground. */
const USUAL = {
  style: {
    background: "transparent",
    color: "currentColor",
    fontSize: "12px",
    overflow: "visible",
  },
  marginTop: 28,
  marginRight: 14,
  marginBottom: 36,
  marginLeft: 46,
};

/** @param values those of the places, on the axis along which they lie */
export function plotted(
  along: Drawn["along"],
  values: readonly unknown[],
  options: Plot.PlotOptions,
): Pick<Drawn, "svg" | "along" | "places"> {
  const svg = Plot.plot({ ...USUAL, ...options }) as unknown as SVGSVGElement & Plot.Plot;
  const scale = svg.scale(along)!;
  return { svg, along, places: values.map((value) => scale.apply(value) as number) };
}
