// A reader's own picture: looked at before it is opened, upright, its middle square scaled down well, or refused in words.

export const MIN_SIDE = 8; // pixels, as in senet.images
const MAX_BYTES = 50e6;
const MAX_PIXELS = 100e6; // above this a browser needs more memory than a phone has

export type Kind = "JPEG" | "PNG" | "GIF" | "WebP" | "AVIF";

/** What a file is by its first bytes, whatever its name says, and whether its end is there. Browsers show half a picture without a word. */
export function examine(bytes: Uint8Array): { kind: Kind | null; whole: boolean } {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return { kind: "JPEG", whole: endsAsJpeg(bytes) };
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return { kind: "PNG", whole: endsAsPng(bytes) };
  if (/^GIF8[79]a/.test(text(0, 6))) return { kind: "GIF", whole: bytes.at(-1) === 0x3b };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return { kind: "WebP", whole: view.getUint32(4, true) + 8 <= bytes.length };
  if (text(4, 8) === "ftyp" && /avi[fs]/.test(text(8, 32))) return { kind: "AVIF", whole: true }; // its decoder says so itself
  return { kind: null, whole: false };
}

/** The end marker behind the first scan: a thumbnail before it has an end marker of its own. */
function endsAsJpeg(bytes: Uint8Array): boolean {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) at += 2 + 256 * bytes[at + 2]! + bytes[at + 3]!;
  for (; at + 1 < bytes.length; at++) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

/** From chunk to chunk until the last: something may be appended behind it. */
function endsAsPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) if (view.getUint32(at + 4) === 0x49454e44) return true; // IEND
  return false;
}

/** The largest square in the middle. */
export function middle(width: number, height: number): { left: number; top: number; side: number } {
  const side = Math.min(width, height);
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
}

export interface OwnPicture {
  name: string;
  /** The whole picture, upright. */
  whole: ImageBitmap;
  /** What the network is shown, size x size. */
  square: HTMLCanvasElement;
}

/**
 * Open a picture of the reader's.
 * @param size side of the square that the network takes, in pixels
 * @throws Error with words for the reader
 */
export async function openPicture(file: File, size: number): Promise<OwnPicture> {
  const name = file.name || "the picture";
  if (file.size === 0) throw new Error(`${name} is empty.`);
  if (file.size > MAX_BYTES) throw new Error(`${name} has ${Math.round(file.size / 1e6)} MB: choose one below ${MAX_BYTES / 1e6} MB.`);
  const { kind, whole } = examine(new Uint8Array(await file.arrayBuffer()));
  if (!kind) throw new Error(`${name} is no picture that can be read here: save it as JPEG, PNG, WebP or GIF.`);
  const damaged = `${name} is a ${kind} picture, but damaged or cut short: open it in an image program and save it anew.`;
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
  return { name, whole: bitmap, square: squared(bitmap, size) };
}

/** Halved until it is near its size, so that every pixel counts: a canvas alone looks at a few of them. */
function squared(bitmap: ImageBitmap, size: number): HTMLCanvasElement {
  const { left, top, side } = middle(bitmap.width, bitmap.height);
  let source: CanvasImageSource = bitmap;
  let [x, y, from] = [left, top, side];
  let canvas: HTMLCanvasElement;
  do {
    const to = from >= 2 * size ? Math.max(size, Math.ceil(from / 2)) : size;
    canvas = document.createElement("canvas");
    canvas.width = canvas.height = to;
    const context = canvas.getContext("2d")!;
    context.fillStyle = "white"; // behind what is transparent
    context.fillRect(0, 0, to, to);
    context.imageSmoothingQuality = "high";
    context.drawImage(source, x, y, from, from, 0, 0, to, to);
    [source, x, y, from] = [canvas, 0, 0, to];
  } while (from > size);
  return canvas;
}

/** A canvas's pixels as the network takes them: (3 * size * size), RGB from 0 to 255, one plane after the other. */
export function planes(canvas: HTMLCanvasElement): Float32Array {
  const { data, width, height } = canvas.getContext("2d", { willReadFrequently: true })!.getImageData(0, 0, canvas.width, canvas.height);
  const count = width * height;
  return Float32Array.from({ length: 3 * count }, (_, i) => data[4 * (i % count) + Math.floor(i / count)]!);
}
