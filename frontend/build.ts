// Bundle the widgets twice from one source: page.js and what it asks for, for published pages,
// widget.js and widget-plots.js for notebooks. `--watch` rebuilds on change.

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { notices, packages } from "./notices.ts";

const out = new URL("../sebook/widgets/static/", import.meta.url).pathname;
const common: esbuild.BuildOptions = {
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none", // third-party.txt has them
  metafile: true,
  target: ["chrome105", "firefox110", "safari16"], // the first with container queries
  logLevel: "warning",
};
const bundles: esbuild.BuildOptions[] = [
  // A classic script: modules are not loaded from file://, and a book has to open from a folder
  // too.
  { ...common, entryPoints: ["src/page.ts"], outfile: `${out}page.js`, format: "iife" },
  // which page.js asks for
  { ...common, entryPoints: ["src/figures.ts"], outfile: `${out}figures.js`, format: "iife" },
  { ...common, entryPoints: ["src/plots.ts"], outfile: `${out}plots.js`, format: "iife" },
  { ...common, entryPoints: ["src/codes.ts"], outfile: `${out}codes.js`, format: "iife" },
  // anywidget's _esm
  { ...common, entryPoints: ["src/widget.ts"], outfile: `${out}widget.js`, format: "esm" },
  {
    ...common,
    entryPoints: ["src/widget-plots.ts"],
    outfile: `${out}widget-plots.js`,
    format: "esm",
  },
  { ...common, entryPoints: ["src/widgets.css"], outfile: `${out}widgets.css` },
];

if (process.argv.includes("--watch")) {
  for (const bundle of bundles)
    await (await esbuild.context({ ...bundle, logLevel: "info" })).watch();
} else {
  const metafiles: esbuild.Metafile[] = [];
  for (const bundle of bundles) {
    metafiles.push((await esbuild.build(bundle)).metafile!);
    const bytes = readFileSync(bundle.outfile!);
    const size = (n: number) => `${(n / 1000).toFixed(1)} kB`.padStart(9);
    console.log(
      `${basename(bundle.outfile!).padEnd(12)}${size(bytes.length)}, gzipped ${size(gzipSync(bytes, { level: 9 }).length)}`,
    );
  }
  writeFileSync(`${out}third-party.txt`, notices(packages(metafiles)));
}
