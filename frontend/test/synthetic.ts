// A small gallery with known numbers, a probe over it that needs no browser, and the rules of the
// widgets' fields, as Python writes them (tests/test_fields.py).

import { readFileSync } from "node:fs";
import type { Packed } from "../src/math/packed.ts";
import { FORMAT, type Gallery, recordedAnswers, rows } from "../src/network/gallery.ts";
import type { Probe } from "../src/network/network.ts";
import type { Rules } from "../src/state/fields.ts";

export function pack(values: number[]): Packed {
  return { type: "f4", data: Buffer.from(new Float32Array(values).buffer).toString("base64") };
}

/** 2 pictures (a cat, and a cup of no class), 2 classes, blocks of 2 and 3 channels. */
export const gallery: Gallery = {
  format: FORMAT,
  network: {
    name: "tiny",
    title: "Tiny",
    classes: ["cat", "dog"],
    blocks: [
      {
        name: "layer1.0.se",
        title: "block 1.1",
        stage: 1,
        depth: 1,
        channels: 2,
        hidden: 2,
        range: [0.25, 1],
      },
      {
        name: "layer2.0.se",
        title: "block 2.1",
        stage: 2,
        depth: 2,
        channels: 3,
        hidden: 2,
        range: [0, 1],
      },
    ],
    accuracy: 0.5,
  },
  pictures: [
    { id: "cat-1", title: "cat 1", alt: "a cat", source: "", credit: "", label: 0 },
    { id: "cup", title: "a cup", alt: "a cup", source: "", credit: "", label: null },
  ],
  sprite: { url: "", size: 32, columns: 2 },
  means: [pack([0.5, 0.25, 0.75, 0.5]), pack([0, 0.5, 1, 1, 0.5, 0])],
  recorded: {
    logits: pack([2, 1, -1, 3]),
    z: [pack([1, 2, 3, 4]), pack([1, 2, 3, 4, 5, 6])],
    s: [pack([0.5, 0.75, 0.25, 1]), pack([0.25, 0.75, 0.5, 0, 0, 1])],
  },
};

export const means = [rows(gallery.means![0]!, 2, 2), rows(gallery.means![1]!, 2, 3)];

export const probe: Probe = {
  network: gallery.network,
  pictures: gallery.pictures,
  means,
  engine: "for tests",
  draw: () => {},
  probe: async (index) => recordedAnswers(gallery)[index]!,
};

export const rules = JSON.parse(
  readFileSync(new URL("./rules.json", import.meta.url), "utf8"),
) as Record<string, Rules>;
