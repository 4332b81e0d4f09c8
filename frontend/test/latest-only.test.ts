import assert from "node:assert/strict";
import { test } from "node:test";
import { latestOnly, Superseded } from "../src/state/latest-only.ts";

/** Answers when told to. */
function slow() {
  const open: { value: number; answer: () => void; fail: () => void }[] = [];
  const ask = (value: number) =>
    new Promise<number>((resolve, reject) =>
      open.push({
        value,
        answer: () => resolve(10 * value),
        fail: () => reject(new Error("broken")),
      }),
    );
  return { open, ask: latestOnly(ask) };
}
const turn = () => new Promise((resolve) => setTimeout(resolve));

test("one question at a time, then the newest; the others are rejected", async () => {
  const { open, ask } = slow();
  const answers = [1, 2, 3, 4].map((value) => ask(value));
  const settled = Promise.allSettled(answers);
  assert.deepEqual(
    open.map(({ value }) => value),
    [1],
  );
  open[0]!.answer();
  await turn();
  assert.deepEqual(
    open.map(({ value }) => value),
    [1, 4],
  );
  open[1]!.answer();
  const [first, second, third, fourth] = await settled;
  assert.deepEqual(
    [first, fourth],
    [
      { status: "fulfilled", value: 10 },
      { status: "fulfilled", value: 40 },
    ],
  );
  for (const overtaken of [second!, third!])
    assert.ok(overtaken.status === "rejected" && overtaken.reason instanceof Superseded);
});

test("a question that fails holds up no other", async () => {
  const { open, ask } = slow();
  const [first, second] = [ask(1), ask(2)];
  open[0]!.fail();
  await assert.rejects(first, /broken/);
  await turn();
  open[1]!.answer();
  assert.equal(await second, 20);
});
