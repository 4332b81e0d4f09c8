// LaTeX in, MathML out: one JSON object a line on stdin, one a line on stdout, until stdin ends. book_mathml.py holds the other end.
import { createInterface } from "node:readline";
import temml from "temml";

// Classes colour a symbol, ids and links within the book explain it. Nothing that could load or leave.
const trust = ({ command, url }) => ["\\class", "\\id"].includes(command) || (command === "\\href" && /^[#.\w]+[^:]*$/.test(url));

for await (const line of createInterface({ input: process.stdin })) {
  const { latex, display, macros } = JSON.parse(line);
  let answer;
  try {
    // The annotation keeps the LaTeX, for anyone who copies a formula or reads it with a screen reader that knows LaTeX.
    const options = { displayMode: display, annotate: true, throwOnError: true, trust, macros };
    answer = { mathml: temml.renderToString(latex, options) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
