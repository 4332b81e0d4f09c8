// Rank correlation as scipy has it, and the words that a reader gets about orders.

import assert from "node:assert/strict";
import { test } from "node:test";
import { place, ranks, spearman, top } from "../src/math/ranks.ts";
import { type Laid, summary } from "../src/widgets/relatives.ts";

test("ranks are centred, and equal values share theirs", () => {
  assert.deepEqual(ranks([30, 10, 20]), [1, -1, 0]);
  assert.deepEqual(ranks([5, 5, 9]), [-0.5, -0.5, 1]);
});

test("rank correlation", () => {
  assert.equal(spearman([1, 2, 3], [10, 200, 3000]), 1);
  assert.equal(spearman([1, 2, 3], [3, 2, 1]), -1);
  assert.ok(Math.abs(spearman([1, 2, 3, 4], [2, 1, 4, 3])! - 0.6) < 1e-12); // scipy.stats.spearmanr
  // with a tie
  assert.ok(Math.abs(spearman([1, 2, 2, 4], [1, 3, 2, 4])! - 0.9486832980505138) < 1e-12);
  assert.equal(spearman([1, 1, 1], [1, 2, 3]), null);
});

test("places and the largest", () => {
  assert.deepEqual(
    [0, 1, 2].map((i) => place([5, 9, 7], i)),
    [3, 1, 2],
  );
  assert.equal(place([5, 5, 1], 1), 1);
  assert.deepEqual([...top([5, 9, 7, 9], 2)], [1, 3]);
});

test("what a relative changes, in a sentence", () => {
  const lane = {
    title: "channels",
    weights: 5,
    shapes: [],
    words: {},
    same: ["squeeze", "rescale"],
  };
  const laid = (title: string, weights: number, same: string[]): Laid => ({
    title,
    arxiv: "",
    joined: "",
    channels: 512,
    side: 28,
    weights,
    lanes: [{ ...lane, same }],
  });
  const se = laid("SE", 32768, ["squeeze", "excitation", "rescale"]);
  assert.equal(
    summary(se, laid("ECA", 5, ["squeeze", "rescale"]), false),
    "ECA changes excitation. It has 5 weights for 512 channels; SE has 32,768 for 512.",
  );
  assert.match(summary(se, laid("X", 5, []), false), /changes squeeze, excitation and rescale\./);
  assert.equal(summary(se, se, true), "SE has 32,768 weights in a block of 512 channels.");
});
