// Read by Playwright's driver before itself (conftest.py). At every try of an `expect` that does not hold yet, the driver writes down
// the whole page as a tree of roles and names, for the message of a failure. On a chapter that takes a third of a second of the page's
// own thread, several times a wait: half of what it takes to start a network there. Without it an `expect` fails or holds as before.
//
// Whenever it looks for an element it goes through all of the page for shadow roots, of which the book has none (test_pages.py). And
// whenever it looks for a role it asks each element of the page for its own: 20 ms on the page of slides, at every try of an `expect`.
// Of most roles it need only ask those that can have them: by their tag, or by an attribute.
const Module = require("node:module");
const compile = Module.prototype._compile;
const CAN_BE = {
  button: "button, input, [role]",
  checkbox: "input, [role]",
  combobox: "input, select, [role]",
  link: "a, area, [role]",
  radio: "input, [role]",
  slider: "input, [role]",
  spinbutton: "input, [role]",
  textbox: "input, textarea, [role]",
};
const CHANGES = [
  ["ariaSnapshotForExpectFailure(element, options) {", '$& return "";'],
  ["if (!context.pierceShadow)\\n          return;", "return;"],
  [
    'querySelectorAll("*")) {\\n      match(element);',
    `querySelectorAll(${JSON.stringify(CAN_BE)}[options.role] ?? "*")) {\\n      match(element);`,
  ],
];
const quickened = (source) =>
  CHANGES.reduce((text, [old, quicker]) => {
    if (!text.includes(old)) throw new Error(`this Playwright has no ${old}: change driver.cjs, or leave it out`);
    return text.replace(old, quicker);
  }, source);
Module.prototype._compile = function (source, file, ...more) {
  return compile.call(this, file.endsWith("coreBundle.js") ? quickened(source) : source, file, ...more);
};
