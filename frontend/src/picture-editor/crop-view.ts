// The whole picture with the square that is used, to be dragged, pinched, or moved by keys; and how
// far it is zoomed.

import { decimal } from "../math/format.ts";
import { h, unique } from "../parts/dom.ts";
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

/** @param changed by the reader */
export function cropView(changed: () => void): CropView {
  const help = h(
    "p",
    { class: "senet-source", id: unique("senet-help") },
    "Drag the square, or use the arrow keys; + and − zoom, Home shows all.",
  );
  const canvas = h("canvas", { role: "application", tabindex: 0, "aria-describedby": help.id });
  const zoom = slider(0, 1, 0.05, (value) => wish(zoomed(crop, value, picture!)));
  zoom.name.textContent = "Zoom";
  const about = h("p", { class: "senet-crop-words" });
  const el = h(
    "div",
    { class: "senet-crop" },
    h("p", { class: "senet-part" }, "The square that is used"),
    canvas,
    about,
    zoom.el,
    help,
  );
  const small = document.createElement("canvas");
  let picture: Picture | null = null;
  let crop: Crop = { left: 0, top: 0, side: 1 };

  function wish(next: Crop): void {
    crop = next;
    draw();
    changed();
  }

  function draw(): void {
    const { width, height } = picture!;
    const scale = canvas.width / width;
    const context = canvas.getContext("2d")!;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = 0.35;
    context.drawImage(small, 0, 0);
    context.globalAlpha = 1;
    const at = [crop.left * scale, crop.top * scale, crop.side * scale, crop.side * scale] as const;
    context.drawImage(small, ...at, ...at);
    for (const [colour, inset] of [
      ["black", 0.5],
      ["white", 1.5],
    ] as const) {
      context.strokeStyle = colour; // one of the two is seen on any picture
      context.strokeRect(at[0] + inset, at[1] + inset, at[2] - 2 * inset, at[3] - 2 * inset);
    }
    zoom.input.max = String(zoomRange({ width, height }));
    zoom.input.value = String(zoomOf(crop, { width, height }));
    zoom.value.textContent = `× ${decimal(2 ** zoomOf(crop, { width, height }), 1)}`;
    zoom.input.setAttribute("aria-valuetext", zoom.value.textContent);
    about.textContent = words();
    canvas.setAttribute("aria-label", `${picture!.name}: ${about.textContent}`);
  }

  function words(): string {
    const { width, height, factor } = picture!;
    const [left, top, side, wide, high] = [crop.left, crop.top, crop.side, width, height].map(
      (value) => Math.round(value * factor),
    );
    if (side === wide && side === high) return `${wide} × ${high} pixels, used whole.`;
    return `${side} × ${side} of ${wide} × ${high} pixels, from ${left} across and ${top} down.`;
  }

  // ---- by hand
  const hands = new Map<number, { x: number; y: number }>();
  /** Where on the picture, in its pixels. */
  const at = ({ clientX, clientY }: MouseEvent) => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * picture!.width,
      y: ((clientY - box.top) / box.height) * picture!.height,
    };
  };
  const shares = ({ x, y }: { x: number; y: number }) => ({
    x: (x - crop.left) / crop.side,
    y: (y - crop.top) / crop.side,
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const point = at(event);
    hands.set(event.pointerId, point);
    const { x, y } = shares(point);
    if (hands.size === 1 && (x < 0 || x > 1 || y < 0 || y > 1))
      wish(moved(crop, (x - 0.5) * crop.side, (y - 0.5) * crop.side, picture!));
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = hands.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const other = [...hands].find(([id]) => id !== event.pointerId)?.[1];
    hands.set(event.pointerId, now);
    if (!other) return wish(moved(crop, now.x - before.x, now.y - before.y, picture!));
    const apart = (hand: { x: number; y: number }) =>
      Math.max(1, Math.hypot(hand.x - other.x, hand.y - other.y));
    const middle = shares({ x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    wish(
      zoomed(
        crop,
        zoomOf(crop, picture!) + Math.log2(apart(now) / apart(before)),
        picture!,
        middle,
      ),
    );
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    canvas.addEventListener(end, (event) => hands.delete(event.pointerId));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls on
      event.preventDefault();
      wish(
        zoomed(
          crop,
          zoomOf(crop, picture!) - Math.sign(event.deltaY) * ZOOM_STEP,
          picture!,
          shares(at(event)),
        ),
      );
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = crop.side * (event.shiftKey ? 4 * STEP : STEP);
    const go = (right: number, down: number) => moved(crop, right * step, down * step, picture!);
    const turn = (by: number) => zoomed(crop, zoomOf(crop, picture!) + by, picture!);
    const next: Record<string, () => Crop> = {
      ArrowLeft: () => go(-1, 0),
      ArrowRight: () => go(1, 0),
      ArrowUp: () => go(0, -1),
      ArrowDown: () => go(0, 1),
      "+": () => turn(ZOOM_STEP),
      "=": () => turn(ZOOM_STEP),
      "-": () => turn(-ZOOM_STEP),
      Home: () => largest(picture!),
    };
    if (!next[event.key]) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page arrow keys turn to the next chapter
    wish(next[event.key]!());
  });

  return {
    el,
    get crop() {
      return crop;
    },
    show(next, keep) {
      const same = keep && picture?.width === next.width && picture.height === next.height;
      picture = next;
      if (!same) crop = largest(next);
      const scale = LONG_SIDE / Math.max(next.width, next.height);
      for (const each of [small, canvas]) {
        each.width = Math.max(1, Math.round(next.width * scale));
        each.height = Math.max(1, Math.round(next.height * scale));
      }
      const context = small.getContext("2d")!;
      context.imageSmoothingQuality = "high";
      context.imageSmoothingEnabled = scale < 1; // small pictures show their pixels
      context.drawImage(next.image, 0, 0, small.width, small.height);
      draw();
    },
    words,
  };
}
