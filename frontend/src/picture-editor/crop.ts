// The square of a picture that the network is shown: moved and zoomed, and never outside the
// picture.

import { middle } from "./picture.ts";

/** In the picture's pixels; not always whole ones. */
export interface Crop {
  left: number;
  top: number;
  side: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Pixels; a smaller square holds nothing that a network could know. */
const LEAST = 8;

export const largest = ({ width, height }: Size): Crop => middle(width, height);

/** Doublings from the largest square to the smallest: how far the zoom goes. */
export const zoomRange = ({ width, height }: Size): number =>
  Math.max(0, Math.log2(Math.min(width, height) / LEAST));

/** 0 for the largest square, 1 for one of half its side, and so on. */
export const zoomOf = ({ side }: Crop, { width, height }: Size): number =>
  Math.log2(Math.min(width, height) / side);

export function moved({ left, top, side }: Crop, right: number, down: number, size: Size): Crop {
  return inside({ left: left + right, top: top + down, side }, size);
}

/**
 * @param about the point that stays where it is, as shares of the square: its middle unless given
 */
export function zoomed(crop: Crop, zoom: number, size: Size, about = { x: 0.5, y: 0.5 }): Crop {
  const full = Math.min(size.width, size.height);
  const side = full / 2 ** Math.min(Math.max(zoom, 0), zoomRange(size));
  const [x, y] = [crop.left + about.x * crop.side, crop.top + about.y * crop.side];
  return inside({ left: x - about.x * side, top: y - about.y * side, side }, size);
}

function inside({ left, top, side }: Crop, { width, height }: Size): Crop {
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), Math.max(most, 0));
  return { left: within(left, width - side), top: within(top, height - side), side };
}
