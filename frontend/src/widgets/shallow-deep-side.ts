// One side of "Shallow and deep": a block to choose, its chart, and a sentence that says what it
// shows.

import {
  type axis,
  type Comparison,
  comparison,
  type Order,
  ordered,
  type Scale,
} from "../math/channels.ts";
import { largest } from "../math/softmax.ts";
import type { BlockAnswer, BlockInfo } from "../network/network.ts";
import { type Choice, choice, h, p, say } from "../parts/dom.ts";
import { type DotChart, dotChart } from "../parts/dot-chart.ts";
import { overridden, pullOf } from "../parts/pull.ts";
import { summed } from "../parts/sentences.ts";
import type { Session } from "../state/session.ts";

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

export const SIDES = { shallow: "Shallow", deep: "Deep" } as const;
export type SideName = keyof typeof SIDES;

const ENDS: Record<Exclude<Order, "index">, [string, string]> = {
  excitation: ["most excited", "least excited"],
  difference: ["furthest above the mean", "furthest below"],
};

/** What a side's chart and table are drawn from. */
export interface Drawn {
  answer: BlockAnswer;
  order: number[];
  comparison: Comparison;
}

export class Side {
  readonly el: HTMLElement;
  readonly summary = p("senet-summary");
  private readonly name: SideName;
  private readonly session: () => Session<ShallowDeepView>;
  private readonly menu: Choice;
  private readonly chart: DotChart;

  /** @param session as it is once the side is used */
  constructor(name: SideName, blocks: BlockInfo[], session: () => Session<ShallowDeepView>) {
    [this.name, this.session] = [name, session];
    const word = SIDES[name];
    this.menu = choice(
      word,
      (block) => session().wish({ [name]: block }),
      blocks.map(({ name, title, channels }) => [name, `${title} (C = ${channels})`] as const),
    );
    this.chart = dotChart(
      `${name} block`,
      (channel) => session().wish({ [`${name}Channel`]: channel }),
      pullOf(session, () => this.block),
    );
    this.el = h(
      "div",
      { class: "senet-side", role: "group", "data-side": name, "aria-label": `${word} block` },
      this.menu.el,
      this.chart.el,
      this.summary,
    );
  }

  get block(): BlockInfo {
    const { probe, view } = this.session();
    return probe.network.blocks.find(({ name }) => name === view[this.name])!;
  }

  /** The block's place on the way through the network. */
  get position(): number {
    return this.session().probe.network.blocks.indexOf(this.block);
  }

  get title(): string {
    return `${SIDES[this.name]}, ${this.block.title}`;
  }

  get channel(): number | null {
    return this.session().view[`${this.name}Channel`];
  }

  /** What there is to draw. */
  drawn(): Drawn {
    const { view, answer, plain, probe, index, hand } = this.session();
    const { network, means, pictures } = probe;
    const at = this.position;
    const [now, was] = [answer, plain].map(({ logits }) => largest(logits, 1)[0]!);
    const { label } = pictures[index]!;
    const { classes } = network;
    const behind = comparison(view.compare, means?.[at] ?? null, classes, now!, label, was);
    const { z, s } = answer.blocks[at]!;
    const block = { z, s: overridden(s, hand.now[this.block.name] ?? null) };
    return {
      answer: block,
      order: ordered(view.order, block.s, behind.mean),
      comparison: behind,
    };
  }

  draw(data: Drawn, common: ReturnType<typeof axis>): void {
    const { view, hand } = this.session();
    const { name } = this.block;
    const last = data.order.length - 1;
    const ends: [string, string] =
      view.order === "index" ? ["channel 0", `channel ${last}`] : ENDS[view.order];
    this.el.dataset.block = name;
    this.menu.select.value = name;
    const set = hand.now[name] ?? null;
    this.chart.draw({ ...data, axis: common, ends, held: this.channel, set });
    this.chart.tell();
    say(this.summary, summed(data.answer.s, data.comparison));
  }
}
