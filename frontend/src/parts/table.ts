// All numbers that the widget shows, as tables in a disclosure. Made when first opened, and
// kept up while open.

import { type Comparison, comparedWith } from "../math/channels.ts";
import { decimal, percent, signed } from "../math/format.ts";
import { softmax } from "../math/softmax.ts";
import type { Answer, BlockAnswer } from "../network/network.ts";
import { h, symbol } from "./dom.ts";
import { line, scrolledTable } from "./grid.ts";

export interface Numbers {
  classes: string[];
  answer: Answer;
  blocks: { title: string; answer: BlockAnswer; order: number[]; comparison: Comparison }[];
}

export interface Tables {
  el: HTMLDetailsElement;
  show(numbers: Numbers): void;
}

export function tables(): Tables {
  let numbers: Numbers | null = null;
  const body = h("div", { class: "senet-tables" });
  const el = h(
    "details",
    { class: "senet-numbers", ontoggle: fill },
    h("summary", {}, "All numbers as tables"),
    body,
  );

  function fill(): void {
    if (!el.open || !numbers) return;
    const { classes, answer, blocks } = numbers;
    const shares = softmax(answer.logits);
    const rows = classes.map((name, k) =>
      row(name, { logit: answer.logits[k]! }, decimal(answer.logits[k]!), percent(shares[k]!)),
    );
    const scrolled = [...body.children].map((region) => region.scrollTop);
    body.replaceChildren(
      scrolledTable("Prediction", ["class", "logit", "probability"], rows),
      ...blocks.map(({ title, answer, order, comparison }) => {
        const { mean } = comparison;
        return scrolledTable(
          title,
          [
            "channel",
            symbol("z"),
            symbol("s"),
            ...(mean ? [comparedWith(comparison), "difference"] : []),
          ],
          order.map((c) =>
            row(
              String(c),
              { channel: c, squeeze: answer.z[c]!, value: answer.s[c]! },
              decimal(answer.z[c]!),
              decimal(answer.s[c]!),
              ...(mean ? [decimal(mean[c]!), signed(answer.s[c]! - mean[c]!)] : []),
            ),
          ),
        );
      }),
    );
    [...body.children].forEach((region, i) => (region.scrollTop = scrolled[i] ?? 0));
  }

  return {
    el,
    show(next) {
      numbers = next;
      fill();
    },
  };
}

function row(name: string, data: Record<string, number>, ...cells: string[]): HTMLTableRowElement {
  const tr = line(name, ...cells);
  for (const [key, value] of Object.entries(data)) tr.dataset[key] = String(value);
  return tr;
}
