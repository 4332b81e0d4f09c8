// What a first page compares the gates with: what was shown before the last change. That is the
// picture before, or, once gates are pulled, the gates that this picture has by itself.

import type { Answer } from "../network/network.ts";

export interface Earlier {
  answer: Answer;
  /** "those for the rocket". */
  called: string;
}

export class Before {
  /** Null at the start. */
  now: Earlier | null = null;
  private last: { title: string; answer: Answer } | null = null;
  private pulled = false;

  /** @param plain the answer with every gate the network's own */
  take(title: string, plain: Answer, pulled: boolean): void {
    const { last } = this;
    if (pulled) this.now = { answer: plain, called: "the network’s own gates" };
    else if (last && last.title !== title)
      this.now = { answer: last.answer, called: `those for ${last.title}` };
    else if (this.pulled) this.now = null;
    this.pulled = pulled;
    this.last = { title, answer: plain };
  }
}
