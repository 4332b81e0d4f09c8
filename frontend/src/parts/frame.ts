// The frame of a widget on one SE block: pictures to choose from, what is said aloud, a link and a
// way back.

import type { Keeper, Settings } from "../state/settings.ts";
import { h, unique } from "./dom.ts";

export interface Shown {
  id: string;
  title: string;
  alt: string;
  url: string;
}

const QUIET = 600; // milliseconds without a change before it is spoken
const PAUSE = 200; // and before the address follows: browsers allow that a few times a second only

export interface Frame {
  readonly now: Settings;
  wish(wanted: Settings): void;
  /** Draw again: what the settings are about has changed. */
  refresh(): void;
  end(): void;
}

/** One radio button a picture. */
export function pictures(
  shown: Shown[],
  chosen: (id: string) => void,
): { el: HTMLElement; choose(id: string): void } {
  const name = unique("senet-picture");
  const inputs = shown.map(({ id, title }) =>
    h("input", { type: "radio", name, value: id, "aria-label": title, onchange: () => chosen(id) }),
  );
  const labels = inputs.map((input, i) =>
    h(
      "label",
      { title: shown[i]!.title },
      input,
      h("img", { src: shown[i]!.url, alt: shown[i]!.title }),
    ),
  );
  const strip = h("div", { class: "senet-thumbs", style: "--rows:1" }, ...labels);
  strip.addEventListener("keydown", (event) => {
    // elsewhere on the page arrow keys turn to the next chapter
    if (event.key.startsWith("Arrow")) event.stopPropagation();
  });
  return {
    el: h("fieldset", { class: "senet-picker" }, h("legend", {}, "Choose a picture"), strip),
    choose: (id) => inputs.forEach((input) => (input.checked = input.value === id)),
  };
}

/** A slider with its name and its value. */
export function slider(low: number, high: number, step: number, moved: (value: number) => void) {
  const name = h("span");
  const value = h("output");
  const input = h("input", {
    type: "range",
    min: low,
    max: high,
    step,
    oninput: () => moved(Number(input.value)),
  });
  input.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) event.stopPropagation();
  });
  const el = h("label", { class: "senet-slide" }, name, input, value);
  return { el, input, name, value };
}

/**
 * Hold the settings of a widget: `draw` is called at the start and after each change, `spoken` a
 * while after the last one. `foot` stands beside the link.
 */
export function widgetFrame(
  root: HTMLElement,
  keeper: Keeper,
  settled: (wanted: Settings, fallback: Settings) => Settings,
  first: Settings,
  parts: Node[],
  draw: (now: Settings) => void,
  spoken: () => string,
  foot: Node[] = [],
): Frame {
  const { author, reader } = keeper.initial();
  const initial = settled(author, first);
  let now = settled(reader, initial);
  let talk: ReturnType<typeof setTimeout> | undefined;
  let writing: ReturnType<typeof setTimeout> | undefined;
  const live = h("p", { class: "senet-unseen", role: "status" });
  const link = h("a", { class: "senet-link" }, "Link to this view");
  const reset = h("button", { type: "button", onclick: () => change(initial, true) }, "Reset");
  // JupyterLab: the keys are ours while the focus is here
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const actions = h(
    "div",
    { class: "senet-foot" },
    ...foot,
    h("span", { class: "senet-actions" }, keeper.link(now) ? link : null, reset),
  );
  root.replaceChildren(...parts, actions, live);

  function change(wanted: Settings, ours: boolean): void {
    now = settled(wanted, now);
    if (ours) {
      clearTimeout(writing);
      writing = setTimeout(() => keeper.keep(now), PAUSE);
    }
    show();
    clearTimeout(talk);
    talk = setTimeout(() => (live.textContent = spoken()), QUIET);
  }

  function show(): void {
    draw(now);
    const address = keeper.link(now);
    if (address) link.href = address;
  }

  show();
  const deaf = keeper.listen((wanted, ours = false) => change(wanted, ours));
  return {
    get now() {
      return now;
    },
    wish: (wanted) => change(wanted, true),
    refresh: () => change(now, false),
    end() {
      clearTimeout(talk);
      clearTimeout(writing);
      deaf();
      root.replaceChildren();
    },
  };
}
