// The explorer on one network: everything below the choice of the network. What changes and what is
// asked, the session knows (state/session.ts); here is what is on the screen.

import { meanOf } from "../math/channels.ts";
import { percent } from "../math/format.ts";
import { largest, softmax } from "../math/softmax.ts";
import type { Probe } from "../network/network.ts";
import { type Actions, actions, without } from "../parts/actions.ts";
import { h, say } from "../parts/dom.ts";
import { knownClasses } from "../parts/doubt.ts";
import { type GateControls, gateControls } from "../parts/gate-controls.ts";
import { legend } from "../parts/legend.ts";
import { picker } from "../parts/picker.ts";
import { prediction } from "../parts/prediction.ts";
import { type Cell, saver } from "../parts/save.ts";
import { handWords, introduced } from "../parts/sentences.ts";
import { tables } from "../parts/table.ts";
import { type OwnPicture, ownPicture } from "../picture-editor/own-picture.ts";
import type { Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import { type Held, Session } from "../state/session.ts";
import { type BlockSide, blockSide } from "./block-side.ts";
import { type ChartOptions, chartOptions } from "./chart-options.ts";
import { coloursOf, drawing } from "./drawing.ts";
import { type LookInside, lookInside } from "./look-inside.ts";
import { numbersOf, patched } from "./numbers.ts";
import { type Ribbon, ribbon } from "./ribbon.ts";
import { type SecondPicture, secondPicture } from "./second-picture.ts";
import { compared, drawn, firstPlace, opened, position, type Seen } from "./shown.ts";
import { type ExplorerView, SECOND, settled } from "./view.ts";

export interface Stage {
  /** @param ours whether it was made here: then it is kept */
  change(wanted: Wanted, ours: boolean): Promise<void>;
  readonly view: ExplorerView;
  end(): void;
}

/**
 * Build it into `root`; resolves once it shows its first answer.
 * @param usual the view that an address need not repeat
 * @param small the form for a first page: choose, look, point; nothing to be set
 */
export async function stage(
  root: HTMLElement,
  probe: Probe,
  first: ExplorerView,
  usual: ExplorerView,
  keeper: Keeper,
  small: boolean,
): Promise<Stage> {
  const made = new ExplorerStage(root, probe, first, usual, keeper, small);
  await made.session.start();
  return made;
}

class ExplorerStage implements Stage, Held<ExplorerView> {
  readonly session: Session<ExplorerView>;
  private readonly probe: Probe;
  private readonly rules: Keeper["rules"];
  private readonly small: boolean;
  private readonly overall: Float32Array[] | null;
  private marked = -1; // the picture that is marked in the gallery
  // ---- what it consists of
  private readonly sides: BlockSide[];
  private readonly gallery: ReturnType<typeof picker>;
  private readonly predicted: ReturnType<typeof prediction>;
  private readonly strip: Ribbon;
  private readonly other: SecondPicture;
  private readonly key = legend();
  private readonly charts: ChartOptions;
  private readonly pull: GateControls;
  private readonly inside: LookInside;
  private readonly numbers = tables();
  private readonly line = h("p", { class: "senet-problem", role: "alert" });
  private readonly live = h("p", { class: "senet-unseen", role: "status" });
  private readonly about = h("p", { class: "senet-about" });
  private readonly foot: Actions;
  private readonly yours: OwnPicture | null;

  constructor(
    root: HTMLElement,
    probe: Probe,
    first: ExplorerView,
    usual: ExplorerView,
    keeper: Keeper,
    small: boolean,
  ) {
    [this.probe, this.rules, this.small] = [probe, keeper.rules, small];
    this.overall = probe.means?.map(meanOf) ?? null;
    const session = (this.session = new Session<ExplorerView>(
      root,
      probe,
      keeper,
      first,
      usual,
      this,
    ));
    const wish = (wanted: Wanted) => session.wish(wanted);
    const { pictures, network, live } = probe;
    const words = network.blocks.length > 1 ? ["shallower", "deeper"] : ["shallower"];
    this.sides = words.map((word) => blockSide(word, () => session, small));
    this.gallery = picker(probe, (index) => wish({ picture: pictures[index]!.id }));
    this.predicted = prediction(probe);
    this.strip = ribbon(network.blocks, (block, channel) => this.choose(block, channel));
    this.other = secondPicture(
      probe,
      (id) => wish({ second: id, compare: id ? SECOND : usual.compare }),
      () => wish({ picture: session.view.second, second: session.view.picture }),
    );
    this.charts = chartOptions(probe, keeper.rules.zoom!.of, wish, this.key.el);
    const titles = words.length === 2 ? ["Shallower", "Deeper"] : ["Block"];
    this.pull = gateControls(titles, session.hand, () => void session.pullGates());
    this.inside = lookInside(probe);
    this.foot = actions(
      () => wish({ ...usual }),
      (words) => this.say(words),
      ...(small ? [] : [this.saver(root)]),
    );
    this.yours =
      live && !small
        ? ownPicture(
            root,
            live,
            (index) => session.showOwn(index),
            () => void session.again(),
          )
        : null;
    root.replaceChildren(...this.layout());
    if (!small) root.addEventListener("keydown", (event) => this.undo(event));
  }

  get view(): ExplorerView {
    return this.session.view;
  }

  change(wanted: Wanted, ours: boolean): Promise<void> {
    return this.session.change(wanted, ours);
  }

  end(): void {
    this.session.end();
    this.inside.end();
    this.yours?.end();
  }

  // ---- what the session asks for
  settle(wanted: Wanted, before: ExplorerView): ExplorerView {
    const view = settled(this.rules, wanted, before, this.probe);
    const moved = wanted.channel !== undefined || view.zoom !== before.zoom;
    return moved ? { ...view, from: firstPlace({ ...this.seen(), view }) } : view;
  }

  announce(): void {
    const { index } = this.session;
    this.yours?.shows(this.probe.pictures[index]!, (canvas) => this.probe.draw(index, canvas));
  }

  taken(): void {}

  renew(index: number): void {
    this.gallery.renew(index);
    this.other.renew();
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
    const { session } = this;
    const { view, index, answer, plain, second, pulled } = session;
    const { pictures, network } = this.probe;
    if (index !== this.marked) this.gallery.choose(index); // which asks where things lie: a layout
    this.marked = index;
    this.predicted.show(index, answer, pulled ? plain : null);
    this.other.show(session.position(view.second), second);
    const { strips, axis, charts } = drawn(this.seen());
    this.strip.show(strips);
    const open = opened(network.blocks, view);
    const widest = Math.max(...open.map(({ channels }) => channels));
    this.charts.show(view, widest, pictures[index]!.label !== null);
    this.sides.forEach((side, i) => side.show(open[i]!, charts[i]!, axis));
    this.key.show(charts[0]!.comparison);
    this.drawHand(open);
    this.numbers.show({
      classes: network.classes,
      answer,
      blocks: open.map(({ name, title }, i) => ({
        title,
        answer: answer.blocks[position(network.blocks, name)]!,
        order: charts[i]!.order,
        comparison: charts[i]!.comparison,
      })),
    });
    say(this.about, introduced(this.probe));
    this.foot.show(session.link, without(pictures[index]!));
    if (!this.small) this.inside.show(session);
  }

  spoken(): string {
    const { answer, index, hand } = this.session;
    const { pictures, network } = this.probe;
    const top = largest(answer.logits, 1)[0]!;
    const sure = percent(softmax(answer.logits)[top]!);
    const taken = `${pictures[index]!.title}. Taken for ${network.classes[top]!}, ${sure}. ${this.predicted.verdict()}`;
    const said = [taken, this.strip.words(), this.inside.words()];
    return [...said, hand.count > 0 ? this.handWords() : ""].filter(Boolean).join(" ");
  }

  // ---- parts of it
  private layout(): Node[] {
    const full = <T>(...nodes: T[]): T[] => (this.small ? [] : nodes);
    return [
      this.gallery.el,
      ...(this.yours ? [this.yours.el] : []),
      this.predicted.el,
      ...full(this.other.el),
      this.strip.el,
      this.small ? this.key.el : this.charts.el,
      h("div", { class: "senet-sides" }, ...this.sides.map(({ el }) => el)),
      this.line,
      ...full(this.inside.el),
      h("div", { class: "senet-foot" }, ...full(this.pull.el, this.numbers.el), this.foot.el),
      this.about,
      ...full(knownClasses(this.probe)),
      this.live,
    ];
  }

  private saver(root: HTMLElement): HTMLElement {
    return saver("this view", {
      name: () => `${this.probe.network.name || "explorer"}-${this.view.picture}`,
      rows: () => this.rows(),
      svg: () =>
        drawing(drawn(this.seen()), coloursOf(root), this.predicted.head(this.session.link)),
    });
  }

  /** A block from the ribbon takes the place of the open one that was chosen before the last. */
  private choose(block: string, channel?: number | null): void {
    const { view } = this.session;
    const beside = block === view.block || block === view.beside ? {} : { beside: view.block };
    this.session.wish({ block, ...beside, ...(channel === undefined ? {} : { channel }) });
  }

  private undo(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (!(ctrlKey || metaKey) || altKey || key.toLowerCase() !== "z") return;
    // the panel of the gates has these keys as well, and keeps them to itself
    event.preventDefault();
    if (shiftKey) this.session.hand.redo();
    else this.session.hand.undo();
    void this.session.pullGates();
  }

  private drawHand(open: ReturnType<typeof opened>): void {
    const { view, answer } = this.session;
    const sides = open.map((block) => {
      const at = position(this.probe.network.blocks, block.name);
      const channel = block.name === view.block ? view.channel : null;
      return { block, channel, s: answer.blocks[at]!.s, mean: this.overall?.[at] ?? null };
    });
    this.pull.show(sides, this.handWords());
  }

  /** What all that is drawn follows from. */
  private seen(): Seen {
    const { view, answer, second, hand, pulled } = this.session;
    return { probe: this.probe, view, answer, second, set: pulled ? hand.now : {} };
  }

  private handWords(): string {
    const { hand, pulled, plain, answer, ready } = this.session;
    const { classes } = this.probe.network;
    return handWords(hand.count, pulled ? { plain, answer, classes } : null, ready);
  }

  private rows(): Cell[][] {
    const { answer, second, pulled, plain, view } = this.session;
    const known = { network: this.probe.network, answer, plain: pulled ? plain : null, second };
    const table = numbersOf({ ...known, compared: (b) => compared(this.seen(), b) });
    return [...table, ...patched(this.inside.map(), view)];
  }
}
