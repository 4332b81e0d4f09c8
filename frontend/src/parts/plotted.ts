// A drawing by the plotting library in the page's style, and where its places lie (plot-frame.ts).

import * as Plot from "@observablehq/plot";
import type { Drawn } from "./plot-frame.ts";

/** An axis's label in its middle, without an arrow. */
export const CENTRED = { labelAnchor: "center", labelArrow: "none" } as const;

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
