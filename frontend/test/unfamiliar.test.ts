// The rule for unfamiliar pictures is Python's: tests/test_unfamiliar.py holds the same file to it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Familiarity, recordAt, score, unsure } from "../src/math/unfamiliar.ts";

const known = JSON.parse(readFileSync(new URL("unfamiliar.json", import.meta.url), "utf8"));
const rows = (values: number[][]) => values.map((row) => Float32Array.from(row));
const rule = {
  weight: known.weight,
  threshold: 1,
  inside: { unfamiliar: 5, of: 100 },
  outside: {},
};

test("scores are Python's", () => {
  const means = known.means.map(rows);
  known.scores.forEach((wanted: number, i: number) => {
    const s = known.s.map((block: number[][]) => Float32Array.from(block[i]!));
    const found = score(Float32Array.from(known.logits[i]), s, means, { ...rule, sure: [] });
    assert.ok(Math.abs(found - wanted) < 1e-5, `${found}, not ${wanted}`);
  });
});

test("its record is that of answers that were as sure, if there were enough", () => {
  const sure: Familiarity["sure"] = [
    { from: 0, to: 0.5, right: 10, of: 40 },
    { from: 0.5, to: 0.9, right: 5, of: 9 },
    { from: 0.9, to: 1, right: 99, of: 100 },
  ];
  assert.equal(recordAt(0.3, { ...rule, sure })?.right, 10);
  assert.equal(recordAt(0.6, { ...rule, sure }), null);
  assert.equal(recordAt(1, { ...rule, sure })?.right, 99);
});

test("it is not sure where it was wrong more often than right, and nowhere else", () => {
  const step = (right: number, of: number) => ({ from: 0, to: 0.1, right, of });
  assert.ok(unsure(step(57, 402)));
  assert.ok(!unsure(step(20, 40)));
  assert.ok(!unsure(null)); // hardly ever this sure: no record, and nothing said
});
