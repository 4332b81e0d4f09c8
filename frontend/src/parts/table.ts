// All numbers that the widget shows, as tables in a disclosure. Made when first opened, and
// kept up while open.

import { type Comparison, comparedWith } from "../math/channels.ts";
import { decimal, signed } from "../math/format.ts";
import type { Answer, BlockAnswer, NetworkInfo } from "../network/network.ts";
import { div, folded, symbol } from "./dom.ts";
import { ALL, line, replace, scrolledTable } from "./grid.ts";
import { amount, shares } from "./shares.ts";

export interface Numbers {
  network: NetworkInfo;
  answer: Answer;
  blocks: { title: string; answer: BlockAnswer; order: number[]; comparison: Comparison }[];
}

export interface Tables {
  el: HTMLDetailsElement;
  show(numbers: Numbers): void;
}

export function tables(): Tables {
  let numbers: Numbers | null = null;
  const body = div("senet-tables");
  const el = folded("senet-numbers", ALL, fill, body);

  function fill(): void {
    if (!el.open || !numbers) return;
    const { network, answer, blocks } = numbers;
    const all = shares(network, answer.logits);
    const rows = network.classes.map((name, k) => {
      const logit = answer.logits[k]!;
      const share = network.values ? [] : [amount(network, all[k]!)];
      return row(name, { logit }, decimal(logit), ...share);
    });
    const columns = network.values ? ["output", "value"] : ["class", "logit", "probability"];
    replace(body, [
      scrolledTable("Prediction", columns, rows),
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
    ]);
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
