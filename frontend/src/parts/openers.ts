// The pictures of the gallery that open a channel's gate furthest, in a row: what it responds to.

import { decimal } from "../math/format.ts";
import { largest } from "../math/softmax.ts";
import type { Answer, Probe } from "../network/network.ts";
import { h, p, set } from "./dom.ts";
import { thumbnail } from "./picker.ts";

const MOST = 9;

/** Positions of the pictures with the largest gates of a channel, the largest first. */
export function furthest(recorded: Answer[], block: number, channel: number): number[] {
  return largest(
    recorded.map(({ blocks }) => blocks[block]!.s[channel]!),
    MOST,
  );
}

export class Openers {
  readonly el: HTMLElement;
  private readonly pictures = Array.from({ length: MOST }, () => h("img", { alt: "none yet" }));
  private readonly row = h("span", { role: "img" }, ...this.pictures);
  private key = "";

  constructor() {
    this.el = p("senet-openers", h("span", {}, "opened most by "), this.row);
  }

  /** @param channel null for none */
  show(probe: Probe, block: number, channel: number | null): void {
    const { recorded, pictures } = probe;
    const key = recorded && channel !== null ? `${block} ${channel}` : "";
    if (key === this.key) return;
    this.key = key;
    set(this.el, { "data-channel": key });
    if (!recorded || channel === null) return;
    const found = furthest(recorded, block, channel);
    const named = found.map((index) => {
      const s = recorded[index]!.blocks[block]!.s[channel]!;
      return `${pictures[index]!.title} ${decimal(s, 2)}`;
    });
    this.pictures.forEach((picture, place) => {
      set(picture, { hidden: place >= found.length });
      if (place >= found.length) return;
      const title = named[place]!;
      set(picture, { src: thumbnail(probe, found[place]!), title, alt: title });
    });
    set(this.row, { "aria-label": `channel ${channel} is opened most by ${named.join(", ")}` });
  }
}
