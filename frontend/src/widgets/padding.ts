// "Padding": zeros beside a picture, and a block's gates as bars; a line across each bar is the
// gate of the picture alone.

import { decimal, percent } from "../math/format.ts";
import { div, matched, p, set, svg } from "../parts/dom.ts";
import { pictures, type Shown, slider, widgetFrame } from "../parts/frame.ts";
import { numbers } from "../parts/grid.ts";
import { menus } from "../parts/menus.ts";
import type { Cell } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";

type Squeeze = "everything" | "picture";

interface Run {
  /** By block, (pictures, C). */
  gates: Record<string, number[][]>;
  /** The answer's class and its probability, picture by picture. */
  answers: [string, number][];
}

export interface PaddingData {
  network: string;
  side: number;
  pictures: Shown[];
  blocks: string[];
  squeezes: Record<Squeeze, string>;
  /** Rows and columns of zeros, step by step. */
  steps: number[];
  runs: Record<Squeeze, Run[]>;
}

type PaddingView = { picture: string; more: number; squeeze: Squeeze; block: string };

const [WIDTH, HEIGHT] = [640, 120];

export function padding(root: HTMLElement, data: PaddingData, keeper: Keeper): () => void {
  let rows: Cell[][] = [];
  const gallery = pictures(data.pictures, (picture) => frame.wish({ picture }));
  const chosen = menus((wanted) => frame.wish(wanted), {
    squeeze: ["Squeeze", data.squeezes],
    block: ["Block", data.blocks.map((name) => [name, name] as const)],
  });
  const more = slider(0, data.steps.length - 1, 1, (value) => frame.wish({ more: value }));
  more.name.textContent = "Rows and columns of zeros";
  const outline = svg("rect", { class: "senet-padded", fill: "none", stroke: "currentColor" });
  const image = svg("image", { width: data.side, height: data.side });
  const padded = svg("svg", { role: "img", class: "senet-padding" }, image, outline);
  const [bars, lines] = [svg("g"), svg("g")];
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  const chart = svg("svg", { class: "senet-layers", viewBox, role: "img" }, bars, lines);
  const answer = p("senet-effect");
  const table = numbers([
    {
      what: "the gates",
      name: () => `padding-${frame.now.picture}-${frame.now.more}`,
      grid: () => ({ caption: "Every gate of the block", rows }),
    },
  ]);

  function draw({ picture, more: step, squeeze, block }: PaddingView): void {
    const index = data.pictures.findIndex(({ id }) => id === picture);
    const [run, plain] = [data.runs[squeeze][step]!, data.runs[squeeze][0]!];
    const [s, alone] = [run.gates[block]![index]!, plain.gates[block]![index]!];
    const off = s.reduce((sum, gate, c) => sum + Math.abs(gate - alone[c]!), 0) / s.length;
    const zeros = data.steps[step]!;
    gallery.choose(picture);
    chosen.show({ squeeze, block });
    more.input.value = String(step);
    more.value.textContent = String(zeros);
    drawPicture(data.pictures[index]!, zeros);
    drawBars(s, alone);
    const [[now, share], [before, first]] = [run.answers[index]!, plain.answers[index]!];
    const moved = `Gates of ${block} are off by ${decimal(off)} on average.`;
    const alike = now === before ? "as for the picture alone" : `for the picture alone: ${before}`;
    const size = `${data.side + zeros} × ${data.side + zeros} pixels`;
    answer.textContent = `${size}. ${moved} Answer: ${now}, ${percent(share)} (${alike}, ${percent(first)}).`;
    set(chart, { "aria-label": `${s.length} gates of ${block}. ${moved}` });
    rows = [
      ["channel", "gate", "gate of the picture alone"],
      ...s.map((gate, c) => [c, gate, alone[c]!]),
    ];
    table.show();
  }

  function drawPicture({ title, url }: Shown, zeros: number): void {
    const whole = data.side + zeros;
    const largest = data.side + data.steps.at(-1)!;
    set(image, { href: url });
    set(outline, { width: whole - 1, height: whole - 1, x: 0.5, y: 0.5 });
    const label = `${title}, with ${zeros} rows and columns of zeros`;
    set(padded, { viewBox: `0 0 ${largest} ${largest}`, "aria-label": label });
  }

  function drawBars(s: number[], alone: number[]): void {
    const step = WIDTH / s.length;
    matched(bars, s.length, () => svg("rect")).forEach((bar, c) => {
      const tall = Math.max(1, s[c]! * HEIGHT);
      const place = { x: c * step, width: step * 0.8, y: HEIGHT - tall, height: tall };
      set(bar, { ...place, class: "senet-s", "data-lit": true, "data-value": s[c]! });
    });
    matched(lines, s.length, () => svg("line")).forEach((line, c) => {
      const y = HEIGHT * (1 - alone[c]!);
      const ends = { x1: c * step - 1, x2: c * step + step * 0.8 + 1, y1: y, y2: y };
      set(line, { ...ends, "data-on": true, "stroke-width": 2 });
    });
  }

  const about = `${data.network}, computed with its zeros when the book was built. A line is the gate of the picture alone.`;
  const frame = widgetFrame<PaddingView>(root, keeper, () => data, {
    body: [
      gallery.el,
      div("senet-controls", ...chosen.els, more.el),
      div("senet-padding-row", padded, chart),
      answer,
      p("senet-about", about),
    ],
    foot: [table.el],
    draw,
    spoken: () => answer.textContent!,
  });
  return frame.end;
}
