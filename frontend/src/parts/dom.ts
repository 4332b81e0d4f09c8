// Elements without a framework: create, fill, and nothing else.

type Value = string | number | boolean | null | undefined | ((event: any) => void);
type Child = Node | string | null;

/**
 * Set attributes; `onclick: f` listens, `true` sets an empty attribute, `false`, null and undefined
 * remove it. Unchanged attributes are not rewritten, to avoid a restyle.
 */
export function set(element: Element, attributes: Record<string, Value>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === false || value == null) element.removeAttribute(name);
    else {
      const text = value === true ? "" : String(value);
      if (element.getAttribute(name) !== text) element.setAttribute(name, text);
    }
  }
}

/**
 * Have an element say something; where it does already, nothing is laid out again. Words take the
 * place of words in the node that is there: with another node the page's styles are asked again.
 */
export function say(element: Element, words: string): void {
  if (element.textContent === words) return;
  const only = element.childNodes.length === 1 ? element.firstChild : null;
  if (only instanceof Text) only.data = words;
  else element.textContent = words;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Those that most of a widget is made of, and that need a class alone.
export const div = (name: string, ...children: Child[]) => h("div", { class: name }, ...children);
export const p = (name: string, ...children: Child[]) => h("p", { class: name }, ...children);
export const span = (name: string, ...children: Child[]) => h("span", { class: name }, ...children);

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: Child[]
) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * As many children as items: those there are reused, so that they can change smoothly, and the
 * others made or removed.
 */
export function matched<E extends Element>(parent: Element, count: number, make: () => E): E[] {
  while (parent.childElementCount > count) parent.lastElementChild!.remove();
  while (parent.childElementCount < count) parent.append(make());
  return [...parent.children] as E[];
}

/** A mathematical symbol in its own colour, the same in every figure of the book. */
export function symbol(letter: "u" | "z" | "s" | "x"): HTMLElement {
  return h(
    "i",
    { class: "senet-symbol", "data-symbol": letter },
    letter === "x" ? "x\u0303" : letter,
  );
}

export interface Choice {
  el: HTMLElement;
  select: HTMLSelectElement;
}

/** A select with its label before it. @param offered words by value, see `options` */
export function choice(
  label: string,
  onchange: (value: string) => void,
  offered: Offered = {},
): Choice {
  const select: HTMLSelectElement = h("select", {
    id: unique("senet-choice"),
    onchange: () => onchange(select.value),
  });
  select.append(...options(offered));
  return {
    el: h("div", { class: "senet-choice" }, h("label", { for: select.id }, label), select),
    select,
  };
}

/** Words by value; a list where values are numbers, which objects would sort. */
export type Offered = Record<string, string> | (readonly [value: string | number, words: string])[];

/** What a select offers, value by value. */
export function options(offered: Offered): HTMLOptionElement[] {
  const pairs = Array.isArray(offered) ? offered : Object.entries(offered);
  return pairs.map(([value, words]) => h("option", { value }, words));
}

export function button(words: string, act: () => void): HTMLButtonElement {
  return h("button", { type: "button", onclick: act }, words);
}

/** A box that is folded until its `summary` is pressed. @param turned it was opened, or closed */
export function folded(
  kind: string,
  summary: string,
  turned: () => void,
  ...children: Child[]
): HTMLDetailsElement {
  return h("details", { class: kind, ontoggle: turned }, h("summary", {}, summary), ...children);
}

let count = 0;
/** An id that no other element of the page has. */
export function unique(prefix: string): string {
  // A notebook loads the bundle once a widget, each with its own count; the random part keeps those
  // apart.
  return `${prefix}-${Math.random().toString(36).slice(2, 8)}-${++count}`;
}
