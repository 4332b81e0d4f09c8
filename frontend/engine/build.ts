// What a page fetches to run or to train a network itself: `node build.ts FOLDER MODEL.onnx ...`
// writes FOLDER/live/*.js.
//
// Each is a script that hands over one text (SENet.provide), since from file:// a page can load
// nothing else: the worker's source, and as base64 of gzip the runtime and the networks. The
// manifest has their sizes, for progress in bytes.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { notices } from "../notices.ts";

const [folder, ...models] = process.argv.slice(2);
if (!folder || models.length === 0) throw new Error("usage: node build.ts FOLDER MODEL.onnx ...");
const here = import.meta.dirname;
const out = join(folder, "live");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const { outputFiles } = await esbuild.build({
  entryPoints: [join(here, "worker.ts"), join(here, "trainer.ts")],
  outdir: out,
  bundle: true,
  minify: true,
  write: false,
  format: "iife", // a module from a blob would not start on file://
  target: ["chrome105", "firefox113", "safari16.4"], // the first with DecompressionStream
  define: { "import.meta.url": "self.location.href" },
  legalComments: "none",
  logLevel: "warning",
});

const sizes: Record<string, number> = {};
for (const { path, text } of outputFiles) provide(parse(path).name, text);
provide(
  "runtime",
  packed(join(here, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm")),
);
for (const model of models) provide(parse(model).name, packed(model));
provide("manifest", sizes);
// Others' networks among the models, by the model's name: their licence goes along.
const OTHERS: Record<string, string> = { selfie_segmentation: "@mediapipe/selfie_segmentation" };
const CHANGED =
  "Of this package, live/selfie_segmentation.js holds the network selfie_segmentation.tflite, by the MediaPipe\n" +
  "authors (mhays@google.com), changed: converted to ONNX, weights as 32-bit floats, channels before pixels.";
const others = models
  .map((model) => OTHERS[parse(model).name])
  .filter((name) => name !== undefined);
const folders = ["onnxruntime-web", ...others].map((name) => join(here, "node_modules", name));
const remarks = Object.fromEntries(others.map((name) => [name, CHANGED]));
writeFileSync(join(out, "third-party.txt"), notices(folders, remarks));

function packed(path: string): string {
  return gzipSync(readFileSync(path), { level: 9 }).toString("base64");
}

function provide(name: string, data: unknown): void {
  const text = `SENet.provide(${JSON.stringify(`live/${name}`)},${JSON.stringify(data)});\n`;
  const bytes = Buffer.from(text);
  writeFileSync(join(out, `${name}.js`), bytes);
  sizes[name] = bytes.length;
  const mb = (n: number) => `${(n / 1e6).toFixed(2)} MB`;
  console.log(
    `${name.padEnd(24)}${mb(bytes.length)}, gzipped ${mb(gzipSync(bytes, { level: 9 }).length)}`,
  );
}
