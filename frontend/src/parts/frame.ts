// The frame of a widget whose data is in the page: pictures to choose from, sliders, what a screen
// reader hears, a link and a way back.

import { type Sets, settle, type Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import { div, h, span, unique } from "./dom.ts";

export interface Shown {
  id: string;
  title: string;
  alt: string;
  url: string;
}

const QUIET = 600; // milliseconds without a change before it is spoken

export interface Frame<V> {
  readonly now: V;
  /** Wish for values, also as menus and addresses have them. */
  wish(wanted: { [field in keyof V]?: unknown }): void;
  /** Draw again: what the view is about has changed. */
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
    h("input", {
      type: "radio",
      name,
      value: id,
      "aria-label": title,
      onchange: () => chosen(id),
    }),
  );
  const labels = inputs.map((input, i) =>
    h(
      "label",
      { title: shown[i]!.title },
      input,
      h("img", { src: shown[i]!.url, alt: shown[i]!.title }),
    ),
  );
  const strip = keepArrows(h("div", { class: "senet-thumbs", style: "--rows:1" }, ...labels));
  return {
    el: h("fieldset", { class: "senet-picker" }, h("legend", {}, "Choose a picture"), strip),
    choose: (id) =>
      inputs.forEach((input) => {
        input.checked = input.value === id;
      }),
  };
}

/** A slider with its name and its value. */
export function slider(low: number, high: number, step: number, moved: (value: number) => void) {
  const name = h("span");
  const value = h("output");
  const input = keepArrows(
    h("input", {
      type: "range",
      min: low,
      max: high,
      step,
      oninput: () => moved(Number(input.value)),
    }),
  );
  const el = h("label", { class: "senet-slide" }, name, input, value);
  return { el, input, name, value };
}

/** Elsewhere on the page arrow keys turn to the next chapter: here they belong to the element. */
export function keepArrows<E extends HTMLElement>(element: E): E {
  element.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) event.stopPropagation();
  });
  return element;
}

export interface Parts<V> {
  /** What the widget consists of, from the top; and what is beside the link, at its foot. */
  body: Node[];
  foot?: Node[];
  /** Called at the start and after each change. */
  draw(now: V): void;
  /** What is read out a while after the last change. */
  spoken(): string;
  /** What the rules can't say of one field beside another. */
  mend?(now: V): V;
}

/**
 * Hold the view of a widget.
 * @param data what it knows; its sets are those that the rules speak of
 */
export function widgetFrame<V extends object>(
  root: HTMLElement,
  keeper: Keeper,
  data: () => object,
  { body, foot = [], draw, spoken, mend = (now) => now }: Parts<V>,
): Frame<V> {
  const settled = (wanted: Wanted, fallback: V | null): V => {
    const known = data() as Sets & { known?: Sets };
    return mend(settle(keeper.rules, wanted, fallback, { ...known, ...known.known }));
  };
  const { author, reader } = keeper.initial();
  const initial = settled(author, null);
  let now = settled(reader, initial);
  let talk: ReturnType<typeof setTimeout> | undefined;
  const live = h("p", { class: "senet-unseen", role: "status" });
  const link = h("a", { class: "senet-link" }, "Link to this view");
  const reset = h(
    "button",
    { type: "button", onclick: () => change({ ...initial } as Wanted, true) },
    "Reset",
  );
  const actions = span("senet-actions", keeper.link(now, initial) ? link : null, reset);
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab: the keys are ours here
  root.replaceChildren(...body, div("senet-foot", ...foot, actions), live);

  function change(wanted: Wanted, ours: boolean): void {
    now = settled(wanted, now);
    if (ours) keeper.keep(now, initial);
    show();
    clearTimeout(talk);
    talk = setTimeout(() => (live.textContent = spoken()), QUIET);
  }

  function show(): void {
    draw(now);
    const address = keeper.link(now, initial);
    if (address) link.href = address;
  }

  show();
  const deaf = keeper.listen((wanted, ours = false) => change(wanted, ours));
  return {
    get now() {
      return now;
    },
    wish: (wanted) => change(wanted as Wanted, true),
    refresh: () => change({}, false),
    end() {
      clearTimeout(talk);
      deaf();
      root.replaceChildren();
    },
  };
}
