// A class's results: every participant copies a line a run, the teacher pastes them all, and their
// distribution appears. Nothing leaves the page but by the reader's hand.

import { button, h, say } from "../parts/dom.ts";
import { plotFrame } from "../parts/plot-frame.ts";
import {
  alike,
  lineOf,
  type Pair,
  readLines,
  type SeedRun,
  type TrainData,
  verdict,
} from "./train-data.ts";
import { drawScatter } from "./train-plots.ts";

type Found = Pair & Pick<SeedRun, "recipe" | "rate">;

export function classroom(data: TrainData, mine: () => Found[]): { el: HTMLElement; show(): void } {
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
    placeholder: "senet quick 0.1 seed 3 se 0.4520 none 0.4380",
    oninput: () => show(),
  });
  const chart = plotFrame("Runs of the class’s scatter", (at) => {
    held = at;
    show();
  });
  const words = h("p", { role: "status" });
  const el = h(
    "details",
    { class: "senet-numbers senet-train-class", ontoggle: () => show() },
    h("summary", {}, "A class’s results"),
    h("p", {}, "Your results, one line a seed. Give them to your teacher: ", copy, copied),
    lines,
    h("p", {}, "For teachers: paste everybody’s lines. They stay in this page."),
    pasted,
    chart.el,
    words,
  );

  function show(): void {
    const own = mine();
    say(lines, own.map((run) => lineOf(run, run)).join("\n"));
    copy.disabled = own.length === 0;
    if (!el.open) return;
    const { runs, odd } = readLines(pasted.value);
    chart.el.hidden = runs.length === 0;
    const first = runs[0];
    const same = first ? runs.filter((run) => alike(run, first)) : [];
    chart.show((width) => drawScatter(same, [], data.t, held, width));
    const apart = runs.length - same.length;
    const left = [
      apart ? `${apart} of another recipe or rate are left out.` : "",
      odd.length
        ? `${odd.length} line${odd.length === 1 ? " is" : "s are"} no result: “${odd[0]!.slice(0, 40)}”.`
        : "",
    ];
    say(words, [runs.length ? verdict(same, data.t) : "", ...left].filter(Boolean).join(" "));
  }

  return { el, show };
}
