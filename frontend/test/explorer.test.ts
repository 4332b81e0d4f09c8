import assert from "node:assert/strict";
import { test } from "node:test";
import { drawing } from "../src/explorer/drawing.ts";
import { numbersOf } from "../src/explorer/numbers.ts";
import { short } from "../src/explorer/ribbon-column.ts";
import { compared, drawn, firstPlace, opened, type Seen } from "../src/explorer/shown.ts";
import {
  type ExplorerView,
  type Known,
  rulesOn,
  settled as settledBy,
} from "../src/explorer/view.ts";
import { way } from "../src/network/excitation-weights.ts";
import { recordedAnswers } from "../src/network/gallery.ts";
import { cover, occlude, patchesOf } from "../src/network/occlusion.ts";
import { csv } from "../src/parts/save.ts";
import { handWords } from "../src/parts/sentences.ts";
import { fromQuery, toQuery, type Wanted } from "../src/state/fields.ts";
import { gallery, means, probe, rules } from "./synthetic.ts";

const { blocks } = probe.network;
const explorer = rulesOn(rules.explorer!, probe.network.name);
const settled = (wanted: Wanted, fallback: ExplorerView | null, known: Known) =>
  settledBy(rules.explorer!, wanted, fallback, known);
const usual = settled({}, null, probe);

test("by default the last block with the first beside it, and gates from 0 to 1", () => {
  assert.equal(usual.block, "layer2.0.se");
  assert.equal(usual.beside, "layer1.0.se");
  assert.deepEqual(
    [usual.second, usual.channel, usual.scale, usual.gates],
    [null, null, "full", ""],
  );
});

test("a view survives its address, whatever it holds", () => {
  const view: ExplorerView = {
    ...usual,
    picture: "cup",
    second: "cat-1",
    block: "layer1.0.se",
    beside: "layer2.0.se",
    channel: 1,
    order: "difference",
    compare: "second",
    scale: "fitted",
    zoom: 16,
    from: 3,
    gates: "layer1.0.se:0=0.25;layer2.0.se:0-2=1",
  };
  const query = toQuery(explorer, new URLSearchParams("other=1"), "explorer", view, usual);
  assert.equal(query.get("other"), "1");
  assert.deepEqual(settled(fromQuery(explorer, query, "explorer"), usual, probe), view);
  const back = toQuery(explorer, query, "explorer", usual, usual);
  assert.deepEqual([...back.keys()].sort(), ["other", "picture"]);
});

test("what makes no sense is left, field by field", () => {
  const nonsense = [
    {
      picture: "unicorn",
      second: "__proto__",
      block: "layer9",
      beside: ["layer1.0.se"],
      channel: "3",
      zoom: 17,
      from: -1,
      gates: 7,
    },
    { channel: "1e0", zoom: "0x10", from: "1.5", order: "size", compare: "tiger", scale: "log" },
    { compare: "second" }, // there is no second picture
    { gates: "layer9:1=1;layer1.0.se:2=0,0=1.5,x=1,1=;;:;layer2.0.se:5-1=1" },
  ];
  for (const wanted of nonsense)
    assert.deepEqual(settled(wanted, usual, probe), usual, JSON.stringify(wanted));
});

test("a block is not open twice: the other one makes room", () => {
  const swapped = settled({ block: usual.beside }, usual, probe);
  assert.deepEqual([swapped.block, swapped.beside], [usual.beside, usual.block]);
  assert.notEqual(settled({ beside: usual.block }, usual, probe).beside, usual.block);
});

test("a channel stays with its block, and a second picture that goes takes its comparison along", () => {
  const held = { ...usual, channel: 2, second: "cup", compare: "second" };
  assert.equal(settled({ order: "excitation" }, held, probe).channel, 2);
  assert.equal(settled({ block: "layer1.0.se" }, held, probe).channel, null);
  assert.equal(settled({ second: null }, held, probe).compare, "predicted");
});

test("the way of a channel is equation 3", () => {
  // h = relu([1, -1; 0, 2] z + [0, 1]) with z = [3, 1] -> [2, 3]; sum of channel 1 = 0.5 * 2 - 1 *
  // 3 + 0.25
  const layers = {
    w1: Float32Array.of(1, -1, 0, 2),
    b1: Float32Array.of(0, 1),
    w2: Float32Array.of(9, 9, 0.5, -1),
    b2: Float32Array.of(0, 0.25),
  };
  const { given, hidden, added, sum, s } = way(layers, Float32Array.of(3, 1), 1);
  assert.deepEqual([given, hidden, added, sum], [[-1, 2], [2, 3], [1, -3], -1.75]);
  assert.ok(Math.abs(s - 1 / (1 + Math.exp(1.75))) < 1e-12);
});

test("patches: each centred on its cell, cells tile the picture, and what sticks out is cut", () => {
  const patches = patchesOf(32, 8);
  assert.equal(patches.length, 64);
  assert.deepEqual(patches[0], { left: -2, top: -2, side: 8 });
  assert.deepEqual(patches[63], { left: 26, top: 26, side: 8 });
  const picture = new Float32Array(3 * 16).fill(7);
  const covered = cover(picture, 4, { left: -1, top: 2, side: 3 }, [1, 2, 3]);
  const plane = (k: number) => Array.from(covered.subarray(16 * k, 16 * (k + 1)));
  for (const k of [0, 1, 2])
    assert.deepEqual(plane(k), [7, 7, 7, 7, 7, 7, 7, 7, k + 1, k + 1, 7, 7, k + 1, k + 1, 7, 7]);
  assert.ok(picture.every((value) => value === 7));
});

test("an occlusion reports row by row and ends between two rows when it is cancelled", async () => {
  const abort = new AbortController();
  let asked = 0;
  const inside = {
    maps: () => assert.fail(),
    covered: async (_i: number, _b: string, _c: number, patches: unknown[]) =>
      new Float32Array(patches.length).fill(++asked),
  };
  const question = { index: 0, block: "b", channel: 0, size: 32, steps: 8, gates: {} };
  const values = await occlude(inside, question, () => {}, abort.signal);
  assert.deepEqual([asked, values[0], values[63]], [8, 1, 8]);
  const told: number[] = [];
  const late = occlude(
    inside,
    question,
    (known) => {
      told.push(known.filter((value) => !Number.isNaN(value)).length);
      if (told.length === 2) abort.abort();
    },
    abort.signal,
  );
  await assert.rejects(late, { name: "AbortError" });
  assert.deepEqual(told, [8, 16]);
});

test("the table of all numbers: each gate once, with its mean", () => {
  const [answer, other] = recordedAnswers(gallery) as [any, any];
  const table = numbersOf({
    network: probe.network,
    answer,
    plain: null,
    second: other,
    compared: (b) => ({ of: "cat", mean: means[b]![0]!, each: [] }),
  });
  const find = (...head: unknown[]) =>
    table.filter((row) => head.every((cell, i) => row[i] === cell));
  assert.deepEqual(
    find("s", "layer2.0.se", 1).map((row) => row[4]),
    [0.75],
  );
  assert.deepEqual(
    find("s, mean of cat", "layer2.0.se", 1).map((row) => row[4]),
    [0.5],
  );
  assert.equal(find("s, second picture").length, 5);
  assert.equal(find("probability").length, 2);
});

test("CSV keeps its cells apart, and no cell runs as a formula", () => {
  assert.equal(
    csv([
      ["a,b", 'say "c"', null, 1.5, NaN],
      ["=1+1", "x\ny"],
    ]),
    '"a,b","say ""c""",,1.5,\r\n\'=1+1,"x\ny"\r\n',
  );
});

test("the drawing needs nothing else: every gate, both charts, and no text that could be markup", () => {
  const [answer] = recordedAnswers(gallery) as [any];
  const rows = blocks.map((_, b) => ({
    s: answer.blocks[b].s,
    second: null,
    order: [...answer.blocks[b].s.keys()],
    distance: 0.1 * b,
    set: null,
  }));
  const svg = drawing(
    {
      caption: "<cat> & dog",
      blocks,
      axis: { low: 0, high: 1, ticks: [0, 0.5, 1] },
      strips: {
        rows,
        low: 0,
        high: 1,
        open: [],
        block: blocks[0]!.name,
        channel: null,
        to: "the mean",
      },
      charts: blocks.map(({ title }, b) => ({
        title,
        s: answer.blocks[b].s,
        order: rows[b]!.order,
        comparison: { of: "cat", mean: means[b]![0]!, each: [] },
        held: 0,
      })),
    },
    { ink: "#111", paper: "#fff", s: "#b34a0a" },
  );
  assert.equal(svg.match(/<circle/g)!.length, 5);
  assert.equal(svg.match(/fill-opacity/g)!.length, 5 + 2);
  assert.ok(svg.includes("&lt;cat&gt; &amp; dog") && !svg.includes("var(") && !svg.includes("NaN"));
});

test("what is shown follows from the view and the answers", () => {
  const [cat, cup] = recordedAnswers(gallery) as [Seen["answer"], Seen["answer"]];
  const seen: Seen = {
    probe,
    view: usual,
    answer: cat,
    plain: cat,
    second: null,
    set: { "layer2.0.se": Float32Array.of(NaN, 0, NaN) },
  };
  const { caption, strips, charts } = drawn(seen);
  assert.equal(caption, "Tiny: cat 1");
  // the likeliest class
  assert.deepEqual([strips.open, strips.to], [["layer1.0.se", "layer2.0.se"], "the mean of cat"]);
  assert.deepEqual(
    strips.rows.map(({ set }) => set && [...set]),
    [null, [NaN, 0, NaN]],
  );
  assert.deepEqual(
    strips.rows.map(({ distance }) => distance),
    [0.25, (0.25 + 0.25 + 0.5) / 3],
  );
  assert.deepEqual(
    charts.map(({ title, held }) => [title, held]),
    [
      ["block 1.1", null],
      ["block 2.1", null],
    ],
  );
  assert.deepEqual(
    opened(blocks, { ...usual, block: "layer1.0.se", beside: "layer1.0.se" }).map(
      ({ name }) => name,
    ),
    ["layer1.0.se"],
  );

  const beside: Seen = {
    ...seen,
    view: { ...usual, second: "cup", compare: "second", order: "excitation", channel: 2 },
    second: cup,
  };
  assert.equal(compared(beside, 1).called, "a cup");
  assert.equal(drawn(beside).strips.to, "a cup");
  assert.deepEqual(
    drawn(beside).charts.map(({ order, held }) => [order, held]),
    [
      [[1, 0], null],
      [[1, 2, 0], 2],
    ],
  );
  assert.equal(compared({ ...beside, second: null }, 1).mean, null); // its answer is on the way
});

test("the part of a chart moves as far as it must to show the chosen channel", () => {
  const answer = recordedAnswers(gallery)[0]!;
  const at = (channel: number | null, zoom: number, from: number) =>
    firstPlace({
      probe,
      view: { ...usual, channel, zoom, from },
      answer,
      plain: answer,
      second: null,
      set: {},
    });
  assert.deepEqual(
    [at(2, 2, 0), at(0, 2, 1), at(1, 2, 1), at(null, 2, 1), at(2, 0, 0)],
    [1, 0, 1, 1, 0],
  );
});

test("short names of blocks", () => {
  assert.deepEqual(blocks.map(short), ["1.1", "2.1"]);
  assert.equal(short({ ...blocks[0]!, title: "features.3", stage: null, depth: 4 }), "4");
});

test("words on gates by hand", () => {
  const [plain, answer] = recordedAnswers(gallery) as [any, any];
  assert.match(handWords(0, null, false), /fetches the network/);
  assert.match(handWords(1, null, false), /^1 gate is set by hand; the prediction answers when/);
  const said = (more: object) =>
    handWords(3, { plain, answer, network: { classes: ["cat", "dog"], ...more } as any }, true);
  assert.match(said({}), /: cat goes from 73.1% to 1.8%, and it is now taken for dog\.$/);
  assert.match(said({ values: true }), /: cat goes from [−\d.]+ to [−\d.]+, and dog is now the la/);
});
