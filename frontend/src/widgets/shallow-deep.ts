// "Shallow and deep": one picture, the excitations of an early and of a late SE block beside each
// other, and the prediction. What changes and what is asked, the session knows (state/session.ts).

import {
  axis,
  COMPARISONS,
  type Comparison,
  comparison,
  meanOf,
  type Order,
  ordered,
  type Scale,
} from "../math/channels.ts";
import { percent } from "../math/format.ts";
import { largest, softmax } from "../math/softmax.ts";
import type { Answer, BlockInfo, Probe } from "../network/network.ts";
import { type Actions, actions } from "../parts/actions.ts";
import { type Choice, choice, h, options, say } from "../parts/dom.ts";
import { type DotChart, dotChart } from "../parts/dot-chart.ts";
import { type GateControls, gateControls } from "../parts/gate-controls.ts";
import { legend } from "../parts/legend.ts";
import { picker } from "../parts/picker.ts";
import { prediction } from "../parts/prediction.ts";
import { handWords, introduced, summed } from "../parts/sentences.ts";
import { tables } from "../parts/table.ts";
import { type OwnPicture, ownPicture } from "../picture-editor/own-picture.ts";
import { type Sets, setsOf, settle, type Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import { type Held, Session } from "../state/session.ts";

export type ShallowDeepView = {
  /** Id of a picture. */
  picture: string;
  /** Names of two SE blocks. */
  shallow: string;
  deep: string;
  order: Order;
  /** One of COMPARISONS, or a class. */
  compare: string;
  scale: Scale;
  /** The channel held in each chart, null for none. */
  shallowChannel: number | null;
  deepChannel: number | null;
  /** Gates set by hand, as gates-text.ts writes them; "" for none. */
  gates: string;
};

const ORDER_WORDS: Record<Order, string> = {
  index: "number",
  excitation: "excitation, largest first",
  difference: "difference from the mean",
};
const ENDS: Record<Exclude<Order, "index">, [string, string]> = {
  excitation: ["most excited", "least excited"],
  difference: ["furthest above the mean", "furthest below"],
};
const COMPARISON_WORDS: Record<(typeof COMPARISONS)[number], string> = {
  predicted: "the predicted class",
  true: "the true class",
  all: "all classes",
  none: "nothing",
};
const SCALE_WORDS: Record<Scale, string> = {
  fitted: "as far as the gates go",
  full: "from 0 to 1",
};
const SIDES = { shallow: "Shallow", deep: "Deep" } as const;
type Side = keyof typeof SIDES;
const NAMES = Object.keys(SIDES) as Side[];

/** Build the widget into `root`; resolves once it shows its first answer. Returns what takes it down. */
export async function shallowDeep(
  root: HTMLElement,
  probe: Probe,
  keeper: Keeper,
): Promise<() => void> {
  const widget = new ShallowDeep(root, probe, keeper);
  await widget.session.start();
  const deaf = keeper.listen((wanted, ours = false) => void widget.session.change(wanted, ours));
  return () => {
    deaf();
    widget.end();
    root.replaceChildren();
  };
}

/** What a side's chart and table are drawn from. */
interface Drawn {
  answer: Answer["blocks"][number];
  order: number[];
  comparison: Comparison;
}

class ShallowDeep implements Held<ShallowDeepView> {
  readonly session: Session<ShallowDeepView>;
  private readonly probe: Probe;
  private readonly rules: Keeper["rules"];
  private readonly sets: () => Sets;
  // ---- what it consists of
  private readonly gallery: ReturnType<typeof picker>;
  private readonly predicted: ReturnType<typeof prediction>;
  private readonly yours: OwnPicture | null;
  private readonly about = h("p", { class: "senet-about" });
  private readonly order: Choice;
  private readonly compare: Choice;
  private readonly scale: Choice;
  private readonly key = legend();
  private readonly sides: Record<Side, ReturnType<ShallowDeep["side"]>>;
  private readonly numbers = tables();
  private readonly pull: GateControls;
  private readonly line = h("p", { class: "senet-problem", role: "alert" });
  private readonly live = h("p", { class: "senet-unseen", role: "status" });
  private readonly foot: Actions;

  constructor(root: HTMLElement, probe: Probe, keeper: Keeper) {
    [this.probe, this.rules, this.sets] = [probe, keeper.rules, () => setsOf(probe)];
    const { author, reader } = keeper.initial();
    const initial = this.settle(author, null);
    const view = this.settle(reader, initial);
    const session = (this.session = new Session<ShallowDeepView>(
      root,
      probe,
      keeper,
      view,
      initial,
      this,
    ));
    const wish = (wanted: Wanted) => session.wish(wanted);
    this.gallery = picker(probe, (index) => wish({ picture: probe.pictures[index]!.id }));
    this.predicted = prediction(probe);
    this.yours = probe.live
      ? ownPicture(
          root,
          probe.live,
          (index) => session.showOwn(index),
          () => void session.again(),
        )
      : null;
    this.order = choice("Order channels by", (order) => wish({ order }), ORDER_WORDS);
    this.compare = choice(
      "Compare with the mean of",
      (compare) => wish({ compare }),
      COMPARISON_WORDS,
    );
    const classes = options(probe.network.classes.map((name) => [name, name] as const));
    this.compare.select.append(h("optgroup", { label: "one class" }, ...classes));
    this.scale = choice("Scale", (scale) => wish({ scale }), SCALE_WORDS);
    this.sides = { shallow: this.side("shallow"), deep: this.side("deep") };
    this.pull = gateControls(Object.values(SIDES), session.hand, () => void session.pullGates());
    this.pull.el.open = session.hand.count > 0;
    this.foot = actions(
      () => wish(initial),
      (words) => this.say(words),
    );
    if (!probe.means) this.withoutMeans();
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab: the keys are ours here
    root.replaceChildren(...this.layout());
  }

  end(): void {
    this.session.end();
    this.yours?.end();
  }

  // ---- what the session asks for
  settle(wanted: Wanted, before: ShallowDeepView | null): ShallowDeepView {
    return settle(this.rules, wanted, before, this.sets());
  }

  announce(): void {
    const { index } = this.session;
    this.yours?.shows(this.probe.pictures[index]!, (canvas) => this.probe.draw(index, canvas));
  }

  taken(): void {
    this.pull.el.open ||= this.session.hand.count > 0;
  }

  renew(index: number): void {
    this.gallery.renew(index);
  }

  yields(): void {
    this.yours?.yields();
  }

  problem(words: string): void {
    this.line.textContent = words;
  }

  say(words: string): void {
    this.live.textContent = words;
  }

  draw(): void {
    const { view, index, answer, plain, pulled, link } = this.session;
    this.gallery.choose(index);
    this.predicted.show(index, answer, pulled ? plain : null);
    this.order.select.value = view.order;
    this.compare.select.value = view.compare;
    this.scale.select.value = view.scale;
    optionOf(this.compare, "true").disabled = !this.probe.means || this.label() === null;
    const drawn = NAMES.map((name) => this.drawn(name));
    const ranges = NAMES.map((name) => this.block(name).range);
    const common = axis(
      view.scale,
      ranges,
      drawn.map(({ answer }) => answer.s),
    );
    NAMES.forEach((name, i) => this.drawSide(name, drawn[i]!, common));
    const first = drawn[0]!.comparison;
    this.key.show(
      first,
      view.compare === "true" && !first.of ? "no true class to compare with" : "",
    );
    this.drawHand(drawn);
    const blocks = NAMES.map((name, i) => ({ title: this.title(name), ...drawn[i]! }));
    this.numbers.show({ classes: this.probe.network.classes, answer, blocks });
    say(this.about, introduced(this.probe));
    this.foot.show(link);
  }

  spoken(): string {
    const { answer, index } = this.session;
    const { pictures, network } = this.probe;
    const top = largest(answer.logits, 1)[0]!;
    const sure = percent(softmax(answer.logits)[top]!);
    const taken = `${pictures[index]!.title}. Taken for ${network.classes[top]!}, ${sure}.`;
    const blocks = NAMES.map(
      (name) => `${this.title(name)}: ${this.sides[name].summary.textContent}`,
    );
    return [taken, this.predicted.verdict(), ...blocks].join(" ");
  }

  // ---- parts of it
  private layout(): (Node | string)[] {
    const { order, compare, scale, key, pull, numbers, foot } = this;
    return [
      this.gallery.el,
      this.yours?.el ?? "",
      this.predicted.el,
      h(
        "div",
        { class: "senet-controls" },
        order.el,
        this.probe.means ? compare.el : null,
        scale.el,
        key.el,
      ),
      h("div", { class: "senet-sides" }, ...NAMES.map((name) => this.sides[name].el)),
      this.line,
      h("div", { class: "senet-foot" }, pull.el, numbers.el, foot.el),
      this.about,
      this.live,
    ];
  }

  private withoutMeans(): void {
    for (const option of this.compare.select.options) option.disabled = option.value !== "none";
    optionOf(this.order, "difference").disabled = true;
  }

  /** A block to choose, its chart, and a sentence that says what the chart shows. */
  private side(name: Side) {
    const word = SIDES[name];
    const blocks = this.probe.network.blocks.map(
      ({ name, title, channels }) => [name, `${title} (C = ${channels})`] as const,
    );
    const block = choice(word, (value) => this.session.wish({ [name]: value }), blocks);
    const chart: DotChart = dotChart(`${name} block`, (channel) =>
      this.session.wish({ [`${name}Channel`]: channel }),
    );
    const summary = h("p", { class: "senet-summary" });
    const el = h(
      "div",
      { class: "senet-side", role: "group", "data-side": name, "aria-label": `${word} block` },
      block.el,
      chart.el,
      summary,
    );
    return { el, block, chart, summary };
  }

  private drawn(name: Side): Drawn {
    const { view, answer } = this.session;
    const { network, means } = this.probe;
    const at = network.blocks.indexOf(this.block(name));
    const block = answer.blocks[at]!;
    const predicted = largest(answer.logits, 1)[0]!;
    const behind = comparison(
      view.compare,
      means?.[at] ?? null,
      network.classes,
      predicted,
      this.label(),
    );
    return {
      answer: block,
      order: ordered(view.order, block.s, behind.mean),
      comparison: behind,
    };
  }

  private drawSide(name: Side, data: Drawn, common: ReturnType<typeof axis>): void {
    const { block, chart, summary, el } = this.sides[name];
    const { view, pulled, hand } = this.session;
    const ends: [string, string] =
      view.order === "index" ? ["channel 0", `channel ${data.order.length - 1}`] : ENDS[view.order];
    el.dataset.block = view[name];
    block.select.value = view[name];
    const set = (pulled && hand.now[view[name]]) || null;
    chart.draw({ ...data, axis: common, ends, held: view[`${name}Channel`], set });
    say(summary, summed(data.answer.s, data.comparison));
  }

  private drawHand(drawn: Drawn[]): void {
    const { view, hand, pulled, plain, answer, ready } = this.session;
    const { network, means } = this.probe;
    const sides = NAMES.map((name, i) => {
      const block = this.block(name);
      const mean = means ? meanOf(means[network.blocks.indexOf(block)]!) : null;
      return { block, channel: view[`${name}Channel`], s: drawn[i]!.answer.s, mean };
    });
    const done = pulled ? { plain, answer, classes: network.classes } : null;
    this.pull.show(sides, handWords(hand.count, done, ready));
  }

  private title(name: Side): string {
    return `${SIDES[name]}, ${this.block(name).title}`;
  }

  private block(name: Side): BlockInfo {
    return this.probe.network.blocks.find((b) => b.name === this.session.view[name])!;
  }

  private label(): number | null {
    return this.probe.pictures[this.session.index]!.label;
  }
}

function optionOf({ select }: Choice, value: string): HTMLOptionElement {
  return [...select.options].find((option) => option.value === value)!;
}
