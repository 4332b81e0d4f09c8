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
