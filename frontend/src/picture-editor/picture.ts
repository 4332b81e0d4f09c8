// A reader's own picture: looked at before it is opened, upright, a square of it scaled down well,
// or refused in words.

import { checked, examine, header, type Kind, type Size } from "./examine.ts";
import { turned, turnsItself } from "./upright.ts";

const MIN_SIDE = 8; // pixels, as in senet.images
const MAX_BYTES = 50e6;
const MAX_PIXELS = 100e6; // above this a browser needs more memory than a phone has

const WORKING_PIXELS = 2e6;

/** The largest square in the middle. */
export function middle(width: number, height: number): { left: number; top: number; side: number } {
  const side = Math.min(width, height);
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
}

/** A picture to cut squares out of. */
export interface Picture {
  name: string;
  /** Upright. A video shows what it shows at the moment. */
  image: HTMLCanvasElement | ImageBitmap | HTMLVideoElement;
  width: number;
  height: number;
  /** Pixels of the reader's file along one of `image`: more than 1 where that was large. */
  factor: number;
  /** The reader's file, upright; absent where `image` is all there is. */
  whole?: Size;
}

/**
 * Open a picture of the reader's.
 * @throws Error with words for the reader
 */
export async function openPicture(file: File): Promise<Picture> {
  const name = file.name || "the picture";
  if (file.size === 0) throw new Error(`${name} is empty: choose another file.`);
  if (file.size > MAX_BYTES)
    throw new Error(
      `${name} has ${Math.round(file.size / 1e6)} MB: choose one below ${MAX_BYTES / 1e6} MB.`,
    );
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Error(
      `${name} could not be read. If it is a folder, choose one picture in it; if it has moved, choose it again.`,
    );
  }
  const { kind, whole } = examine(bytes);
  if (!kind)
    throw new Error(
      `${name} is not a picture that can be read here: save it as JPEG, PNG, WebP or GIF.`,
    );
  const damaged = `${name} is ${a(kind)} picture, but damaged or cut short: open it in an image program and save it again.`;
  if (!whole || (kind === "PNG" && !checked(bytes))) throw new Error(damaged);
  const { size, turn } = header(bytes, kind);
  if (size) refuse(name, size); // before it is decoded, which may take more memory than there is
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(
      kind === "HEIC"
        ? `${name} is ${a(kind)} picture, which this browser doesn’t read: save it as JPEG.`
        : damaged,
    );
  }
  try {
    refuse(name, bitmap);
  } catch (error) {
    bitmap.close();
    throw error;
  }
  const upright = turn > 1 && !(await turnsItself(kind)) ? turned(bitmap, turn) : bitmap;
  if (upright !== bitmap) bitmap.close();
  return { name, ...reduced(upright) };
}

/** "an AVIF", but "a HEIC": most say it as a word. */
const a = (kind: Kind) => (kind === "AVIF" ? `an ${kind}` : `a ${kind}`);

/** @throws Error with words for the reader, where a picture is too small or too large */
function refuse(name: string, { width, height }: Size): void {
  if (Math.min(width, height) < MIN_SIDE)
    throw new Error(
      `${name} is ${width} × ${height} pixels: choose one of at least ${MIN_SIDE} on each side.`,
    );
  if (width * height > MAX_PIXELS)
    throw new Error(
      `${name} is ${width} × ${height} pixels: scale it below ${MAX_PIXELS / 1e6} megapixels first.`,
    );
}

/**
 * Halved until it is quick to work with; a square of it still has more pixels than any network here
 * sees.
 */
function reduced(opened: ImageBitmap | HTMLCanvasElement): Omit<Picture, "name"> {
  let image = opened;
  let factor = 1;
  const whole = { width: opened.width, height: opened.height };
  while (image.width * image.height > WORKING_PIXELS) {
    const half = canvasOf(Math.ceil(image.width / 2), Math.ceil(image.height / 2));
    painted(half, (context) => context.drawImage(image, 0, 0, half.width, half.height));
    if ("close" in image) image.close(); // up to 400 MB
    [image, factor] = [half, 2 * factor];
  }
  return { image, width: image.width, height: image.height, factor, whole };
}

/** Cuts squares out of pictures and scales them to size x size, always into the same canvas. */
export function cutter(size: number): {
  square: HTMLCanvasElement;
  cut(image: Picture["image"], crop: { left: number; top: number; side: number }): void;
} {
  const square = canvasOf(size, size);
  const halves: HTMLCanvasElement[] = []; // kept: a camera needs them 30 times a second
  return {
    square,
    /**
     * Halved until it is near its size, so that every pixel counts: a canvas alone looks at a few
     * of them.
     */
    cut(image, { left, top, side }) {
      let source: CanvasImageSource = image;
      let [x, y, from, step] = [left, top, side, 0];
      do {
        const to = from >= 2 * size ? Math.max(size, Math.ceil(from / 2)) : size;
        const canvas = to === size ? square : (halves[step] ??= canvasOf(to, to));
        if (canvas.width !== to) canvas.width = canvas.height = to;
        painted(canvas, (context) => context.drawImage(source, x, y, from, from, 0, 0, to, to));
        [source, x, y, from] = [canvas, 0, 0, to];
        step++;
      } while (from > size);
    },
  };
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  return canvas;
}

function painted(
  canvas: HTMLCanvasElement,
  paint: (context: CanvasRenderingContext2D) => void,
): void {
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "white"; // shows through what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  paint(context);
}
