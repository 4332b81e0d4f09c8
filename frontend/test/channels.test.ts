import assert from "node:assert/strict";
import { test } from "node:test";
import { axis, comparison, distance, meanOf, ordered } from "../src/math/channels.ts";
import { judged } from "../src/parts/prediction.ts";
import { summed } from "../src/parts/sentences.ts";
import { means } from "./synthetic.ts";

const classes = ["cat", "dog"];
const s = new Float32Array([0.25, 0.75, 0.5]);
const deep = means[1]!;

test("order by number, excitation, difference", () => {
  assert.deepEqual(ordered("index", s, null), [0, 1, 2]);
  assert.deepEqual(ordered("excitation", s, null), [1, 2, 0]);
  // +0.25, +0.25, -0.5: equal ones by number
  assert.deepEqual(ordered("difference", s, deep[0]!), [0, 1, 2]);
  assert.deepEqual(ordered("difference", s, deep[1]!), [2, 1, 0]); // -0.75, +0.25, +0.5
  assert.deepEqual(ordered("difference", s, null), [0, 1, 2]); // nothing to differ from
});

test("every order is a permutation", () => {
  const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i));
  for (const order of ["index", "excitation", "difference"] as const) {
    assert.deepEqual(
      [
        ...ordered(
          order,
          values,
          values.map((v) => v * v),
        ),
      ].sort((a, b) => a - b),
      [...values.keys()],
    );
  }
});

test("compare with a class", () => {
  const of = (compare: string, label: number | null = 1) =>
    comparison(compare, deep, classes, 0, label);
  assert.deepEqual(of("predicted"), { of: "cat", mean: deep[0], each: [] });
  assert.deepEqual(of("true"), { of: "dog", mean: deep[1], each: [] });
  assert.deepEqual(of("dog"), { of: "dog", mean: deep[1], each: [] });
  assert.deepEqual(of("all"), { of: "all", mean: new Float32Array([0.5, 0.5, 0.5]), each: deep });
});

test("nothing to compare with", () => {
  const nothing = { of: null, mean: null, each: [] };
  assert.deepEqual(comparison("none", deep, classes, 0, 0), nothing);
  assert.deepEqual(comparison("true", deep, classes, 0, null), nothing);
  assert.deepEqual(comparison("tiger", deep, classes, 0, 0), nothing);
  assert.deepEqual(comparison("predicted", null, classes, 0, 0), nothing);
});

test("one axis holds both blocks, with round ends", () => {
  const fitted = axis(
    "fitted",
    [
      [0.482, 0.541],
      [0.47, 0.53],
    ],
    [],
  );
  assert.deepEqual(fitted, { low: 0.46, high: 0.56, ticks: [0.46, 0.48, 0.5, 0.52, 0.54, 0.56] });
  assert.deepEqual(axis("full", [[0.482, 0.541]], []), {
    low: 0,
    high: 1,
    ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
  });
  // a gate that isn't a sigmoid
  const beyond = axis("full", [[0, 1]], [new Float32Array([-0.9, 1.3])]);
  assert.ok(beyond.low <= -0.9 && beyond.high >= 1.3);
  // gates that are all equal
  assert.deepEqual(axis("fitted", [[0.5, 0.5]], []), { low: 0, high: 1, ticks: [0.5] });
});

test("means and distances", () => {
  assert.deepEqual([...meanOf(deep)], [0.5, 0.5, 0.5]);
  assert.equal(distance(s, meanOf(deep)), (0.25 + 0.25 + 0) / 3);
});

test("the sentences say what is drawn", () => {
  assert.equal(
    summed(s, comparison("none", deep, classes, 0, 0)),
    "Gates s range from 0.25 (channel 0) to 0.75 (channel 1).",
  );
  assert.match(
    summed(s, comparison("cat", deep, classes, 0, 0)),
    /on average 0\.333 away from the mean of cat\.$/,
  );
  assert.match(
    summed(s, comparison("all", deep, classes, 0, 0)),
    /the classes’ means lie on average 0\.333 away from their middle\.$/,
  );
  assert.deepEqual(judged(0, 0, classes), ["✓", "Right: its class is cat."]);
  assert.deepEqual(judged(1, 0, classes), ["✗", "Wrong: its class is dog."]);
  assert.equal(judged(null, 0, classes)[0], "–");
});
