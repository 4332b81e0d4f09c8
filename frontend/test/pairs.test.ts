import assert from "node:assert/strict";
import { test } from "node:test";
import {
  difference,
  ordered,
  type PairsView,
  pairWords,
  short,
  summaryWords,
} from "../src/widgets/pairs.ts";

const pair = (name: string, before: number, after: number, ratio: number) => ({
  without: `${name}.a1_in1k`,
  with: `se${name}.a1_in1k`,
  pixels: 224,
  parameters: [25.56, 28.09] as [number, number],
  top1: { sketch: [before, after] as [number, number] },
  time: { card: ratio },
});
const sketch = { id: "sketch", title: "Drawings", what: "top1" as const };
const card = { id: "card", title: "A card", what: "time" as const };
const data = {
  measures: [sketch, card],
  pairs: [pair("one", 30, 29.5, 1.25), pair("two", 30, 31, 0.95)],
};
const view = (order: PairsView["order"]): PairsView => ({ measure: "sketch", order, at: null });

test("a difference is in points of accuracy, or in per cent of the time", () => {
  assert.equal(difference(data.pairs[0]!, sketch), -0.5);
  assert.equal(difference(data.pairs[0]!, card), 25);
});

test("pairs are in timm's order, or the largest difference first", () => {
  const names = (order: PairsView["order"]) =>
    ordered(data, sketch, view(order)).map(({ without }) => short(without));
  assert.deepEqual(names("recipe"), ["one a1", "two a1"]);
  assert.deepEqual(names("difference"), ["two a1", "one a1"]);
  assert.equal(short("regnety_004.pycls_in1k"), "regnety_004");
});

test("each pair, and all of them together, are put in words", () => {
  assert.equal(
    pairWords(data.pairs[0]!, sketch),
    "one a1 → seone a1, 224 pixels. Drawings: 30.00% → 29.50%, −0.50 points. 25.6 → 28.1 million parameters.",
  );
  assert.match(pairWords(data.pairs[1]!, card), /A card: −5\.0% time\./);
  assert.equal(summaryWords(data, sketch), "Drawings: +0.25 points on average; 1 of 2 pairs gain.");
  assert.equal(
    summaryWords(data, card),
    "A card: with SE, +10% time on average; 1 of 2 pairs take longer.",
  );
});
