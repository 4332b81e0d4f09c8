// What the network sees, large, and a brush that covers parts of it with grey: by pointer, by
// touch, or by keys.

import { h, unique } from "../parts/dom.ts";
import { slider } from "../parts/frame.ts";
import { Strokes } from "./brush.ts";
import type { Crop } from "./crop.ts";

export interface BrushView {
  el: HTMLElement;
  readonly strokes: Strokes;
  /** Say what can be undone. */
  show(): void;
}

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
  const size = square.width;
  const strokes = new Strokes();
  const help = h(
    "p",
    { class: "senet-source", id: unique("senet-help") },
    "Paint to cover. By keys: arrows move the brush, Space covers, Shift and arrows paint.",
  );
  const name = `What the network sees, ${size} × ${size} pixels, and a brush`;
  square.setAttribute("aria-hidden", "true"); // named by what holds it
  const ring = h("span", { class: "senet-ring" });
  const board = h(
    "div",
    {
      class: "senet-board",
      role: "application",
      tabindex: 0,
      "aria-label": name,
      "aria-describedby": help.id,
    },
    square,
    ring,
  );
  const width = slider(1, size / 2, 1, place);
  width.name.textContent = "Brush";
  width.input.value = String(Math.round(size / 6));
  const act = (words: string, does: () => void) =>
    h("button", { type: "button", onclick: () => (does(), changed(`${words}.`)) }, words);
  const undo = act("Undo", () => strokes.undo());
  const redo = act("Redo", () => strokes.redo());
  const clear = act("Clear", () => strokes.clear());
  const el = h(
    "div",
    { class: "senet-brush" },
    h("p", { class: "senet-part" }, `What the network sees: ${size} × ${size}`),
    board,
    width.el,
    h("p", { class: "senet-hand-buttons" }, undo, redo, clear),
    help,
  );
  let [x, y] = [size / 2, size / 2]; // of the brush, in the network's pixels

  /** A point of the square in the reader's picture. */
  function there(): [x: number, y: number] {
    const { left, top, side } = crop();
    return [left + (x / size) * side, top + (y / size) * side];
  }

  function begin(): void {
    strokes.begin(...there(), ((Number(width.input.value) / 2) * crop().side) / size);
  }

  function place(): void {
    width.value.textContent = `${width.input.value} px`;
    width.input.setAttribute("aria-valuetext", `${width.input.value} pixels wide`);
    const share = (value: number) => `${(100 * value) / size}%`;
    const wide = Number(width.input.value);
    ring.style.cssText = `left:${share(x - wide / 2)};top:${share(y - wide / 2)};width:${share(wide)};height:${share(wide)}`;
  }

  const where = () => `column ${Math.floor(x) + 1}, row ${Math.floor(y) + 1} of ${size}`;

  let painting = false;
  function follow(event: PointerEvent): void {
    const box = square.getBoundingClientRect();
    x = ((event.clientX - box.left) / box.width) * size;
    y = ((event.clientY - box.top) / box.height) * size;
    place();
  }
  board.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || painting) return;
    board.setPointerCapture(event.pointerId);
    painting = true;
    follow(event);
    begin();
    changed("");
  });
  board.addEventListener("pointermove", (event) => {
    follow(event);
    if (!painting) return;
    strokes.on(...there());
    changed("");
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    board.addEventListener(end, () => (painting = false));
  let pen = false; // whether the stroke of the keys goes on
  board.addEventListener("keydown", (event) => {
    if (event.altKey) return;
    const { key, shiftKey } = event;
    if (event.ctrlKey || event.metaKey) {
      if (key.toLowerCase() !== "z") return;
      event.preventDefault();
      event.stopPropagation();
      return shiftKey ? redo.click() : undo.click();
    }
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const step = steps[key];
    if (!step && key !== " " && key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    if (!step) {
      begin();
      return changed(`Covered at ${where()}.`);
    }
    if (shiftKey && !pen) begin();
    pen = shiftKey;
    const within = (value: number) => Math.min(size - 0.5, Math.max(0.5, value));
    [x, y] = [within(Math.floor(x) + 0.5 + step[0]), within(Math.floor(y) + 0.5 + step[1])];
    place();
    if (shiftKey) strokes.on(...there());
    changed(shiftKey ? `Covered as far as ${where()}.` : `Brush at ${where()}.`);
  });
  board.addEventListener("keyup", (event) => {
    if (event.key === "Shift") pen = false;
  });
  board.addEventListener("blur", () => (pen = false));
  place();

  return {
    el,
    strokes,
    show() {
      undo.disabled = !strokes.undoable;
      redo.disabled = !strokes.redoable;
      clear.disabled = strokes.now.length === 0;
    },
  };
}
