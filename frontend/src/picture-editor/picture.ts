// A reader's own picture: looked at before it is opened, upright, a square of it scaled down well,
// or refused in words.

export const MIN_SIDE = 8; // pixels, as in senet.images
const MAX_BYTES = 50e6;
const MAX_PIXELS = 100e6; // above this a browser needs more memory than a phone has

const WORKING_PIXELS = 2e6;

export type Kind = "JPEG" | "PNG" | "GIF" | "WebP" | "AVIF" | "HEIC";

/**
 * What a file is by its first bytes, whatever its name says, and whether its end is there. Browsers
 * show half a picture without a word.
 */
export function examine(bytes: Uint8Array): { kind: Kind | null; whole: boolean } {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return { kind: "JPEG", whole: endsAsJpeg(bytes) };
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return { kind: "PNG", whole: endsAsPng(bytes) };
  if (/^GIF8[79]a/.test(text(0, 6))) return { kind: "GIF", whole: bytes.at(-1) === 0x3b };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP")
    return { kind: "WebP", whole: view.getUint32(4, true) + 8 <= bytes.length };
  // its decoder says so itself
  if (text(4, 8) === "ftyp" && /avi[fs]/.test(text(8, 32))) return { kind: "AVIF", whole: true };
  if (text(4, 8) === "ftyp" && /hei[cx]|mif1|hev[cx]/.test(text(8, 32)))
    return { kind: "HEIC", whole: true };
  return { kind: null, whole: false };
}

/** The end marker after the first scan: a thumbnail before it has an end marker of its own. */
function endsAsJpeg(bytes: Uint8Array): boolean {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda)
    at += 2 + 256 * bytes[at + 2]! + bytes[at + 3]!;
  for (; at + 1 < bytes.length; at++) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

/** From chunk to chunk until the last: something may be appended after it. */
function endsAsPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at))
    if (view.getUint32(at + 4) === 0x49454e44) return true; // IEND
  return false;
}

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
  if (kind === "HEIC")
    throw new Error(`${name} is a HEIC picture, which browsers don’t read: save it as JPEG.`);
  if (!kind)
    throw new Error(
      `${name} is not a picture that can be read here: save it as JPEG, PNG, WebP or GIF.`,
    );
  const damaged = `${name} is a ${kind} picture, but damaged or cut short: open it in an image program and save it again.`;
  if (!whole) throw new Error(damaged);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(damaged);
  }
  const { width, height } = bitmap;
  const problem =
    Math.min(width, height) < MIN_SIDE
      ? `${name} is ${width} × ${height} pixels: choose one of at least ${MIN_SIDE} on each side.`
      : width * height > MAX_PIXELS
        ? `${name} is ${width} × ${height} pixels: scale it below ${MAX_PIXELS / 1e6} megapixels first.`
        : null;
  if (problem) {
    bitmap.close();
    throw new Error(problem);
  }
  return { name, ...reduced(bitmap) };
}

/**
 * Halved until it is quick to work with; a square of it still has more pixels than any network here
 * sees.
 */
function reduced(bitmap: ImageBitmap): Omit<Picture, "name"> {
  let image: Picture["image"] = bitmap;
  let factor = 1;
  while (image.width * image.height > WORKING_PIXELS) {
    const half = canvasOf(Math.ceil(image.width / 2), Math.ceil(image.height / 2));
    painted(half, (context) => context.drawImage(image, 0, 0, half.width, half.height));
    if (image === bitmap) bitmap.close(); // up to 400 MB
    [image, factor] = [half, 2 * factor];
  }
  return { image, width: image.width, height: image.height, factor };
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
