// Gates by hand as part of a view: in an address, settled, and undone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByHand } from "../src/state/by-hand.ts";
import { fromQuery, setsOf, settle, toQuery, type Wanted } from "../src/state/fields.ts";
import { read, written } from "../src/state/gates-text.ts";
import type { ShallowDeepView as View } from "../src/widgets/shallow-deep-side.ts";
import { gallery, probe, rules } from "./synthetic.ts";

type Known = Parameters<typeof setsOf>[0];
const shallow = rules["shallow-deep"]!;
const settled = (wanted: Wanted, fallback: View | null, known: Known) =>
  settle<View>(shallow, wanted, fallback, setsOf(known));
const defaultView = (known: Known) => settled({}, null, known);

const { blocks } = gallery.network;

test("an address carries them, and settles what it carries", () => {
  const usual = defaultView(probe);
  const view = { ...usual, gates: "layer1.0.se:1=0" };
  const query = toQuery(shallow, new URLSearchParams(), "shallow-deep", view, usual);
  assert.equal(query.get("shallow-deep.gates"), "layer1.0.se:1=0");
  assert.deepEqual(settled(fromQuery(shallow, query, "shallow-deep"), usual, probe), view);
  assert.equal(settled({ gates: "layer1.0.se:9=0" }, usual, probe).gates, "");
  assert.equal(
    settled({ gates: "layer1.0.se:0=0.50000" }, usual, probe).gates,
    "layer1.0.se:0=0.5",
  );
  assert.equal(settled({ gates: 7 }, view, probe).gates, "layer1.0.se:1=0");
});

test("gates from outside can be undone", () => {
  const hand = new ByHand();
  hand.set(blocks[0]!, [0], () => 1);
  hand.take(read("layer2.0.se:2=0", blocks));
  assert.equal(hand.count, 1);
  hand.undo();
  assert.equal(written(hand.now), "layer1.0.se:0=1");
  hand.redo();
  assert.equal(written(hand.now), "layer2.0.se:2=0");
});

test("gates as text: runs, order of the blocks, four digits", () => {
  const row = Float32Array.of(0, 0, NaN);
  const gates = { "layer2.0.se": row, "layer1.0.se": Float32Array.of(NaN, 0.123456) };
  assert.equal(written(read(written(gates), blocks)), "layer1.0.se:1=0.1235;layer2.0.se:0-1=0");
  assert.deepEqual(read("", blocks), {});
  assert.equal(written({ "layer1.0.se": Float32Array.of(NaN, NaN) }), "");
});

test("all gates of a network fit an address, and what is packed wrongly is left out", () => {
  const many = [32, 64, 128, 256, 480].map((channels, b) => ({ name: `layer${b}.0.se`, channels }));
  const any = (channels: number) => Float32Array.from({ length: channels }, () => Math.random());
  const gates = Object.fromEntries(many.map(({ name, channels }) => [name, any(channels)]));
  gates["layer1.0.se"]!.set([NaN, 0, 1]);
  const text = written(gates);
  assert.ok(new URLSearchParams({ gates: text }).toString().length < 4000);
  const again = read(text, many);
  for (const { name } of many)
    again[name]!.forEach((value, c) => {
      const own = gates[name]![c]!;
      assert.ok(Number.isNaN(own) ? Number.isNaN(value) : Math.abs(value - own) < 1e-4);
    });
  assert.equal(written(again), text);
  const pair = [{ name: "se", channels: 2 }];
  assert.deepEqual(read("se:*7psrs0", pair), {}); // the second is above 1
  assert.deepEqual(read("se:*7ps000", pair), { se: Float32Array.of(1, 0) });
  for (const wrong of ["*", "*7ps", "*7ps00", "*7ps000000", "*7PS000", "7ps000", "*zzzzzz"])
    assert.deepEqual(read(`se:${wrong}`, pair), {}, wrong);
});
