// What to do first, in a line; and a guess, asked before the reader looks and answered after.
//
//   asked ──a stage──▶ the other picture is shown, and the gates say how far each stage moved
// ──again──▶ asked

import { distance } from "../math/channels.ts";
import { decimal } from "../math/format.ts";
import type { Answer, BlockInfo, PictureInfo, Probe } from "../network/network.ts";
import { button, div, h, p, say } from "../parts/dom.ts";
import { linksTo } from "../parts/prose-links.ts";

export interface FirstWords {
  el: HTMLElement;
  /** @param index of the picture that is shown */
  show(index: number): void;
}

/**
 * @param choose a picture, by its index
 * @param held the picture that all others are compared with; null where that is the one before
 */
export function firstWords(
  probe: Probe,
  choose: (index: number) => void,
  held: number | null,
): FirstWords {
  const { blocks } = probe.network;
  const stages = [...new Set(blocks.map(({ stage }) => stage))].filter((stage) => stage !== null);
  const question = h("span");
  const answers = h("span", { class: "senet-guesses", role: "group", "aria-label": "Your guess" });
  const said = h("span", { role: "status" });
  const again = button("Ask again", () => {
    [from, to] = [held ?? to, partner(probe.pictures, to, held)];
    ask();
    (answers.firstElementChild as HTMLElement).focus();
  });
  // the text's links are its steps (parts/prose-links.ts)
  const tour =
    linksTo("explorer").length > 1
      ? h("button", { type: "button", "data-tour": "explorer" }, "Show me around")
      : null;
  const guess = p("senet-guess", question, answers, said, " ", again);
  let [at, from, to] = [-1, -1, -1];
  let asked = true;
  answers.append(
    ...stages.map((stage) => button(`stage ${stage}`, () => void answer(stage!).catch(failed))),
  );

  function ask(): void {
    asked = true;
    say(question, `Guess: which stripes change most with “${title(to)}”? `);
    said.textContent = "";
    answers.hidden = false;
    again.hidden = true;
  }

  async function answer(stage: number): Promise<void> {
    const both = await Promise.all([probe.probe(from), probe.probe(to)]);
    asked = false;
    answers.hidden = true;
    again.hidden = false;
    say(said, `${judged(stage, moved(blocks, both))} (from “${title(from)}” to “${title(to)}”)`);
    question.textContent = "";
    choose(to);
    again.focus({ preventScroll: true });
  }

  const title = (index: number) => probe.pictures[index]!.title;
  const failed = (error: Error) => say(said, `No answer: ${error.message}`);

  return {
    el: div(
      "senet-first",
      h(
        "p",
        {},
        h("strong", {}, "Choose a picture, then press a dot in a chart and drag it:"),
        " the answer follows. ",
        tour,
      ),
      stages.length > 1 && probe.pictures.length > 1 ? guess : null,
    ),
    show(index) {
      if (!asked || index === at) return;
      at = index;
      [from, to] = [held ?? index, partner(probe.pictures, index, held)];
      ask();
    },
  };
}

/** A picture of another class, the next in the gallery; not the one that is held. */
function partner(pictures: PictureInfo[], index: number, held: number | null): number {
  const { label } = pictures[index]!;
  const others = pictures
    .map((_, i) => (index + i + 1) % pictures.length)
    .filter((i) => i !== index && i !== held);
  const apart = others.find((i) => pictures[i]!.label !== null && pictures[i]!.label !== label);
  return apart ?? others[0] ?? index;
}

/** How far the gates of each stage are from one picture to another, on average. */
export function moved(blocks: BlockInfo[], [a, b]: Answer[]): Map<number, number> {
  const all = new Map<number, number[]>();
  blocks.forEach(({ stage }, i) => {
    if (stage === null) return;
    const far = distance(a!.blocks[i]!.s, b!.blocks[i]!.s);
    all.set(stage, [...(all.get(stage) ?? []), far]);
  });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return new Map([...all].map(([stage, far]) => [stage, mean(far)]));
}

/** What came of a guess, in a sentence. */
export function judged(stage: number, far: Map<number, number>): string {
  const most = [...far].reduce((best, each) => (each[1] > best[1] ? each : best));
  const rest = [...far].filter(([other]) => other !== most[0]);
  const others = rest.map(([other, value]) => `stage ${other} by ${decimal(value, 2)}`).join(", ");
  const verdict = stage === most[0] ? "Yes" : `Not stage ${stage}`;
  return `${verdict}: stage ${most[0]} moves most, by ${decimal(most[1], 2)} a gate on average; ${others}.`;
}
