import assert from "node:assert/strict";
import { test } from "node:test";
import { bracketed, parsed, slide, terms, under, written } from "../src/math/convolve.ts";
import { forward, laid, normalised, order, squeezed } from "../src/math/forward.ts";

/** Numbers without order, the same at every run. */
function numbers(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from(
    { length: count },
    () => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) / 2147483647 - 0.5,
  );
}

test("a window that slides is the sum of what lies under it, at every place", () => {
  const [channel, weights] = [numbers(49), numbers(9, 2)];
  const map = slide(channel, 7, weights);
  assert.equal(map.length, 25);
  for (let row = 0; row < 5; row++) {
    for (let column = 0; column < 5; column++) {
      const sum = under(channel, 7, row, column).reduce(
        (all, value, k) => all + value * weights[k]!,
        0,
      );
      assert.ok(Math.abs(map[row * 5 + column]! - sum) < 1e-12);
    }
  }
});

test("the window's rows are the picture's rows", () => {
  const picture = Array.from({ length: 25 }, (_, i) => i);
  assert.deepEqual(under(picture, 5, 1, 2), [7, 8, 9, 12, 13, 14, 17, 18, 19]);
});

test("a kernel is written and read again, to thousandths", () => {
  for (let seed = 1; seed < 40; seed++) {
    const kernel = {
      weights: numbers(27, seed).map((value) => Math.round(18000 * value) / 1000),
      constant: seed / 8,
    };
    assert.deepEqual(parsed(written(kernel), 9), {
      weights: kernel.weights.map((value) => value || 0),
      constant: kernel.constant,
    });
  }
});

test("what isn't a kernel is refused", () => {
  const ones = Array(27).fill("1").join(",");
  for (const text of [
    "",
    "1,2",
    `${ones},1`,
    ones.replace("1", "NaN"),
    ones.replace("1", ""),
    ones.replace("1", "9.5"),
    `${ones};91`,
    `${ones};x`,
    `${ones};1;2`,
    "edge",
  ]) {
    assert.equal(parsed(text, 9), null, text);
  }
  assert.equal(parsed(`${ones};-90`, 9)!.constant, -90);
});

test("terms of weight zero are left out, negative numbers are in brackets", () => {
  assert.equal(terms([0.5, 0.25, 1], [1, 0, -2]), "0.50 × 1.00 + 1.00 × (−2.00)");
  assert.equal(terms([0.5], [0]), "all nine weights are 0");
  assert.equal(bracketed(-0.0001), "0.000");
});

test("a layer is a convolution with a rim of zeros, bias and ReLU", () => {
  const [size, into, out] = [5, 2, 3];
  const input = Float32Array.from(numbers(into * size * size, 3));
  const weights = Float32Array.from(numbers(out * into * 9, 4));
  const bias = Float32Array.from(numbers(out, 5));
  const found = forward(input, size, size, { weights, bias, relu: true });
  for (let o = 0; o < out; o++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let sum = bias[o]!;
        for (let c = 0; c < into; c++) {
          for (let k = 0; k < 9; k++) {
            const [row, column] = [y + Math.floor(k / 3) - 1, x + (k % 3) - 1];
            if (row >= 0 && row < size && column >= 0 && column < size)
              sum += weights[(o * into + c) * 9 + k]! * input[(c * size + row) * size + column]!;
          }
        }
        assert.ok(Math.abs(found[(o * size + y) * size + x]! - Math.max(0, sum)) < 1e-5);
      }
    }
  }
});

test("an object is laid where it is moved, and cut off at the rim", () => {
  const ground = new Uint8Array(12).fill(10); // 2 x 2
  const layer = new Uint8Array(16);
  layer.set([200, 0, 0, 0], 0); // red, in the upper left corner only
  layer.set([255, 0, 0, 0], 12);
  assert.deepEqual([...laid(ground, layer, 2, 0, 0)].slice(0, 8), [200, 10, 10, 10, 0, 10, 10, 10]);
  assert.deepEqual([...laid(ground, layer, 2, 1, 1)].slice(0, 4), [10, 10, 10, 200]);
  assert.deepEqual([...laid(ground, layer, 2, -1, 0)], [...ground]);
});

test("shuffling leaves what is squeezed", () => {
  const places = order(64);
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    Array.from({ length: 64 }, (_, i) => i),
  );
  assert.notDeepEqual(
    [...places],
    Array.from({ length: 64 }, (_, i) => i),
  );
  const map = Float32Array.from(numbers(64, 9));
  const mixed = Float32Array.from(places, (place) => map[place]!);
  for (const pool of ["avg", "max"])
    assert.ok(Math.abs(squeezed(map, 64, pool)[0]! - squeezed(mixed, 64, pool)[0]!) < 1e-7);
});

test("pixels are normalised channel by channel", () => {
  assert.deepEqual(
    [...normalised(Uint8Array.of(255, 0, 51), [0.5, 0.5, 0.2], [0.5, 0.25, 1])].map(
      (value) => Math.round(1e6 * value) / 1e6,
    ),
    [1, -2, 0],
  );
});
