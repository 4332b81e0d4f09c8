import assert from "node:assert/strict";
import { test } from "node:test";

// Where the page's script lies, which registry.ts asks for when it is loaded.
Object.assign(globalThis, {
  document: { currentScript: { src: "https://book/page.js" } },
  location: { protocol: "https:" },
  origin: "https://book",
});
const { download } = await import("../src/network/download.ts");

const FILE = 'SENet.provide("live/a","text");\n';

function load(sent: string): Promise<string[]> {
  globalThis.fetch = () => Promise.resolve(new Response(sent));
  return download(["a"], { a: FILE.length }, () => {}, new AbortController().signal);
}

test("a file whose lines end in two bytes is the same file", async () => {
  assert.deepEqual(await load(FILE), ["text"]);
  assert.deepEqual(await load(FILE.replace("\n", "\r\n")), ["text"]);
});

test("a file that was cut short is refused", async () => {
  await assert.rejects(load(FILE.slice(0, -1)), /a.js has 31 of 32 bytes/);
});
