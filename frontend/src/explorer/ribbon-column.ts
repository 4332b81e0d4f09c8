// What a ribbon consists of: a column per block, and the headings of the stages over them.

import { ordinal } from "../math/format.ts";
import type { BlockInfo } from "../network/network.ts";
import { h, span } from "../parts/dom.ts";

export interface Column {
  button: HTMLButtonElement;
  /** In words what the strip shows. */
  name: HTMLElement;
  inks: HTMLElement;
  pulls: HTMLElement;
  mark: HTMLElement;
  bar: HTMLElement;
  far: HTMLElement;
}

export function columnOf(block: BlockInfo, at: number): Column {
  const name = span("senet-unseen");
  const inks = span("senet-inks");
  const pulls = h("span");
  const mark = h("span", { class: "senet-mark", hidden: true });
  const bar = span("senet-bar", h("span"));
  const far = h("span", { class: "senet-far", "aria-hidden": "true" });
  const button = h(
    "button",
    {
      type: "button",
      class: "senet-strip",
      "data-block": block.name,
      tabindex: at === 0 ? 0 : -1,
      style: `grid-column:${at + 1}`, // the canvas below has them all
    },
    name,
    h(
      "span",
      { class: "senet-depth", "aria-hidden": "true" },
      span("senet-word", "block "),
      short(block),
    ),
    span("senet-cells", inks, pulls, mark),
    bar,
    far,
  );
  return { button, name, inks, pulls, mark, bar, far };
}

/** A heading over the columns of each stage, where blocks have stages. */
export function stages(blocks: BlockInfo[]): HTMLElement[] {
  const last = Math.max(...blocks.map(({ stage }) => stage ?? 0));
  return blocks.flatMap((block, at) => {
    const { stage, channels } = block;
    if (stage === null || blocks[at - 1]?.stage === stage) return [];
    const count = blocks.filter((other) => other.stage === stage).length;
    const depth = stage === 1 ? "first layers" : stage === last ? "last layers" : "";
    const words = [
      `stage ${stage}`,
      span("senet-word", depth && ` (${depth})`, `: ${channels} gates each`),
    ];
    const style = `grid-column:${at + 1}/span ${count}`;
    return h("span", { class: "senet-of-stage", style, "aria-hidden": "true" }, ...words);
  });
}

/** "3.1" for the first block of stage 3; else the depth. */
export function short(block: BlockInfo): string {
  return placeOf(block) ? block.title.replace("block ", "") : String(block.depth);
}

/** What a block's name means, where it is made of stage and place. */
export function explained(block: BlockInfo): string {
  const { title, stage, depth } = block;
  const place = placeOf(block);
  if (!place) return `${depth}: ${title}`;
  const counted = place === 1 ? "the first" : ordinal(place);
  return `${title.replace("block", "Block")} is ${counted} of stage ${stage}`;
}

/** Its place in its stage, from 1; null where its title doesn't say. */
function placeOf({ title, stage }: BlockInfo): number | null {
  const place = /^block \d+\.(\d+)$/.exec(title)?.[1];
  return stage !== null && place ? Number(place) : null;
}
