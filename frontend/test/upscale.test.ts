import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, type Layer } from "../src/math/forward.ts";
import { type Pixels, seam, seenIn, upscaled } from "../src/math/upscale.ts";
import { halves, network } from "../src/widgets/seams-network.ts";

/** Numbers without order, the same at every run. */
function numbers(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from(
    { length: count },
    () => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) / 2147483647 - 0.5,
  );
}

const shapes = { channels: 4, hidden: 2 };
const COUNT = { se: 112 + 2 * 22 + 148 + 444, twin: 112 + 148 + 444 };

function picture(size: number): Pixels {
  return { values: numbers(3 * size * size, 7).map(Math.abs), width: size, height: size };
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test("four maps at a time are the maps one by one", () => {
  const layer: Layer = { weights: numbers(8 * 3 * 9, 2), bias: numbers(8, 3), relu: true };
  const { values } = picture(9);
  const one = (o: number): Layer => ({
    ...layer,
    weights: layer.weights.slice(27 * o, 27 * (o + 1)),
    bias: layer.bias.slice(o, o + 1),
  });
  const alone = Array.from(layer.bias, (_, o) => [...forward(values, 9, 9, one(o))]).flat();
  assert.ok(furthest(forward(values, 9, 9, layer), Float32Array.from(alone)) < 1e-6);
});

test("tiles with the whole's gates are the whole, with their own they are not", () => {
  const net = network(numbers(COUNT.se, 5), shapes, true);
  const whole = upscaled(net, picture(24), 1);
  for (const tiles of [2, 3, 4]) {
    const given = upscaled(net, picture(24), tiles, whole.tiles[0]!);
    const own = upscaled(net, picture(24), tiles);
    assert.equal(own.tiles.length, tiles * tiles);
    assert.ok(furthest(given.picture.values, whole.picture.values) < 1e-6);
    assert.ok(furthest(own.picture.values, whole.picture.values) > 1e-4);
  }
});

test("without SE there is nothing to carry", () => {
  const net = network(numbers(COUNT.twin, 5), shapes, false);
  const [whole, tiled] = [1, 3].map((tiles) => upscaled(net, picture(24), tiles));
  assert.deepEqual(whole!.tiles, [[]]);
  assert.ok(furthest(tiled!.picture.values, whole!.picture.values) < 1e-6);
});

test("a seam is measured where it is", () => {
  const whole = { values: new Float32Array(3 * 64).fill(0.5), width: 8, height: 8 };
  const made = { ...whole, values: whole.values.map((v, i) => (i % 8 < 4 ? v : v + 10 / 255)) };
  const { off, across, inside } = seam(made, whole, 2);
  assert.deepEqual([off, across, inside].map(Math.round), [5, 5, 0]);
  assert.equal(seam(made, whole, 1).across, 0);
});

test("a light dims each colour of what is halved", () => {
  const { values, width } = seenIn([1, 0.5, 0.25], picture(4));
  const all = picture(4).values;
  const mean = (c: number) =>
    (all[16 * c]! + all[16 * c + 1]! + all[16 * c + 4]! + all[16 * c + 5]!) / 4;
  assert.equal(width, 2);
  [1, 0.5, 0.25].forEach((light, c) =>
    assert.ok(Math.abs(values[4 * c]! - light * mean(c)) < 1e-6),
  );
});

test("16-bit floats are read as they are written", () => {
  const bits = new Uint16Array([0x3c00, 0xc000, 0x3555, 0x0001, 0x8000]);
  const found = halves(new Uint8Array(bits.buffer));
  assert.deepEqual([...found].slice(0, 2), [1, -2]);
  assert.ok(Math.abs(found[2]! - 0.33325) < 1e-5 && found[3] === Math.fround(2 ** -24));
  assert.ok(found[4] === 0);
});
