// Gates set by hand, as one line of text for an address:
// "layer1.0.se:3=0,5-7=0.25;layer3.2.se:0-63=1".
//
// Runs of channels with one value are written as one. Values have four digits after the point:
// no eye could see more.

import type { BlockInfo, Gates } from "../network/network.ts";

type Sized = Pick<BlockInfo, "name" | "channels">;

export function written(gates: Gates): string {
  const blocks = Object.entries(gates).map(([name, row]) => `${name}:${runs(row).join(",")}`);
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
    const row = new Float32Array(block.channels).fill(NaN);
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
