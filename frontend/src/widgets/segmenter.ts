// "Segmenter": another's network finds the person in a picture; its ten gates beside it, its own,
// frozen at their means, or all at 1.
//
//   picture of the widget's ──▶ recorded answer
//   reader's picture, camera ──network runs──▶ its answer, frame by frame

import type { Manifest } from "../network/download.ts";
import { bands } from "../parts/bands.ts";
import { div, h, p, set, span } from "../parts/dom.ts";
import { type Frame, pictures, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { ink, inked } from "../parts/ink.ts";
import { type Menus, menus } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import { type OwnPicture, ownPicture, showsGiven } from "../picture-editor/own-picture.ts";
import type { Keeper } from "../state/keeper.ts";
import {
  type How,
  LiveSegmenter,
  overlap,
  recorded,
  type Segmented,
  type SegmenterData,
} from "./segmenter-network.ts";

const HOW: Record<How, string> = {
  own: "its own",
  frozen: "frozen at their means",
  ones: "all at 1",
};
const DIMMED = 0.22; // what is left of the light where nobody is

type SegmenterView = { picture: string; gates: How };

/** @param manifest what the page can fetch; null where it can't, as in a notebook */
export function segmenter(
  root: HTMLElement,
  data: SegmenterData,
  keeper: Keeper,
  manifest: Manifest | null = null,
): () => void {
  const widget = new Segmenter(root, data, keeper, manifest);
  return () => widget.end();
}

class Segmenter {
  private readonly data: SegmenterData;
  private readonly frame: Frame<SegmenterView>;
  private readonly live: LiveSegmenter | null;
  private readonly own: OwnPicture | null;
  private readonly images: Map<string, HTMLImageElement>;
  private readonly picker: ReturnType<typeof pictures>;
  private readonly menus: Menus<"gates">;
  private readonly canvas: HTMLCanvasElement;
  private readonly said = p("senet-effect");
  private readonly caption = h("figcaption");
  private readonly strips: HTMLElement[];
  private now: SegmenterView = { picture: "", gates: "own" };
  private rows: Cell[][] = [];
  private readers = false; // whether the reader's picture is shown
  private asked = 0;
  private readonly table = numbers([
    {
      what: "the gates",
      name: () => `segmenter-${this.readers ? "yours" : this.now.picture}`,
      grid: () => ({ caption: "The ten gates", rows: this.rows }),
    },
  ]);

  constructor(root: HTMLElement, data: SegmenterData, keeper: Keeper, manifest: Manifest | null) {
    this.data = data;
    this.images = new Map(data.pictures.map(({ id, url }) => [id, h("img", { src: url })]));
    this.picker = pictures(data.pictures, (picture) => this.choose(picture));
    this.menus = menus((wanted) => this.frame.wish(wanted), { gates: ["Gates", HOW] });
    this.canvas = h("canvas", { role: "img", width: data.side, height: data.side });
    this.strips = data.gates.map(() => span("senet-segmenter-inks"));
    const runs = manifest?.[data.network] !== undefined;
    this.live = runs ? new LiveSegmenter(data, manifest!) : null;
    const given = async () => {
      this.readers = true;
      await this.answer();
    };
    this.own = this.live && ownPicture(root, this.live, given, () => {});
    this.frame = widgetFrame<SegmenterView>(root, keeper, () => this.known(), {
      body: this.layout(),
      foot: [this.table.el],
      draw: (now) => {
        this.now = now;
        void this.answer();
      },
      spoken: () => this.said.textContent ?? "",
    });
  }

  end(): void {
    this.own?.end();
    this.frame.end();
  }

  /** The sets that the rules speak of, as Python has them. */
  private known(): object {
    return { ...this.data, pictures: this.data.pictures.map(({ id }) => id) };
  }

  private layout(): Node[] {
    const gates = this.strips.map((strip, i) => {
      const { channels } = this.data.gates[i]!;
      const name = h("span", {}, `gate ${i + 1}`);
      strip.title = `gate ${i + 1}: ${channels} channels`;
      return div("senet-segmenter-gate", name, strip);
    });
    const key = "Each band is a channel, faint at 0 and strong at 1.";
    return [
      div("senet-controls", this.picker.el, ...this.menus.els),
      div(
        "senet-segmenter",
        h("figure", {}, this.canvas, this.caption),
        h(
          "div",
          {},
          h("div", { class: "senet-segmenter-gates", "aria-hidden": "true" }, ...gates),
          p("senet-legend", h("span", {}, key)),
        ),
      ),
      this.said,
      ...(this.own ? [this.own.el] : [p("senet-source", ABSENT)]),
    ];
  }

  private choose(picture: string): void {
    this.readers = false;
    this.frame.wish({ picture });
  }

  /** Show what the network says of the picture that is chosen now. */
  private async answer(): Promise<void> {
    const { readers } = this;
    const { picture, gates } = this.now;
    const ticket = ++this.asked;
    this.menus.show({ gates });
    this.picker.choose(readers ? "" : picture);
    const ask = (how: How) =>
      readers ? this.live!.ask(how) : Promise.resolve(recorded(this.data, picture, how));
    try {
      const [answer, plain] = await Promise.all([ask(gates), gates === "own" ? null : ask("own")]);
      const image = readers ? this.live!.picture : this.images.get(picture)!;
      if (image instanceof HTMLImageElement) await image.decode();
      if (ticket !== this.asked) return;
      this.show(image, answer, plain);
      const given = this.data.pictures.find(({ id }) => id === picture)!;
      if (!readers) showsGiven(this.own, given, this.data.side, image);
    } catch (error) {
      if (ticket === this.asked) this.said.textContent = (error as Error).message;
    }
  }

  private show(image: CanvasImageSource, answer: Segmented, plain: Segmented | null): void {
    const { mask, gates } = answer;
    const context = this.canvas.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(image, 0, 0);
    const light = context.getImageData(0, 0, this.data.side, this.data.side);
    mask.forEach((inside, i) => {
      if (!inside) for (let k = 4 * i; k < 4 * i + 3; k++) light.data[k]! *= DIMMED;
    });
    context.putImageData(light, 0, 0);
    gates.forEach((s, i) => {
      const order = Array.from(s.keys());
      const style = bands("right", s, order, 0, 1, ink());
      set(this.strips[i]!, { style, ...inked, "data-values": s.join(" ") });
    });
    this.rows = [["gate", "channels", "least", "mean", "most"], ...gates.map(summary)];
    this.table.show();
    this.say(mask, plain);
  }

  private say(mask: Uint8Array, plain: Segmented | null): void {
    const { picture, gates } = this.now;
    const name = this.readers
      ? this.live!.name
      : this.data.pictures.find(({ id }) => id === picture)!.title;
    const share = percent(mask.reduce((sum, inside) => sum + inside, 0) / mask.length);
    const compared = plain
      ? ` With its gates ${HOW[gates]}, the mask overlaps that of its own gates by ${percent(overlap(mask, plain.mask))}.`
      : "";
    const words = `The network takes ${share} of the picture for a person.${compared}`;
    this.said.textContent = words;
    this.caption.textContent = `${name}; what is not the person is dimmed`;
    set(this.canvas, { "aria-label": `${name}. ${words}`, "data-person": share });
  }
}

const ABSENT = "This book was built without the network, so it answers for these pictures alone.";
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function summary(s: Float32Array, i: number): Cell[] {
  const mean = s.reduce((sum, value) => sum + value, 0) / s.length;
  return [i + 1, s.length, Math.min(...s), mean, Math.max(...s)];
}
