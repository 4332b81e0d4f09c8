// A few of many names, each with the look of its line: buttons that take one away, and a menu that
// adds one.

import { choice, div, h, matched, svg } from "./dom.ts";

export interface Look {
  colour: string;
  /** As stroke-dasharray. */
  dash: string;
  symbol: string;
}

/**
 * Told apart by colour, by dash and by symbol: middle tones of Okabe and Ito's set, 3:1 or more on
 * white and on the dark page.
 */
export const LOOKS: Look[] = [
  { colour: "#0f7fc0", dash: "", symbol: "circle" },
  { colour: "#d55e00", dash: "7 2.5", symbol: "square" },
  { colour: "#0a8f6a", dash: "2 2", symbol: "triangle" },
  { colour: "#b8579a", dash: "8 2.5 2 2.5", symbol: "diamond" },
  { colour: "#8a7300", dash: "1 4", symbol: "star" },
  { colour: "#7a6fd6", dash: "12 3 2 3 2 3", symbol: "cross" },
];

/** As much as a key needs of the symbols that Plot draws. */
const SHAPES: Record<string, string> = {
  circle: "M3.5 0a3.5 3.5 0 1 1-7 0a3.5 3.5 0 1 1 7 0",
  square: "M-3-3h6v6h-6z",
  triangle: "M0-4.2l4 7h-8z",
  diamond: "M0-4.6l3 4.6l-3 4.6l-3-4.6z",
  star: "M0-4.6l1.1 3.1h3.3l-2.6 2l1 3.2l-2.8-1.9l-2.8 1.9l1-3.2l-2.6-2h3.3z",
  cross: "M-1.3-4h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7v-2.6h2.7z",
};

/** What lines, or rows of dots, differ by beside their colour. */
type Mark = "dash" | "symbol";

/** A sample of a line, as a key shows it. */
export function key({ colour, dash, symbol }: Look, by: Mark = "dash"): SVGElement {
  const dashed = by === "dash";
  return svg(
    "svg",
    { class: "senet-key-line", viewBox: "0 0 30 12", width: 30, height: 12, "aria-hidden": "true" },
    svg("path", {
      d: "M0 6h30",
      stroke: colour,
      "stroke-width": 2,
      "stroke-dasharray": dashed ? dash : null,
    }),
    dashed ? null : svg("path", { d: SHAPES[symbol]!, fill: colour, transform: "translate(15 6)" }),
  );
}

/** The same as rows of a drawing that is saved: there are no buttons beside it. */
export function keyRows(names: string[], by: Mark | null): SVGElement[] {
  if (!by) return [];
  return names.map((name, i) =>
    svg("g", {}, key(LOOKS[i]!, by), svg("text", { x: 38, y: 10, "font-size": 12 }, name)),
  );
}

export function chips(
  legend: string,
  add: string,
  most: number,
  changed: (names: string[]) => void,
) {
  const row = div("senet-chips");
  const more = choice(add, (name) => name && changed([...now, name]));
  const el = h("fieldset", { class: "senet-chosen" }, h("legend", {}, legend), row, more.el);
  let now: string[] = [];
  return {
    el,
    /**
     * @param all names that there are
     * @param by what their keys show; null where what is drawn bears the names itself
     */
    show(names: string[], all: string[], by: Mark | null): void {
      const lost = names.length < now.length && row.contains(document.activeElement);
      now = names;
      matched(row, names.length, () =>
        h("button", { type: "button", class: "senet-chip" }),
      ).forEach((button, i) => {
        const name = names[i]!;
        button.replaceChildren(
          by ? key(LOOKS[i]!, by) : "",
          h("span", {}, name),
          h("span", { "aria-hidden": "true" }, "×"),
        );
        button.setAttribute("aria-label", `${name}: take away`);
        button.dataset.name = name;
        button.onclick = () => changed(now.filter((other) => other !== name));
      });
      if (lost && !row.contains(document.activeElement))
        ((row.lastElementChild as HTMLElement) ?? more.select).focus();
      const left = all.filter((name) => !names.includes(name));
      more.select.replaceChildren(
        h("option", { value: "" }, names.length >= most ? `${most} are the most` : "choose …"),
        ...left.map((name) => h("option", { value: name }, name)),
      );
      more.select.disabled = names.length >= most || left.length === 0;
    },
  };
}
