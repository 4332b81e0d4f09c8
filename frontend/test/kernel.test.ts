import assert from "node:assert/strict";
import { test } from "node:test";
import type { Model } from "../src/network/kernel.ts";
import { setsOf, settle } from "../src/state/fields.ts";
import { kernelKeeper } from "../src/state/keeper.ts";
import type { ShallowDeepView } from "../src/widgets/shallow-deep-side.ts";
import { gallery, probe, rules } from "./synthetic.ts";

const usual = settle<ShallowDeepView>(rules["shallow-deep"]!, {}, null, setsOf(probe));

/** A model as anywidget has it: `set` reports at once, `save_changes` sends. */
function model(
  state: Record<string, unknown>,
): Model & { saved: Record<string, unknown>; hear(name: string): void } {
  const listeners: Record<string, (() => void)[]> = {};
  const hear = (name: string) =>
    (listeners[`change:${name}`] ?? []).forEach((callback) => callback());
  const saved: Record<string, unknown> = {};
  return {
    saved,
    hear,
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      hear(name);
    },
    save_changes: () => void Object.assign(saved, state),
    send: () => {},
    on: (event, callback) => void (listeners[event] ??= []).push(callback),
    off: (event, callback) =>
      void (listeners[event] = (listeners[event] ?? []).filter((c) => c !== callback)),
  };
}

const traits = () => ({
  _gallery: gallery,
  _fields: rules["shallow-deep"],
  picture: 1,
  shallow: "layer1.0.se",
  deep: "layer2.0.se",
  order: "index",
  compare: "predicted",
  scale: "fitted",
  shallow_channel: null,
  deep_channel: null,
  gates: "",
});

test("the view starts as Python has it", () => {
  assert.deepEqual(kernelKeeper(model(traits())).initial().author, {
    ...usual,
    picture: "cup",
  });
});

test("a reader's view reaches Python, and does not come back as a wish", () => {
  const python = model(traits());
  const home = kernelKeeper(python);
  home.listen(() => assert.fail("heard itself"));
  home.keep({ ...usual, deepChannel: 2 }, usual);
  assert.deepEqual([python.saved.picture, python.saved.deep_channel], [0, 2]);
});

test("Python's wish reaches the widget until it is taken down", () => {
  const python = model(traits());
  const home = kernelKeeper(python);
  const wishes: unknown[] = [];
  const deaf = home.listen((wanted) => wishes.push(wanted));
  python.set("picture", 0);
  python.set("order", "excitation");
  deaf();
  python.set("order", "index");
  assert.deepEqual(wishes, [{ picture: "cat-1" }, { order: "excitation" }]);
});
