import assert from "node:assert/strict";
import { test } from "node:test";
import { provided, total } from "../src/network/download.ts";
import { answerOf, apart, row } from "../src/network/engine.ts";
import { examine, middle } from "../src/picture-editor/picture.ts";

const BLOCKS = [
  { name: "a", channels: 2 },
  { name: "b", channels: 3 },
];

test("gates stand side by side, NaN where a channel is left alone", () => {
  assert.equal(row(BLOCKS), null);
  assert.equal(row(BLOCKS, {}), null);
  assert.deepEqual(
    row(BLOCKS, { b: Float32Array.of(1, NaN, 0) }),
    Float32Array.of(NaN, NaN, 1, NaN, 0),
  );
  assert.throws(() => row(BLOCKS, { c: Float32Array.of(1) }), /c is not an SE block/);
  assert.throws(() => row(BLOCKS, { a: Float32Array.of(1) }), /a has 2 gates, not 1/);
});

test("outputs come as logits, then z and s of each block", () => {
  const [logits, z, s] = [Float32Array.of(1, 2), Float32Array.of(3), Float32Array.of(4)];
  assert.deepEqual(answerOf([logits, z, s]), { logits, blocks: [{ z, s }] });
});

test("answers of another network are told apart", () => {
  const answer = (...s: number[]) =>
    answerOf([Float32Array.of(0), Float32Array.of(0), Float32Array.from(s)]);
  assert.equal(apart(answer(0.5, 0.25), answer(0.5, 0.5)), 0.25);
  assert.ok(!(apart(answer(0.5, 0.25), answer(0.5)) <= 1), "fewer channels are no match");
});

test("a script's text is read back as it was", () => {
  const text = 'quotes " and ); and \\ and ü\n';
  assert.equal(provided(`SENet.provide("live/worker",${JSON.stringify(text)});\n`), text);
  assert.throws(() => provided("<!doctype html>"), /damaged/);
  assert.equal(total(["a", "b"], { a: 2, b: 3, c: 4 }), 5);
});

test("the middle square", () => {
  assert.deepEqual(middle(10, 4), { left: 3, top: 0, side: 4 });
  assert.deepEqual(middle(4, 9), { left: 0, top: 2, side: 4 });
});

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part,
    ),
  );

test("a file is what its bytes say, and whole if its end is there", () => {
  // with a thumbnail's end in its header
  const jpeg = [0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd9, 0, 0, 0xff, 0xda, 0, 2, 1, 2, 3];
  assert.deepEqual(examine(bytes(jpeg)), { kind: "JPEG", whole: false });
  assert.deepEqual(examine(bytes([...jpeg, 0xff, 0xd9], "appended")), {
    kind: "JPEG",
    whole: true,
  });
  const png = "\x89PNG\r\n\x1a\n";
  const [idat, iend] = [
    bytes([0, 0, 0, 4], "IDAT", "IEND", [0, 0, 0, 0]),
    bytes([0, 0, 0, 0], "IEND", [0, 0, 0, 0]),
  ];
  assert.deepEqual(examine(bytes(png, [...idat])), { kind: "PNG", whole: false });
  assert.deepEqual(examine(bytes(png, [...idat, ...iend])), { kind: "PNG", whole: true });
  assert.deepEqual(examine(bytes("GIF89a..", [0x3b])), { kind: "GIF", whole: true });
  assert.deepEqual(examine(bytes("RIFF", [6, 0, 0, 0], "WEBP", [1, 2])), {
    kind: "WebP",
    whole: true,
  });
  assert.deepEqual(examine(bytes("RIFF", [9, 0, 0, 0], "WEBP", [1, 2])), {
    kind: "WebP",
    whole: false,
  });
  for (const other of ["<svg/>", "", "BM", "not a picture"])
    assert.deepEqual(examine(bytes(other)), { kind: null, whole: false });
});
