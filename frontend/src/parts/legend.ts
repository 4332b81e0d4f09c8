// What the marks of a chart of excitations are.

import { type Comparison, comparedWith } from "../math/channels.ts";
import { h, p, span, symbol } from "./dom.ts";

export interface Legend {
  el: HTMLElement;
  /**
   * @param wide whether a chart has the wide form's marks
   * @param held whether a channel is chosen
   * @param note where something is missing that was asked for
   */
  show(comparison: Comparison, wide: boolean, held: boolean, note?: string): void;
}

export function legend(): Legend {
  const el = p("senet-legend");
  let shown = "";
  const key = (name: string, ...words: (Node | string)[]) =>
    span(`senet-key senet-key-${name}`, h("span", {}, ...words));
  return {
    el,
    show(comparison, wide, held, note = "") {
      const { of, each, instead } = comparison;
      const other = of && `${comparedWith(comparison)}${of === "all" ? " classes" : ""}`;
      const line = instead
        ? [h("strong", {}, `now ${other}`), ` (no longer ${instead})`]
        : [other ?? ""];
      const all = [other, instead, each.length, wide, held, note].join();
      if (all === shown) return; // to put the same there again would be laid out again
      shown = all;
      const strips = other ? "both, as colours" : "as colours";
      el.replaceChildren(
        key("s", "gate ", symbol("s"), " of this picture"),
        ...(other ? [key("mean", ...line)] : []),
        ...(each.length > 0 ? [key("each", "mean of each class")] : []),
        ...(wide ? [key("strip", strips)] : []),
        ...(held ? [key("held", "chosen channel")] : []),
        note,
      );
    },
  };
}
