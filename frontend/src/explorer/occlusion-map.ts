// "Why did this gate open?": the control of an occlusion map, and the map over the picture.
//
//   button ──▶ network running? ──no──▶ it is fetched first, and then ──▶ row by row, with a bar ──▶ map and a sentence
//                                                                      └──Cancel, another picture, channel or gate──▶ gone

import { decimal, signed } from "../math/format.ts";
import type { Gates, Inside } from "../network/network.ts";
import { type Fineness, occlude, STEPS } from "../network/occlusion.ts";
import { choice, h, matched, set } from "../parts/dom.ts";

/** The gate that is asked about. */
export interface Asked {
  index: number;
  block: string;
  channel: number;
  /**
   * Its excitation with nothing covered, and the gates that are set by hand: its own is not among
   * them.
   */
  gates: Gates;
}

export interface OcclusionMap {
  el: HTMLElement;
  /**
   * What can be asked now, null for nothing. Another question than the one that was answered takes
   * the answer away.
   */
  offer(asked: Asked | null): void;
  /** Cells with what covering them does to the gate, row by row; null where there is no map. */
  map(): { steps: number; values: Float32Array; open: number } | null;
  end(): void;
}

const PIXELS = 192; // of the drawing

/**
 * @param plain the gate's excitation with nothing covered
 * @param start gets the network running; false if it will not
 */
export function occlusionMap(
  inside: Inside,
  drawn: (index: number, canvas: HTMLCanvasElement) => void,
  plain: (asked: Asked) => Promise<number>,
  start: () => Promise<boolean>,
): OcclusionMap {
  const button = h(
    "button",
    { type: "button", onclick: () => void run() },
    "Why did this gate open?",
  );
  const cancel = h("button", { type: "button", hidden: true, onclick: () => stop(true) }, "Cancel");
  const bar = h("progress", { hidden: true, "aria-label": "Patches that were tried", max: 1 });
  const fineness = choice("Patch", () => forget());
  fineness.select.append(
    h("option", { value: "coarse" }, "large, 64 places"),
    h("option", { value: "fine" }, "small, 256 places"),
  );
  const canvas = h("canvas", { role: "img", hidden: true, width: PIXELS, height: PIXELS });
  const line = h("p", { class: "senet-why-line", role: "status" });
  const body = h("tbody");
  const table = h(
    "details",
    { class: "senet-numbers", hidden: true },
    h("summary", {}, "Numbers of this map"),
    h(
      "div",
      { class: "senet-tables" },
      h(
        "div",
        { role: "group", tabindex: 0, "aria-label": "Change of the gate, patch by patch" },
        h("table", {}, h("caption", {}, "Change of the gate with the patch there"), body),
      ),
    ),
  );
  const el = h(
    "div",
    { class: "senet-why" },
    h("p", { class: "senet-why-run" }, button, " ", fineness.el, " ", bar, cancel),
    h("div", { class: "senet-why-map" }, canvas, line),
    table,
  );
  const scratch = document.createElement("canvas");
  let asked: Asked | null = null;
  let abort: AbortController | null = null;
  let shown: { steps: number; values: Float32Array; open: number } | null = null;

  async function run(): Promise<void> {
    stop(false);
    forget();
    const [question, mine] = [asked!, (abort = new AbortController())];
    busy(true);
    line.textContent = "A grey patch goes over the picture …";
    try {
      if (!(await start())) throw new Error("the network does not run");
      mine.signal.throwIfAborted();
      drawn(question.index, scratch);
      const steps = STEPS[fineness.select.value as Fineness];
      const open = await plain(question);
      const told = (values: Float32Array) => {
        bar.value = values.filter((value) => !Number.isNaN(value)).length / values.length;
        draw(steps, values, open);
      };
      const values = await occlude(
        inside,
        { ...question, size: scratch.width, steps },
        told,
        mine.signal,
      );
      if (abort !== mine) return;
      shown = { steps, values, open };
      line.textContent = words(shown);
      set(canvas, { "aria-label": line.textContent });
      fill(shown);
    } catch (error) {
      if (abort !== mine) return; // another one runs, or it was taken away
      forget();
      line.textContent = mine.signal.aborted
        ? "Cancelled."
        : `No answer: ${(error as Error).message}`;
    }
    abort = null;
    busy(false);
  }

  /** @param ours whether the reader said so, and not another question */
  function stop(ours: boolean): void {
    if (!abort) return;
    if (ours) {
      button.focus();
      return abort.abort(); // run() ends it
    }
    abort.abort();
    abort = null;
    busy(false);
    line.textContent = "";
  }

  function busy(on: boolean): void {
    cancel.hidden = bar.hidden = !on;
    bar.removeAttribute("value");
    el.toggleAttribute("data-busy", on);
  }

  function forget(): void {
    if (!abort) line.textContent = "";
    shown = null;
    canvas.hidden = table.hidden = true;
    delete canvas.dataset.done;
  }

  /**
   * Violet where covering closes the gate, orange where it opens it further: what opened the gate
   * is violet.
   */
  function draw(steps: number, values: Float32Array, open: number): void {
    const context = canvas.getContext("2d")!;
    context.imageSmoothingEnabled = false;
    context.fillStyle = "white";
    context.fillRect(0, 0, PIXELS, PIXELS);
    context.globalAlpha = 0.5; // paler than its colours over it
    context.drawImage(scratch, 0, 0, PIXELS, PIXELS);
    const far = Math.max(
      1e-9,
      ...Array.from(values, (value) => (Number.isNaN(value) ? 0 : Math.abs(value - open))),
    );
    const cell = PIXELS / steps;
    values.forEach((value, i) => {
      if (Number.isNaN(value)) return;
      const change = value - open;
      context.fillStyle = change < 0 ? "rgb(84,39,136)" : "rgb(224,110,8)";
      context.globalAlpha = 0.85 * Math.abs(change / far);
      context.fillRect((i % steps) * cell, Math.floor(i / steps) * cell, cell, cell);
    });
    context.globalAlpha = 1;
    canvas.hidden = false;
    canvas.dataset.done = String(values.filter((value) => !Number.isNaN(value)).length);
  }

  function fill({ steps, values, open }: NonNullable<typeof shown>): void {
    table.hidden = false;
    matched(body, steps, () => h("tr")).forEach((row, y) => {
      matched(row, steps, () => h("td")).forEach((td, x) => {
        const value = values[y * steps + x]!;
        td.textContent = signed(value - open, 2);
        set(td, { "data-value": value });
      });
    });
  }

  return {
    el,
    offer(next) {
      const same =
        next &&
        asked &&
        JSON.stringify([next.index, next.block, next.channel]) ===
          JSON.stringify([asked.index, asked.block, asked.channel]) &&
        alike(next.gates, asked.gates);
      asked = next;
      button.disabled = next === null;
      if (same) return;
      stop(false);
      forget();
    },
    map: () => shown,
    end: () => stop(false),
  };
}

function words({
  steps,
  values,
  open,
}: {
  steps: number;
  values: Float32Array;
  open: number;
}): string {
  const place = (value: number) => {
    const at = values.indexOf(value);
    return `with the patch centred ${share((at % steps) + 0.5, steps)} across and ${share(Math.floor(at / steps) + 0.5, steps)} down`;
  };
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const falls =
    open - least < 0.0005
      ? "It falls nowhere"
      : `It falls furthest, to ${decimal(least)}, ${place(least)}`;
  const rises =
    most - open < 0.0005
      ? "it rises nowhere"
      : `it rises furthest, to ${decimal(most)}, ${place(most)}`;
  return `With nothing covered the gate is ${decimal(open)}. ${falls}; ${rises}. Violet: what lies there opens the gate. Orange: it closes it.`;
}

const share = (at: number, of: number) => `${Math.round((100 * at) / of)}%`;

function alike(one: Gates, other: Gates): boolean {
  const flat = (gates: Gates) =>
    Object.entries(gates)
      .map(([name, row]) => `${name}:${row.join()}`)
      .join();
  return flat(one) === flat(other);
}
