// The explorer on one network: everything below the choice of the network. What changes and what is
// asked, the session knows (state/session.ts); here is what is on the screen.

import { meanOf } from "../math/channels.ts";
import type { Probe } from "../network/network.ts";
import { type Actions, actions, without } from "../parts/actions.ts";
import { afterPaint, type Later } from "../parts/after-paint.ts";
import { div, h, p, say } from "../parts/dom.ts";
import { WIDE } from "../parts/dot-chart-marks.ts";
import { knownClasses } from "../parts/doubt.ts";
import { type GateControls, gateControls, undoKeys } from "../parts/gate-controls.ts";
import { legend } from "../parts/legend.ts";
import { picker } from "../parts/picker.ts";
import { type Prediction, prediction } from "../parts/prediction.ts";
import { handWords, introduced, taken } from "../parts/sentences.ts";
import { tables } from "../parts/table.ts";
import { type UnderWay, underWay } from "../parts/under-way.ts";
import { type OwnPicture, ownPicture } from "../picture-editor/own-picture.ts";
import type { Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import { type Held, Session } from "../state/session.ts";
import { type AllGates, allGates } from "./all-gates.ts";
import { type Before, before } from "./before.ts";
import { type BlockSide, blockSide } from "./block-side.ts";
import { channelMaps } from "./channel-maps.ts";
import { type ChartOptions, chartOptions } from "./chart-options.ts";
import { type FirstWords, firstWords } from "./first-words.ts";
import { type LookInside, lookInside } from "./look-inside.ts";
import { type Ribbon, ribbon } from "./ribbon.ts";
import { type SecondPicture, secondPicture } from "./second-picture.ts";
import type { Setting, Stage } from "./setting.ts";
import { drawn, firstPlace, opened, position, type Seen } from "./shown.ts";
import { takeAway } from "./take-away.ts";
import { type ExplorerView, SECOND, settled } from "./view.ts";

/** Build it into `root`; resolves once it shows its first answer. */
export async function stage(root: HTMLElement, setting: Setting): Promise<Stage> {
  const made = new ExplorerStage(root, setting, setting.small ? await before(setting) : null);
  await made.begin();
  return made;
}

class ExplorerStage implements Stage, Held<ExplorerView> {
  readonly session: Session<ExplorerView>;
  private readonly probe: Probe;
  private readonly rules: Keeper["rules"];
  private readonly small: boolean;
  private readonly overall: Float32Array[] | null;
  private marked = -1; // the picture that is marked in the gallery
  private readonly before: Before | null; // of the small form
  private readonly rest: Later;
  // ---- what it consists of
  private readonly first: FirstWords;
  private readonly sides: BlockSide[];
  private readonly gallery: ReturnType<typeof picker>;
  private readonly predicted: Prediction;
  private readonly strip: Ribbon;
  private readonly other: SecondPicture;
  private readonly key = legend();
  private readonly all: AllGates;
  private readonly charts: ChartOptions;
  private readonly pull: GateControls;
  private readonly under: UnderWay;
  private readonly inside: LookInside;
  private readonly fetchMaps: ReturnType<typeof channelMaps>;
  private readonly numbers = tables();
  readonly problem = h("p", { class: "senet-problem", role: "alert" });
  private readonly live = h("p", { class: "senet-unseen", role: "status" });
  private readonly about = p("senet-about");
  private readonly foot: Actions;
  readonly yours: OwnPicture | null;

  constructor(root: HTMLElement, setting: Setting, before: Before | null) {
    const { probe, first, usual, keeper, small, accuracies } = setting;
    [this.probe, this.rules, this.small] = [probe, keeper.rules, small];
    this.before = before;
    this.overall = probe.means?.map(meanOf) ?? null;
    const session = (this.session = new Session(root, probe, keeper, first, usual, this));
    const wish = (wanted: Wanted) => session.wish(wanted);
    const { pictures, network, live } = probe;
    const pair = network.blocks.length > 1 && !small;
    const words = pair ? ["shallower", "deeper"] : [small ? "chosen" : "shallower"];
    this.sides = words.map((word) => blockSide(word, () => session));
    this.first = firstWords(
      probe,
      (index) => wish({ picture: pictures[index]!.id }),
      small ? session.position(usual.picture) : null,
    );
    this.gallery = picker(probe, (index) => wish({ picture: pictures[index]!.id }));
    this.predicted = prediction(probe);
    this.strip = ribbon(network.blocks, (block, channel) => this.choose(block, channel));
    this.other = secondPicture(
      probe,
      (id) => wish({ second: id, compare: id ? SECOND : usual.compare }),
      () => wish({ picture: session.view.second, second: session.view.picture }),
    );
    this.all = allGates(session, accuracies);
    this.charts = chartOptions(probe, keeper.rules.zoom!.of, wish);
    const titles = words.length === 2 ? ["Shallower", "Deeper"] : ["Block"];
    this.pull = gateControls(titles, session.hand, () => void session.pullGates());
    this.inside = lookInside(probe);
    this.fetchMaps = channelMaps(probe, (maps) => {
      for (const side of this.sides) side.maps(maps);
      if (!small) this.inside.maps(maps);
    });
    this.foot = actions(
      () => wish({ ...usual }),
      (words) => (this.live.textContent = words),
      ...(small
        ? []
        : [
            takeAway(
              root,
              session,
              () => this.seen(),
              this.inside,
              (link) => this.predicted.head(link),
            ),
          ]),
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
    this.under = underWay(live, () => {
      // who else would hear that answers come from elsewhere now
      if (!this.yours) void session.again();
    });
    this.rest = afterPaint(this.live, () => this.drawRest());
    root.replaceChildren(...this.layout());
    // the panel of the gates has these keys as well, and keeps them to itself
    undoKeys(root, session.hand, () => void session.pullGates());
  }

  /** Ask and draw for the first time, all of it. */
  async begin(): Promise<void> {
    await this.session.start();
    this.rest.now();
  }

  get view(): ExplorerView {
    return this.session.view;
  }

  change(wanted: Wanted, ours: boolean): Promise<void> {
    return this.session.change(wanted, ours);
  }

  end(): void {
    this.rest.drop();
    this.session.end();
    this.under.end();
    this.inside.end();
    this.yours?.end();
  }

  // ---- what the session asks for
  settle(wanted: Wanted, before: ExplorerView): ExplorerView {
    const view = settled(this.rules, wanted, before, this.probe);
    const moved = wanted.channel !== undefined || view.zoom !== before.zoom;
    return moved ? { ...view, from: firstPlace({ ...this.seen(), view }) } : view;
  }

  taken(): void {}

  renew(index: number): void {
    this.gallery.renew(index);
    this.other.renew();
  }

  /** What the reader looks at; the rest waits until that is painted. */
  draw(): void {
    const { session } = this;
    const { index, answer, plain, pulled } = session;
    if (this.before) this.before.take(this.probe.pictures[index]!.title, plain, pulled);
    this.predicted.show(index, answer, pulled ? plain : null);
    const { strips, axis, charts } = drawn(this.seen());
    this.strip.show(strips);
    this.open().forEach((block, i) => this.sides[i]!.show(block, charts[i]!, axis));
    if (!this.small) this.inside.choose(session.view);
    this.rest.ask();
  }

  private drawRest(): void {
    const { session } = this;
    const { view, index, answer, second, probe } = session;
    const { pictures, network } = probe;
    const open = this.open();
    const { charts } = drawn(this.seen());
    if (index !== this.marked) this.gallery.choose(index); // which asks where things lie: a layout
    this.marked = index;
    this.first.show(index);
    this.predicted.tell();
    this.strip.tell();
    for (const side of this.sides) side.tell();
    const shown = Math.max(
      ...open.map(({ channels }) => Math.min(channels, view.zoom || channels)),
    );
    this.key.show(charts[0]!.comparison, shown >= WIDE, view.channel !== null);
    this.under.show(session.hand.count, this.handWords());
    this.other.show(session.position(view.second), second);
    this.charts.show(
      view,
      Math.max(...open.map((block) => block.channels)),
      pictures[index]!.label !== null,
    );
    this.all.show();
    this.drawHand(open);
    this.numbers.show({
      network,
      answer,
      blocks: open.map(({ name, title }, i) => ({
        title,
        answer: answer.blocks[position(network.blocks, name)]!,
        order: charts[i]!.order,
        comparison: charts[i]!.comparison,
      })),
    });
    say(this.about, introduced(probe));
    this.foot.show(session.link, without(pictures[index]!));
    if (!this.small) this.inside.show(session);
    this.fetchMaps(session);
  }

  speak(): void {
    const { answer, index, hand } = this.session;
    const seen = `${taken(this.probe, index, answer)} ${this.predicted.verdict()}`;
    const said = [seen, this.strip.words(), this.inside.words()];
    say(this.live, [...said, hand.count > 0 ? this.handWords() : ""].filter(Boolean).join(" "));
  }

  private layout(): Node[] {
    const full = <T>(...nodes: T[]): T[] => (this.small ? [] : nodes);
    return [
      this.first.el,
      this.gallery.el,
      this.predicted.el, // which sticks: whatever is pulled below, its effect is in sight
      this.problem,
      this.strip.el,
      this.under.el,
      this.key.el,
      h("div", { class: "senet-sides", "data-one": this.small }, ...this.sides.map(({ el }) => el)),
      ...full(this.all.el, this.charts.el, this.other.el),
      ...(this.yours ? [this.yours.el] : []),
      ...full(this.inside.el),
      div("senet-foot", ...full(this.pull.el, this.numbers.el), this.foot.el),
      this.about,
      ...full(knownClasses(this.probe)),
      this.live,
    ];
  }

  private open(): ReturnType<typeof opened> {
    return opened(this.probe.network.blocks, this.session.view, this.small);
  }

  /** A block from the ribbon takes the place of the open one that was chosen before the last. */
  private choose(block: string, channel?: number | null): void {
    const { view } = this.session;
    const beside = block === view.block || block === view.beside ? {} : { beside: view.block };
    this.session.wish({ block, ...beside, ...(channel === undefined ? {} : { channel }) });
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

  private seen(): Seen {
    const { view, answer, plain, second, hand, pulled } = this.session;
    const seen = { probe: this.probe, view, answer, plain, second, set: pulled ? hand.now : {} };
    return this.before ? { ...seen, before: this.before.now } : seen;
  }

  private handWords(): string {
    const { hand, pulled, plain, answer, ready, probe } = this.session;
    const done = pulled ? { plain, answer, network: probe.network } : null;
    return handWords(hand.count, done, ready);
  }
}
