// The frame of a widget whose data is in the page: pictures to choose from, sliders, what a screen
// reader hears, a link and a way back.

import { type Sets, settle, type Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import { button, div, h, say, span, unique } from "./dom.ts";

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
export function pictures(shown: Shown[], chosen: (id: string) => void): Radios {
  const strip = h("div", { class: "senet-thumbs", style: "--rows:1" });
  const offered = shown.map(({ id, title, url }) => {
    return { id, title, face: h("img", { src: url, alt: title }) };
  });
  return radios("Choose a picture", strip, offered, chosen);
}

export interface Radios {
  el: HTMLElement;
  choose(id: string): void;
}

/**
 * Radio buttons with faces.
 * @param row takes them in
 * @param offered titles are for faces that have no words
 */
export function radios(
  legend: string,
  row: HTMLElement,
  offered: { id: string; face: Node; title?: string }[],
  chosen: (id: string) => void,
): Radios {
  const name = unique("senet-radio");
  const inputs = offered.map(({ id, title, face }) => {
    const input = { type: "radio", name, value: id, "aria-label": title };
    const made = h("input", { ...input, onchange: () => chosen(id) });
    row.append(h("label", { title }, made, face));
    return made;
  });
  return {
    el: h("fieldset", { class: "senet-picker" }, h("legend", {}, legend), keepArrows(row)),
    choose(id) {
      for (const input of inputs) input.checked = input.value === id;
    },
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
  const reset = button("Reset", () => change({ ...initial } as Wanted, true));
  const actions = span("senet-actions", keeper.link(now, initial) ? link : null, reset);
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab: the keys are ours here
  root.replaceChildren(...body, div("senet-foot", ...foot, actions), live);

  function change(wanted: Wanted, ours: boolean): void {
    now = settled(wanted, now);
    if (ours) keeper.keep(now, initial);
    show();
    clearTimeout(talk);
    talk = setTimeout(() => say(live, spoken()), QUIET);
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
