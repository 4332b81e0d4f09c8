// "Shallow and deep": one picture, the excitations of an early and of a late SE block beside each
// other, and the prediction.
//
//   wish (control, address, Python, another widget) ──▶ settled view ──▶ keep ──▶ probe, if the picture is new ──▶ draw
//
// There is one view at a time and everything on the screen follows from it; no part keeps a state
// of its own but what is pointed at.

import {
  axis,
  COMPARISONS,
  type Comparison,
  comparison,
  type Order,
  ordered,
  SCALES,
  type Scale,
} from "../math/channels.ts";
import { percent } from "../math/format.ts";
import { largest, softmax } from "../math/softmax.ts";
import { type Answer, type BlockInfo, OWN, type Probe } from "../network/network.ts";
import { actions } from "../parts/actions.ts";
import { choice, h, say } from "../parts/dom.ts";
import { dotChart } from "../parts/dot-chart.ts";
import { gateControls } from "../parts/gate-controls.ts";
import { legend } from "../parts/legend.ts";
import { picker } from "../parts/picker.ts";
import { prediction } from "../parts/prediction.ts";
import { handWords, introduced, summed } from "../parts/sentences.ts";
import { tables } from "../parts/table.ts";
import { ownPicture } from "../picture-editor/own-picture.ts";
import { ByHand } from "../state/by-hand.ts";
import { read, written } from "../state/gates-text.ts";
import type { Home } from "../state/home.ts";
import { asking } from "../state/latest-only.ts";
import { defaultView, settled, type View, type Wanted } from "./shallow-deep-view.ts";

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
const SIDES = ["shallow", "deep"] as const;
type Side = (typeof SIDES)[number];

/**
 * Milliseconds of quiet after which a change is read out: holding an arrow key down should not be
 * talked over.
 */
const QUIET = 600;

/**
 * Build the widget into `root`; resolves once it shows its first answer. Returns what takes it
 * down.
 */
export async function shallowDeep(
  root: HTMLElement,
  probe: Probe,
  home: Home<View>,
): Promise<() => void> {
  const { network, pictures, means } = probe;
  const { author, reader } = home.initial();
  const initial = settled(author, defaultView(probe), probe);
  let view = settled(reader, initial, probe);
  let answer: Answer;
  let plain: Answer; // the same picture, every gate its own
  let kept = view.picture; // the last picture that others have too: the reader's own is in no link
  const question = asking(root, async (index: number, known: Answer | null) => {
    const plain = known ?? (await probe.probe(index));
    return { plain, answer: pulled() ? await probe.probe(index, hand.now) : plain };
  });
  const hand = new ByHand();

  // ---- what it consists of
  const gallery = picker(probe, (index) => wish({ picture: pictures[index]!.id }));
  const predicted = prediction(probe);
  const yours = probe.live
    ? ownPicture(root, probe.live, showOwn, () => void change({}, false, true))
    : null;
  const about = h("p", { class: "senet-about" });
  const order = choice("Order channels by", (value) => wish({ order: value }));
  order.select.append(...Object.entries(ORDER_WORDS).map(([value, words]) => option(value, words)));
  const compare = choice("Compare with the mean of", (value) => wish({ compare: value }));
  compare.select.append(
    ...COMPARISONS.map((value) => option(value, COMPARISON_WORDS[value])),
    h("optgroup", { label: "one class" }, ...network.classes.map((name) => option(name, name))),
  );
  const scale = choice("Scale", (value) => wish({ scale: value }));
  scale.select.append(...SCALES.map((value) => option(value, SCALE_WORDS[value])));
  const key = legend();
  const sides = Object.fromEntries(SIDES.map((name) => [name, side(name)])) as Record<
    Side,
    ReturnType<typeof side>
  >;
  const numbers = tables();
  const pull = gateControls(["Shallow", "Deep"], hand, () => void pullGates());
  const problem = h("p", { class: "senet-problem", role: "alert" });
  const live = h("p", { class: "senet-unseen", role: "status" });
  const foot = actions(
    () => wish(initial),
    (words) => (live.textContent = words),
  );

  if (!means) {
    for (const { value } of [...compare.select.options])
      if (value !== "none") optionOf(compare.select, value).disabled = true;
    optionOf(order.select, "difference").disabled = true;
  }
  // JupyterLab: the keys are ours while the focus is here
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  root.replaceChildren(
    gallery.el,
    yours?.el ?? "",
    predicted.el,
    h("div", { class: "senet-controls" }, order.el, means ? compare.el : null, scale.el, key.el),
    h("div", { class: "senet-sides" }, ...SIDES.map((name) => sides[name].el)),
    problem,
    h("div", { class: "senet-foot" }, pull.el, numbers.el, foot.el),
    about,
    live,
  );

  // ---- how it changes
  hand.now = read(view.gates, network.blocks);
  pull.el.open = hand.count > 0;
  announce();
  await ask();
  draw();
  const deaf = home.listen((wanted, ours = false) => void change(wanted, ours));
  const unheard = probe.live?.hear(root, (index) => {
    yours!.yields();
    gallery.renew(index);
    if (view.picture === OWN) void change({}, false, true);
  });
  let talk: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(talk);
    deaf();
    unheard?.();
    yours?.end();
    root.replaceChildren();
  };

  function wish(wanted: Wanted): void {
    void change(wanted, true);
  }

  function announce(): void {
    const index = position();
    yours?.shows(pictures[index]!, (canvas) => probe.draw(index, canvas));
  }

  function showOwn(index: number): Promise<void> {
    gallery.renew(index);
    return change({ picture: OWN }, false, true);
  }

  /** Whether gates are overridden, and whoever answers can do that. */
  function pulled(): boolean {
    return hand.count > 0 && (!probe.live || probe.live.engine.state.kind === "ready");
  }

  function pullGates(): Promise<void> {
    return change({ gates: handText() }, true, true, plain);
  }

  /** The gates that are set, with blocks in the network's order. */
  function handText(): string {
    return written(read(written(hand.now), network.blocks));
  }

  /** The view as others can have it. */
  function shareable(): View {
    if (view.picture !== OWN) kept = view.picture;
    return { ...view, picture: kept };
  }

  /**
   * @param ours whether it was made here: then the home keeps it
   * @param anew whether to ask even for the same picture: it may be another one, or someone else
   * may answer
   * @param known the answer without overridden gates, where only those have changed
   */
  async function change(
    wanted: Wanted,
    ours: boolean,
    anew = false,
    known: Answer | null = null,
  ): Promise<void> {
    const before = view;
    view = settled(wanted, before, probe);
    if (view.gates !== handText()) {
      hand.take(read(view.gates, network.blocks));
      pull.el.open ||= hand.count > 0;
      anew = true;
    }
    if (ours) home.keep(shareable());
    // nothing, if it runs; else all is asked anew
    if (ours && view.gates !== before.gates && hand.count > 0) void probe.live?.engine.start();
    announce();
    try {
      // a later wish is on its way
      if ((anew || view.picture !== before.picture) && !(await ask(known))) return;
      problem.textContent = "";
    } catch (error) {
      problem.textContent = `No answer for this picture: ${(error as Error).message}`;
      return;
    }
    draw();
    clearTimeout(talk);
    talk = setTimeout(() => (live.textContent = spoken()), QUIET);
  }

  /** Ask for the view's picture; false if another was asked for meanwhile. */
  async function ask(known: Answer | null = null): Promise<boolean> {
    const next = await question(position(), known);
    if (next) ({ plain, answer } = next);
    return next !== null;
  }

  function draw(): void {
    gallery.choose(position());
    predicted.show(position(), answer, pulled() ? plain : null);
    order.select.value = view.order;
    compare.select.value = view.compare;
    scale.select.value = view.scale;
    optionOf(compare.select, "true").disabled = !means || label() === null;
    const sidesData = SIDES.map((name) => drawn(name));
    const ranges = SIDES.map((name) => blockOf(name).range);
    const common = axis(
      view.scale,
      ranges,
      sidesData.map((data) => data.answer.s),
    );
    SIDES.forEach((name, i) => drawSide(name, sidesData[i]!, common));
    const first = compared(0);
    key.show(first, view.compare === "true" && !first.of ? "no true class to compare with" : "");
    pull.show(
      SIDES.map((name, i) => {
        const at = network.blocks.findIndex((b) => b.name === view[name]);
        const mean = means ? comparison("all", means[at]!, network.classes, 0, null).mean : null;
        return {
          block: blockOf(name),
          channel: view[`${name}Channel`],
          s: sidesData[i]!.answer.s,
          mean,
        };
      }),
      handWords(
        hand.count,
        pulled() ? { plain, answer, classes: network.classes } : null,
        !probe.live || probe.live.engine.state.kind === "ready",
      ),
    );
    numbers.show({
      classes: network.classes,
      answer,
      blocks: SIDES.map((name, i) => ({ title: sideTitle(name), ...sidesData[i]! })),
    });
    say(about, introduced(probe));
    foot.show(home.link(shareable()));
  }

  // ---- one side: a block to choose, its chart, and a sentence that says what the chart shows
  function side(name: Side) {
    const word = name === "shallow" ? "Shallow" : "Deep";
    const block = choice(word, (value) => wish({ [name]: value }));
    block.select.append(
      ...network.blocks.map((b) => option(b.name, `${b.title} (C = ${b.channels})`)),
    );
    const chart = dotChart(`${name} block`, (channel) => wish({ [`${name}Channel`]: channel }));
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

  /** What a side's chart and table are drawn from. */
  function drawn(name: Side): {
    answer: Answer["blocks"][number];
    order: number[];
    comparison: Comparison;
  } {
    const index = network.blocks.findIndex((b) => b.name === view[name]);
    const [block, behind] = [answer.blocks[index]!, compared(index)];
    return { answer: block, order: ordered(view.order, block.s, behind.mean), comparison: behind };
  }

  function drawSide(
    name: Side,
    data: ReturnType<typeof drawn>,
    common: ReturnType<typeof axis>,
  ): void {
    const { block, chart, summary, el } = sides[name];
    const ends: [string, string] =
      view.order === "index" ? ["channel 0", `channel ${data.order.length - 1}`] : ENDS[view.order];
    el.dataset.block = view[name];
    block.select.value = view[name];
    chart.draw({
      ...data,
      axis: common,
      ends,
      held: view[`${name}Channel`],
      set: (pulled() && hand.now[view[name]]) || null,
    });
    say(summary, summed(data.answer.s, data.comparison));
  }

  function compared(block: number): Comparison {
    return comparison(
      view.compare,
      means?.[block] ?? null,
      network.classes,
      largest(answer.logits, 1)[0]!,
      label(),
    );
  }

  // ---- words
  function spoken(): string {
    const top = largest(answer.logits, 1)[0]!;
    const sure = percent(softmax(answer.logits)[top]!);
    const verdict = predicted.verdict();
    const blocks = SIDES.map((name) => `${sideTitle(name)}: ${sides[name].summary.textContent}`);
    return [
      `${pictures[position()]!.title}. Taken for ${network.classes[top]!}, ${sure}. ${verdict}`,
      ...blocks,
    ].join(" ");
  }

  function sideTitle(name: Side): string {
    return `${name === "shallow" ? "Shallow" : "Deep"}, ${blockOf(name).title}`;
  }

  function blockOf(name: Side): BlockInfo {
    return network.blocks.find((b) => b.name === view[name])!;
  }

  function position(): number {
    return pictures.findIndex((p) => p.id === view.picture);
  }

  function label(): number | null {
    return pictures[position()]!.label;
  }
}

function option(value: string, words: string): HTMLOptionElement {
  return h("option", { value }, words);
}

function optionOf(select: HTMLSelectElement, value: string): HTMLOptionElement {
  return [...select.options].find((o) => o.value === value)!;
}
