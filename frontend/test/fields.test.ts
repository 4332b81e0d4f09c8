// Fields as Python declares them (tests/test_fields.py has the same shelf), held to their rules
// here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromQuery, type Rules, settle, toQuery, type Wanted } from "../src/state/fields.ts";
import { rules as shipped } from "./synthetic.ts";

const rules: Rules = {
  floor: { kind: "one", of: [{ set: "floors" }] },
  box: { kind: "one", of: [{ set: "boxes" }], by: ["floor"], last: true },
  thing: { kind: "whole", low: 0, below: { set: "things" }, by: ["floor", "box"], none: true },
  held: {
    kind: "whole",
    low: 0,
    below: { set: "things" },
    by: ["floor", "box"],
    none: true,
    bound: true,
  },
  some: { kind: "several", of: [{ set: "names" }], most: 2 },
  light: { kind: "flag" },
  warmth: { kind: "number", low: 0, high: 1, default: 0.5 },
  gates: { kind: "changes", channels: { set: "channels" }, low: 0, high: 1 },
};
const sets = {
  floors: ["low", "high"],
  boxes: { low: [{ name: "a" }, { name: "b" }], high: ["c"] },
  things: { low: { a: 3, b: 5 }, high: { c: 4 } },
  names: { x: 1, y: 2, z: 3 },
  channels: 4,
};
type Shelf = {
  floor: string;
  box: string;
  thing: number | null;
  held: number | null;
  some: string[];
  light: boolean;
  warmth: number;
  gates: string;
};
const settled = (wanted: Wanted, fallback: Shelf | null) =>
  settle<Shelf>(rules, wanted, fallback, sets);
const start = settled({}, null);

test("what nobody wants is at its start", () => {
  assert.deepEqual(start, {
    floor: "low",
    box: "b",
    thing: null,
    held: null,
    some: ["x", "y"],
    light: false,
    warmth: 0.5,
    gates: "",
  });
});

test("a value stays where it is possible, and one that is bound does not", () => {
  const before = settled({ box: "a", thing: 2, held: "2" }, start);
  assert.deepEqual([before.thing, before.held], [2, 2]);
  const moved = settled({ box: "b" }, before);
  assert.deepEqual([moved.thing, moved.held], [2, null]);
  const up = settled({ floor: "high" }, { ...moved, thing: 4 });
  assert.deepEqual([up.box, up.thing], ["c", null]);
});

test("what makes no sense is left, field by field", () => {
  const before = settled({ box: "a", thing: 1, some: ["z"], light: true, warmth: 0.25 }, start);
  const nonsense: Wanted[] = [
    { floor: "attic", box: "c", thing: 3, light: "on", warmth: "2" },
    { floor: ["high"], box: null, thing: "1.5", some: "x|x", light: 1, warmth: "" },
    { floor: "toString", thing: "-1", some: "x|w", warmth: "warm" },
    { thing: true, some: "x|y|z", warmth: null, gates: "9:1,x:1,0:2" },
  ];
  for (const wanted of nonsense) {
    assert.deepEqual(settled(wanted, before), before, JSON.stringify(wanted));
  }
  assert.deepEqual(settled({ thing: "", some: "" }, before), { ...before, thing: null, some: [] });
  assert.equal(settled({ thing: "002" }, before).thing, 2); // the number, which a menu has
});

test("a view survives its address, whatever it holds", () => {
  const view = settled(
    { floor: "high", thing: 3, some: "z", light: "true", warmth: "0.75", gates: "3:0.5,1:1" },
    start,
  );
  const query = toQuery(rules, new URLSearchParams("other=1"), "shelf", view, start);
  assert.equal(query.get("shelf.gates"), "1:1,3:0.5");
  assert.equal(query.get("other"), "1");
  assert.deepEqual(settled(fromQuery(rules, query, "shelf"), start), view);
  assert.equal(toQuery(rules, query, "shelf", start, start).toString(), "other=1");
});

test("a kernel is a preset's name, or its numbers, rounded", () => {
  const { kernel } = shipped.convolution!;
  const presets = { kernels: [{ id: "edge" }, { id: "blur" }] };
  const read = (wanted: unknown) =>
    settle<{ kernel: string }>({ kernel: kernel! }, { kernel: wanted }, null, presets).kernel;
  const numbers = Array.from({ length: 27 }, (_, i) => (i === 0 ? 0.12345 : 0)).join(",");
  assert.equal(read("blur"), "blur");
  assert.equal(read(numbers), `0.123,${Array(26).fill(0).join(",")};0`);
  for (const wanted of ["sharpen", "1,2", `99${",0".repeat(26)}`, 7]) {
    assert.equal(read(wanted), "edge", String(wanted));
  }
});
