// "What it costs": choose network, r and placement; see what SE adds to parameters, arithmetic and
// memory traffic, how long it was measured to take, and what the paper reports. Everything shown is
// looked up in one table that Python counted (sebook/measure/cost_table.py).

import { div, h, p } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { type Grid, numbers, scrolledTable } from "../parts/grid.ts";
import { menus } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

/**
 * How far each network has been counted. `plain`: parameters, multiply-adds, bytes. `se`: those of
 * SE, and its passes before bytes.
 */
interface Network {
  title: string;
  size: number;
  plain: number[];
  se: Record<string, Record<string, number[]>>;
}

type Way = "ours" | "fused" | "torchvision";

interface Ratio {
  ratio: number;
  interval: number[];
}

export interface Table {
  reductions: number[];
  placements: string[];
  networks: Record<string, Network>;
  measured: {
    rows: ({ dtype: string; format: string; batch: number } & Record<Way, Ratio>)[];
    date?: string;
    machine?: string;
    threads?: number;
  };
  errors: {
    none: number[];
    reduction: Record<string, number[]>;
    placement: Record<string, number[]>;
  };
}

export interface Counted {
  kind: string;
  name: string;
  plain: number;
  added: number;
}

const KINDS = ["parameters", "multiply-adds", "bytes"];
const NAMES = ["Parameters", "Multiply-adds, SE’s two passes with them", "Bytes moved"];
const WAYS: { way: Way; name: string }[] = [
  { way: "ours", name: "this book’s block" },
  { way: "fused", name: "fused" },
  { way: "torchvision", name: "torchvision’s block" },
];
const MEASURED = "se_resnet50"; // the one that was timed, with r = 16 in the standard place

/** What SE adds to one network, whatever is chosen: a row for each r and placement. */
export function everyChoice(table: Table, network: string): Cell[][] {
  const rows = table.placements.flatMap((placement) =>
    table.reductions.map((r) => [
      placement,
      r,
      ...counted(table, { network, reduction: r, placement }).map(({ added }) => added),
    ]),
  );
  return [["placement", "r", ...KINDS], ...rows];
}

type CostView = { network: string; reduction: number; placement: string };

export function counted(table: Table, { network, reduction, placement }: CostView): Counted[] {
  const { plain, se } = table.networks[network]!;
  const [parameters, products, passes, bytes] = se[placement]![reduction]! as [
    number,
    number,
    number,
    number,
  ];
  const added = [parameters, products + passes, bytes];
  return KINDS.map((kind, i) => ({ kind, name: NAMES[i]!, plain: plain[i]!, added: added[i]! }));
}

export function cost(root: HTMLElement, table: Table, keeper: Keeper): () => void {
  let words = "";
  const titles = Object.entries(table.networks).map(
    ([name, { title }]) => [name, `SE-${title}`] as const,
  );
  const choices = menus((wanted) => frame.wish(wanted), {
    network: ["Network", titles],
    reduction: ["Reduction ratio r", table.reductions.map((r) => [r, String(r)] as const)],
    placement: ["Placement", table.placements.map((name) => [name, name] as const)],
  });
  const bars = div("senet-costs");
  const time = div("senet-cost-time");
  const paper = div("senet-cost-paper");
  const kept = numbers([
    {
      what: "the costs",
      name: () => `cost-${frame.now.network}-${frame.now.placement}-r${frame.now.reduction}`,
      grid: () => costs(table, frame.now),
    },
    {
      what: "every choice",
      name: () => `cost-${frame.now.network}`,
      grid: () => ({
        caption: `What SE adds to ${titleOf(table, frame.now)}, for every choice`,
        rows: everyChoice(table, frame.now.network),
      }),
    },
    { what: "the times", name: () => "cost-time", grid: () => times(table) },
  ]);
  const note = "Counted for one picture in float32; a full bar is 20% more.";
  const frame: Frame<CostView> = widgetFrame(root, keeper, () => table, {
    body: [div("senet-controls", ...choices.els), bars, time, paper, about(note)],
    foot: [kept.el],
    draw(now) {
      choices.show(now);
      const caption = `What SE adds to ${titleOf(table, now)}`;
      const rows = counted(table, now).map(row);
      bars.replaceChildren(scrolled(caption, ["", "without SE", "SE adds", "more"], rows));
      time.replaceChildren(timing(table, now));
      paper.replaceChildren(published(table, now));
      kept.show();
      words = spoken(table, now);
    },
    spoken: () => words,
  });
  return frame.end;
}

const titleOf = (table: Table, { network }: CostView) => table.networks[network]!.title;
const about = (text: string) => p("senet-about", text);

function row({ kind, name, plain, added }: Counted): HTMLTableRowElement {
  const share = added / plain;
  // The whole track is a fifth more of the plain network: on a scale to 100 % most bars are too
  // short.
  const filled = h("span", { style: `width:${Math.min(100, 500 * share)}%` });
  const bar = h("span", { class: "senet-cost-bar", "aria-hidden": "true" }, filled);
  return h(
    "tr",
    { "data-kind": kind, "data-plain": plain, "data-added": added },
    h("th", { scope: "row" }, name),
    h("td", {}, amount(plain, kind)),
    h("td", {}, amount(added, kind)),
    h("td", {}, more(share), bar),
  );
}

function costs(table: Table, now: CostView): Grid {
  const rows = counted(table, now).map(({ name, plain, added }) => [
    name,
    plain,
    added,
    (100 * added) / plain,
  ]);
  return {
    caption: `SE-${titleOf(table, now)}, r = ${now.reduction}, ${now.placement}: one picture in float32`,
    rows: [["cost", "without SE", "SE adds", "more, %"], ...rows],
  };
}

function times({ measured }: Table): Grid {
  const ways = WAYS.flatMap(({ name }) => [name, `${name}, from`, `${name}, to`]);
  const rows = measured.rows.map((row) => [
    row.dtype,
    row.format.replace("_", " "),
    row.batch,
    ...WAYS.flatMap(({ way }) => [row[way].ratio, ...row[way].interval]),
  ]);
  return {
    caption: "Time of SE-ResNet-50, as a multiple of the plain network’s, with 95% intervals",
    rows: [["numbers", "layout", "batch", ...ways], ...rows],
  };
}

/** How long it took, where that was measured. */
function timing({ measured }: Table, now: CostView): Node {
  const { rows, date, machine, threads } = measured;
  const usual = now.reduction === 16 && now.placement === "standard";
  if (now.network !== MEASURED || !usual || rows.length === 0) {
    return about("Time: only SE-ResNet-50 was measured, with r = 16 in the standard place.");
  }
  const cell = ({ ratio, interval }: Ratio) => {
    const ends = interval.map((end) => end.toFixed(2)).join(" to ");
    return h("td", { "data-ratio": ratio }, `${ratio.toFixed(2)} (${ends})`);
  };
  const lines = rows.map((row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${row.dtype}, ${row.format.replace("_", " ")}`),
      ...WAYS.map(({ way }) => cell(row[way])),
    ),
  );
  const caption = `Time, as a multiple of the plain network’s: batches of ${rows[0]!.batch}, ${threads} threads, ${machine}, ${date}; 95% interval`;
  return scrolled(caption, ["numbers, layout", ...WAYS.map(({ name }) => name)], lines);
}

/** The paper's errors, beside those of its other choices. */
function published({ errors }: Table, now: CostView): Node {
  if (now.network !== MEASURED) {
    return about("Error: the paper’s ablations are of SE-ResNet-50 only.");
  }
  const standard = now.placement === "standard";
  if (!standard && now.reduction !== 16) {
    return about("Error: the paper’s ablations change r or the placement, never both at once.");
  }
  const byReduction = Object.entries(errors.reduction).map(([r, error]): [string, number[]] => [
    `r = ${r}`,
    error,
  ]);
  const shown = standard ? byReduction : Object.entries(errors.placement);
  const here = standard ? `r = ${now.reduction}` : now.placement;
  const lines = [["no SE", errors.none] as [string, number[]], ...shown].map(([name, error]) =>
    h(
      "tr",
      { "data-here": name === here },
      h("th", { scope: "row" }, name === here ? `${name} (chosen)` : name),
      ...error.map((each) => h("td", {}, each.toFixed(2))),
    ),
  );
  const caption = "The paper’s error on ImageNet, in percent (arXiv 1709.01507, its ablations)";
  return scrolled(caption, ["", "top-1", "top-5"], lines);
}

function spoken(table: Table, now: CostView): string {
  const said = counted(table, now).map(
    ({ name, added, plain }) => `${name}: ${more(added / plain)}`,
  );
  return `SE-${titleOf(table, now)}, r = ${now.reduction}, ${now.placement}. ${said.join(". ")}.`;
}

function scrolled(caption: string, heads: string[], rows: HTMLTableRowElement[]): HTMLElement {
  return div("senet-tables", scrolledTable(caption, heads, rows));
}

/** Of parameters and multiply-adds in thousands, millions or 10⁹; of bytes in kB or MB. */
export function amount(value: number, kind: string): string {
  const bytes = kind === "bytes";
  const [power, unit] =
    value >= 1e9 && !bytes
      ? [1e9, " · 10⁹"]
      : value >= 1e6
        ? [1e6, bytes ? " MB" : " M"]
        : [1e3, bytes ? " kB" : " k"];
  return `${(value / power).toFixed(value / power < 10 ? 3 : value / power < 100 ? 2 : 1)}${unit}`;
}

export function more(share: number): string {
  return `+${(100 * share).toFixed(share < 0.1 ? 2 : 1)}%`;
}
