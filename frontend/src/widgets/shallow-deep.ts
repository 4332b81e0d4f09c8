// "Shallow and deep": one picture, the excitations of an early and of a late SE block beside each
// other, and the prediction. What changes and what is asked, the session knows (state/session.ts).

import { axis, COMPARISONS, meanOf, type Order, type Scale } from "../math/channels.ts";
import type { Probe } from "../network/network.ts";
import { type Actions, actions, without } from "../parts/actions.ts";
import { type Choice, choice, div, h, options, p, say } from "../parts/dom.ts";
import { WIDE } from "../parts/dot-chart-marks.ts";
import { type GateControls, gateControls } from "../parts/gate-controls.ts";
import { legend } from "../parts/legend.ts";
import { picker } from "../parts/picker.ts";
import { prediction } from "../parts/prediction.ts";
import { handWords, introduced, taken } from "../parts/sentences.ts";
import { tables } from "../parts/table.ts";
import { type UnderWay, underWay } from "../parts/under-way.ts";
import { type OwnPicture, ownPicture } from "../picture-editor/own-picture.ts";
import { type Sets, setsOf, settle, type Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import { type Held, Session } from "../state/session.ts";
import { type Drawn, type ShallowDeepView, SIDES, Side } from "./shallow-deep-side.ts";

const ORDER_WORDS: Record<Order, string> = {
  index: "number",
  excitation: "excitation, largest first",
  difference: "difference from the mean",
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
/**
 * Build the widget into `root`; resolves once it shows its first answer. Returns what takes it
 * down.
 */
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

class ShallowDeep implements Held<ShallowDeepView> {
  readonly session: Session<ShallowDeepView>;
  private readonly probe: Probe;
  private readonly rules: Keeper["rules"];
  private readonly sets: () => Sets;
  // ---- what it consists of
  private readonly gallery: ReturnType<typeof picker>;
  private readonly predicted: ReturnType<typeof prediction>;
  readonly yours: OwnPicture | null;
  private readonly about = p("senet-about");
  private readonly order: Choice;
  private readonly compare: Choice;
  private readonly scale: Choice;
  private readonly key = legend();
  private readonly sides: Side[];
  private readonly numbers = tables();
  private readonly pull: GateControls;
  readonly problem = h("p", { class: "senet-problem", role: "alert" });
  private readonly live = h("p", { class: "senet-unseen", role: "status" });
  private readonly foot: Actions;
  private readonly under: UnderWay;

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
    this.sides = (["shallow", "deep"] as const).map(
      (name) => new Side(name, probe.network.blocks, () => session),
    );
    this.pull = gateControls(Object.values(SIDES), session.hand, () => void session.pullGates());
    this.pull.el.open = session.hand.count > 0;
    this.foot = actions(
      () => wish(initial),
      (words) => (this.live.textContent = words),
    );
    this.under = underWay(probe.live, () => {}); // `yours` asks again
    if (!probe.means) this.withoutMeans();
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab: the keys are ours here
    root.replaceChildren(...this.layout());
  }

  end(): void {
    this.session.end();
    this.under.end();
    this.yours?.end();
  }

  // ---- what the session asks for
  settle(wanted: Wanted, before: ShallowDeepView | null): ShallowDeepView {
    return settle(this.rules, wanted, before, this.sets());
  }

  taken(): void {
    this.pull.el.open ||= this.session.hand.count > 0;
  }

  renew(index: number): void {
    this.gallery.renew(index);
  }

  draw(): void {
    const { view, index, answer, plain, pulled, link } = this.session;
    this.gallery.choose(index);
    this.predicted.show(index, answer, pulled ? plain : null);
    this.predicted.tell();
    this.order.select.value = view.order;
    this.compare.select.value = view.compare;
    this.scale.select.value = view.scale;
    optionOf(this.compare, "true").disabled =
      !this.probe.means || this.probe.pictures[index]!.label === null;
    const drawn = this.sides.map((side) => side.drawn());
    const common = axis(
      view.scale,
      this.sides.map(({ block }) => block.range),
      drawn.map(({ answer }) => answer.s),
    );
    this.sides.forEach((side, i) => side.draw(drawn[i]!, common));
    const first = drawn[0]!.comparison;
    const held = view.shallowChannel !== null || view.deepChannel !== null;
    this.key.show(
      first,
      this.sides.some(({ block }) => block.channels >= WIDE),
      held,
      view.compare === "true" && !first.of ? "no true class to compare with" : "",
    );
    this.drawHand(drawn);
    const blocks = this.sides.map(({ title }, i) => ({ title, ...drawn[i]! }));
    this.numbers.show({ network: this.probe.network, answer, blocks });
    say(this.about, introduced(this.probe));
    this.foot.show(link, without(this.probe.pictures[this.session.index]!));
  }

  speak(): void {
    const { answer, index } = this.session;
    const seen = taken(this.probe, index, answer);
    const blocks = this.sides.map(({ title, summary }) => `${title}: ${summary.textContent}`);
    say(this.live, [seen, this.predicted.verdict(), ...blocks].join(" "));
  }

  // ---- parts of it
  private layout(): (Node | string)[] {
    const { order, compare, scale, key, pull, numbers, foot } = this;
    return [
      this.gallery.el,
      this.yours?.el ?? "",
      this.predicted.el,
      div("senet-controls", order.el, this.probe.means ? compare.el : null, scale.el, key.el),
      this.under.el,
      div("senet-sides", ...this.sides.map(({ el }) => el)),
      this.problem,
      div("senet-foot", pull.el, numbers.el, foot.el),
      this.about,
      this.live,
    ];
  }

  private withoutMeans(): void {
    for (const option of this.compare.select.options) option.disabled = option.value !== "none";
    optionOf(this.order, "difference").disabled = true;
  }

  private drawHand(drawn: Drawn[]): void {
    const { hand, pulled, plain, answer, ready } = this.session;
    const { network, means } = this.probe;
    const sides = this.sides.map(({ block, position, channel }, i) => {
      const mean = means ? meanOf(means[position]!) : null;
      return { block, channel, s: drawn[i]!.answer.s, mean };
    });
    const done = pulled ? { plain, answer, network } : null;
    const words = handWords(hand.count, done, ready);
    this.pull.show(sides, words);
    this.under.show(hand.count, words);
  }
}

function optionOf({ select }: Choice, value: string): HTMLOptionElement {
  return [...select.options].find((option) => option.value === value)!;
}
