import assert from "node:assert/strict";
import { test } from "node:test";
import { AS_IT_IS, adjust } from "../src/picture-editor/adjust.ts";
import { cover, covered, GREY, Strokes } from "../src/picture-editor/brush.ts";
import {
  type Crop,
  largest,
  moved,
  type Size,
  zoomed,
  zoomOf,
  zoomRange,
} from "../src/picture-editor/crop.ts";

/** Numbers from 0 to 1 that look random and are the same each time. */
function noise(seed: number): () => number {
  return () => (seed = (seed * 16807) % 2147483647) / 2147483647;
}

const inside = ({ left, top, side }: Crop, { width, height }: Size) =>
  left >= 0 && top >= 0 && left + side <= width + 1e-9 && top + side <= height + 1e-9 && side > 0;

test("however it is moved and zoomed, the square stays in the picture", () => {
  const random = noise(7);
  for (let i = 0; i < 200; i++) {
    const size = { width: 8 + Math.floor(500 * random()), height: 8 + Math.floor(500 * random()) };
    let crop: Crop = largest(size);
    assert.equal(zoomOf(crop, size), 0);
    for (let step = 0; step < 20; step++) {
      const far = () => 400 * (random() - 0.5);
      crop =
        random() < 0.5
          ? moved(crop, far(), far(), size)
          : zoomed(crop, 12 * random() - 2, size, { x: random(), y: random() });
      assert.ok(inside(crop, size), JSON.stringify({ crop, size }));
      assert.ok(crop.side >= 8 - 1e-9, "and is never smaller than what can be seen");
    }
  }
});

test("zoom keeps the point that it is about, and the way back is the way there", () => {
  const size = { width: 400, height: 300 };
  const crop = { left: 100, top: 80, side: 150 };
  const near = zoomed(crop, 2, size, { x: 0.25, y: 0.75 });
  assert.equal(near.side, 75);
  assert.equal(near.left + 0.25 * near.side, crop.left + 0.25 * crop.side);
  assert.equal(near.top + 0.75 * near.side, crop.top + 0.75 * crop.side);
  assert.deepEqual(zoomed(near, zoomOf(crop, size), size, { x: 0.25, y: 0.75 }), crop);
  assert.equal(zoomRange({ width: 8, height: 99 }), 0, "the smallest picture can't be zoomed");
});

const dots = (mask: Uint8Array, size: number) =>
  Array.from({ length: size }, (_, row) =>
    [...mask.subarray(row * size, (row + 1) * size)].map((on) => (on ? "#" : ".")).join(""),
  );

test("a brush covers the pixels whose middle lies under it", () => {
  const whole = { left: 0, top: 0, side: 5 };
  assert.deepEqual(dots(covered([{ points: [2.5, 2.5], radius: 1 }], whole, 5), 5), [
    ".....",
    "..#..",
    ".###.",
    "..#..",
    ".....",
  ]);
  assert.deepEqual(dots(covered([{ points: [0.5, 0.5, 4.5, 0.5], radius: 0.5 }], whole, 5), 5), [
    "#####",
    ".....",
    ".....",
    ".....",
    ".....",
  ]);
  assert.deepEqual(
    dots(covered([{ points: [-9, 2.5, 99, 2.5], radius: 0.1 }], whole, 5), 5)[2],
    "#####",
    "also when it comes from outside",
  );
});

test("strokes lie on the picture: the same spot, wherever the square is", () => {
  const stroke = [{ points: [20, 20, 30, 20], radius: 4 }];
  const one = covered(stroke, { left: 10, top: 10, side: 32 }, 32);
  const other = covered(stroke, { left: 13, top: 8, side: 32 }, 32);
  for (let row = 0; row < 29; row++) {
    for (let column = 3; column < 32; column++)
      assert.equal(other[(row + 2) * 32 + column - 3], one[row * 32 + column]);
  }
  const twice = covered(stroke, { left: 10, top: 10, side: 32 }, 64);
  const count = (mask: Uint8Array) => mask.reduce((sum, on) => sum + on, 0);
  assert.ok(
    Math.abs(count(twice) / count(one) - 4) < 0.3,
    "and the same part of it at any resolution",
  );
});

test("strokes are undone and done again; clearing is a step, too", () => {
  const strokes = new Strokes();
  strokes.begin(1, 1, 1);
  strokes.on(2, 2);
  strokes.begin(5, 5, 1);
  const both = strokes.now;
  strokes.clear();
  assert.equal(strokes.now.length, 0);
  strokes.undo();
  assert.deepEqual(strokes.now, both);
  strokes.undo();
  assert.deepEqual(strokes.now, [{ points: [1, 1, 2, 2], radius: 1 }]);
  strokes.redo();
  assert.deepEqual(strokes.now, both);
  strokes.undo();
  strokes.begin(9, 9, 1);
  assert.equal(strokes.redoable, false, "a new stroke ends what could be done again");
  strokes.forget();
  assert.deepEqual([strokes.now, strokes.undoable, strokes.redoable], [[], false, false]);
});

test("grey covers colours and leaves alpha", () => {
  const data = Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255);
  cover(data, Uint8Array.of(0, 1));
  assert.deepEqual([...data], [1, 2, 3, 255, GREY, GREY, GREY, 255]);
});

// What comes out of each slider is held against torchvision in tests/test_adjust.py.
test("sliders at rest leave every bit, and grey has no hue", () => {
  const random = noise(3);
  const data = Uint8ClampedArray.from({ length: 4 * 64 }, () => 256 * random());
  const before = data.slice();
  adjust(data, 8, AS_IT_IS);
  assert.deepEqual(data, before);
  const grey = Uint8ClampedArray.from({ length: 4 * 64 }, (_, i) => Math.floor(i / 4));
  const same = grey.slice();
  adjust(grey, 8, { ...AS_IT_IS, hue: 75 });
  assert.deepEqual(grey, same);
});
