import assert from "node:assert/strict";
import { test } from "node:test";
import { fromQuery, setsOf, settle, toQuery, type Wanted } from "../src/state/fields.ts";
import type { ShallowDeepView as View } from "../src/widgets/shallow-deep-side.ts";
import { probe, rules } from "./synthetic.ts";

type Known = Parameters<typeof setsOf>[0];
const shallow = rules["shallow-deep"]!;
const settled = (wanted: Wanted, fallback: View | null, known: Known) =>
  settle<View>(shallow, wanted, fallback, setsOf(known));
const defaultView = (known: Known) => settled({}, null, known);

const usual = defaultView(probe);

test("by default the first and the last block, the first picture", () => {
  assert.deepEqual(usual, {
    picture: "cat-1",
    shallow: "layer1.0.se",
    deep: "layer2.0.se",
    order: "index",
    compare: "predicted",
    scale: "fitted",
    shallowChannel: null,
    deepChannel: null,
    gates: "",
  });
  assert.equal(defaultView({ ...probe, means: null }).compare, "none");
});

test("what makes sense is taken", () => {
  const wanted = {
    picture: "cup",
    deep: "layer1.0.se",
    order: "difference",
    compare: "dog",
    scale: "full",
    shallowChannel: "1",
    deepChannel: 0,
  };
  assert.deepEqual(settled(wanted, usual, probe), { ...usual, ...wanted, shallowChannel: 1 });
});

test("what makes none is left, field by field", () => {
  const nonsense = [
    { picture: "unicorn", order: "excitation" },
    {
      picture: "__proto__",
      shallow: "layer9",
      deep: ["layer1.0.se"],
      compare: "tiger",
      scale: "fit",
      order: "excitation",
    },
    { shallowChannel: "2", deepChannel: "-1", order: "excitation" },
    { shallowChannel: "1e0", deepChannel: "0x1", order: "excitation" },
    { shallowChannel: 0.5, deepChannel: Number.NaN, order: "excitation" },
    { picture: null, compare: undefined, order: "excitation" },
  ];
  for (const wanted of nonsense)
    assert.deepEqual(
      settled(wanted, usual, probe),
      { ...usual, order: "excitation" },
      JSON.stringify(wanted),
    );
});

test("a channel is let go with its block, and only then", () => {
  const held: View = { ...usual, shallowChannel: 1, deepChannel: 2 };
  assert.deepEqual(settled({ picture: "cup" }, held, probe), { ...held, picture: "cup" });
  assert.deepEqual(settled({ deep: "layer1.0.se" }, held, probe), {
    ...held,
    deep: "layer1.0.se",
    deepChannel: null,
  });
  assert.equal(settled({ shallowChannel: null }, held, probe).shallowChannel, null);
});

test("without class means there is nothing to compare and no difference to order by", () => {
  const bare = { ...probe, means: null };
  const view = defaultView(bare);
  assert.deepEqual(settled({ compare: "predicted", order: "difference" }, view, bare), view);
});

test("an address holds a view and gives it back", () => {
  const view: View = {
    ...usual,
    picture: "cup",
    order: "excitation",
    compare: "all",
    scale: "full",
    deepChannel: 2,
  };
  const query = toQuery(shallow, new URLSearchParams("theme=dark"), "shallow-deep", view, usual);
  assert.equal(query.get("theme"), "dark");
  assert.equal(query.has("shallow-deep.shallow"), false); // as usual, so not repeated
  assert.deepEqual(settled(fromQuery(shallow, query, "shallow-deep"), usual, probe), view);
  // another widget shares the picture alone
  assert.deepEqual(fromQuery(shallow, query, "shallow-deep-2"), { picture: "cup" });
});

test("an address that shows the usual view names the picture alone", () => {
  const query = toQuery(
    shallow,
    new URLSearchParams("shallow-deep.order=excitation"),
    "shallow-deep",
    usual,
    usual,
  );
  assert.equal(query.toString(), "picture=cat-1");
});
