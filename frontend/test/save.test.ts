// Numbers as a file that any table program reads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../src/parts/save.ts";

test("cells are quoted where they have to be", () => {
  assert.equal(
    csv([
      ["class", "mean"],
      ['a "b", c', 0.5],
      ["two\nlines", null],
    ]),
    'class,mean\r\n"a ""b"", c",0.5\r\n"two\nlines",\r\n',
  );
});
