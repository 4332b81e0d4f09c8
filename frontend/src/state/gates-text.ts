// Gates set by hand, as one line of text for an address:
// "layer1.0.se:3=0,5-7=0.25;layer3.2.se:0-63=1".
//
// Runs of channels with one value are written as one. Values have four digits after the point:
// no eye could see more. A block whose channels nearly all have values of their own is packed,
// "layer3.2.se:*07s2rs...": servers refuse addresses of more than some 8,000 characters, and all
// gates of a network, set to another picture's, would take more.

import type { BlockInfo, Gates } from "../network/network.ts";

const [STEPS, EMPTY] = [10_000, "zzz"];
const READABLE = 200; // characters

type Sized = Pick<BlockInfo, "name" | "channels">;

export function written(gates: Gates): string {
  const blocks = Object.entries(gates).map(([name, row]) => {
    const listed = runs(row).join(",");
    const long = encodeURIComponent(listed).length > Math.max(READABLE, 3 * row.length);
    return `${name}:${long && row.every(packable) ? packed(row) : listed}`;
  });
  return blocks.filter((text) => !text.endsWith(":")).join(";");
}

/**
 * What makes no sense for these blocks is left out: names, channels and values that they don't
 * have.
 */
export function read(text: string, blocks: readonly Sized[]): Gates {
  const gates: Gates = {};
  for (const part of text.split(";")) {
    const cut = part.lastIndexOf(":");
    const block = blocks.find(({ name }) => name === part.slice(0, cut));
    if (!block || cut < 0) continue;
    const row = unpacked(part.slice(cut + 1), block.channels);
    for (const run of part.slice(cut + 1).split(",")) {
      const [, first, last, value] = /^(\d{1,6})(?:-(\d{1,6}))?=(\d+(?:\.\d+)?)$/.exec(run) ?? [];
      if (first === undefined || Number(value) > 1 || Number(last ?? first) >= block.channels)
        continue;
      row.fill(Number(value), Number(first), Number(last ?? first) + 1);
    }
    if (!row.every(Number.isNaN)) gates[block.name] = row;
  }
  return inOrder(gates, blocks);
}

/** Blocks as the network has them, so that the same gates are the same text. */
function inOrder(gates: Gates, blocks: readonly Sized[]): Gates {
  return Object.fromEntries(
    blocks.filter(({ name }) => name in gates).map(({ name }) => [name, gates[name]!]),
  );
}

function runs(row: Float32Array): string[] {
  const digits = (value: number) => String(Number(value.toFixed(4)));
  const found: string[] = [];
  for (let c = 0; c < row.length; ) {
    let end = c + 1;
    if (Number.isNaN(row[c]!)) {
      c = end;
      continue;
    }
    while (end < row.length && digits(row[end]!) === digits(row[c]!)) end++;
    found.push(`${end - c === 1 ? c : `${c}-${end - 1}`}=${digits(row[c]!)}`);
    c = end;
  }
  return found;
}

const packable = (value: number) => !(value < 0 || value > 1); // NaN too

/** Three digits of base 36 for each channel. */
function packed(row: Float32Array): string {
  const code = (value: number) =>
    Math.round(value * STEPS)
      .toString(36)
      .padStart(3, "0");
  return `*${Array.from(row, (value) => (Number.isNaN(value) ? EMPTY : code(value))).join("")}`;
}

/** What was packed, if it was and fits; else a row without values. */
function unpacked(text: string, channels: number): Float32Array {
  const codes = /^\*[0-9a-z]+$/.test(text) ? (text.slice(1).match(/.{1,3}/g) ?? []) : [];
  const steps = codes.map((code) => (code === EMPTY ? NaN : Number.parseInt(code, 36)));
  const fits = codes.length === channels && codes.every((code) => code.length === 3);
  if (!fits || steps.some((step) => step > STEPS)) return new Float32Array(channels).fill(NaN);
  return Float32Array.from(steps, (step) => step / STEPS);
}
