import assert from "node:assert/strict";
import { test } from "node:test";
import { decimal, percent, signed } from "../src/math/format.ts";
import { unpack } from "../src/math/packed.ts";
import { largest, softmax } from "../src/math/softmax.ts";
import { recordedAnswers, rows } from "../src/network/gallery.ts";
import { unpackAnswer } from "../src/network/kernel.ts";
import { gallery, pack } from "./synthetic.ts";

const base64 = (bytes: ArrayBufferLike) => Buffer.from(bytes).toString("base64");

test("float32 comes back bit by bit", () => {
  const values = new Float32Array([0, -0, 1.5, 3.4e38, 1e-38, Math.PI]);
  assert.deepEqual(unpack({ type: "f4", data: base64(values.buffer) }), values);
});

test("steps run from low to high, both included", () => {
  const steps = new Uint16Array([0, 65535, 32768]);
  const [low, high, middle] = unpack({ type: "u2", low: -2, high: 6, data: base64(steps.buffer) });
  assert.deepEqual([low, high], [-2, 6]);
  assert.ok(Math.abs(middle! - 2) < 1e-4);
  assert.deepEqual(
    [...unpack({ type: "u1", low: 0, high: 51, data: base64(new Uint8Array([0, 5, 255]).buffer) })],
    [0, 1, 51],
  );
});

test("16 bits keep an excitation to better than 1e-5", () => {
  const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i) / 2 + 0.5);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const steps = Uint16Array.from(values, (v) => Math.round(((v - low) / (high - low)) * 65535));
  const back = unpack({ type: "u2", low, high, data: base64(steps.buffer) });
  assert.ok(Math.max(...values.map((v, i) => Math.abs(v - back[i]!))) < 1e-5);
});

test("a constant array has no range and is still read", () => {
  assert.deepEqual(
    [...unpack({ type: "u2", low: 0.5, high: 0.5, data: base64(new Uint16Array(3).buffer) })],
    [0.5, 0.5, 0.5],
  );
});

test("rows are counted", () => {
  assert.deepEqual(
    rows(pack([1, 2, 3, 4, 5, 6]), 3, 2).map((row) => [...row]),
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  );
  assert.throws(() => rows(pack([1, 2, 3]), 2, 2), /3 numbers are not 2 rows of 2/);
});

test("recorded answers are each picture's own", () => {
  const [cat, cup] = recordedAnswers(gallery);
  assert.deepEqual([...cat!.logits], [2, 1]);
  assert.deepEqual([...cup!.blocks[1]!.s], [0, 0, 1]);
  assert.deepEqual([...cup!.blocks[0]!.z], [3, 4]);
  assert.throws(() => recordedAnswers({ ...gallery, recorded: null }), /no recorded results/);
});

test("a kernel's buffers may begin anywhere", () => {
  const view = (values: number[]) => {
    const bytes = new Uint8Array(4 * values.length + 3);
    bytes.set(new Uint8Array(new Float32Array(values).buffer), 3);
    return new DataView(bytes.buffer, 3);
  };
  const answer = unpackAnswer([view([1, 2]), view([3]), view([4])], [{}]);
  assert.deepEqual(
    [[...answer.logits], [...answer.blocks[0]!.z], [...answer.blocks[0]!.s]],
    [[1, 2], [3], [4]],
  );
  assert.throws(() => unpackAnswer([view([1])], [{}]), /1 arrays, not 3/);
});

test("softmax survives large logits and sums to one", () => {
  const shares = softmax(new Float32Array([1000, 999, -1000]));
  assert.ok(Math.abs(shares[0]! - 1 / (1 + Math.exp(-1))) < 1e-12);
  assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 1e-12);
});

test("largest: first by value, then by place", () => {
  assert.deepEqual(largest([1, 3, 3, 2], 3), [1, 2, 3]);
});

test("numbers in words", () => {
  assert.equal(decimal(-0.5), "−0.500");
  assert.equal(decimal(-0.0001), "0.000");
  assert.equal(signed(0.25), "+0.250");
  assert.equal(signed(0.0001), "0.000");
  assert.equal(percent(0.0004), "< 0.1%");
  assert.equal(percent(0.9996), "> 99.9%");
  assert.equal(percent(1), "100.0%");
});
