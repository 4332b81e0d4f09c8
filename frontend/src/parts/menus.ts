// Menus for the fields of a view: each wishes for its field's value, and all show a view at once.

import { type Choice, choice, type Offered } from "./dom.ts";

export interface Menus<K extends string> {
  by: Record<K, Choice>;
  /** The row's elements, in the order in which they were given. */
  els: HTMLElement[];
  show(now: Record<K, unknown>): void;
}

/** @param of by field, its label and what it offers */
export function menus<K extends string>(
  wish: (wanted: Record<string, unknown>) => void,
  of: Record<K, [label: string, offered: Offered]>,
): Menus<K> {
  const fields = Object.keys(of) as K[];
  const made = fields.map((field) => {
    const [label, offered] = of[field];
    return choice(label, (value) => wish({ [field]: value }), offered);
  });
  const by = Object.fromEntries(fields.map((field, i) => [field, made[i]!])) as Record<K, Choice>;
  return {
    by,
    els: made.map(({ el }) => el),
    show(now) {
      for (const field of fields) by[field].select.value = String(now[field]);
    },
  };
}

/** Things with an id and a title, as a menu offers them. */
export function titled(things: { id: string; title: string }[]): Offered {
  return things.map(({ id, title }) => [id, title] as const);
}

/** The numbers from 0 up to `count`, without it. */
export function numbered(count: number): Offered {
  return Array.from({ length: count }, (_, i) => [i, String(i)] as const);
}
