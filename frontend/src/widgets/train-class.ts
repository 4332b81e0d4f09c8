// A class's results: every participant copies a line a run, the teacher pastes them all, and their
// distribution appears. Nothing leaves the page but by the reader's hand.

import type { Codes } from "../network/codes.ts";
import { button, folded, h, say } from "../parts/dom.ts";
import { plotFrame } from "../parts/plot-frame.ts";
import { codeOf, scanner } from "./train-codes.ts";
import { alike, type Found, lineOf, readLines, type TrainData, verdict } from "./train-data.ts";
import { drawScatter } from "./train-plots.ts";

export function classroom(
  data: TrainData,
  mine: () => Found[],
  codes: () => Promise<Codes>,
): { el: HTMLElement; show(): void; end(): void } {
  let held: number | null = null;
  const lines = h("pre", { class: "senet-train-lines" });
  const copied = h("span", { role: "status" });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(lines.textContent);
      say(copied, " Copied.");
    } catch {
      getSelection()?.selectAllChildren(lines);
      say(copied, " Press Ctrl+C: this browser leaves copying to you.");
    }
  });
  const pasted = h("textarea", {
    rows: 6,
    "aria-label": "The class’s results",
    placeholder: "senet quick 0.1 r 4 seed 3 se 0.4520 none 0.4380",
    oninput: () => show(),
  });
  const code = codeOf(codes);
  const scan = scanner(codes, (text) => {
    const [before, added] = [readLines(pasted.value).runs, readLines(text).runs];
    const known = new Set(before.map(lineOf));
    const fresh = added.map(lineOf).filter((line) => !known.has(line));
    if (fresh.length > 0) {
      pasted.value = [pasted.value.trimEnd(), ...fresh].filter(Boolean).join("\n");
      show();
    }
    const count = before.length + fresh.length;
    if (added.length === 0) return "That code holds no result.";
    return count === 1 ? "One result so far." : `${count} results so far.`;
  });
  const chart = plotFrame("Runs of the class’s scatter", (at) => {
    held = at;
    show();
  });
  const words = h("p", { role: "status" });
  const el = folded(
    "senet-numbers senet-train-class",
    "A class’s results",
    turned,
    h("p", {}, "Your results, one line a seed. Give them to your teacher: ", copy, copied),
    lines,
    code.el,
    h(
      "p",
      {},
      "For teachers: paste everybody’s lines, or scan their codes. They stay in this page.",
    ),
    pasted,
    scan.el,
    chart.el,
    words,
  );

  function turned(): void {
    if (!el.open) scan.end();
    show();
  }

  function show(): void {
    const own = mine().map(lineOf);
    say(lines, own.join("\n"));
    code.show(own);
    copy.disabled = own.length === 0;
    if (!el.open) return;
    const { runs, odd } = readLines(pasted.value);
    chart.el.hidden = runs.length === 0;
    const first = runs[0];
    const same = first ? runs.filter((run) => alike(run, first)) : [];
    chart.show((width) => drawScatter(same, [], data.t, held, width));
    const apart = runs.length - same.length;
    const left = [
      apart ? `${apart} of another recipe, rate or r are left out.` : "",
      odd.length
        ? `${odd.length} line${odd.length === 1 ? " isn't a result" : "s aren't results"}: “${odd[0]!.slice(0, 40)}”.`
        : "",
    ];
    say(words, [runs.length ? verdict(same, data.t) : "", ...left].filter(Boolean).join(" "));
  }

  const end = () => {
    scan.end();
    chart.end();
  };
  return { el, show, end };
}
