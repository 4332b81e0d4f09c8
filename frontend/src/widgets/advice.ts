// "Should I add SE?": four menus, and the answer that sebook/widgets/advice.py wrote for what they say.

import { div, h, say } from "../parts/dom.ts";
import { widgetFrame } from "../parts/frame.ts";
import { menus } from "../parts/menus.ts";
import type { Keeper } from "../state/keeper.ts";

type AdviceView = Record<"base" | "start" | "scarce" | "where", string>;

export interface AdviceData {
  /** By field: the question, and its answers in words. */
  questions: Record<keyof AdviceView, [question: string, answers: Record<string, string>]>;
  heads: string[];
  /** By the answers in the questions' order, with a blank between: the words below each head. */
  answers: Record<string, string[]>;
}

export function advice(root: HTMLElement, data: AdviceData, keeper: Keeper): () => void {
  const asked = menus<keyof AdviceView>((wanted) => frame.wish(wanted), data.questions);
  const words = data.heads.map((head) => h(head === "In code" ? "code" : "span"));
  const list = h(
    "dl",
    { class: "senet-advice" },
    ...data.heads.flatMap((head, i) => [h("dt", {}, head), h("dd", {}, words[i]!)]),
  );
  const frame = widgetFrame<AdviceView>(root, keeper, () => data, {
    body: [div("senet-asked", ...asked.els), list],
    draw(now) {
      asked.show(now);
      const key = Object.keys(data.questions).map((field) => now[field as keyof AdviceView]);
      data.answers[key.join(" ")]!.forEach((text, i) => say(words[i]!, text));
    },
    spoken: () => words[0]!.textContent ?? "",
  });
  return frame.end;
}
