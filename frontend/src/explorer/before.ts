// What a first page compares the gates with: those for one picture, the author's, whatever is
// chosen later; or, once gates are pulled, the gates that this picture has by itself.

import type { Answer } from "../network/network.ts";
import type { Setting } from "./setting.ts";

export interface Earlier {
  answer: Answer;
  /** "the gates for the rocket". */
  called: string;
  /** Whose gates it is not any more, since gates were pulled. */
  instead?: string;
}

/** With the answer for the author's picture. */
export async function before({ probe, usual }: Setting): Promise<Before> {
  const index = probe.pictures.findIndex(({ id }) => id === usual.picture);
  return new Before(probe.pictures[index]!.title, await probe.probe(index));
}

export class Before {
  /** Null where the picture is the one that others are compared with. */
  now: Earlier | null = null;
  private readonly title: string;
  private readonly first: Earlier;

  constructor(title: string, answer: Answer) {
    this.title = title;
    this.first = { answer, called: `the gates for ${title}` };
  }

  /** @param plain the answer with every gate the network's own */
  take(title: string, plain: Answer, pulled: boolean): void {
    const whole = title === this.title ? null : this.first;
    const own = { answer: plain, called: "its gates before the change" };
    this.now = pulled ? { ...own, ...(whole && { instead: `${this.title}’s` }) } : whole;
  }
}
