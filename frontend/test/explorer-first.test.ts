// The explorer's words and comparisons that need no page: a guess, what was shown before, bands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { words } from "../src/explorer/all-gates.ts";
import { Before } from "../src/explorer/before.ts";
import { judged, moved } from "../src/explorer/first-words.ts";
import { explained, short } from "../src/explorer/ribbon-column.ts";
import { compared } from "../src/explorer/shown.ts";
import { rulesOn, settled } from "../src/explorer/view.ts";
import { recordedAnswers } from "../src/network/gallery.ts";
import type { Answer, BlockInfo } from "../src/network/network.ts";
import { bands } from "../src/parts/bands.ts";
import { gallery, probe, rules } from "./synthetic.ts";

const block = (stage: number | null) => ({ stage, channels: 2 }) as BlockInfo;
const answer = (...gates: [number, number][]): Answer => ({
  logits: new Float32Array(2),
  blocks: gates.map((s) => ({ z: new Float32Array(2), s: Float32Array.from(s) })),
});

test("a guess is answered by how far each stage's gates move", () => {
  const blocks = [block(1), block(1), block(2), block(null)];
  const a = answer([0, 0], [0, 0], [0, 0], [0, 0]);
  const b = answer([0.25, 0.25], [0.75, 0.75], [1, 0.5], [1, 1]);
  const far = moved(blocks, [a, b]);
  assert.deepEqual(
    [...far],
    [
      [1, 0.5],
      [2, 0.75],
    ],
  );
  assert.match(judged(2, far), /^Yes: stage 2 moves most, by 0\.75 .*; stage 1 by 0\.50\.$/);
  assert.match(judged(1, far), /^Not stage 1: stage 2 moves most/);
});

test("each picture is compared with the first page's own, and pulled gates with those before", () => {
  const [cat, dog, ship] = [answer([0, 0]), answer([1, 1]), answer([0, 1])];
  const before = new Before("cat", cat);
  const now = () => before.now;
  const held = { answer: cat, called: "the gates for cat" };
  assert.equal(now(), null);
  before.take("dog", dog, false);
  assert.deepEqual(now(), held);
  before.take("ship", ship, false); // the partner doesn't count as another picture
  assert.deepEqual(now(), held);
  before.take("ship", ship, true);
  const pulled = { answer: ship, called: "its gates before the change" };
  assert.deepEqual(now(), { ...pulled, instead: "cat’s" });
  before.take("ship", ship, false); // let go
  assert.deepEqual(now(), held);
  before.take("cat", cat, false);
  assert.equal(now(), null);
  before.take("cat", cat, true); // where there was no line, the new one takes no other's place
  assert.deepEqual(now(), { answer: cat, called: "its gates before the change" });
});

test("bands: one stop a run of equal gates, from pale to strong, and never beyond", () => {
  const style = bands("right", Float32Array.of(0, 0, 2, 0.5), [0, 1, 2, 3], 0, 1, "#b34a0a");
  const stops = [...style.matchAll(/,#b34a0a([\da-f]{2}) 0 ([\d.]+)%/g)];
  assert.deepEqual(
    stops.map(([, strength, end]) => [Number(`0x${strength}`), Number(end)]),
    [
      [0, 50],
      [255, 75],
      [128, 100],
    ],
  );
});

test("the switch says what was measured, and where nothing was", () => {
  const known = { own: 0.9, mean: 0.8, other: 0.7, one: 0.1 };
  assert.equal(words("own", "", known), "Right on 90.0% of the test pictures.");
  assert.match(words("other", "the rocket", known), /^Those for the rocket\. .*70\.0%.*90\.0%/);
  assert.match(words("one", "", null), /not measured/);
});

test("a line that means something else once a gate is pulled says so", () => {
  const [cat, cup] = recordedAnswers(gallery) as [Answer, Answer];
  const usual = settled(rulesOn(rules.explorer!, probe.network.name), {}, null, probe);
  const seen = { probe, view: usual, answer: cat, plain: cat, second: null, set: {} };
  assert.deepEqual(Object.keys(compared(seen, 0)), ["of", "mean", "each"]);
  const pulled = compared({ ...seen, answer: cup }, 0);
  assert.deepEqual([pulled.of, pulled.instead], ["dog", "of cat"]);
  const fixed = { ...usual, compare: "cat" }; // chosen by the reader, so it stays
  assert.equal(compared({ ...seen, view: fixed, answer: cup }, 0).instead, undefined);
});

test("a block's name is explained by its stage and its place in it", () => {
  const first = probe.network.blocks[0]!;
  assert.equal(explained(first), "Block 1.1 is the first of stage 1");
  assert.equal(
    explained({ ...first, title: "block 2.3", stage: 2 }),
    "Block 2.3 is the 3rd of stage 2",
  );
  assert.equal(
    explained({ ...first, title: "features.2", stage: null, depth: 4 }),
    "4: features.2",
  );
  assert.deepEqual([short(first), short({ ...first, title: "gate", depth: 4 })], ["1.1", "4"]);
});
