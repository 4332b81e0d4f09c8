// Class means as strips of ink, one per class, below the curve of their mean. Channels have no
// order of their own, so a line that joins 64 of them or more only hides where the classes differ.
// Strips lie one below the other, and a bar for each channel spans the classes that are shown.

import * as Plot from "@observablehq/plot";
import { ticks } from "d3-array";
import { decimal } from "../math/format.ts";
import { set } from "../parts/dom.ts";
import { ink, inked } from "../parts/ink.ts";
import type { Drawn } from "../parts/plot-frame.ts";
import { plotted } from "../parts/plotted.ts";
import type { Profile, ProfilesView } from "./profiles-data.ts";

/** Heights in pixels: of the curve, a name above its strip, a strip, and what parts two of them. */
const [CURVE, NAME, STRIP, GAP] = [150, 18, 18, 6];
const [TOP, BOTTOM] = [28, 36];

/** @param x the axis of channels, as in the other drawings */
export function drawStrips(
  profile: Profile,
  now: ProfilesView,
  width: number,
  x: Plot.ScaleOptions,
): Pick<Drawn, "svg" | "along" | "places"> {
  const { all, shown, names, order } = profile;
  const values = [all, ...shown].flatMap((row) => [...row]);
  const [low, high] = now.scale === "full" ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const step = (high - low || 1) / CURVE; // what a pixel is worth on the axis of s
  const row = NAME + STRIP + GAP;
  const below = names.length * row;
  const strip = (i: number) => low - step * (i * row + GAP + NAME);
  const cells = shown.flatMap((means, i) =>
    order.map((c, at) => ({
      x1: at - 0.5,
      x2: at + 0.5,
      y1: strip(i),
      y2: strip(i) - step * STRIP,
      share: Math.min(1, Math.max(0, (means[c]! - low) / (high - low || 1))),
    })),
  );
  const ends = { x1: -0.5, x2: order.length - 0.5 };
  const frames = names.map((name, i) => ({
    ...ends,
    name,
    y: strip(i) + step * 5,
    y1: strip(i),
    y2: strip(i) - step * STRIP,
  }));
  const drawn = plotted("x", [...order.keys()], {
    width,
    height: TOP + CURVE + below + BOTTOM,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginRight: 12,
    x,
    y: { domain: [low - step * below, high], axis: null },
    opacity: { type: "identity" },
    marks: [
      Plot.gridY(ticks(low, high, 5)),
      Plot.axisY(ticks(low, high, 5), {
        label: "mean excitation s",
        labelArrow: "none",
        labelAnchor: "top",
      }),
      ...curve(profile, now),
      Plot.rect(cells, {
        x1: "x1",
        x2: "x2",
        y1: "y1",
        y2: "y2",
        fillOpacity: "share",
        shapeRendering: "crispEdges",
        className: "senet-strips",
      }),
      Plot.rect(frames, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", ...FRAME }),
      Plot.text(frames, { x: "x1", y: "y", text: "name", textAnchor: "start", ...WORDS }),
      Plot.text(frames.slice(0, 1), {
        x: "x2",
        y: "y",
        text: () => `faint: ${decimal(low, 2)}, strong: ${decimal(high, 2)}`,
        textAnchor: "end",
        ...WORDS,
      }),
    ],
  });
  for (const [name, what] of Object.entries(INK)) {
    const part = drawn.svg.querySelector<SVGElement>(`.${name}`);
    if (part) set(part, { style: `${what}:${ink()}`, ...inked });
  }
  return drawn;
}

/** What is drawn in the page's ink for s, and by which property. */
const INK = { "senet-strips": "fill", "senet-spans": "stroke" };
const FRAME = { fill: "none", stroke: "currentColor", strokeOpacity: 0.4 };
const WORDS = { lineAnchor: "bottom", fill: "currentColor" } as const;

/** The mean over all classes, and for each channel a bar over the classes that are shown. */
function curve({ all, shown, order }: Profile, now: ProfilesView): Plot.Markish[] {
  const points = order.map((c, x) => {
    const values = shown.map((row) => row[c]!);
    return { x, y: all[c]!, low: Math.min(...values), high: Math.max(...values) };
  });
  const wide = order.length > 128 ? 1.2 : order.length > 32 ? 2.5 : 5;
  const bars = { className: "senet-spans", strokeOpacity: 0.55, strokeWidth: wide };
  const thick = { stroke: "currentColor", strokeOpacity: 0.6, strokeWidth: 2.5 };
  return [
    ...(shown.length > 1 ? [Plot.ruleX(points, { x: "x", y1: "low", y2: "high", ...bars })] : []),
    // Joined only where the order makes it a curve.
    now.order === "mean"
      ? Plot.lineY(points, { x: "x", y: "y", ...thick })
      : Plot.dot(points, { x: "x", y: "y", r: Math.max(1.2, wide / 2), fill: "currentColor" }),
  ];
}
