// The lookups and words of "What it costs", on a table small enough to check by eye.

import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../src/state/fields.ts";
import { amount, counted, everyChoice, more, type Table } from "../src/widgets/cost.ts";
import { rules } from "./synthetic.ts";

const table: Table = {
  reductions: [8, 16],
  placements: ["standard", "pre"],
  networks: {
    small: {
      title: "Small",
      size: 32,
      plain: [1000, 2_000_000, 4000],
      se: {
        standard: { 16: [100, 100, 900, 400], 8: [200, 200, 900, 410] },
        pre: { 16: [50, 50, 900, 300], 8: [100, 100, 900, 310] },
      },
    },
  },
  measured: { rows: [] },
  errors: { none: [1, 2], reduction: {}, placement: {} },
};
const settledIn = (wanted: Record<string, unknown>, fallback: typeof start) =>
  settle(rules.cost!, wanted, fallback, table as never);
const start = { network: "small", reduction: 16, placement: "standard" };

test("what SE adds, its two passes among the arithmetic", () => {
  assert.deepEqual(
    counted(table, start).map((row) => row.added),
    [100, 1000, 400],
  );
  assert.deepEqual(
    counted(table, { ...start, reduction: 8 }).map((row) => row.added),
    [200, 1100, 410],
  );
  assert.deepEqual(
    counted(table, start).map((row) => row.plain),
    [1000, 2_000_000, 4000],
  );
});

test("a row for every choice, in the order of the menus", () => {
  const [heads, ...rows] = everyChoice(table, "small");
  assert.deepEqual(heads!.slice(0, 3), ["placement", "r", "parameters"]);
  assert.deepEqual(rows, [
    ["standard", 8, 200, 1100, 410],
    ["standard", 16, 100, 1000, 400],
    ["pre", 8, 100, 1000, 310],
    ["pre", 16, 50, 950, 300],
  ]);
});

test("choices that the table lacks are let alone, one by one", () => {
  assert.deepEqual(settledIn({ network: "other", reduction: 8, placement: "nowhere" }, start), {
    ...start,
    reduction: 8,
  });
  assert.deepEqual(settledIn({ reduction: "__proto__" }, start), start);
});

test("numbers as a reader sees them", () => {
  assert.equal(amount(25_557_032, "parameters"), "25.56 M");
  assert.equal(amount(4_089_184_256, "multiply-adds"), "4.089 · 10⁹");
  assert.equal(amount(427_813_852, "bytes"), "427.8 MB");
  assert.equal(amount(4000, "bytes"), "4.000 kB");
  assert.equal(more(0.0984), "+9.84%");
  assert.equal(more(0.1772), "+17.7%");
});
