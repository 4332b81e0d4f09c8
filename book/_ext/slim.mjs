// A style without the rules that no page can ask for: `node slim.mjs STYLE FOLDER` rewrites STYLE after the pages and scripts in FOLDER.
// book_quick.py calls it. PurgeCSS decides; this file only says what counts as asking.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postcss from "postcss";
import { PurgeCSS } from "purgecss";

const [style, folder] = process.argv.slice(2);

const TAG = /<([a-zA-Z][\w-]*)((?:\s+[^\s=>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)/g;
const ATTRIBUTE = /([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
const LONG = 300; // a value that is text or data, and no name

/** The elements of a page, its attributes and their words: not its prose, in which "card" or "row" is not a class. */
function named(page) {
  const names = new Set();
  for (const [, tag, attributes] of page.matchAll(TAG)) {
    names.add(tag.toLowerCase());
    for (const [, name, ...values] of attributes.matchAll(ATTRIBUTE)) {
      names.add(name);
      const value = values.find((each) => each !== undefined) ?? "";
      if (value.length < LONG) for (const word of value.split(/\s+/)) names.add(word);
    }
  }
  return [...names];
}

/** Of a script every word, since any may be a class that it sets. */
const words = (script) => script.match(/[\w-]+/g) ?? [];

const variables = new Set(); // which pages, scripts and the book's own styles name
const meet = (text) => (text.match(/--[\w-]+/g) ?? []).forEach((name) => variables.add(name));
for (const own of ["_static/book.css", "_static/senet/widgets.css"]) meet(readFileSync(join(folder, own), "utf8"));
const extract = (how) => (text) => (meet(text), how(text));

const purge = new PurgeCSS();
// Scripts, but not the data beside them, which are megabytes.
const content = ["**/*.html", "_static/*.js", "_static/scripts/*.js", "_static/senet/*.js"].map((each) => join(folder, each));
const extractors = [{ extractor: extract(named), extensions: ["html"] }, { extractor: extract(words), extensions: ["js"] }];
// Twice: which variables are named is known only when every page was read.
const run = (options) => purge.purge({ content, extractors, css: [style], ...options });
const [{ css }] = await run({});
const [slim] = await purge.purge({
  content: [], css: [{ raw: css }], variables: true, safelist: { standard: [/./], variables: [...variables] },
});
const tree = postcss.parse(slim.css);
tree.walkComments((comment) => void (comment.text.startsWith("!") || comment.remove())); // "!" marks a licence
writeFileSync(style, tree.toString().replace(/\n\s*\n+/g, "\n"));
