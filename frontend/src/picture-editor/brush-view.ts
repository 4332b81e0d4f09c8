// What the network sees, large, and a brush that covers parts of it with grey: by pointer, by
// touch, or by keys.

import { button, div, h, p, span, unique } from "../parts/dom.ts";
import { slider } from "../parts/frame.ts";
import { Strokes } from "./brush.ts";
import type { Crop } from "./crop.ts";

export interface BrushView {
  el: HTMLElement;
  readonly strokes: Strokes;
  /** Say what can be undone. */
  show(): void;
}

const NUDGES: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * @param square the canvas that the network's picture is drawn into
 * @param crop where it lies in the reader's picture
 * @param changed by the reader; `said` in words
 */
export function brushView(
  square: HTMLCanvasElement,
  crop: () => Crop,
  changed: (said: string) => void,
): BrushView {
  return new Brush(square, crop, changed);
}

class Brush implements BrushView {
  readonly el: HTMLElement;
  readonly strokes = new Strokes();
  private readonly square: HTMLCanvasElement;
  private readonly size: number;
  private readonly crop: () => Crop;
  private readonly changed: (said: string) => void;
  private readonly ring = span("senet-brush-ring");
  private readonly board: HTMLElement;
  private readonly width: ReturnType<typeof slider>;
  private readonly undo = this.act("Undo", () => this.strokes.undo());
  private readonly redo = this.act("Redo", () => this.strokes.redo());
  private readonly clear = this.act("Clear", () => this.strokes.clear());
  // The brush, in the network's pixels; whether a pointer paints, and whether a stroke of the keys
  // goes on.
  private x: number;
  private y: number;
  private painting = false;
  private pen = false;

  constructor(square: HTMLCanvasElement, crop: () => Crop, changed: (said: string) => void) {
    const size = square.width;
    [this.square, this.size, this.crop, this.changed] = [square, size, crop, changed];
    [this.x, this.y] = [size / 2, size / 2];
    square.setAttribute("aria-hidden", "true"); // named by what holds it
    const help = h(
      "p",
      { class: "senet-source", id: unique("senet-help") },
      "Paint to cover. By keys: arrows move the brush, Space covers, Shift and arrows paint.",
    );
    this.board = h(
      "div",
      {
        class: "senet-board",
        role: "application",
        tabindex: 0,
        "aria-label": `What the network sees, ${size} × ${size} pixels, and a brush`,
        "aria-describedby": help.id,
      },
      square,
      this.ring,
    );
    this.width = slider(1, size / 2, 1, () => this.place());
    this.width.name.textContent = "Brush";
    this.width.input.value = String(Math.round(size / 6));
    this.el = div(
      "senet-brush",
      p("senet-part", `What the network sees: ${size} × ${size}`),
      this.board,
      this.width.el,
      p("senet-hand-buttons", this.undo, this.redo, this.clear),
      help,
    );
    this.listenToPointer();
    this.listenToKeys();
    this.place();
  }

  show(): void {
    this.undo.disabled = !this.strokes.undoable;
    this.redo.disabled = !this.strokes.redoable;
    this.clear.disabled = this.strokes.now.length === 0;
  }

  private act(words: string, does: () => void): HTMLButtonElement {
    return button(words, () => {
      does();
      this.changed(`${words}.`);
    });
  }

  /** The brush's middle in the reader's picture. */
  private there(): [x: number, y: number] {
    const { left, top, side } = this.crop();
    return [left + (this.x / this.size) * side, top + (this.y / this.size) * side];
  }

  private begin(): void {
    const radius = Number(this.width.input.value) / 2;
    this.strokes.begin(...this.there(), (radius * this.crop().side) / this.size);
  }

  private place(): void {
    const { input, value } = this.width;
    const wide = Number(input.value);
    value.textContent = `${wide} px`;
    input.setAttribute("aria-valuetext", `${wide} pixels wide`);
    const share = (pixels: number) => `${(100 * pixels) / this.size}%`;
    this.ring.style.cssText = `left:${share(this.x - wide / 2)};top:${share(this.y - wide / 2)};width:${share(wide)};height:${share(wide)}`;
  }

  private where(): string {
    return `column ${Math.floor(this.x) + 1}, row ${Math.floor(this.y) + 1} of ${this.size}`;
  }

  private listenToPointer(): void {
    const { board, square, size } = this;
    const follow = (event: PointerEvent) => {
      const box = square.getBoundingClientRect();
      this.x = ((event.clientX - box.left) / box.width) * size;
      this.y = ((event.clientY - box.top) / box.height) * size;
      this.place();
    };
    board.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.painting) return;
      board.setPointerCapture(event.pointerId);
      this.painting = true;
      follow(event);
      this.begin();
      this.changed("");
    });
    board.addEventListener("pointermove", (event) => {
      follow(event);
      if (!this.painting) return;
      this.strokes.on(...this.there());
      this.changed("");
    });
    for (const end of ["pointerup", "pointercancel"] as const) {
      board.addEventListener(end, () => {
        this.painting = false;
      });
    }
  }

  private listenToKeys(): void {
    const { board } = this;
    const lift = () => {
      this.pen = false;
    };
    board.addEventListener("keydown", (event) => this.key(event));
    board.addEventListener("keyup", (event) => event.key === "Shift" && lift());
    board.addEventListener("blur", lift);
  }

  private key(event: KeyboardEvent): void {
    const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
    if (altKey) return;
    const undo = (ctrlKey || metaKey) && key.toLowerCase() === "z";
    const step = NUDGES[key];
    if (ctrlKey || metaKey ? !undo : !step && key !== " " && key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    if (undo) return shiftKey ? this.redo.click() : this.undo.click();
    if (step) return this.move(step, shiftKey);
    this.begin();
    this.changed(`Covered at ${this.where()}.`);
  }

  private move([right, down]: [number, number], paint: boolean): void {
    if (paint && !this.pen) this.begin();
    this.pen = paint;
    const within = (value: number) => Math.min(this.size - 0.5, Math.max(0.5, value));
    this.x = within(Math.floor(this.x) + 0.5 + right);
    this.y = within(Math.floor(this.y) + 0.5 + down);
    this.place();
    if (paint) this.strokes.on(...this.there());
    const where = this.where();
    this.changed(paint ? `Covered as far as ${where}.` : `Brush at ${where}.`);
  }
}
