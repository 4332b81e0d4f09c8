// Folders by role: each may import those after it, so that no import runs back, between folders or
// between files.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { test } from "node:test";

const source = resolve(import.meta.dirname, "../src");
/** Top down. "." are the entry points. */
const FOLDERS = [
  ".",
  "explorer",
  "widgets",
  "picture-editor",
  "parts",
  "state",
  "network",
  "training",
  "math",
];

/** By file, what it imports of ours. */
const imports = new Map(
  globSync("**/*.ts", { cwd: source }).map((file) => {
    const text = readFileSync(resolve(source, file), "utf8");
    const found = [...text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)].map(([, path]) =>
      relative(source, resolve(source, dirname(file), path!)),
    );
    return [file, found] as const;
  }),
);
const folder = (file: string) => dirname(file).split(sep)[0]!;

test("every folder has its place, and imports run downwards", () => {
  assert.deepEqual([...new Set([...imports.keys()].map(folder))].sort(), [...FOLDERS].sort());
  for (const [file, found] of imports) {
    for (const other of found) {
      assert.ok(imports.has(other), `${file} imports ${other}, which is not there`);
      assert.ok(
        FOLDERS.indexOf(folder(file)) <= FOLDERS.indexOf(folder(other)),
        `${file} imports ${other}`,
      );
    }
  }
});

test("widgets and explorer do not import each other", () => {
  for (const [file, found] of imports) {
    if (folder(file) !== "explorer") continue;
    assert.deepEqual(
      found.filter((other) => folder(other) === "widgets"),
      [],
      file,
    );
  }
});

test("no file comes back to itself", () => {
  const done = new Set<string>();
  const follow = (file: string, way: string[]): void => {
    assert.ok(!way.includes(file), [...way, file].join(" -> "));
    if (done.has(file)) return;
    for (const other of imports.get(file)!) follow(other, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) follow(file, []);
});

test("lines have at most 100 columns, but where a text is too long to be broken", () => {
  for (const file of imports.keys()) {
    const lines = readFileSync(resolve(source, file), "utf8").split("\n");
    const long = lines.filter((line) => [...line].length > 100 && !/["`]/.test(line));
    assert.deepEqual(long, [], file);
  }
});
