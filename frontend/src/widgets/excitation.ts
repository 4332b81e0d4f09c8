// "Excitation": z, hidden units and s of one block, as three rows of bars; the unit that is chosen
// shows its weights and its sum.
//
//   picture, moved z, pushed gates, rule ──▶ excite() ──▶ three rows ──chosen unit──▶ weights as lines, the sum in numbers

import {
  changes,
  excite,
  type Layers,
  RULES,
  type Rule,
  sum,
  type Weights,
  written,
} from "../math/excite.ts";
import { decimal, signed } from "../math/format.ts";
import { choice, h, matched, set, svg, symbol } from "../parts/dom.ts";
import { pictures, type Shown, slider, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

export interface ExcitationData extends Weights {
  network: string;
  block: string;
  pictures: Shown[];
  /** (pictures, C). */
  z: number[][];
}

const FARTHEST = 100; // as in Python
const RULE_WORDS: Record<Rule, string> = {
  sigmoid: "ReLU between, sigmoid after (as trained)",
  softmax: "ReLU between, softmax after",
  linear: "nothing between, sigmoid after",
};
const ROWS = ["z", "h", "s"] as const;
type Row = (typeof ROWS)[number];
const [WIDTH, HEIGHT, GAP] = [640, 64, 46]; // of the drawing, of a row's bars, and between two rows

type ExcitationView = {
  picture: string;
  /** "z3", "h1" or "s3". */
  unit: string;
  rule: Rule;
  /** As math/excite.ts writes them. */
  moved: string;
  pushed: string;
};

export function excitation(root: HTMLElement, data: ExcitationData, keeper: Keeper): () => void {
  const { w1, w2 } = data;
  const [channels, units] = [w2.length, w1.length];
  const all = data.z.flat();
  const [low, high] = [Math.floor(Math.min(...all)) - 1, Math.ceil(Math.max(...all)) + 1];
  let layers: Layers;
  let words = "";

  const gallery = pictures(data.pictures, (picture) => frame.wish({ picture, moved: "" }));
  const look = choice("Look at", (unit) => frame.wish({ unit }));
  const group = (label: string, of: string[]) =>
    h("optgroup", { label }, ...of.map((unit) => h("option", { value: unit }, called(unit))));
  look.select.append(
    group("gates", range(channels, "s")),
    group("hidden units", range(units, "h")),
    group("squeezed channels", range(channels, "z")),
  );
  const rule = choice("Rule", (value) => frame.wish({ rule: value }));
  rule.select.append(...RULES.map((name) => h("option", { value: name }, RULE_WORDS[name])));
  const plot = svg("svg", {
    class: "senet-layers",
    viewBox: `0 0 ${WIDTH} ${3 * HEIGHT + 2 * GAP + 34}`,
    role: "img",
    onclick: pointed,
  });
  const [lines, bars, names] = [svg("g"), svg("g"), svg("g")];
  plot.append(lines, bars, names);
  const moved = slider(low, high, 0.01, (value) => put("moved", value));
  const pushed = slider(-6, 6, 0.1, (value) => put("pushed", value));
  const arithmetic = h("p", { class: "senet-sum" });
  const effect = h("p", { class: "senet-effect" });
  const about = h(
    "p",
    { class: "senet-about" },
    `${data.network}, block ${data.block}: ${channels} channels, ${units} hidden units. Computed in this page with the trained weights.`,
  );

  let grids: Cell[][][] = [];
  const table = numbers([
    {
      what: "the channels",
      name: () => `excitation-${frame.now.picture}`,
      grid: () => ({ caption: "Every channel", rows: grids[0]! }),
    },
    {
      what: "the hidden units",
      name: () => `hidden-${frame.now.picture}`,
      grid: () => ({ caption: "Between the layers", rows: grids[1]! }),
    },
  ]);

  const frame = widgetFrame<ExcitationView>(root, keeper, () => data, {
    body: [
      gallery.el,
      h("div", { class: "senet-controls" }, look.el, rule.el),
      plot,
      arithmetic,
      h("div", { class: "senet-slides" }, moved.el, pushed.el),
      effect,
      about,
    ],
    foot: [table.el],
    draw,
    spoken: () => words,
  });
  return frame.end;

  /** The channel that the sliders act on: the one looked at, the first where a hidden unit is. */
  function channelOf(now: ExcitationView): number {
    return now.unit.startsWith("h") ? 0 : Number(now.unit.slice(1));
  }

  function put(name: "moved" | "pushed", value: number): void {
    const changed = changes(frame.now[name]!, channels, -FARTHEST, FARTHEST);
    if (name === "pushed" && value === 0) changed.delete(channelOf(frame.now));
    else changed.set(channelOf(frame.now), value);
    frame.wish({ [name]: written(changed) });
  }

  function draw(now: ExcitationView): void {
    const index = data.pictures.findIndex(({ id }) => id === now.picture);
    const [at, push] = [
      changes(now.moved, channels, -FARTHEST, FARTHEST),
      changes(now.pushed, channels, -FARTHEST, FARTHEST),
    ];
    const z = data.z[index]!.map((value, c) => at.get(c) ?? value);
    layers = excite(data, z, now.rule as Rule, push);
    const plain = excite(data, data.z[index]!, now.rule as Rule);
    gallery.choose(now.picture);
    [look.select.value, rule.select.value] = [now.unit, now.rule];
    drawRows(now);
    const c = channelOf(now);
    moved.name.replaceChildren("Move ", symbol("z"), ` of channel ${c}`);
    pushed.name.replaceChildren("Push gate ", symbol("s"), ` of channel ${c}`);
    [moved.input.value, pushed.input.value] = [String(z[c]), String(push.get(c) ?? 0)];
    [moved.value.textContent, pushed.value.textContent] = [
      decimal(z[c]!, 2),
      signed(push.get(c) ?? 0, 1),
    ];
    arithmetic.textContent = told(now, push);
    effect.textContent = compared(plain.s, layers.s, c, now.rule as Rule);
    words = `${arithmetic.textContent} ${effect.textContent}`;
    grids = [
      [
        ["channel", "z", "s", "z of the picture", "s of the picture"],
        ...layers.z.map((value, k) => [k, value, layers.s[k]!, data.z[index]![k]!, plain.s[k]!]),
      ],
      [
        ["hidden unit", "value", "value of the picture"],
        ...layers.hidden.map((value, k) => [k, value, plain.hidden[k]!]),
      ],
    ];
    table.show();
    set(plot, {
      "aria-label": `Three rows of bars for ${data.pictures[index]!.title}: ${channels} z, ${units} hidden units, ${channels} gates. ${called(now.unit)} is chosen.`,
    });
  }

  function drawRows(now: ExcitationView): void {
    const spread = Math.max(...layers.z.map(Math.abs), 1e-9);
    const most = Math.max(...layers.hidden.map(Math.abs), 1e-9);
    const values = { z: layers.z, h: layers.hidden, s: layers.s };
    const signedRow: Record<Row, boolean> = { z: true, h: now.rule === "linear", s: false };
    const scale: Record<Row, number> = {
      z: spread,
      h: most,
      s: now.rule === "softmax" ? Math.max(...layers.s) : 1,
    };
    const chosen = now.unit;
    const linked = new Set(weightsOf(chosen).map(({ unit }) => unit));
    const flat = ROWS.flatMap((row) => values[row].map((value, i) => ({ row, i, value })));
    matched(bars, flat.length, () => svg("rect")).forEach((bar, k) => {
      const { row, i, value } = flat[k]!;
      const full = signedRow[row] ? HEIGHT / 2 : HEIGHT;
      const size = Math.max(1, (Math.abs(value) / scale[row]) * full);
      const zero = top(row) + full;
      const unit = `${row}${i}`;
      const [x, width] = place(row, i);
      const lit = unit === chosen || linked.has(unit);
      set(bar, {
        x,
        width,
        y: value < 0 ? zero : zero - size,
        height: size,
        class: `senet-${row}`,
        "data-unit": unit,
        "data-value": value,
        "data-chosen": unit === chosen,
        "data-lit": lit,
      });
    });
    const links = weightsOf(chosen);
    const heaviest = Math.max(...links.map(({ term }) => Math.abs(term)), 1e-9);
    matched(lines, links.length, () => svg("line")).forEach((line, k) => {
      const { unit, weight, term } = links[k]!;
      const upper = (row: string) => (row === "z" ? 0 : row === "h" ? 1 : 2);
      const [from, to] = upper(unit[0]!) < upper(chosen[0]!) ? [unit, chosen] : [chosen, unit];
      const style = {
        "stroke-width": 0.5 + (4 * Math.abs(term)) / heaviest,
        "stroke-dasharray": weight < 0 ? "4 4" : null,
      };
      set(line, {
        x1: middle(from),
        y1: top(from[0] as Row) + HEIGHT,
        x2: middle(to),
        y2: top(to[0] as Row),
        "data-weight": weight,
        "data-term": term,
        ...style,
      });
    });
    const titles = [
      "z, one a channel",
      now.rule === "linear" ? "hidden units, no ReLU" : "hidden units, after ReLU",
      now.rule === "softmax" ? "s, by softmax: they sum to 1" : "s, one a channel, 0 to 1",
    ];
    matched(names, 3, () => svg("text")).forEach((name, k) => {
      set(name, { x: 2, y: top(ROWS[k]!) - 8, class: `senet-${ROWS[k]!}` });
      name.textContent = titles[k]!;
    });
  }

  /**
   * The weights at a unit: those that make it up, or for a z those that it goes into. `term` is
   * weight times value.
   */
  function weightsOf(unit: string): { unit: string; weight: number; term: number }[] {
    const i = Number(unit.slice(1));
    if (unit[0] === "z")
      return w1.map((row, j) => ({ unit: `h${j}`, weight: row[i]!, term: row[i]! * layers.z[i]! }));
    const [row, from, of] =
      unit[0] === "h" ? [w1[i]!, "z", layers.z] : [w2[i]!, "h", layers.hidden];
    return row.map((weight, j) => ({ unit: `${from}${j}`, weight, term: weight * of[j]! }));
  }

  function told({ unit, rule: by }: ExcitationView, push: Map<number, number>): string {
    const i = Number(unit!.slice(1));
    if (unit![0] === "z") {
      const parts = weightsOf(unit!).map(
        ({ weight, term }, j) =>
          `${decimal(term, 2)} into hidden unit ${j} (weight ${decimal(weight, 2)})`,
      );
      return `z of channel ${i} is ${decimal(layers.z[i]!)}. It brings ${parts.join(", ")}.`;
    }
    if (unit![0] === "h") {
      const after =
        by === "linear" ? "and no ReLU follows" : `after ReLU ${decimal(layers.hidden[i]!)}`;
      return `Hidden unit ${i}: ${sum(w1[i]!, layers.z)}; ${after}.`;
    }
    const made = sum(w2[i]!, layers.hidden, push.get(i) ?? 0);
    const gate = by === "softmax" ? "its share among all channels, by softmax" : "its sigmoid";
    return `Gate ${i}: ${made}; ${gate}: s = ${decimal(layers.s[i]!)}.`;
  }

  function pointed(event: MouseEvent): void {
    const box = plot.getBoundingClientRect();
    const [x, y] = [
      ((event.clientX - box.left) / box.width) * WIDTH,
      ((event.clientY - box.top) / box.height) * Number(plot.viewBox.baseVal.height),
    ];
    const row = ROWS.find((name) => y <= top(name) + HEIGHT + GAP / 2) ?? "s";
    const count = row === "h" ? units : channels;
    frame.wish({
      unit: `${row}${Math.min(count - 1, Math.max(0, Math.floor((x / WIDTH) * count)))}`,
    });
  }

  function place(row: Row, i: number): [x: number, width: number] {
    const each = WIDTH / (row === "h" ? units : channels);
    const width = Math.min(each * 0.7, 30);
    return [(i + 0.5) * each - width / 2, width];
  }

  function middle(unit: string): number {
    const [x, width] = place(unit[0] as Row, Number(unit.slice(1)));
    return x + width / 2;
  }
}

const top = (row: Row) => 24 + ROWS.indexOf(row) * (HEIGHT + GAP);
const range = (count: number, row: Row) => Array.from({ length: count }, (_, i) => `${row}${i}`);
const called = (unit: string) =>
  `${unit[0] === "h" ? "hidden unit" : unit[0] === "s" ? "gate s of channel" : "z of channel"} ${unit.slice(1)}`;

/** What the sliders did to channel `c` and to the others. */
function compared(before: number[], after: number[], c: number, rule: Rule): string {
  const by = after.map((value, i) => value - before[i]!);
  const others = by.filter((_, i) => i !== c);
  const [fell, rose] = [
    others.filter((change) => change < -1e-6).length,
    others.filter((change) => change > 1e-6).length,
  ];
  const total = after.reduce((sum, value) => sum + value, 0);
  const sums =
    rule === "softmax"
      ? "All gates sum to 1."
      : `All gates sum to ${decimal(total, 2)}, which nothing bounds.`;
  if (by.every((change) => Math.abs(change) <= 1e-6))
    return `As in the picture: nothing is moved or pushed. ${sums}`;
  return `Gate ${c} ${signed(by[c]!)}; of the other ${others.length}, ${rose} rose and ${fell} fell. ${sums}`;
}
