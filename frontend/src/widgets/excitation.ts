// "Excitation": z, hidden units and s of one block, as three rows of bars; the unit that is chosen
// shows its whole path, its sum, and its rows in the two matrices.
//
//   picture, moved z, pushed gates, rule ──▶ excite() ──▶ three rows ──unit──▶ its path, its sum

import {
  changes,
  type Excited,
  excite,
  type Layers,
  layersOf,
  type Rule,
  sum,
  type Weights,
  written,
} from "../math/excite.ts";
import { decimal, signed } from "../math/format.ts";
import { div, h, options, p, set, span, symbol } from "../parts/dom.ts";
import { type Frame, pictures, type Shown, slider, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { type Menus, menus } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";
import { ExcitationMatrices } from "./excitation-matrices.ts";
import { at, ExcitationRows, type Link, linksOf, numberOf, unitsOf } from "./excitation-rows.ts";

export interface ExcitationData extends Weights {
  network: string;
  block: string;
  pictures: Shown[];
  /** (pictures, C). */
  z: number[][];
}

type ExcitationView = {
  picture: string;
  /** "z3", "h1" or "s3". */
  unit: string;
  rule: Rule;
  /** As math/excite.ts writes them. */
  moved: string;
  pushed: string;
};

const RULE_WORDS: Record<Rule, string> = {
  sigmoid: "ReLU between, sigmoid after (as trained)",
  softmax: "ReLU between, softmax after",
  linear: "nothing between, sigmoid after",
};

export function excitation(root: HTMLElement, data: ExcitationData, keeper: Keeper): () => void {
  return new Excitation(root, data, keeper).frame.end;
}

class Excitation {
  readonly frame: Frame<ExcitationView>;
  private readonly data: ExcitationData;
  private readonly layers: Layers;
  private readonly channels: number;
  private readonly units: number;
  private words = "";
  private grids: Cell[][][] = [];
  // ---- what it consists of
  private readonly gallery: ReturnType<typeof pictures>;
  private readonly menus: Menus<"unit" | "rule">;
  private readonly rows: ExcitationRows;
  private readonly matrices: ExcitationMatrices;
  private readonly moved: ReturnType<typeof slider>;
  private readonly pushed = slider(-6, 6, 0.1, (value) => this.put("pushed", value));
  private readonly arithmetic = p("senet-sum");
  private readonly effect = p("senet-effect");
  private readonly table = numbers([
    {
      what: "the channels",
      name: () => `excitation-${this.frame.now.picture}`,
      grid: () => ({ caption: "Every channel", rows: this.grids[0]! }),
    },
    {
      what: "the hidden units",
      name: () => `hidden-${this.frame.now.picture}`,
      grid: () => ({ caption: "Between the layers", rows: this.grids[1]! }),
    },
  ]);

  constructor(root: HTMLElement, data: ExcitationData, keeper: Keeper) {
    this.data = data;
    this.layers = layersOf(data);
    [this.channels, this.units] = [data.w2.length, data.w1.length];
    this.gallery = pictures(data.pictures, (picture) => this.frame.wish({ picture, moved: "" }));
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      unit: ["Look at", {}],
      rule: ["Rule", RULE_WORDS],
    });
    this.menus.by.unit.select.append(
      group("gates", unitsOf(this.channels, "s")),
      group("hidden units", unitsOf(this.units, "h")),
      group("squeezed channels", unitsOf(this.channels, "z")),
    );
    this.rows = new ExcitationRows(this.channels, this.units, (unit) => this.frame.wish({ unit }));
    this.matrices = new ExcitationMatrices(data);
    const all = data.z.flat();
    const [low, high] = [Math.floor(Math.min(...all)) - 1, Math.ceil(Math.max(...all)) + 1];
    this.moved = slider(low, high, 0.01, (value) => this.put("moved", value));
    this.frame = widgetFrame<ExcitationView>(root, keeper, () => data, {
      body: this.layout(),
      foot: [this.table.el],
      draw: (now) => this.draw(now),
      spoken: () => this.words,
    });
  }

  private layout(): Node[] {
    const { network, block } = this.data;
    const about = `${network}, block ${block}: ${this.channels} channels, ${this.units} hidden units. Computed in this page with the trained weights.`;
    return [
      this.gallery.el,
      div("senet-controls", ...this.menus.els),
      // Above the bars that they move, so that both are on one screen.
      div("senet-slides", this.moved.el, this.pushed.el),
      this.rows.el,
      this.effect,
      legend(),
      this.arithmetic,
      this.matrices.el,
      p("senet-about", about),
    ];
  }

  private put(name: "moved" | "pushed", value: number): void {
    const changed = this.changes(this.frame.now[name]);
    const channel = channelOf(this.frame.now);
    if (name === "pushed" && value === 0) changed.delete(channel);
    else changed.set(channel, value);
    this.frame.wish({ [name]: written(changed) });
  }

  /** Values by channel; the frame has held them to their bounds. */
  private changes(text: string): Map<number, number> {
    return changes(text, this.channels, -Infinity, Infinity);
  }

  private draw(now: ExcitationView): void {
    const index = this.data.pictures.findIndex(({ id }) => id === now.picture);
    const [moved, pushed] = [this.changes(now.moved), this.changes(now.pushed)];
    const given = this.data.z[index]!;
    const z = given.map((value, c) => moved.get(c) ?? value);
    const layers = excite(this.layers, z, now.rule, pushed);
    const plain = excite(this.layers, given, now.rule);
    const links = linksOf(this.data, layers);
    const c = channelOf(now);
    this.gallery.choose(now.picture);
    this.menus.show(now);
    this.rows.show(layers, plain, now.rule, now.unit, links);
    this.matrices.show(now.unit);
    this.showSliders(c, z[c]!, pushed.get(c) ?? 0);
    this.arithmetic.textContent = this.told(now, layers, at(now.unit, links), pushed);
    this.effect.textContent = compared(plain.s, layers.s, c, now.rule);
    this.words = `${this.arithmetic.textContent} ${this.effect.textContent}`;
    this.grids = tablesOf(layers, plain);
    this.table.show();
    const title = this.data.pictures[index]!.title;
    const label = `Three rows of bars for ${title}: ${this.channels} z, ${this.units} hidden units, ${this.channels} gates. The path of ${called(now.unit)} is drawn.`;
    set(this.rows.el, { "aria-label": label });
  }

  private showSliders(c: number, z: number, push: number): void {
    const { moved, pushed } = this;
    moved.name.replaceChildren("Move ", symbol("z"), ` of channel ${c}`);
    pushed.name.replaceChildren("Push gate ", symbol("s"), ` of channel ${c}`);
    [moved.input.value, pushed.input.value] = [String(z), String(push)];
    [moved.value.textContent, pushed.value.textContent] = [decimal(z, 2), signed(push, 1)];
  }

  private told(
    { unit, rule }: ExcitationView,
    layers: Excited,
    links: Link[],
    pushed: Map<number, number>,
  ): string {
    const { w1, w2 } = this.data;
    const i = numberOf(unit);
    if (unit[0] === "z") {
      const parts = links.map(
        ({ weight, term }, j) =>
          `${decimal(term, 2)} into hidden unit ${j} (weight ${decimal(weight, 2)})`,
      );
      return `z of channel ${i} is ${decimal(layers.z[i]!)}. It brings ${parts.join(", ")}.`;
    }
    if (unit[0] === "h") {
      const after =
        rule === "linear" ? "and no ReLU follows" : `after ReLU ${decimal(layers.hidden[i]!)}`;
      return `Hidden unit ${i}: ${sum(w1[i]!, layers.z)}; ${after}.`;
    }
    const made = sum(w2[i]!, layers.hidden, pushed.get(i) ?? 0);
    const gate = rule === "softmax" ? "its share among all channels, by softmax" : "its sigmoid";
    return `Gate ${i}: ${made}; ${gate}: s = ${decimal(layers.s[i]!)}.`;
  }
}

function legend(): HTMLElement {
  const key = (name: string, words: string) =>
    span(`senet-key senet-key-${name}`, h("span", {}, words));
  return p(
    "senet-legend",
    key("unit", "unit that you look at"),
    key("path", "strong: on its path"),
    key("off", "faint: has no part in it"),
    key("before", "across a bar: its end before you moved or pushed"),
    key("thick", "thick line: large weight × value"),
    key("dashed", "dashed: negative weight"),
  );
}

/** The channel that the sliders act on: the one looked at, the first where a hidden unit is. */
function channelOf({ unit }: ExcitationView): number {
  return unit.startsWith("h") ? 0 : numberOf(unit);
}

function called(unit: string): string {
  const kind =
    unit[0] === "h" ? "hidden unit" : unit[0] === "s" ? "gate s of channel" : "z of channel";
  return `${kind} ${numberOf(unit)}`;
}

function group(label: string, units: string[]): HTMLOptGroupElement {
  return h("optgroup", { label }, ...options(units.map((unit) => [unit, called(unit)] as const)));
}

function tablesOf(layers: Excited, plain: Excited): Cell[][][] {
  const channels = layers.z.map((value, k) => [k, value, layers.s[k]!, plain.z[k]!, plain.s[k]!]);
  const units = layers.hidden.map((value, k) => [k, value, plain.hidden[k]!]);
  return [
    [["channel", "z", "s", "z of the picture", "s of the picture"], ...channels],
    [["hidden unit", "value", "value of the picture"], ...units],
  ];
}

/** What the sliders did to channel `c` and to the others. */
function compared(before: number[], after: number[], c: number, rule: Rule): string {
  const by = after.map((value, i) => value - before[i]!);
  const others = by.filter((_, i) => i !== c);
  const fell = others.filter((change) => change < -1e-6).length;
  const rose = others.filter((change) => change > 1e-6).length;
  const total = after.reduce((sum, value) => sum + value, 0);
  const sums =
    rule === "softmax"
      ? `The ${after.length} gates add up to 1.`
      : `The ${after.length} gates add up to ${decimal(total, 2)}; nothing forces them to any total.`;
  if (by.every((change) => Math.abs(change) <= 1e-6)) {
    return `As in the picture: nothing is moved or pushed. ${sums}`;
  }
  return `Gate ${c} ${signed(by[c]!)}; of the other ${others.length}, ${rose} rose and ${fell} fell. ${sums}`;
}
