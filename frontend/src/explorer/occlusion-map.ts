// "Why did this gate open?": the control of an occlusion map, and the map over the picture.
//
//   button ──▶ network running? ──no──▶ it is fetched first ──▶ row by row, with a bar ──▶ map
//                                                               └──Cancel, or another gate──▶ gone

import { decimal, signed } from "../math/format.ts";
import type { Gates, Inside } from "../network/network.ts";
import { type Fineness, occlude, STEPS } from "../network/occlusion.ts";
import { button, choice, div, h, matched, p, set } from "../parts/dom.ts";

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

const PIXELS = 288; // of the drawing

/** Cells with what covering them does to a gate, row by row, and the gate with nothing covered. */
interface Shown {
  steps: number;
  values: Float32Array;
  open: number;
}

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
  return new Occlusion(inside, drawn, plain, start);
}

class Occlusion implements OcclusionMap {
  readonly el: HTMLElement;
  private readonly inside: Inside;
  private readonly drawn: (index: number, canvas: HTMLCanvasElement) => void;
  private readonly plain: (asked: Asked) => Promise<number>;
  private readonly start: () => Promise<boolean>;
  private readonly button = button("Why did this gate open?", () => void this.run());
  private readonly cancel = button("Cancel", () => this.stop(true));
  private readonly bar = h("progress", { "aria-label": "Patches that were tried", max: 1 });
  private readonly fineness = choice("Patch", () => this.forget(), {
    coarse: "large, 64 places",
    fine: "small, 256 places",
  });
  private readonly canvas = h("canvas", {
    role: "img",
    hidden: true,
    width: PIXELS,
    height: PIXELS,
  });
  private readonly line = h("p", { class: "senet-why-line", role: "status" });
  private readonly body = h("tbody");
  private readonly table = numbersTable(this.body);
  private readonly scratch = document.createElement("canvas");
  private asked: Asked | null = null;
  private abort: AbortController | null = null;
  private shown: Shown | null = null;

  constructor(
    inside: Inside,
    drawn: (index: number, canvas: HTMLCanvasElement) => void,
    plain: (asked: Asked) => Promise<number>,
    start: () => Promise<boolean>,
  ) {
    [this.inside, this.drawn, this.plain, this.start] = [inside, drawn, plain, start];
    const { button, fineness, bar, cancel, canvas, line, table } = this;
    this.el = div(
      "senet-why",
      p("senet-why-run", button, " ", fineness.el, " ", bar, cancel),
      div("senet-why-map", canvas, line),
      table,
    );
    this.busy(false);
  }

  offer(next: Asked | null): void {
    const same = next && this.asked && alike(next, this.asked);
    this.asked = next;
    this.button.disabled = next === null;
    if (same) return;
    this.stop(false);
    this.forget();
  }

  map(): Shown | null {
    return this.shown;
  }

  end(): void {
    this.stop(false);
  }

  private async run(): Promise<void> {
    this.stop(false);
    this.forget();
    const mine = (this.abort = new AbortController());
    this.busy(true);
    this.line.textContent = "A grey patch goes over the picture …";
    try {
      const shown = await this.ask(this.asked!, mine.signal);
      if (this.abort !== mine) return;
      this.shown = shown;
      this.line.textContent = words(shown);
      set(this.canvas, { "aria-label": this.line.textContent });
      this.fill(shown);
    } catch (error) {
      if (this.abort !== mine) return; // another one runs, or it was taken away
      this.forget();
      this.line.textContent = mine.signal.aborted
        ? "Cancelled."
        : `No answer: ${(error as Error).message}`;
    }
    this.abort = null;
    this.busy(false);
  }

  private async ask(question: Asked, signal: AbortSignal): Promise<Shown> {
    if (!(await this.start())) throw new Error("the network does not run");
    signal.throwIfAborted();
    this.drawn(question.index, this.scratch);
    const steps = STEPS[this.fineness.select.value as Fineness];
    const open = await this.plain(question);
    const told = (values: Float32Array) => {
      this.bar.value = known(values) / values.length;
      this.draw({ steps, values, open });
    };
    const size = this.scratch.width;
    const values = await occlude(this.inside, { ...question, size, steps }, told, signal);
    return { steps, values, open };
  }

  /** @param ours whether the reader said so, and not another question */
  private stop(ours: boolean): void {
    if (!this.abort) return;
    if (ours) {
      this.button.focus();
      return this.abort.abort(); // run() ends it
    }
    this.abort.abort();
    this.abort = null;
    this.busy(false);
    this.line.textContent = "";
  }

  private busy(on: boolean): void {
    this.cancel.hidden = this.bar.hidden = !on;
    this.bar.removeAttribute("value");
    this.el.toggleAttribute("data-busy", on);
  }

  private forget(): void {
    if (!this.abort) this.line.textContent = "";
    this.shown = null;
    this.canvas.hidden = this.table.hidden = true;
    delete this.canvas.dataset.done;
  }

  /**
   * Violet where covering closes the gate, orange where it opens it further: what opened the gate
   * is violet.
   */
  private draw({ steps, values, open }: Shown): void {
    const context = this.canvas.getContext("2d")!;
    context.imageSmoothingEnabled = false;
    context.fillStyle = "white";
    context.fillRect(0, 0, PIXELS, PIXELS);
    context.globalAlpha = 0.5; // paler than the colours over it
    context.drawImage(this.scratch, 0, 0, PIXELS, PIXELS);
    context.globalAlpha = 1;
    context.globalCompositeOperation = "saturation"; // and grey: an orange cat hides orange
    context.fillStyle = "gray";
    context.fillRect(0, 0, PIXELS, PIXELS);
    context.globalCompositeOperation = "source-over";
    const changes = Array.from(values, (value) => (Number.isNaN(value) ? 0 : value - open));
    const far = Math.max(1e-9, ...changes.map(Math.abs));
    const cell = PIXELS / steps;
    changes.forEach((change, i) => {
      if (Number.isNaN(values[i]!)) return;
      context.fillStyle = change < 0 ? "rgb(84,39,136)" : "rgb(224,110,8)";
      context.globalAlpha = 0.85 * Math.abs(change / far);
      context.fillRect((i % steps) * cell, Math.floor(i / steps) * cell, cell, cell);
    });
    context.globalAlpha = 1;
    this.canvas.hidden = false;
    this.canvas.dataset.done = String(known(values));
  }

  private fill({ steps, values, open }: Shown): void {
    this.table.hidden = false;
    matched(this.body, steps, () => h("tr")).forEach((row, y) => {
      matched(row, steps, () => h("td")).forEach((td, x) => {
        const value = values[y * steps + x]!;
        td.textContent = signed(value - open, 2);
        set(td, { "data-value": value });
      });
    });
  }
}

function numbersTable(body: HTMLElement): HTMLElement {
  const caption = h("caption", {}, "Change of the gate with the patch there");
  const region = h(
    "div",
    { role: "group", tabindex: 0, "aria-label": "Change of the gate, patch by patch" },
    h("table", {}, caption, body),
  );
  return h(
    "details",
    { class: "senet-numbers", hidden: true },
    h("summary", {}, "Numbers of this map"),
    div("senet-tables", region),
  );
}

/** How many places have been tried. */
const known = (values: Float32Array) => values.filter((value) => !Number.isNaN(value)).length;

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

function alike(one: Asked, other: Asked): boolean {
  const flat = ({ index, block, channel, gates }: Asked) => {
    const rows = Object.entries(gates).map(([name, row]) => `${name}:${row.join()}`);
    return [index, block, channel, ...rows].join();
  };
  return flat(one) === flat(other);
}
