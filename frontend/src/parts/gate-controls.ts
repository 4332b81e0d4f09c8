// The controls that set gates by hand.

import { decimal } from "../math/format.ts";
import type { BlockInfo } from "../network/network.ts";
import type { ByHand } from "../state/by-hand.ts";
import { button, div, folded, h, p, say, set, symbol } from "./dom.ts";

/** What the controls of one side show. */
export interface Hand {
  block: BlockInfo;
  /** The channel that is held in the chart, null for none. */
  channel: number | null;
  /** (C,), as overridden. */
  s: Float32Array;
  /** Mean over all classes, (C,); null where it is not known. */
  mean: Float32Array | null;
}

export interface GateControls {
  el: HTMLDetailsElement;
  show(sides: Hand[], line: string): void;
}

/** @param changed after each change of `hand` */
export function gateControls(titles: string[], hand: ByHand, changed: () => void): GateControls {
  const sides = titles.map((title) => side(title, hand, changed));
  const act = (words: string, does: () => void) =>
    button(words, () => {
      does();
      changed();
    });
  const undo = act("Undo", () => hand.undo());
  const redo = act("Redo", () => hand.redo());
  const release = act("Let all gates go", () => hand.release());
  const line = h("p", { class: "senet-hand-line", role: "status" });
  const panel = div(
    "senet-hand",
    ...sides.map((s) => s.el),
    p("senet-hand-all", undo, " ", redo, " ", release),
    line,
  );
  const el = folded("senet-numbers senet-by-hand", "Pull gates by hand", fill, panel);
  let now: [Hand[], string] | null = null;

  function fill(): void {
    if (!el.open || !now) return; // while it is closed, nobody sees it
    const [shown, words] = now;
    sides.forEach((s, i) => s.show(shown[i]!));
    undo.disabled = !hand.undoable;
    redo.disabled = !hand.redoable;
    release.disabled = hand.count === 0;
    say(line, words);
  }

  panel.addEventListener("keydown", (event) => event.stopPropagation()); // arrows are the sliders'
  undoKeys(panel, hand, changed);
  return {
    el,
    show(shown, words) {
      now = [shown, words];
      fill();
    },
  };
}

/** Control and Z undo, with Shift they redo. */
export function undoKeys(element: HTMLElement, hand: ByHand, changed: () => void): void {
  element.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (!(ctrlKey || metaKey) || altKey || key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (shiftKey) hand.redo();
    else hand.undo();
    changed();
  });
}

function side(title: string, hand: ByHand, changed: () => void) {
  let now: Hand;
  let pulls = 0;
  const apply = (
    channels: number[] | null,
    value: (channel: number) => number | null,
    pull: string | null = null,
  ) => {
    hand.set(now.block, channels, value, pull);
    changed();
  };
  const slider: HTMLInputElement = h("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.01,
    disabled: true,
    oninput: () =>
      apply([now.channel!], () => Number(slider.value), `${title}-${now.channel}-${pulls}`),
    onchange: () => void pulls++, // the hand has let go: what comes next is another pull
  });
  const output = h("output", {});
  const name = h("span", {});
  const legend = h("legend", {}, title);
  // A name begins with what is written: people who speak to the page say what they see. There is
  // nothing to pull before `show`.
  const named = (words: string, does: string, act: () => void) => {
    const made = button(words, act);
    set(made, { disabled: true, "aria-label": `${words}: ${does}, ${title.toLowerCase()}` });
    return made;
  };
  const one = [
    named("off", "close the gate", () => apply([now.channel!], () => 0)),
    named("1", "open the gate", () => apply([now.channel!], () => 1)),
    named("mean", "set the gate to its mean", () => apply([now.channel!], (c) => now.mean![c]!)),
    named("own", "let the gate go", () => apply([now.channel!], () => null)),
  ];
  const all = [
    named("all 1", "open all gates", () => apply(null, () => 1)),
    named("all mean", "set all gates to their mean", () => apply(null, (c) => now.mean![c]!)),
    named("all own", "let all gates go", () => apply(null, () => null)),
  ];
  const el = h(
    "fieldset",
    {},
    legend,
    h("label", { class: "senet-slide" }, name, slider, output),
    p("senet-hand-buttons", ...one, ...all),
  );
  return {
    el,
    show(shown: Hand): void {
      now = shown;
      const { channel, s, mean, block } = now;
      say(legend, `${title}, ${block.title}`);
      for (const each of [slider, ...one]) each.disabled = channel === null;
      for (const each of all) each.disabled = false;
      if (!mean) one[2]!.disabled = all[1]!.disabled = true;
      name.replaceChildren(
        ...(channel === null
          ? ["Choose a channel in the chart."]
          : [symbol("s"), ` of channel ${channel}`]),
      );
      if (channel === null) return void output.replaceChildren();
      if (document.activeElement !== slider || Math.abs(Number(slider.value) - s[channel]!) > 0.011)
        slider.value = String(s[channel]);
      say(output, decimal(s[channel]!, 2));
    },
  };
}
