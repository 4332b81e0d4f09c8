// The explorer's ribbon and charts as one self-contained SVG document: no styles from outside,
// in the colours of the page now.

import { type Comparison, comparedWith } from "../math/channels.ts";
import { decimal } from "../math/format.ts";
import type { BlockInfo } from "../network/network.ts";
import { drawHead, escaped, HEAD, type Head } from "../parts/drawing-head.ts";
import { ground } from "../parts/save.ts";
import type { Strips } from "./ribbon.ts";
import { short } from "./ribbon-column.ts";

export interface Drawn {
  caption: string;
  blocks: BlockInfo[];
  strips: Strips;
  charts: {
    title: string;
    s: Float32Array;
    order: number[];
    comparison: Comparison;
    held: number | null;
  }[];
  axis: { low: number; high: number; ticks: number[] };
}

export interface Colours {
  ink: string;
  paper: string;
  s: string;
}

const WIDTH = 960;
const STRIPS = { top: 48, height: 150, bars: 40 };
const CHARTS = { top: 300, height: 180, left: 44 };

/** The colours that an element has on its page. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  return {
    ink: style.color,
    paper: ground(element) ?? "white",
    s: style.getPropertyValue("--senet-s").trim() || style.color,
  };
}

export function drawing(
  { caption, blocks, strips, charts, axis }: Drawn,
  { ink, paper, s }: Colours,
  head: Head | null = null,
): string {
  const parts: string[] = [];
  const text = (x: number, y: number, words: string, more = "") =>
    parts.push(`<text x="${n(x)}" y="${n(y)}" ${more}>${escaped(words)}</text>`);
  const rect = (x: number, y: number, w: number, h: number, more = "") =>
    parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" ${more}/>`);

  text(12, 24, caption, 'font-size="15" font-weight="600"');
  const step = (WIDTH - 24) / blocks.length;
  const furthest = Math.max(...strips.rows.map(({ distance }) => distance ?? 0)) || 1;
  strips.rows.forEach(({ s: gates, second, order, distance }, b) => {
    const [left, wide] = [12 + b * step, step - 8];
    const rows = second ? [gates, second] : [gates];
    const tall = STRIPS.height / order.length;
    rows.forEach((row, side) =>
      order.forEach((c, i) => {
        const share = Math.min(
          1,
          Math.max(0, (row[c]! - strips.low) / (strips.high - strips.low || 1)),
        );
        rect(
          left + (side * wide) / rows.length,
          STRIPS.top + i * tall,
          wide / rows.length,
          tall,
          `fill="${s}" fill-opacity="${n(share)}"`,
        );
      }),
    );
    rect(
      left,
      STRIPS.top,
      wide,
      STRIPS.height,
      `fill="none" stroke="${ink}" stroke-width="${strips.open.includes(blocks[b]!.name) ? 2 : 0.5}"`,
    );
    const bottom = STRIPS.top + STRIPS.height;
    text(left + wide / 2, bottom + 16, short(blocks[b]!), 'text-anchor="middle"');
    if (distance === null) return;
    const long = (STRIPS.bars * distance) / furthest;
    rect(
      left + wide / 4,
      bottom + 24 + STRIPS.bars - long,
      wide / 2,
      long,
      `fill="${ink}" fill-opacity="0.6"`,
    );
    text(left + wide / 2, bottom + 38 + STRIPS.bars, decimal(distance, 2), 'text-anchor="middle"');
  });

  const wide = (WIDTH - 24) / Math.max(1, charts.length) - CHARTS.left - 12;
  const y = (value: number) =>
    CHARTS.top + 24 + (CHARTS.height * (axis.high - value)) / (axis.high - axis.low);
  charts.forEach(({ title, s: gates, order, comparison, held }, i) => {
    const left = 12 + CHARTS.left + i * (wide + CHARTS.left + 24);
    const x = (place: number) => left + (wide * place) / order.length;
    text(left, CHARTS.top + 8, title, 'font-weight="600"');
    for (const tick of axis.ticks) {
      parts.push(
        `<path d="M${n(left)} ${n(y(tick))}h${n(wide)}" stroke="${ink}" stroke-opacity="0.2"/>`,
      );
      text(left - 6, y(tick) + 4, decimal(tick, 2), 'text-anchor="end"');
    }
    if (comparison.mean) {
      const line = order
        .map((c, k) => `${k ? "L" : "M"}${n(x(k))} ${n(y(comparison.mean![c]!))}H${n(x(k + 1))}`)
        .join("");
      parts.push(`<path d="${line}" fill="none" stroke="${ink}" stroke-width="1.5"/>`);
    }
    order.forEach((c, k) => {
      const ring = c === held ? ` stroke="${ink}" stroke-width="2"` : "";
      parts.push(
        `<circle cx="${n(x(k + 0.5))}" cy="${n(y(gates[c]!))}" r="${order.length > 64 ? 2 : 3}" fill="${s}"${ring}/>`,
      );
    });
    const line = comparison.of ? `; line: ${comparedWith(comparison)}` : "";
    text(left, CHARTS.top + CHARTS.height + 44, `excitation s of each channel${line}`);
  });
  const above = head ? HEAD.above : 0;
  const height = above + CHARTS.top + CHARTS.height + 60 + (head?.address ? HEAD.below : 0);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="${ink}">` +
    `<title>${escaped(caption)}</title><rect width="${WIDTH}" height="${height}" fill="${paper}"/>` +
    (head ? drawHead(head, ink, height - 10) : "") +
    `<g transform="translate(0 ${above})">${parts.join("")}</g></svg>`
  );
}

const n = (value: number) => Number(value.toFixed(2));
