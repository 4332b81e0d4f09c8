// "Relatives": a member of SE's family under SE itself, step by step. Shapes and weights were read
// off the modules by Python (sebook/relatives/family.py); nothing is computed here.

import { div, h, p, span, svg, symbol } from "../parts/dom.ts";
import { type Frame, radios, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { menus } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

interface Lane {
  title: string;
  weights: number;
  /** Maps in, squeezed, gates, maps out; without the batch. */
  shapes: number[][];
  words: Record<string, string>;
  /** The steps that are SE's own. */
  same: string[];
}

export interface Laid {
  title: string;
  arxiv: string;
  joined: string;
  channels: number;
  side: number;
  weights: number;
  lanes: Lane[];
}

export interface RelativesData {
  /** By relative and stage. */
  relatives: Record<string, Record<string, Laid>>;
  stages: number[];
  steps: string[];
}

const SYMBOLS = ["z", "s", "x"] as const;

type RelativesView = {
  relative: string;
  stage: number;
};

export function relatives(root: HTMLElement, data: RelativesData, keeper: Keeper): () => void {
  let words = "";
  const offered = Object.entries(data.relatives).map(([id, stages]) => {
    return { id, face: h("span", {}, stages[data.stages[0]!]!.title) };
  });
  const pills = div("senet-pills");
  const names = radios("Beside SE", pills, offered, (relative) => frame.wish({ relative }));
  const sides = data.stages.map((n) => {
    const { side } = data.relatives.se![n]!;
    return [n, `${n}: maps of ${side} × ${side}`] as const;
  });
  const stages = menus((wanted) => frame.wish(wanted), { stage: ["Stage of ResNet-50", sides] });
  const body = div("senet-lanes");
  const sum = p("senet-effect");
  const table = numbers([
    {
      what: "every relative",
      name: () => `relatives-stage-${frame.now.stage}`,
      grid: () => ({
        caption: `Every relative in stage ${frame.now.stage} of ResNet-50`,
        rows: everyRelative(data, frame.now.stage),
      }),
    },
  ]);
  const frame: Frame<RelativesView> = widgetFrame(root, keeper, () => data, {
    body: [names.el, div("senet-controls", ...stages.els), body, sum],
    foot: [table.el],
    draw(now) {
      names.choose(now.relative);
      stages.show(now);
      const [se, other] = ["se", now.relative].map((name) => data.relatives[name]![now.stage]!);
      const shown = now.relative === "se" ? [se!] : [se!, other!];
      body.replaceChildren(...shown.flatMap((one) => family(one, data.steps)));
      sum.textContent = words = summary(se!, other!, now.relative === "se");
      table.show();
    },
    spoken: () => words,
  });
  return frame.end;
}

/** A relative's lanes, each with its steps. */
function family(one: Laid, steps: string[]): Node[] {
  const several = one.lanes.length > 1;
  const heading = several ? `${one.title}: two lanes, ${one.joined}` : one.title;
  return [
    h("h3", { class: "senet-way-name" }, heading),
    ...one.lanes.map((lane) => laneOf(one, lane, steps, several)),
  ];
}

function laneOf(one: Laid, lane: Lane, steps: string[], several: boolean): HTMLElement {
  const named = (...words: (Node | string | null)[]) => span("senet-step-name", ...words);
  const first = h(
    "li",
    { "data-step": "maps" },
    named(several ? lane.title : "maps in"),
    drawn(lane.shapes[0]!),
    shaped(lane.shapes[0]!, "u"),
  );
  const others = steps.map((step, i) => {
    const same = lane.same.includes(step);
    const kin = span("senet-kin", same ? "as in SE" : "changed");
    const shape = lane.shapes[i + 1]!;
    return h(
      "li",
      { "data-step": step, "data-same": same, "data-shape": shape.join("x") },
      named(step, " ", one.title === "SE" ? null : kin),
      drawn(shape),
      shaped(shape, SYMBOLS[i]!),
      span("senet-step-words", lane.words[step]!),
    );
  });
  const label = `${one.title}, ${lane.title}`;
  const marked = { class: "senet-way", "data-weights": lane.weights, "aria-label": label };
  return h("ol", marked, first, ...others);
}

/** A row for each lane of each relative: its weights, its shapes, and which steps are SE's own. */
function everyRelative({ relatives, steps }: RelativesData, stage: number): Cell[][] {
  const rows = Object.values(relatives).flatMap((stages) =>
    stages[stage]!.lanes.map((lane) => {
      const [maps, ...after] = lane.shapes.map((shape) => shape.join(" × "));
      return [
        stages[stage]!.title,
        lane.title,
        lane.weights,
        maps!,
        ...steps.flatMap((step, i) => [
          after[i]!,
          lane.same.includes(step) ? "as in SE" : "changed",
        ]),
      ];
    }),
  );
  return [
    [
      "relative",
      "lane",
      "weights",
      "maps in",
      ...steps.flatMap((step) => [`${step}: shape`, `${step}: beside SE`]),
    ],
    ...rows,
  ];
}

/** What changed, in a sentence. */
export function summary(se: Laid, other: Laid, alone: boolean): string {
  const count = (n: number) => n.toLocaleString("en");
  if (alone) return `SE has ${count(se.weights)} weights in a block of ${se.channels} channels.`;
  const changed = ["squeeze", "excitation", "rescale"].filter((step) =>
    other.lanes.some((lane) => !lane.same.includes(step)),
  );
  const listed =
    changed.length > 1 ? `${changed.slice(0, -1).join(", ")} and ${changed.at(-1)}` : changed[0];
  return `${other.title} changes ${listed}. It has ${count(other.weights)} weights for ${other.channels} channels; SE has ${count(se.weights)} for ${se.channels}.`;
}

function shaped(shape: number[], letter: "u" | "z" | "s" | "x"): HTMLElement {
  return span("senet-shape", symbol(letter), ` ${shape.join(" × ")}`);
}

/**
 * A vector as a bar, several as several; maps as overlapping squares, whose side grows with
 * the maps'.
 */
function drawn(shape: number[]): SVGElement {
  const figure = svg("svg", { viewBox: "0 0 72 48", "aria-hidden": "true", class: "senet-tensor" });
  const [maps, side] = shape.length >= 3 ? [shape.at(-3)!, shape.at(-1)!] : [0, 0];
  if (maps === 0) {
    const rows = shape.length === 2 ? shape[0]! : 1;
    for (let row = 0; row < rows; row++)
      figure.append(svg("rect", { x: 6, y: 24 - 7 * rows + 14 * row + 2, width: 60, height: 10 }));
    for (let tick = 1; tick < 8; tick++)
      figure.append(svg("path", { d: `M${6 + 7.5 * tick} ${26 - 7 * rows}v${14 * rows - 4}` }));
    return figure;
  }
  const piles = shape.length === 4 ? shape[0]! : 1;
  const size = Math.max(7, Math.min(piles > 1 ? 20 : 30, 4 * Math.sqrt(side)));
  const behind = maps === 1 ? 0 : maps === 2 ? 1 : 3;
  for (let pile = 0; pile < piles; pile++) {
    const left = (72 / piles) * (pile + 0.5) - (size + 4 * behind) / 2;
    const upper = 24 - (size + 4 * behind) / 2;
    for (let k = behind; k >= 0; k--)
      figure.append(
        svg("rect", { x: left + 4 * k, y: upper + 4 * (behind - k), width: size, height: size }),
      );
  }
  return figure;
}
