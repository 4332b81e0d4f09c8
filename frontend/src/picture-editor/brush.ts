// Strokes of a brush that covers parts of a picture with grey. They lie on the picture, not on the
// square that is cut out of it: what is covered stays covered when the square moves.
//
//   strokes ──paint──▶ one more ──undo──▶ as before ──redo──▶ one more    (clear is a step as well)

import { History } from "../state/history.ts";
import type { Crop } from "./crop.ts";

/** What covers: the middle of the scale, in each of red, green and blue. */
export const GREY = 128;

export interface Stroke {
  /** Of the picture, in its pixels: x0, y0, x1, y1, ... */
  points: number[];
  /** Half the brush's width, in the picture's pixels. */
  radius: number;
}

export class Strokes {
  private readonly history = new History<readonly Stroke[]>([]);

  get now(): readonly Stroke[] {
    return this.history.now;
  }

  /** Set the brush down. */
  begin(x: number, y: number, radius: number): void {
    this.history.step([...this.now, { points: [x, y], radius }]);
  }

  /** Draw the stroke that was begun last on to here. */
  on(x: number, y: number): void {
    this.now.at(-1)?.points.push(x, y);
  }

  clear(): void {
    if (this.now.length > 0) this.history.step([]);
  }

  undo(): void {
    this.history.undo();
  }

  redo(): void {
    this.history.redo();
  }

  /** For another picture: no strokes, and no way back to them. */
  forget(): void {
    this.history.restart([]);
  }

  get undoable(): boolean {
    return this.history.undoable;
  }

  get redoable(): boolean {
    return this.history.redoable;
  }
}

/**
 * Which of the square's size x size pixels are covered: those whose middle lies under the brush. 1
 * or 0 each, row by row.
 */
export function covered(
  strokes: readonly Stroke[],
  { left, top, side }: Crop,
  size: number,
): Uint8Array {
  const mask = new Uint8Array(size * size);
  const scale = size / side;
  for (const { points, radius } of strokes) {
    const reach = radius * scale;
    for (let i = 0; i + 1 < points.length; i += 2) {
      const [x, y] = [(points[i]! - left) * scale, (points[i + 1]! - top) * scale];
      const [fromX, fromY] =
        i === 0 ? [x, y] : [(points[i - 2]! - left) * scale, (points[i - 1]! - top) * scale];
      const [firstRow, lastRow] = span(fromY, y, reach, size);
      const [firstColumn, lastColumn] = span(fromX, x, reach, size);
      for (let row = firstRow; row <= lastRow; row++) {
        for (let column = firstColumn; column <= lastColumn; column++) {
          if (distance(column + 0.5, row + 0.5, fromX, fromY, x, y) <= reach)
            mask[row * size + column] = 1;
        }
      }
    }
  }
  return mask;
}

/** @param data RGBA, changed in place */
export function cover(data: Uint8ClampedArray, mask: Uint8Array): void {
  mask.forEach((on, i) => on && data.fill(GREY, 4 * i, 4 * i + 3));
}

function span(
  one: number,
  other: number,
  reach: number,
  size: number,
): [first: number, last: number] {
  return [
    Math.max(0, Math.floor(Math.min(one, other) - reach)),
    Math.min(size - 1, Math.ceil(Math.max(one, other) + reach)),
  ];
}

/** From a point to a line between two others. */
function distance(
  x: number,
  y: number,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
): number {
  const [alongX, alongY] = [toX - fromX, toY - fromY];
  const length = alongX ** 2 + alongY ** 2;
  const share =
    length === 0
      ? 0
      : Math.min(1, Math.max(0, ((x - fromX) * alongX + (y - fromY) * alongY) / length));
  return Math.hypot(x - fromX - share * alongX, y - fromY - share * alongY);
}
