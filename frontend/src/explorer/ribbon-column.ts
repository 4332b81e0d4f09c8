// What a ribbon consists of: a column per block, and the headings of the stages over them.

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

/** "3.1" for stage 3, block 1; else the depth. */
export function short({ title, stage, depth }: BlockInfo): string {
  const block = /block (\d+)$/.exec(title)?.[1];
  return stage !== null && block ? `${stage}.${block}` : String(depth);
}
