// Read by Playwright's driver before itself (conftest.py). At every try of an `expect` that does not hold yet, the driver writes down
// the whole page as a tree of roles and names, for the message of a failure. On a chapter that takes a third of a second of the page's
// own thread, several times a wait: half of what it takes to start a network there. Without it an `expect` fails or holds as before.
const Module = require("node:module");
const compile = Module.prototype._compile;
Module.prototype._compile = function (source, file, ...more) {
  const ours = file.endsWith("coreBundle.js") ? source.replace("ariaSnapshotForExpectFailure(element, options) {", '$& return "";') : source;
  return compile.call(this, ours, file, ...more);
};
