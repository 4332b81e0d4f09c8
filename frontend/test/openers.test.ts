import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedAnswers } from "../src/network/gallery.ts";
import { furthest } from "../src/parts/openers.ts";
import { gallery } from "./synthetic.ts";

test("the pictures that open a channel most come first, each once", () => {
  const recorded = recordedAnswers(gallery);
  assert.deepEqual(furthest(recorded, 1, 0), [0, 1]);
  assert.deepEqual(furthest(recorded, 1, 2), [1, 0]);
  const many = [5, 1, 9, 3, 7, 2, 8, 4, 6, 0, 10].map((s) => ({
    logits: new Float32Array(),
    blocks: [{ z: new Float32Array(1), s: Float32Array.of(s / 10) }],
  }));
  assert.deepEqual(furthest(many, 0, 0), [10, 2, 6, 4, 8, 0, 7, 3, 5]);
});
