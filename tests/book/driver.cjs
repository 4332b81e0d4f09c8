// Read by Playwright's driver before itself (conftest.py). At every try of an `expect` that does not hold yet, the driver writes down
// the whole page as a tree of roles and names, for the message of a failure. On a chapter that takes a third of a second of the page's
// own thread, several times a wait: half of what it takes to start a network there. Without it an `expect` fails or holds as before.
//
// And whenever it looks for an element it goes through all of the page for shadow roots, of which the book has none (test_pages.py).
const Module = require("node:module");
const compile = Module.prototype._compile;
const quickened = (source) =>
  source
    .replace("ariaSnapshotForExpectFailure(element, options) {", '$& return "";')
    .replace("if (!context.pierceShadow)\\n          return;", "return;");
Module.prototype._compile = function (source, file, ...more) {
  return compile.call(this, file.endsWith("coreBundle.js") ? quickened(source) : source, file, ...more);
};
