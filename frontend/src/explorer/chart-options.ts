// How charts are drawn: the order of channels, what the gates are compared with, the scale,
// and how many channels at once.

import { COMPARISONS, type Scale } from "../math/channels.ts";
import type { Probe } from "../network/network.ts";
import { choice, div, h, options } from "../parts/dom.ts";
import { keepArrows } from "../parts/frame.ts";
import type { Wanted } from "../state/fields.ts";
import { type ExplorerView, SECOND } from "./view.ts";

const ORDERS = {
  index: "number",
  excitation: "excitation, largest first",
  difference: "difference from the mean",
};
const COMPARED = {
  [SECOND]: "the second picture",
  predicted: "mean of the predicted class",
  true: "mean of the true class",
  all: "means of all classes",
  none: "nothing",
};
const SCALED: Record<Scale, string> = { full: "from 0 to 1", fitted: "as far as the gates go" };

export interface ChartOptions {
  el: HTMLElement;
  /**
   * @param widest channels of the widest block that is open
   * @param labelled whether the picture has a true class
   */
  show(view: ExplorerView, widest: number, labelled: boolean): void;
}

/** @param zoomed how many channels may be shown at once, 0 for all */
export function chartOptions(
  { network, means }: Probe,
  zoomed: unknown,
  wish: (wanted: Wanted) => void,
): ChartOptions {
  const order = choice("Order channels by", (value) => wish({ order: value }), ORDERS);
  const compare = choice("Compare the gates with", (value) => wish({ compare: value }), COMPARED);
  const classes = network.classes.map((name) => [name, name] as const);
  compare.select.append(
    h("optgroup", { label: "mean of one class", hidden: !means }, ...options(classes)),
  );
  const scale = choice("Scale", (value) => wish({ scale: value }), SCALED);
  const most = Math.max(...network.blocks.map(({ channels }) => channels));
  const zooms = (zoomed as number[]).filter((count) => count < most);
  const zoom = choice(
    "Channels shown",
    (value) => wish({ zoom: value }),
    zooms.map((count) => [count, count === 0 ? "all" : `${count} at once`]),
  );
  const from = keepArrows(
    h("input", { type: "range", min: 0, step: 1, oninput: () => wish({ from: from.value }) }),
  );
  const output = h("output");
  const slide = h("label", { class: "senet-slide" }, h("span", {}, "from place"), from, output);
  return {
    el: div("senet-controls", order.el, compare.el, scale.el, zoom.el, slide),
    show(view, widest, labelled) {
      order.select.value = view.order;
      compare.select.value = view.compare;
      scale.select.value = view.scale;
      zoom.select.value = String(view.zoom);
      const possible = (value: string) =>
        value === SECOND
          ? view.second !== null
          : value === "none" || (!!means && (value !== "true" || labelled));
      for (const option of compare.select.options)
        option.disabled = !(COMPARISONS.includes(option.value as never) || option.value === SECOND
          ? possible(option.value)
          : means);
      slide.hidden = view.zoom === 0 || widest <= view.zoom;
      from.max = String(Math.max(0, widest - view.zoom));
      from.value = String(view.from);
      output.textContent = from.value;
    },
  };
}
