// The two drawings of "Class by class": means channel by channel, and one measure block by block.

import * as Plot from "@observablehq/plot";
import { percent } from "../math/format.ts";
import { LOOKS } from "../parts/chips.ts";
import type { Drawn } from "../parts/plot-frame.ts";
import { CENTRED, plotted, UPWARDS } from "../parts/plotted.ts";
import {
  channelWords,
  depthWords,
  meansWords,
  type Network,
  type Profile,
  type ProfilesView,
} from "./profiles-data.ts";
import { drawStrips } from "./profiles-strips.ts";

const ACROSS: Record<ProfilesView["order"], string> = {
  index: "channel",
  mean: "channels, from the smallest mean to the largest",
  specificity: "channels, from the most class-specific to the least",
};

export function drawChannels(profile: Profile, now: ProfilesView, width: number): Drawn {
  const { order } = profile;
  const x = {
    ...CENTRED,
    domain: [-0.5, order.length - 0.5],
    label: ACROSS[now.order],
    ...(now.order === "index" ? {} : { ticks: [] }),
  };
  return {
    ...(now.marks === "strips" ? drawStrips : drawSeries)(profile, now, width, x),
    held: now.channel === null ? null : order.indexOf(now.channel),
    read: (place) => channelWords(profile, order[place]!),
    summary: meansWords(profile, now.marks),
  };
}

/** A line or a row of dots for each class. */
function drawSeries(
  { all, shown, order }: Profile,
  now: ProfilesView,
  width: number,
  x: Plot.ScaleOptions,
): Pick<Drawn, "svg" | "along" | "places"> {
  const points = (row: Float32Array) => order.map((c, x) => ({ x, y: row[c]! }));
  const wide = order.length > 64 ? 2 : 3.5;
  const series = shown.map((row, i) => {
    const { colour, dash, symbol } = LOOKS[i]! as (typeof LOOKS)[number] & {
      symbol: Plot.SymbolType;
    };
    const line = { stroke: colour, strokeWidth: 1.7, strokeDasharray: dash };
    return now.marks === "lines"
      ? Plot.lineY(points(row), { x: "x", y: "y", ...line })
      : Plot.dot(points(row), { x: "x", y: "y", fill: colour, symbol, r: wide });
  });
  const flat = [all, ...shown].flatMap((row) => [...row]);
  const full = now.scale === "full";
  const thick = { stroke: "currentColor", strokeOpacity: 0.45, strokeWidth: 3.5 };
  return plotted("x", [...order.keys()], {
    width,
    height: 270,
    marginRight: 12,
    x,
    y: {
      ...UPWARDS,
      domain: full ? [0, 1] : [Math.min(...flat), Math.max(...flat)],
      nice: !full,
      label: "mean excitation s",
    },
    marks: [Plot.lineY(points(all), { x: "x", y: "y", ...thick }), ...series],
  });
}

export function drawDepth(network: Network, now: ProfilesView, width: number): Drawn {
  const { blocks } = network;
  const names = blocks.map(({ name }) => name);
  const short = new Map(blocks.map(({ name, title }) => [name, title.replace(/^block /, "")]));
  return {
    ...plotted("x", names, {
      width,
      height: 210,
      marginRight: 12,
      marginBottom: 38,
      x: {
        ...CENTRED,
        type: "point",
        domain: names,
        tickFormat: (name: string) => short.get(name)!,
        label: "block, from shallow to deep (stage.block)",
      },
      y: { ...UPWARDS, domain: [0, 100], percent: true, label: "%" },
      marks: estimates(network, now),
      r: { type: "identity" },
    }),
    held: blocks.findIndex(({ name }) => name === now.block),
    read(place) {
      const { title, [now.measure]: estimate } = blocks[place]!;
      if (!estimate) return `${title}: not measured`;
      const [value, low, high] = estimate.map(percent);
      return `${title}: ${value} (${low} to ${high})`;
    },
    summary: depthWords(network, now.measure),
  };
}

/** A dot per block with its interval, larger where the block is the one above. */
function estimates({ blocks }: Network, now: ProfilesView): Plot.Markish[] {
  const points = blocks.flatMap(({ name: id, [now.measure]: estimate }) => {
    if (!estimate) return [];
    const [value, low, high] = estimate;
    return [{ id, value, low, high, here: id === now.block }];
  });
  type Point = (typeof points)[number];
  const thin = { stroke: "currentColor", strokeOpacity: 0.6, strokeWidth: 1.2 };
  const bar = { stroke: "currentColor", strokeWidth: 2.5 };
  return [
    Plot.lineY(points, { x: "id", y: "value", ...thin }),
    Plot.ruleX(points, { x: "id", y1: "low", y2: "high", ...bar }),
    Plot.dot(points, {
      x: "id",
      y: "value",
      r: (d: Point) => (d.here ? 7 : 4),
      fill: LOOKS[1]!.colour,
      stroke: "currentColor",
      strokeWidth: (d: Point) => (d.here ? 2 : 0),
      symbol: "circle",
    } as Plot.DotOptions),
  ];
}
