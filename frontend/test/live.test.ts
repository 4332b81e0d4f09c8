import assert from "node:assert/strict";
import { test } from "node:test";
import { provided, total } from "../src/network/download.ts";
import { answerOf, apart, row } from "../src/network/engine.ts";
import { checked, examine, header } from "../src/picture-editor/examine.ts";
import { middle } from "../src/picture-editor/picture.ts";

const BLOCKS = [
  { name: "a", channels: 2 },
  { name: "b", channels: 3 },
];

test("gates lie side by side, NaN where a channel is left alone", () => {
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
  assert.ok(!(apart(answer(0.5, 0.25), answer(0.5)) <= 1), "fewer channels don't match");
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
  const bmp = bytes(
    "BM",
    [32, 0, 0, 0],
    "....",
    [26, 0, 0, 0, 12, 0, 0, 0, 1, 0, 2, 0, 1, 0, 24, 0],
  );
  assert.deepEqual(examine(bmp), { kind: "BMP", whole: false });
  assert.deepEqual(examine(bytes([...bmp], "pixels")), { kind: "BMP", whole: true });
  for (const other of ["<svg/>", "", "BM", "BMW: a car, and no picture", "not a picture"])
    assert.deepEqual(examine(bytes(other)), { kind: null, whole: false });
});

test("fill bytes and appended bytes are valid; a wrong checksum is not", () => {
  const jpeg = [0xff, 0xd8, 0xff, 0xff, 0xff, 0xe0, 0, 2, 0xff, 0xff, 0xda, 0, 2, 1, 0xff, 0xd9];
  assert.deepEqual(examine(bytes(jpeg)), { kind: "JPEG", whole: true });
  // a palette of two colours, one extension, one frame, the trailer, and a byte after it
  const gif = [
    ...[1, 0, 1, 0, 0x80, 0, 0, 1, 2, 3, 4, 5, 6],
    ...[0x21, 0xf9, 4, 0, 0, 0, 0, 0],
    ...[0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0],
  ];
  assert.equal(examine(bytes("GIF89a", [...gif, 0x3b, 7])).whole, true);
  assert.equal(examine(bytes("GIF89a", [...gif, 7])).whole, false);
  const png = "\x89PNG\r\n\x1a\n";
  const iend = [0, 0, 0, 0, ...bytes("IEND"), 0xae, 0x42, 0x60, 0x82];
  const idat = [0, 0, 0, 1, ...bytes("IDAT"), 7];
  assert.equal(checked(bytes(png, [...idat, 0xcd, 0x25, 0x6b, 0x4b], iend)), false);
});

test("size and turn are read from the header", () => {
  const exif = bytes("II*\0", [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
  const app1 = [0xff, 0xe1, 0, 8 + exif.length, ...bytes("Exif\0\0"), ...exif];
  const frame = [0xff, 0xc2, 0, 8, 8, 1, 0, 2, 0, 1];
  const jpeg = bytes([0xff, 0xd8], app1, frame, [0xff, 0xda, 0, 2]);
  assert.deepEqual(header(jpeg, "JPEG"), { size: { width: 512, height: 256 }, turn: 6 });
  const [bmp, down] = [bytes("BM", Array(12).fill(0)), [0, 2, 0, 0, 0, 255, 255, 255]];
  const sized = { size: { width: 512, height: 256 }, turn: 1 };
  assert.deepEqual(header(bytes([...bmp], [40, 0, 0, 0], down), "BMP"), sized);
  assert.deepEqual(header(bytes([...bmp], [12, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0]), "BMP"), sized);
  const riff = (name: string, data: number[]) => [
    ...bytes(name, [data.length, 0, 0, 0]),
    ...data,
    ...(data.length % 2 ? [0] : []),
  ];
  const webp = bytes(
    "RIFF....WEBP",
    riff("VP8X", [8, 0, 0, 0, 99, 0, 0, 49, 0, 0]),
    riff("EXIF", [...exif]),
  );
  assert.deepEqual(header(webp, "WebP"), { size: { width: 100, height: 50 }, turn: 6 });
  assert.deepEqual(header(bytes("GIF89a", [44, 1, 200, 0]), "GIF").size, {
    width: 300,
    height: 200,
  });
  assert.deepEqual(header(bytes("RIFF....WEBPVP8X"), "WebP"), { size: null, turn: 1 });
});
