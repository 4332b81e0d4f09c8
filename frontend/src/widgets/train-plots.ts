// The drawings of "Train it here": curves of this seed over those of others, the gates as they are,
// and the scatter of differences.

import * as Plot from "@observablehq/plot";
import { decimal, percent, signed } from "../math/format.ts";
import { LOOKS } from "../parts/chips.ts";
import { svg as element } from "../parts/dom.ts";
import type { Drawn } from "../parts/plot-frame.ts";
import { CENTRED, inRows, plotted, UPWARDS } from "../parts/plotted.ts";
import { ARMS, type Arm, type Curve, interval, type Pair, type SeedRun } from "./train-data.ts";

const COLOURS: Record<Arm, string> = { se: LOOKS[1]!.colour, none: LOOKS[0]!.colour };

export interface CurvesWish {
  now: SeedRun | null;
  others: SeedRun[];
  epochs: number;
  /** Batches in an epoch. */
  each: number;
  quantity: "accuracy" | "loss";
  held: number | null;
  t: number[];
}

interface Point {
  x: number;
  y: number;
}

/** Accuracy after each epoch; the loss batch by batch, averaged over the last ones. */
function points({ losses, epochs }: Curve, { quantity, each }: CurvesWish): Point[] {
  if (quantity === "accuracy")
    return epochs.map(({ epoch, test_accuracy }) => ({ x: epoch, y: test_accuracy }));
  const over = Math.max(1, Math.round(each / 6));
  const smooth: Point[] = [];
  let sum = 0;
  losses.forEach((loss, i) => {
    sum += loss - (i >= over ? losses[i - over]! : 0);
    if (i % Math.ceil(over / 2) === 0)
      smooth.push({ x: (i + 1) / each, y: sum / Math.min(i + 1, over) });
  });
  return smooth;
}

export function drawCurves(wish: CurvesWish, width: number): Drawn {
  const { now, others, epochs, quantity, held } = wish;
  const arms = Object.keys(ARMS) as Arm[];
  const lines = (run: SeedRun, look: object) =>
    arms.flatMap((arm) => {
      const curve = run.curves[arm];
      if (!curve) return [];
      const stroke = { stroke: COLOURS[arm], strokeDasharray: arm === "none" ? "5 3" : "none" };
      return [Plot.lineY(points(curve, wish), { x: "x", y: "y", ...stroke, ...look })];
    });
  const loss = quantity === "loss";
  return {
    ...plotted(
      "x",
      Array.from({ length: epochs }, (_, e) => e + 1),
      {
        width,
        height: 250,
        x: { ...CENTRED, domain: [0, epochs], label: "epoch", ticks: Math.min(8, epochs) },
        y: {
          ...UPWARDS,
          ...(loss ? { domain: [0, 2.6] } : { domain: [0, 100], percent: true }),
          label: loss ? "training loss (nats)" : "accuracy on test pictures, %",
        },
        marks: [
          Plot.ruleY([0], { strokeOpacity: 0.4 }),
          ...(others.length > 1 && !loss ? arms.flatMap((arm) => band(others, arm, wish.t)) : []),
          ...others.flatMap((run) => lines(run, { strokeWidth: 1, strokeOpacity: 0.35 })),
          ...(now ? lines(now, { strokeWidth: 2.2 }) : []),
        ],
      },
    ),
    held,
    read: (e) => epochWords(wish, e),
    summary: curveWords(wish),
  };
}

/** The interval of the mean over seeds, epoch by epoch. */
function band(runs: SeedRun[], arm: Arm, t: number[]): Plot.Markish[] {
  const epochs = Math.min(...runs.map(({ curves }) => curves[arm]?.epochs.length ?? 0));
  const rows = Array.from({ length: epochs }, (_, e) => {
    const { mean, half } = interval(
      runs.map(({ curves }) => curves[arm]!.epochs[e]!.test_accuracy),
      t,
    );
    return { x: e + 1, mean, low: Math.max(0, mean - half!), high: Math.min(1, mean + half!) };
  });
  const fill = { fill: COLOURS[arm], fillOpacity: 0.14 };
  return [Plot.areaY(rows, { x: "x", y1: "low", y2: "high", ...fill })];
}

function epochWords({ now, others }: CurvesWish, e: number): string {
  const said = (Object.keys(ARMS) as Arm[]).flatMap((arm) => {
    const epoch = (now ?? others.at(-1))?.curves[arm]?.epochs[e];
    return epoch
      ? [`${ARMS[arm]} ${percent(epoch.test_accuracy)}, loss ${decimal(epoch.test_loss, 2)}`]
      : [];
  });
  return `epoch ${e + 1}: ${said.join("; ") || "not there yet"}`;
}

export function curveWords({ now, others }: CurvesWish): string {
  if (!now) return `${others.length} finished run${others.length === 1 ? "" : "s"}.`;
  const said = (Object.keys(ARMS) as Arm[]).flatMap((arm) => {
    const last = now.curves[arm]?.epochs.at(-1);
    return last ? [`${ARMS[arm]} ${percent(last.test_accuracy)} after epoch ${last.epoch}`] : [];
  });
  return `Seed ${now.seed}: ${said.join(", ") || "the first epoch is under way"}.`;
}

/** Of every block a row of bars, one a gate: its mean over pictures, and how far it moves. */
export function drawGates(
  blocks: { name: string; channels: number }[],
  gates: Float32Array[],
): { svg: SVGSVGElement; words: string } {
  const [WIDE, TALL, GAP] = [640, 46, 16];
  const svg = element("svg", {
    viewBox: `0 0 ${WIDE} ${blocks.length * (TALL + GAP)}`,
    "aria-hidden": "true",
    class: "senet-train-gates",
  });
  const said = blocks.map(({ name, channels }, b) => {
    const top = b * (TALL + GAP) + GAP;
    svg.append(
      element(
        "text",
        { x: 0, y: top - 4, fill: "currentColor", "font-size": 11 },
        name.replace(/\.se$/, ""),
      ),
    );
    svg.append(line(0, top + TALL / 2, WIDE, 0.25));
    const values = gates[b]!;
    const count = values.length / channels;
    let moves = 0;
    for (let c = 0; c < channels; c++) {
      const column = Float32Array.from({ length: count }, (_, n) => values[n * channels + c]!);
      const mean = column.reduce((sum, value) => sum + value, 0) / count;
      moves += Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
      const [x, wide] = [(c * WIDE) / channels, WIDE / channels - 1.5];
      const at = (value: number) => top + TALL * (1 - value);
      const [low, high] = [Math.min(...column), Math.max(...column)];
      svg.append(
        element("rect", {
          x,
          y: at(high),
          width: wide,
          height: Math.max(1, at(low) - at(high)),
          fill: "var(--senet-s)",
          opacity: 0.35,
        }),
        element("rect", { x, y: at(mean) - 1.5, width: wide, height: 3, fill: "var(--senet-s)" }),
      );
    }
    return `${name.replace(/\.se$/, "")} by ${decimal(moves / channels, 3)}`;
  });
  return {
    svg,
    words: `A gate strays from its mean, on average over a block: ${said.join(", ")}.`,
  };
}

function line(x: number, y: number, wide: number, opacity: number) {
  return element("line", { x1: x, x2: x + wide, y1: y, y2: y, stroke: "currentColor", opacity });
}

/** "SE minus none", a dot a seed; with the mean and its interval. */
export function drawScatter(
  found: Pair[],
  recorded: Pair[],
  t: number[],
  held: number | null,
  width: number,
): Drawn {
  const rows = [
    ...recorded.map((pair) => ({ ...pair, of: "Python’s runs" })),
    ...found.map((pair) => ({ ...pair, of: "yours" })),
  ]
    .map((pair) => ({ ...pair, difference: pair.se - pair.none }))
    .sort((a, b) => a.difference - b.difference);
  const named = ["yours", ...(recorded.length > 0 ? ["Python’s runs"] : [])];
  const means = named.flatMap((of) => {
    const values = rows.filter((row) => row.of === of).map(({ difference }) => difference);
    if (values.length < 2) return [];
    const { mean, half } = interval(values, t);
    return [{ of, mean, low: mean - half!, high: mean + half! }];
  });
  const label = "SE minus none, points of accuracy";
  const x = { percent: true, label, ...(rows.length === 0 ? { domain: [-5, 5] } : {}) };
  const of = (name: string) => rows.filter((row) => row.of === name).map((row) => row.difference);
  return {
    ...plotted(
      "x",
      rows.map(({ difference }) => difference),
      {
        ...inRows(named, width, 42, x),
        marginLeft: 100,
        y: { type: "point", domain: named, label: null, padding: 0.6 },
        marks: [
          Plot.ruleX([0], { strokeOpacity: 0.5 }),
          Plot.dot(rows, { x: "difference", y: "of", stroke: COLOURS.se, r: 4, strokeWidth: 1.5 }),
          Plot.ruleY(means, {
            x1: "low",
            x2: "high",
            y: "of",
            stroke: "currentColor",
            strokeWidth: 2.5,
          }),
          Plot.dot(means, { x: "mean", y: "of", fill: "currentColor", symbol: "diamond", r: 6 }),
        ],
      },
    ),
    held: held !== null && held < rows.length ? held : null,
    read(place) {
      const { of, seed, se, none, difference } = rows[place]!;
      const points = signed(100 * difference, 1);
      return `${of}, seed ${seed}: with SE ${percent(se)}, without ${percent(none)}, ${points} points`;
    },
    summary: named.map((name) => scatterWords(name, of(name), t)).join(" "),
  };
}

function scatterWords(name: string, values: number[], t: number[]): string {
  if (values.length === 0) return `${name}: no pair of runs.`;
  const { mean, half } = interval(values, t);
  const by = half === null ? "" : ` ± ${decimal(100 * half, 1)}`;
  return `${name}: ${values.length} seed${values.length === 1 ? "" : "s"}, ${signed(100 * mean, 1)}${by} points.`;
}
