// A second picture beside the first: chosen from a menu, shown small, and changed places with the
// first by a button.

import { largest } from "../math/softmax.ts";
import type { Answer, Probe } from "../network/network.ts";
import { choice, div, h, span } from "../parts/dom.ts";
import { amount, shares } from "../parts/shares.ts";

export interface SecondPicture {
  el: HTMLElement;
  show(index: number | null, answer: Answer | null): void;
  /** Fill the menu again: the reader's own picture has arrived. */
  renew(): void;
}

/** @param chosen with the id of a picture, null for none */
export function secondPicture(
  probe: Probe,
  chosen: (id: string | null) => void,
  swap: () => void,
): SecondPicture {
  const menu = choice("Second picture", (id) => chosen(id || null));
  const change = h("button", { type: "button", onclick: swap }, "Swap the two");
  const canvas = h("canvas", { role: "img" });
  const line = span("senet-second-line");
  const el = div("senet-second", menu.el, canvas, line, change);
  const renew = () => {
    const { value } = menu.select;
    menu.select.replaceChildren(
      h("option", { value: "" }, "none"),
      ...probe.pictures.map(({ id, title }) => h("option", { value: id }, title)),
    );
    menu.select.value = value;
  };
  renew();
  return {
    el,
    renew,
    show(index, answer) {
      const picture = index === null ? null : probe.pictures[index]!;
      menu.select.value = picture?.id ?? "";
      canvas.hidden = change.hidden = line.hidden = !picture || !answer;
      if (index === null || !picture || !answer) return;
      probe.draw(index, canvas);
      canvas.setAttribute("aria-label", picture.alt);
      const top = largest(answer.logits, 1)[0]!;
      const { network } = probe;
      const sure = amount(network, shares(network, answer.logits)[top]!);
      line.textContent = `${network.values ? "" : "taken for "}${network.classes[top]!}, ${sure}`;
    },
  };
}
