// "Attribution": a dot per channel, its gate to the right and what a method attributes to it upwards;
// and the picture, with the parts that opened the gate of the chosen channel. All of it was
// computed by torch (sebook/widgets/attribution.py).
//
//   picture, block, method ──▶ dots ──tap, keys──▶ one channel ──▶ its words, and what opened it

import { decimal, ordinal, percent, signed } from "../math/format.ts";
import { type Packed, unpack } from "../math/packed.ts";
import { place, spearman, top } from "../math/ranks.ts";
import { div, h, options, p, span, symbol } from "../parts/dom.ts";
import { type Frame, pictures, type Shown, widgetFrame } from "../parts/frame.ts";
import { type Grid, numbers } from "../parts/grid.ts";
import { type Menus, menus, numbered } from "../parts/menus.ts";
import type { Keeper } from "../state/keeper.ts";
import { attributionDots } from "./attribution-dots.ts";
import { openedPicture } from "./attribution-opened.ts";

const METHODS = ["ablation", "integrated", "conductance"] as const;
type Method = (typeof METHODS)[number];
const METHOD_WORDS: Record<Method, string> = {
  ablation: "close this gate alone",
  integrated: "open all gates together (integrated gradients)",
  conductance: "from a blank picture to this one (conductance)",
};
const SHORT: Record<Method, string> = {
  ablation: "ablation",
  integrated: "integrated gradients",
  conductance: "conductance",
};
const TOP = 0.25; // as in sebook.experiments.importance

type Block = {
  name: string;
  title: string;
  channels: number;
  s: Packed;
  opened: Packed;
} & Record<Method, Packed>;

interface Network {
  title: string;
  pictures: (Shown & { answer: string; probability: number })[];
  /** Each (pictures, C), and `opened` (pictures, C, grid, grid). */
  blocks: Block[];
}

export interface AttributionData {
  /** Windows along a side of the picture. */
  grid: number;
  networks: Record<string, Network>;
}

type AttributionView = {
  network: string;
  picture: string;
  block: string;
  method: Method;
  channel: number;
  overlay: "on" | "off";
};

export function attribution(root: HTMLElement, data: AttributionData, keeper: Keeper): () => void {
  return new Attribution(root, data, keeper).frame.end;
}

/** The chosen picture and block, and the rows of numbers that belong to them. */
interface Here {
  picture: Network["pictures"][number];
  block: Block;
  channel: number;
  s: Float32Array;
  found: Float32Array;
  get(what: "s" | Method): Float32Array;
  /** How far covering each part closes the chosen channel's gate, row by row. */
  opened: Float32Array;
}

class Attribution {
  readonly frame: Frame<AttributionView>;
  private readonly data: AttributionData;
  private readonly unpacked = new Map<Packed, Float32Array>();
  private words = "";
  // ---- what it consists of
  private readonly galleries: Record<string, ReturnType<typeof pictures>>;
  private readonly gallery = div("");
  private readonly menus: Menus<"network" | "block" | "method" | "channel">;
  private readonly box: HTMLInputElement;
  private readonly dots = attributionDots((channel) => this.frame.wish({ channel }));
  private readonly opened: ReturnType<typeof openedPicture>;
  private readonly answer = p("senet-about");
  private readonly one = p("senet-effect");
  private readonly all = p("senet-effect");
  private readonly source = p("senet-about");
  private shown = ""; // the network whose pictures and blocks are offered
  private readonly table = numbers([
    {
      what: "the channels",
      name: () => `attribution-${this.frame.now.picture}-${this.frame.now.block}`,
      grid: () => this.channelGrid(),
    },
    {
      what: "what opened the gate",
      name: () => {
        const { picture, block, channel } = this.frame.now;
        return `opened-${picture}-${block}-${channel}`;
      },
      grid: () => this.openedGrid(),
    },
  ]);

  constructor(root: HTMLElement, data: AttributionData, keeper: Keeper) {
    this.data = data;
    const networks = Object.entries(data.networks);
    this.galleries = Object.fromEntries(
      networks.map(([name, network]) => [
        name,
        pictures(network.pictures, (picture) => this.frame.wish({ picture })),
      ]),
    );
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      network: ["Network", networks.map(([name, { title }]) => [name, title])],
      block: ["Block", {}],
      method: ["Method", METHOD_WORDS],
      channel: ["Channel", {}],
    });
    this.box = h("input", {
      type: "checkbox",
      onchange: () => this.frame.wish({ overlay: this.box.checked ? "on" : "off" }),
    });
    this.opened = openedPicture(data.grid);
    this.frame = widgetFrame<AttributionView>(root, keeper, () => data, {
      body: this.layout(),
      draw: (now) => this.draw(now),
      spoken: () => this.words,
    });
  }

  private layout(): Node[] {
    const check = h("label", { class: "senet-check" }, this.box, " Show what opened its gate");
    const { network, ...rest } = this.menus.by;
    const els = Object.values(rest).map(({ el }) => el);
    return [
      ...(Object.keys(this.data.networks).length > 1 ? [network.el] : []),
      this.gallery,
      div("senet-controls", ...els, check),
      div("senet-attribution", this.dots.el, h("div", {}, this.opened.el, this.answer)),
      this.one,
      this.all,
      p(
        "senet-legend",
        span("senet-key senet-key-s", "a channel"),
        span("senet-key senet-key-ring", "the chosen one"),
        h(
          "span",
          {},
          "+ covering this part closes its gate: it opened it; − covering it opens the gate further",
        ),
      ),
      this.table.el,
      this.source,
    ];
  }

  /** The chosen picture's row of a packed array whose rows are `width` long. */
  private row(packed: Packed, index: number, width: number): Float32Array {
    if (!this.unpacked.has(packed)) this.unpacked.set(packed, unpack(packed));
    return this.unpacked.get(packed)!.subarray(index * width, (index + 1) * width);
  }

  private here({ network, picture, block, method, channel }: AttributionView): Here {
    const { pictures, blocks } = this.data.networks[network]!;
    const index = pictures.findIndex(({ id }) => id === picture);
    const here = blocks.find(({ name }) => name === block)!;
    const get = (what: "s" | Method) => this.row(here[what], index, here.channels);
    const cells = this.data.grid ** 2;
    const opened = this.row(here.opened, index, here.channels * cells);
    return {
      picture: pictures[index]!,
      block: here,
      channel,
      s: get("s"),
      found: get(method),
      get,
      opened: opened.subarray(channel * cells, (channel + 1) * cells),
    };
  }

  private draw(now: AttributionView): void {
    const here = this.here(now);
    const { picture, block, channel, s, found } = here;
    this.offer(now.network);
    this.galleries[now.network]!.choose(now.picture);
    this.box.checked = now.overlay === "on";
    const { select } = this.menus.by.channel;
    if (select.options.length !== block.channels) {
      select.replaceChildren(...options(numbered(block.channels)));
    }
    this.menus.show(now);
    this.dots.show(s, found, channel);
    this.opened.show(picture, here.opened, channel, this.box.checked);
    this.answer.textContent = `${picture.title}, taken for ${picture.answer} (${percent(picture.probability)})`;
    this.say(now, here);
    this.table.show();
  }

  /** The pictures and the blocks of a network. */
  private offer(network: string): void {
    if (network === this.shown) return;
    this.shown = network;
    const { title, blocks } = this.data.networks[network]!;
    this.gallery.replaceChildren(this.galleries[network]!.el);
    this.menus.by.block.select.replaceChildren(
      ...options(
        blocks.map(
          ({ name, title, channels }) => [name, `${title} (${channels} channels)`] as const,
        ),
      ),
    );
    this.source.textContent = `${title}. Attributed to the logit of the class that the network names. Computed in PyTorch, by Captum; stored in 65,536 steps, what opened a gate in 256.`;
  }

  private say({ method }: AttributionView, { picture, block, channel: c, s, found }: Here): void {
    const size = found.map(Math.abs);
    const by = SHORT[method];
    this.one.replaceChildren(
      `Channel ${c}: gate `,
      symbol("s"),
      ` = ${decimal(s[c]!)}, ${ordinal(place(s, c))} widest open of ${block.channels}. By ${by} ${signed(found[c]!)} logits for “${picture.answer}”, ${ordinal(place(size, c))} largest.`,
    );
    const most = Math.max(1, Math.round(TOP * block.channels));
    const [open, matter] = [top(s, most), top(size, most)];
    const both = [...open].filter((k) => matter.has(k)).length;
    const rank = spearman(s, size);
    this.all.textContent = `All ${block.channels}: rank correlation of gate and size ${rank === null ? "undefined" : signed(rank, 2)}. Of the ${most} widest open, ${both} ${both === 1 ? "is" : "are"} among the ${most} that matter most by ${by}; ${most} picked at random from the ${block.channels} would include about ${decimal((most * most) / block.channels, 1)} of them (${most} × ${most} / ${block.channels}).`;
    this.words = `${this.one.textContent} ${this.all.textContent}`;
    this.dots.say(this.one.textContent!, { "data-correlation": rank, "data-overlap": both });
  }

  private channelGrid(): Grid {
    const { block, get } = this.here(this.frame.now);
    const columns = [get("s"), ...METHODS.map(get)];
    const rows = Array.from({ length: block.channels }, (_, k) => [
      k,
      ...columns.map((column) => column[k]!),
    ]);
    return {
      caption: `${block.title}, in logits`,
      rows: [["channel", "gate s", ...METHODS], ...rows],
    };
  }

  private openedGrid(): Grid {
    const { channel, opened } = this.here(this.frame.now);
    const { grid } = this.data;
    const rows = Array.from(opened, (value, i) => [
      Math.floor(i / grid) + 1,
      (i % grid) + 1,
      -value,
    ]);
    return {
      caption: `Gate of channel ${channel}, with a part covered`,
      rows: [["row", "column", "change of s"], ...rows],
    };
  }
}
