// What the marks of a chart of excitations are.

import { type Comparison, comparedWith } from "../math/channels.ts";
import { h, symbol } from "./dom.ts";

export interface Legend {
  el: HTMLElement;
  /** @param note where something is missing that was asked for */
  show(comparison: Comparison, note?: string): void;
}

export function legend(): Legend {
  const el = h("p", { class: "senet-legend" });
  let shown = "";
  return {
    el,
    show(comparison, note = "") {
      const { of, each } = comparison;
      const key = [of ?? "", of && comparedWith(comparison), each.length, note].join();
      if (key === shown) return; // to put the same there again would be laid out again
      shown = key;
      el.replaceChildren(
        h("span", { class: "senet-key senet-key-s" }, symbol("s"), " of this picture"),
        ...(of
          ? [
              h(
                "span",
                { class: "senet-key senet-key-mean" },
                `${comparedWith(comparison)}${of === "all" ? " classes" : ""}`,
              ),
            ]
          : []),
        ...(each.length > 0
          ? [h("span", { class: "senet-key senet-key-each" }, "mean of each class")]
          : []),
        note,
      );
    },
  };
}
