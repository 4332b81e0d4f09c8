import assert from "node:assert/strict";
import { test } from "node:test";
import { type Arm, armWords, intervalOf } from "../src/widgets/curves-data.ts";

const arm = (mean: number, half: number | null): Arm => ({
  name: "SE",
  runs: [
    [0, mean],
    [1, mean],
  ],
  mean,
  half,
  difference: null,
  differenceHalf: null,
});

test("the interval of a share ends at 0 and 100 %", () => {
  assert.deepEqual(intervalOf(arm(0.75, 0.125)), [0.625, 0.875]);
  assert.deepEqual(intervalOf(arm(0.99, 0.02)), [0.97, 1]);
  assert.deepEqual(intervalOf(arm(0.01, 0.02)), [0, 0.03]);
  assert.equal(armWords(arm(0.99, 0.02)), "SE: 99.0% (97.0 to 100.0) over 2 seeds");
});

test("one run has no interval, and a difference is not cut off", () => {
  assert.equal(intervalOf(arm(0.5, null)), null);
  assert.equal(
    armWords({ ...arm(0.5, null), runs: [[0, 0.5]], difference: -0.5, differenceHalf: 0.75 }),
    "SE: 50.0% over 1 seed; −50.0 ± 75.0 points from the first arm",
  );
});
