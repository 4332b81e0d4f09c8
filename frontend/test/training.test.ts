// What the page draws from a seed is what Python draws: tests/test_train_step.py compares Python
// with the same file.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { filled } from "../src/training/network-file.ts";
import { NumpyRandom } from "../src/training/numpy-random.ts";
import { patchwork } from "../src/training/patchwork.ts";
import type { TrainFile } from "../src/training/run.ts";
import { opened, written } from "../src/training/safetensors.ts";
import { scheduled } from "../src/training/schedule.ts";
import { TorchRandom } from "../src/training/torch-random.ts";
import {
  interval,
  leftWords,
  lineOf,
  meant,
  netOf,
  ofKind,
  readLines,
  timeLeft,
  verdict,
} from "../src/widgets/train-data.ts";

const drawn = JSON.parse(readFileSync(new URL("drawn.json", import.meta.url), "utf8"));
const near = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) <= by, `${a} ${b}`);

test("Patchwork's pictures are Python's, byte for byte, wherever one begins", () => {
  const { seed, pictures, sha256, labels } = drawn.patchwork;
  const [first, rest] = [patchwork(seed, 0, 13), patchwork(seed, 13, pictures)];
  const images = Buffer.concat([first.images, rest.images]);
  assert.equal(createHash("sha256").update(images).digest("hex"), sha256);
  assert.deepEqual([...first.labels, ...rest.labels], labels);
});

test("the normal numbers of 256 layers have a tail", () => {
  const random = new NumpyRandom(1);
  const numbers = Array.from({ length: 200_000 }, () => random.normal());
  const mean = numbers.reduce((a, b) => a + b) / numbers.length;
  near(mean, 0, 0.01);
  near(numbers.reduce((a, b) => a + b * b) / numbers.length, 1, 0.02);
  assert.ok(numbers.some((x) => Math.abs(x) > 3.66) && numbers.every((x) => Math.abs(x) < 7));
});

test("torch's orders, whole numbers, and normal numbers are torch's", () => {
  const { seed, order, whole, unit, normal } = drawn.torch;
  const random = new TorchRandom(seed);
  assert.deepEqual([...random.order(order.length)], order);
  for (const number of whole) assert.equal(random.whole(9), number);
  for (const number of unit) near(random.unit(), number, 1e-9);
  // torch has sines and logarithms of its own where a processor has AVX2
  random.normal(normal.length, 1, 2).forEach((number, i) => near(number, normal[i], 5e-6));
  assert.throws(() => random.normal(3, 0, 1), /fewer than 16/);
});

test("rates and momenta are those of OneCycleLR", () => {
  drawn.rates.forEach(([rate, momentum]: [number, number], step: number) => {
    const [mine, its] = scheduled(step, drawn.rates.length, 0.1);
    near(mine, rate, 1e-9);
    near(its, momentum, 1e-9);
  });
});

const file = {
  title: "tiny",
  weights: [["a.weight", [2, 1]]],
  statistics: [["n.running_mean", [1], 0]],
} as unknown as TrainFile;

test("a network's file is read back, and others are refused in words", () => {
  const weights = { weights: Float32Array.of(1.5, -2), statistics: Float32Array.of(0.25) };
  const bytes = written(file, weights, {});
  assert.deepEqual(opened(file, bytes), weights);
  assert.equal((bytes.length - 3 * 4 - 8) % 8, 0); // tensors begin where all processors can read
  assert.throws(() => opened(file, bytes.slice(0, 6)), /not a .safetensors file/);
  const wider = { ...file, weights: [["a.weight", [3]]] } as unknown as TrainFile;
  assert.throws(
    () => opened(wider, bytes),
    /a.weight is of shape 2,1: .* another network than tiny/,
  );
  const other = { ...file, weights: [["b", [2]]] } as unknown as TrainFile;
  assert.throws(() => opened(other, bytes), /b is missing/);
});

test("a saved file tells whose network it holds", () => {
  const of = (shape: number[], name: string, its = [1]) => {
    const named = {
      ...file,
      weights: [
        ["conv1.weight", shape],
        [name, its],
      ],
    } as unknown as TrainFile;
    const count = [shape, its].reduce((sum, s) => sum + s.reduce((a, b) => a * b, 1), 0);
    const weights = { weights: new Float32Array(count), statistics: Float32Array.of(0) };
    return meant(written(named, weights, {}));
  };
  const [quick, chapter] = [
    { recipe: "quick", r: "8" },
    { recipe: "chapter", r: "4" },
  ];
  const fc1 = "layer3.0.se.fc1.weight";
  assert.deepEqual(of([8, 3, 3, 3], fc1, [4, 32]), { arm: "se", ...quick });
  assert.deepEqual(of([16, 3, 3, 3], fc1, [16, 64]), { arm: "se", ...chapter });
  assert.deepEqual(of([16, 3, 3, 3], "fc.weight"), { arm: "none", ...chapter });
  assert.equal(netOf("se", quick), "se-r8-quick");
  assert.equal(netOf("none", chapter), "none");
});

test("a network's weights are written into their places of its file, and nowhere else", () => {
  const placed = { ...file, places: { "a.weight": 9, "n.running_mean": 3 } } as TrainFile;
  const weights = { weights: Float32Array.of(1.5, -2), statistics: Float32Array.of(0.25) };
  const view = new DataView(filled(placed, weights, new Uint8Array(20).fill(7)).buffer);
  assert.deepEqual([view.getFloat32(9, true), view.getFloat32(13, true)], [1.5, -2]);
  assert.equal(view.getFloat32(3, true), 0.25);
  assert.deepEqual(
    [0, 1, 2, 7, 8, 17, 18, 19].map((at) => view.getUint8(at)),
    Array(8).fill(7),
  );
});

test("the verdict on the seeds follows their interval", () => {
  const t = [12.706, 4.303, 3.182];
  const pair = (seed: number, difference: number) => ({ seed, se: 0.5 + difference, none: 0.5 });
  assert.match(verdict([], t), /Train both/);
  assert.match(verdict([pair(0, 0.01)], t), /One seed: .*\+1.0 points.*says nothing/);
  assert.match(verdict([pair(0, 0.01), pair(1, -0.02)], t), /ahead in 1.*contains zero/);
  const apart = [pair(0, 0.01), pair(1, 0.0101), pair(2, 0.0099)];
  assert.match(verdict(apart, t), /leaves out zero: SE is ahead/);
  const { mean, half } = interval([1, 2, 3], t);
  near(mean, 2, 1e-12);
  near(half!, 4.303 / Math.sqrt(3), 1e-9);
});

test("a line of results is read as it was written", () => {
  const found = { recipe: "quick", rate: "0.1", r: "16", seed: 7, se: 0.5, none: 1 };
  const { runs, odd } = readLines(`${lineOf(found)}\n\n  ${lineOf(found)} \nnonsense`);
  assert.deepEqual(runs, [found]);
  assert.deepEqual(odd, ["nonsense"]);
});

test("without SE a run has no r, and serves all that have one", () => {
  const kind = { recipe: "quick", rate: "0.1", r: "8" };
  const curve = { losses: [], epochs: [] };
  const runs = [
    { ...kind, r: "4", seed: 1, curves: { se: curve, none: curve } },
    { ...kind, seed: 1, curves: { se: { ...curve, losses: [8] } } },
    { ...kind, r: "4", seed: 2, curves: { se: curve } },
    { ...kind, rate: "0.2", seed: 1, curves: { none: curve } },
  ];
  const found = ofKind(runs, kind);
  assert.deepEqual(
    found.map(({ seed, r }) => [seed, r]),
    [[1, "8"]],
  );
  assert.deepEqual(found[0]!.curves.se!.losses, [8]);
  assert.ok(found[0]!.curves.none);
});

test("the time that is left is the slower network's, and that of the seeds to come", () => {
  const wish = { arms: ["se", "none"] as const, recipe: "", rate: "", r: "", seeds: [1, 2] };
  const slow = { at: 60, of: 100, pace: 3 };
  const asked = { ...wish, arms: [...wish.arms] };
  assert.equal(timeLeft({ se: slow }, asked), null);
  assert.equal(timeLeft({ se: slow, none: { at: 50, of: 100, pace: 2 } }, asked), 120 + 300);
});

test("what is to come, and the quick recipe where a seed would take long", () => {
  const kind = { r: "4", rate: "0.1", arms: ["se" as const], seeds: [0, 1] };
  const [quick, chapter] = ["quick", "chapter"].map((recipe) => ({ ...kind, recipe }));
  assert.equal(leftWords(200_000, chapter!), "About 3.3 minutes more on this device.");
  assert.match(leftWords(400_000, chapter!), /6.7 minutes more on this device. The quick recipe/);
  assert.doesNotMatch(leftWords(400_000, quick!), /recipe/);
});
