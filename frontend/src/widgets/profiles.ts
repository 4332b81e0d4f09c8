// "Class by class": mean excitations of a few classes in one block, and below, a number for every
// block.
//
//   network ──its arrays, fetched once──▶ classes, block ──▶ upper chart ──channel──▶ readout
//                                     └─▶ measure ─────────▶ lower chart ──click──▶ block

import { chips, keyRows } from "../parts/chips.ts";
import { div, h, options, p } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { grids } from "../parts/grid.ts";
import { type Menus, menus } from "../parts/menus.ts";
import { plotFrame } from "../parts/plot-frame.ts";
import { type Cell, saver } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";
import {
  type Arrays,
  blockRows,
  channelRows,
  depthWords,
  MARKS,
  MEASURES,
  type Measure,
  meansWords,
  type Network,
  ORDERS,
  type Profile,
  type ProfilesData,
  type ProfilesView,
  profileOf,
  SCALES,
} from "./profiles-data.ts";
import { drawChannels, drawDepth } from "./profiles-plots.ts";

/** What tells classes apart in each drawing; a strip bears its name. */
const KEYS = { strips: null, dots: "symbol", lines: "dash" } as const;

/** @param fetch the arrays of a network that are not at hand */
export function profiles(
  root: HTMLElement,
  data: ProfilesData,
  keeper: Keeper,
  fetch: (name: string) => Promise<Arrays>,
): () => void {
  const widget = new Profiles(root, data, keeper, fetch);
  return () => widget.end();
}

class Profiles {
  private readonly frame: Frame<ProfilesView>;
  private readonly root: HTMLElement;
  private readonly data: ProfilesData;
  private readonly arrays: Record<string, Arrays>;
  private readonly fetch: (name: string) => Promise<Arrays>;
  private over = false;
  private words = "";
  // ---- what it consists of
  private readonly menus: Menus<"network" | "block" | "order" | "marks" | "scale" | "measure">;
  private readonly classes: ReturnType<typeof chips>;
  private readonly upper = plotFrame("Channels of the block", (place) => {
    const { order } = this.profile(this.frame.now);
    this.frame.wish({ channel: place === null ? null : order[place] });
  });
  private readonly lower = plotFrame(
    "Blocks by depth",
    (place) => this.frame.wish({ block: this.network(this.frame.now).blocks[place!]!.name }),
    false,
  );
  private readonly problem = h("p", { class: "senet-problem", role: "alert" });
  private readonly numbers = grids();
  private readonly source = p("senet-about");

  constructor(
    root: HTMLElement,
    data: ProfilesData,
    keeper: Keeper,
    fetch: (name: string) => Promise<Arrays>,
  ) {
    [this.root, this.data, this.fetch] = [root, data, fetch];
    this.arrays = { ...data.arrays };
    const networks = Object.entries(data.networks);
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      network: ["Network", networks.map(([name, { title }]) => [name, title] as const)],
      block: ["Block", {}],
      order: ["Order channels by", ORDERS],
      marks: ["Draw", MARKS],
      scale: ["Scale", SCALES],
      measure: ["By depth", MEASURES],
    });
    const { most } = keeper.rules.classes!;
    this.classes = chips("Classes", "Add a class", most!, (classes) =>
      this.frame.wish({ classes }),
    );
    this.frame = widgetFrame<ProfilesView>(root, keeper, () => data, {
      body: this.layout(),
      draw: (now) => this.draw(now),
      spoken: () => this.words,
    });
  }

  end(): void {
    this.over = true;
    this.upper.end();
    this.lower.end();
    this.frame.end();
  }

  private layout(): Node[] {
    const { by, els } = this.menus;
    const { measure } = by;
    const saved = (
      what: string,
      part: "block" | "measure",
      svg: () => SVGSVGElement,
      rows: () => Cell[][],
      keys: () => SVGElement[] = () => [],
    ) =>
      saver(what, {
        name: () => `${this.frame.now.network}-${this.frame.now[part]}`,
        svg,
        rows,
        keys,
      });
    return [
      div("senet-controls", ...els.filter((el) => el !== measure.el)),
      this.classes.el,
      this.upper.el,
      saved(
        "the class means",
        "block",
        this.upper.svg,
        () => channelRows(this.profile(this.frame.now)),
        () => keyRows(this.frame.now.classes, KEYS[this.frame.now.marks]),
      ),
      this.problem,
      div("senet-controls", measure.el),
      this.lower.el,
      saved("the curve by depth", "measure", this.lower.svg, () =>
        blockRows(this.network(this.frame.now)),
      ),
      this.numbers.el,
      this.source,
    ];
  }

  private network({ network }: ProfilesView): Network {
    return this.data.networks[network]!;
  }

  private profile(now: ProfilesView): Profile {
    return profileOf(this.network(now), this.arrays[now.network] ?? null, now);
  }

  private draw(now: ProfilesView): void {
    const network = this.network(now);
    const { title, pictures } = network;
    this.drawMenus(network, now);
    this.source.textContent = `${title}: means over ${pictures.toLocaleString("en")} pictures that it did not learn from, in 256 steps of each block’s range. Bars are 95% intervals.`;
    this.lower.show((width) => drawDepth(network, now, width));
    const depth = depthWords(network, now.measure);
    this.words = `${title}. ${depth}`;
    if (!this.arrays[now.network]) return this.fetchFor(now.network);
    this.problem.textContent = "";
    this.root.removeAttribute("aria-busy");
    const profile = this.profile(now);
    this.upper.show((width) => drawChannels(profile, now, width));
    this.numbers.show(() => [
      { caption: `Mean excitation, ${profile.block.title}`, rows: channelRows(profile) },
      { caption: "By depth, shares with 95% intervals", rows: blockRows(network) },
    ]);
    this.words = `${title}. ${meansWords(profile, now.marks)} ${depth}`;
  }

  private drawMenus({ blocks, classes }: Network, now: ProfilesView): void {
    const { block, measure } = this.menus.by;
    const titles = blocks.map(
      ({ name, title, channels }) => [name, `${title} (C = ${channels})`] as const,
    );
    block.select.replaceChildren(...options(titles));
    this.menus.show(now);
    for (const option of measure.select.options) {
      option.disabled = blocks.every((each) => each[option.value as Measure] === null);
    }
    this.classes.show(now.classes, classes, KEYS[now.marks]);
  }

  private fetchFor(name: string): void {
    this.root.setAttribute("aria-busy", "true");
    this.fetch(name).then(
      (found) => {
        this.arrays[name] = found;
        if (!this.over && this.frame.now.network === name) this.draw(this.frame.now);
      },
      (error: Error) => {
        this.root.removeAttribute("aria-busy");
        this.problem.textContent = `The class means did not load (${error.message}). Choose another network, or this one again.`;
      },
    );
  }
}
