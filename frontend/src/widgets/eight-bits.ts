// "Eight bits": a network in float and the same in 8 bits, asked about one picture; what became of
// each gate, and block by block how far gates are off.
//
//   picture of the widget's ──▶ recorded answers, or the networks' own once they run
//   reader's picture ──networks run──▶ their answers

import { decimal, percent, signed } from "../math/format.ts";
import { softmax } from "../math/softmax.ts";
import type { Manifest } from "../network/download.ts";
import { planes } from "../network/live.ts";
import { div, h, matched, options, p, set, span, svg, symbol } from "../parts/dom.ts";
import { type Frame, pictures, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { type Menus, menus, numbered } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import { type OwnPicture, ownPicture, showsGiven } from "../picture-editor/own-picture.ts";
import type { Keeper } from "../state/keeper.ts";
import { attributionDots } from "./attribution-dots.ts";
import { type EightBitsData, LivePair, type Pair, recorded } from "./eight-bits-networks.ts";

// of the bars, and of the room for what is written below
const [WIDTH, HEIGHT, FOOT, HEAD] = [320, 110, 36, 22];

type EightBitsView = { picture: string; block: string; channel: number };

/** @param manifest what the page can fetch; null where it can't, as in a notebook */
export function eightBits(
  root: HTMLElement,
  data: EightBitsData,
  keeper: Keeper,
  manifest: Manifest | null = null,
): () => void {
  const widget = new EightBits(root, data, keeper);
  void widget.offer(root, manifest);
  return () => widget.end();
}

class EightBits {
  private readonly data: EightBitsData;
  private readonly frame: Frame<EightBitsView>;
  private live: LivePair | null = null;
  private own: OwnPicture | null = null;
  private readonly images: HTMLImageElement[];
  private readonly picker: ReturnType<typeof pictures>;
  private readonly menus: Menus<"block" | "channel">;
  private readonly canvas: HTMLCanvasElement;
  private readonly dots = attributionDots((channel) => this.frame.wish({ channel }), DIFFERENCE);
  private readonly bars = svg("g");
  private readonly names = svg("g", { "text-anchor": "middle" });
  private readonly most = svg("text", { x: 0, y: 14 });
  private readonly chart = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEAD + HEIGHT + FOOT}`, role: "img" },
    this.bars,
    this.names,
    this.most,
    title("mean error of the gates, by SE block"),
  );
  private readonly answers = p("senet-effect");
  private readonly one = p("senet-effect");
  private readonly all = p("senet-effect");
  private readonly place = h("div", {}, p("senet-source", ABSENT));
  private pair: Pair;
  private readers = false; // whether the reader's picture is shown
  private asked = 0;
  private gone = false;
  private rows: Cell[][] = [];
  private readonly table = numbers([
    {
      what: "the gates",
      name: () =>
        `eight-bits-${this.readers ? "yours" : this.frame.now.picture}-${this.frame.now.block}`,
      grid: () => ({ caption: "Every gate of the block", rows: this.rows }),
    },
  ]);

  constructor(root: HTMLElement, data: EightBitsData, keeper: Keeper) {
    this.data = data;
    this.pair = recorded(data, 0);
    this.images = data.pictures.map(({ url }) => h("img", { src: url }));
    this.picker = pictures(data.pictures, (picture) => this.choose(picture));
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      block: [
        "Block",
        data.blocks.map(({ name, title, channels }) => [name, `${title} (${channels} channels)`]),
      ],
      channel: ["Channel", {}],
    });
    this.canvas = h("canvas", { role: "img", width: data.side, height: data.side });
    this.frame = widgetFrame<EightBitsView>(root, keeper, () => data, {
      body: this.layout(),
      foot: [this.table.el],
      draw: (now) => void this.answer(now),
      spoken: () => `${this.answers.textContent} ${this.one.textContent}`,
    });
  }

  end(): void {
    this.gone = true;
    this.own?.end();
    this.frame.end();
  }

  /** Both networks, where the page can fetch them. */
  async offer(root: HTMLElement, manifest: Manifest | null): Promise<void> {
    const { network, file } = this.data;
    if (manifest?.[network] === undefined || manifest[file] === undefined) return;
    this.live = new LivePair(this.data, manifest, planes(await this.drawn(0)));
    if (this.gone) return;
    const given = () => {
      this.readers = true;
      return this.answer(this.frame.now);
    };
    this.own = ownPicture(root, this.live, given, () => this.frame.refresh());
    this.place.replaceChildren(this.own.el);
    this.frame.refresh();
  }

  private layout(): Node[] {
    return [
      this.picker.el,
      div("senet-controls", ...this.menus.els),
      div("senet-eight", this.dots.el, div("senet-eight-side", this.canvas, this.chart)),
      p(
        "senet-legend",
        span("senet-key senet-key-s", "a channel"),
        span("senet-key senet-key-ring", "the chosen one"),
        span(
          "senet-key senet-key-dashed",
          "half a step of 8 bits: all that rounding this gate alone can do",
        ),
      ),
      this.answers,
      this.one,
      this.all,
      this.place,
    ];
  }

  private choose(picture: string): void {
    this.readers = false;
    this.frame.wish({ picture });
  }

  private indexOf(picture: string): number {
    return this.data.pictures.findIndex(({ id }) => id === picture);
  }

  /** One of the widget's pictures in a canvas of its own. */
  private async drawn(index: number): Promise<HTMLCanvasElement> {
    const image = this.images[index]!;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = this.data.side;
    canvas.getContext("2d", { willReadFrequently: true })!.drawImage(image, 0, 0);
    return canvas;
  }

  /** Show what both networks say of the picture that is chosen now. */
  private async answer({ picture }: EightBitsView): Promise<void> {
    const ticket = ++this.asked;
    const index = this.indexOf(picture);
    this.picker.choose(this.readers ? "" : picture);
    const run = this.live?.engine.state.kind === "ready";
    try {
      const canvas = this.readers ? this.live!.picture : await this.drawn(index);
      const pair = run ? await this.live!.ask(canvas) : recorded(this.data, index);
      if (ticket !== this.asked || this.gone) return;
      this.pair = pair;
      this.canvas.getContext("2d")!.drawImage(canvas, 0, 0);
      this.show(this.frame.now, run);
      const { pictures, side } = this.data;
      if (!this.readers) showsGiven(this.own, pictures[index]!, side, canvas);
    } catch (error) {
      if (ticket === this.asked) this.answers.textContent = (error as Error).message;
    }
  }

  private show({ block, channel }: EightBitsView, run: boolean): void {
    const { blocks } = this.data;
    const at = blocks.findIndex(({ name }) => name === block);
    const { channels, step } = blocks[at]!;
    const { select } = this.menus.by.channel;
    if (select.options.length !== channels) select.replaceChildren(...options(numbered(channels)));
    this.menus.show({ block, channel });
    const [s, rounded] = [this.pair.float.gates[at]!, this.pair.eight.gates[at]!];
    const off = rounded.map((value, c) => value - s[c]!);
    this.dots.show(s, off, channel, [-step / 2, step / 2]);
    this.drawBars(at);
    this.say(at, channel, s, rounded, run);
    this.rows = [
      ["channel", "gate in float", "gate in 8 bits", "difference"],
      ...Array.from(s, (value, c) => [c, value, rounded[c]!, off[c]!]),
    ];
    this.table.show();
  }

  private say(at: number, c: number, s: Float32Array, rounded: Float32Array, run: boolean): void {
    const { title, step } = this.data.blocks[at]!;
    const [float, eight] = [this.says(this.pair.float.logits), this.says(this.pair.eight.logits)];
    const from = run ? "Computed in this page." : "Recorded when this book was built.";
    this.answers.textContent = `In float: ${float}. In 8 bits: ${eight}. ${from}`;
    const by = rounded[c]! - s[c]!;
    const half = step / 2;
    const words = `: ${decimal(s[c]!, 4)} in float, ${decimal(rounded[c]!, 4)} in 8 bits, ${signed(by, 4)}.`;
    this.one.replaceChildren(`Channel ${c} of ${title}: `, symbol("s"), words);
    const far = s.reduce((n, value, k) => n + Number(Math.abs(rounded[k]! - value) > half), 0);
    const every = this.errors();
    const count = s.length === far ? `All ${far}` : `${far} of ${s.length}`;
    this.all.textContent = `${count} gates are off by more than half a step (${decimal(half, 4)}): what reaches them is also off. On average they are off by ${decimal(every[at]!, 4)}, and all gates of the network by ${decimal(mean(every, this.data), 4)}.`;
    this.dots.say(`Channel ${c}${words} ${this.all.textContent}`, { "data-far": far });
    const name = this.readers ? this.live!.name : this.data.pictures[this.now()]!.title;
    set(this.canvas, { "aria-label": `${name}. ${this.answers.textContent}`, "data-run": run });
  }

  private now(): number {
    return this.indexOf(this.frame.now.picture);
  }

  /** The likeliest class, and its probability. */
  private says(logits: Float32Array): string {
    const shares = softmax(logits);
    const best = shares.indexOf(Math.max(...shares));
    return `${this.data.classes[best]!}, ${percent(shares[best]!)}`;
  }

  /** By block, the mean distance of a gate in 8 bits from the gate in float. */
  private errors(): number[] {
    return this.data.blocks.map(({ channels }, b) => {
      const [s, rounded] = [this.pair.float.gates[b]!, this.pair.eight.gates[b]!];
      return s.reduce((sum, value, c) => sum + Math.abs(rounded[c]! - value), 0) / channels;
    });
  }

  private drawBars(chosen: number): void {
    const errors = this.errors();
    const top = Math.max(...errors, 1e-9);
    const wide = WIDTH / errors.length;
    matched(this.bars, errors.length, () => svg("rect")).forEach((bar, b) => {
      const tall = Math.max(1, (errors[b]! / top) * HEIGHT);
      const place = { x: (b + 0.1) * wide, width: 0.8 * wide, y: HEAD + HEIGHT - tall };
      set(bar, { ...place, height: tall, "data-value": errors[b]!, "data-on": b === chosen });
    });
    matched(this.names, errors.length, () => svg("text")).forEach((name, b) => {
      set(name, { x: (b + 0.5) * wide, y: HEAD + HEIGHT + 14 });
      name.textContent = String(b + 1);
    });
    this.most.textContent = `highest bar: ${decimal(top, 4)}`;
    const told = this.data.blocks.map(({ title }, b) => `${title} ${decimal(errors[b]!, 4)}`);
    set(this.chart, { "aria-label": `Mean error of the gates by block: ${told.join(", ")}.` });
  }
}

const DIFFERENCE = { title: "in 8 bits, less in float", key: "difference" };
const ABSENT = "Here the two networks answer for these pictures alone.";

function title(words: string): SVGElement {
  const x = WIDTH / 2;
  const el = svg("text", { x, y: HEAD + HEIGHT + 31, "text-anchor": "middle" });
  el.textContent = words;
  return el;
}

/** Of all gates: a block counts as often as it has channels. */
function mean(errors: number[], { blocks }: EightBitsData): number {
  const gates = blocks.reduce((sum, { channels }) => sum + channels, 0);
  return errors.reduce((sum, error, b) => sum + error * blocks[b]!.channels, 0) / gates;
}
