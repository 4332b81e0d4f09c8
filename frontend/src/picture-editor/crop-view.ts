// The whole picture with the square that is used, to be dragged, pinched, or moved by keys; and how
// far it is zoomed.

import { decimal } from "../math/format.ts";
import { div, h, p, unique } from "../parts/dom.ts";
import { slider } from "../parts/frame.ts";
import { type Crop, largest, moved, zoomed, zoomOf, zoomRange } from "./crop.ts";
import type { Picture } from "./picture.ts";

const LONG_SIDE = 208; // pixels
const STEP = 1 / 16; // of the square, an arrow key
const ZOOM_STEP = 0.25; // doublings, a key or a notch of the wheel

export interface CropView {
  el: HTMLElement;
  readonly crop: Crop;
  /** @param keep the square as it is, for the same picture a moment later */
  show(picture: Picture, keep: boolean): void;
  words(): string;
}

interface Point {
  x: number;
  y: number;
}

/** @param changed by the reader */
export function cropView(changed: () => void): CropView {
  return new Cropping(changed);
}

class Cropping implements CropView {
  readonly el: HTMLElement;
  crop: Crop = { left: 0, top: 0, side: 1 };
  private readonly changed: () => void;
  private readonly canvas: HTMLCanvasElement;
  private readonly zoom = slider(0, 1, 0.05, (value) =>
    this.wish(zoomed(this.crop, value, this.picture!)),
  );
  private readonly about = p("senet-crop-words");
  private readonly small = document.createElement("canvas");
  private readonly hands = new Map<number, Point>(); // fingers on the canvas, by pointer
  private picture: Picture | null = null;

  constructor(changed: () => void) {
    this.changed = changed;
    const help = h(
      "p",
      { class: "senet-source", id: unique("senet-help") },
      "Drag the square, or use the arrow keys; + and − zoom, Home shows all.",
    );
    this.canvas = h("canvas", {
      role: "application",
      tabindex: 0,
      "aria-describedby": help.id,
    });
    this.zoom.name.textContent = "Zoom";
    const title = p("senet-part", "The square that is used");
    const { canvas, about, zoom } = this;
    this.el = div("senet-crop", title, canvas, about, zoom.el, help);
    this.listenToPointer();
    this.listenToWheel();
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  show(next: Picture, keep: boolean): void {
    const same = keep && this.picture?.width === next.width && this.picture.height === next.height;
    this.picture = next;
    if (!same) this.crop = largest(next);
    const scale = LONG_SIDE / Math.max(next.width, next.height);
    for (const each of [this.small, this.canvas]) {
      each.width = Math.max(1, Math.round(next.width * scale));
      each.height = Math.max(1, Math.round(next.height * scale));
    }
    const context = this.small.getContext("2d")!;
    context.imageSmoothingQuality = "high";
    context.imageSmoothingEnabled = scale < 1; // small pictures show their pixels
    context.drawImage(next.image, 0, 0, this.small.width, this.small.height);
    this.draw();
  }

  words(): string {
    const { width, height, factor, whole } = this.picture!;
    const { width: wide, height: high } = whole ?? { width, height };
    const { left, top, side } = this.crop;
    // halving rounds up: what is shown has a share of a pixel more than the file
    const short = Math.min(wide, high);
    const [x, y, used] = [left, top, side].map((value) => Math.round(value * factor)) as [
      number,
      number,
      number,
    ];
    const most = Math.min(used, short);
    if (most === wide && most === high) return `${wide} × ${high} pixels, used whole.`;
    return `${most} × ${most} of ${wide} × ${high} pixels, from ${x} across and ${y} down.`;
  }

  private wish(next: Crop): void {
    this.crop = next;
    this.draw();
    this.changed();
  }

  private draw(): void {
    const { canvas, small, crop, zoom } = this;
    const picture = this.picture!;
    const scale = canvas.width / picture.width;
    const context = canvas.getContext("2d")!;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = 0.35;
    context.drawImage(small, 0, 0);
    context.globalAlpha = 1;
    const [left, top] = [crop.left * scale, crop.top * scale];
    const side = crop.side * scale;
    context.drawImage(small, left, top, side, side, left, top, side, side);
    const rims = { black: 0.5, white: 1.5 }; // one of the two is seen on any picture
    for (const [colour, inset] of Object.entries(rims)) {
      context.strokeStyle = colour;
      context.strokeRect(left + inset, top + inset, side - 2 * inset, side - 2 * inset);
    }
    const doublings = zoomOf(crop, picture);
    zoom.input.max = String(zoomRange(picture));
    zoom.input.value = String(doublings);
    zoom.value.textContent = `× ${decimal(2 ** doublings, 1)}`;
    zoom.input.setAttribute("aria-valuetext", zoom.value.textContent);
    this.about.textContent = this.words();
    canvas.setAttribute("aria-label", `${picture.name}: ${this.about.textContent}`);
  }

  // ---- by hand

  /** Where on the picture, in its pixels. */
  private at({ clientX, clientY }: MouseEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.picture!;
    return {
      x: ((clientX - box.left) / box.width) * width,
      y: ((clientY - box.top) / box.height) * height,
    };
  }

  /** Where on the square, as shares of it. */
  private shares({ x, y }: Point): Point {
    const { left, top, side } = this.crop;
    return { x: (x - left) / side, y: (y - top) / side };
  }

  private listenToPointer(): void {
    const { canvas, hands } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      const point = this.at(event);
      hands.set(event.pointerId, point);
      const { x, y } = this.shares(point);
      const outside = x < 0 || x > 1 || y < 0 || y > 1;
      if (hands.size > 1 || !outside) return;
      const { side } = this.crop;
      this.wish(moved(this.crop, (x - 0.5) * side, (y - 0.5) * side, this.picture!));
    });
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, (event) => hands.delete(event.pointerId));
    }
  }

  /** With one hand, or pinched with two. */
  private drag(event: PointerEvent): void {
    const before = this.hands.get(event.pointerId);
    if (!before) return;
    const [now, picture] = [this.at(event), this.picture!];
    const other = [...this.hands].find(([id]) => id !== event.pointerId)?.[1];
    this.hands.set(event.pointerId, now);
    if (!other) return this.wish(moved(this.crop, now.x - before.x, now.y - before.y, picture));
    const apart = (hand: Point) => Math.max(1, Math.hypot(hand.x - other.x, hand.y - other.y));
    const middle = this.shares({ x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    const by = Math.log2(apart(now) / apart(before));
    this.wish(zoomed(this.crop, zoomOf(this.crop, picture) + by, picture, middle));
  }

  private listenToWheel(): void {
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && document.activeElement !== this.canvas) return; // the page scrolls on
      event.preventDefault();
      const zoom = zoomOf(this.crop, this.picture!) - Math.sign(event.deltaY) * ZOOM_STEP;
      this.wish(zoomed(this.crop, zoom, this.picture!, this.shares(this.at(event))));
    };
    this.canvas.addEventListener("wheel", wheel, { passive: false });
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { crop } = this;
    const picture = this.picture!;
    const step = crop.side * (event.shiftKey ? 4 * STEP : STEP);
    const go = (right: number, down: number) => moved(crop, right * step, down * step, picture);
    const turn = (by: number) => zoomed(crop, zoomOf(crop, picture) + by, picture);
    const next: Record<string, () => Crop> = {
      ArrowLeft: () => go(-1, 0),
      ArrowRight: () => go(1, 0),
      ArrowUp: () => go(0, -1),
      ArrowDown: () => go(0, 1),
      "+": () => turn(ZOOM_STEP),
      "=": () => turn(ZOOM_STEP),
      "-": () => turn(-ZOOM_STEP),
      Home: () => largest(picture),
    };
    if (!next[event.key]) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    this.wish(next[event.key]!());
  }
}
