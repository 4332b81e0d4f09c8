// What a picture's file is, by its bytes: its kind, whether its end is there, its size and how it
// was held. All this is known before anything is decoded, which can take more memory than a phone
// has.

export type Kind = "JPEG" | "PNG" | "GIF" | "WebP" | "BMP" | "AVIF" | "HEIC";

/** Pixels, as stored: before the picture is turned. */
export interface Size {
  width: number;
  height: number;
}

/**
 * What a file is by its first bytes, whatever its name says, and whether its end is there. Browsers
 * show half a picture without a word.
 */
export function examine(bytes: Uint8Array): { kind: Kind | null; whole: boolean } {
  const kind = kindOf(bytes);
  const whole = {
    JPEG: () => endsAsJpeg(bytes),
    PNG: () => endsAsPng(bytes),
    GIF: () => endsAsGif(bytes),
    WebP: () => view(bytes).getUint32(4, true) + 8 <= bytes.length,
    BMP: () => view(bytes).getUint32(2, true) <= bytes.length, // 0 where its writer didn't say
    AVIF: () => true, // its decoder says so itself
    HEIC: () => true,
  };
  return { kind, whole: kind !== null && whole[kind]() };
}

function kindOf(bytes: Uint8Array): Kind | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "JPEG";
  if (text(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "PNG";
  if (/^GIF8[79]a/.test(text(bytes, 0, 6))) return "GIF";
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP") return "WebP";
  if (text(bytes, 0, 2) === "BM" && bmpWords(bytes)) return "BMP";
  if (text(bytes, 4, 8) !== "ftyp") return null;
  if (/avi[fs]/.test(text(bytes, 8, 32))) return "AVIF";
  return /hei[cxms]|mif1|hev[cxms]/.test(text(bytes, 8, 32)) ? "HEIC" : null;
}

/** Its size and how it is to be turned, by EXIF's numbers from 1 (not at all) to 8. */
export function header(bytes: Uint8Array, kind: Kind): { size: Size | null; turn: number } {
  try {
    if (kind === "JPEG") return jpegHeader(bytes);
    if (kind === "PNG") return pngHeader(bytes);
    if (kind === "WebP") return webpHeader(bytes);
    if (kind === "BMP") return { size: bmpSize(bytes), turn: 1 };
    if (kind === "GIF") return { size: pair(view(bytes), 6, true), turn: 1 };
    return boxHeader(bytes);
  } catch {
    return { size: null, turn: 1 }; // it ends before what it promises: the decoder will say so
  }
}

const text = (bytes: Uint8Array, from: number, to: number) =>
  String.fromCharCode(...bytes.subarray(from, to));
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const pair = (data: DataView, at: number, little: boolean): Size => ({
  width: data.getUint16(at, little),
  height: data.getUint16(at + 2, little),
});

/** The marker segments before the first scan; fill bytes may precede each. */
function* segments(bytes: Uint8Array): Generator<{ marker: number; from: number; to: number }> {
  let at = 2;
  while (at + 1 < bytes.length && bytes[at] === 0xff) {
    while (bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1]!;
    const alone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    const long = alone ? 0 : 256 * bytes[at + 2]! + bytes[at + 3]!;
    yield { marker, from: at + 4, to: at + 2 + long };
    if (marker === 0xda) return;
    at += 2 + long;
  }
}

/** The end marker after the first scan: a thumbnail before it has an end marker of its own. */
function endsAsJpeg(bytes: Uint8Array): boolean {
  let at = bytes.length;
  for (const { marker, from } of segments(bytes)) if (marker === 0xda) at = from - 4;
  for (; at + 1 < bytes.length; at++) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

function jpegHeader(bytes: Uint8Array): { size: Size | null; turn: number } {
  let [size, turn]: [Size | null, number] = [null, 1];
  for (const { marker, from, to } of segments(bytes)) {
    // all frames but the three markers among them that are something else
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const { width: height, height: width } = pair(view(bytes), from + 1, false);
      size ??= { width, height };
    }
    if (marker === 0xe1 && text(bytes, from, from + 6) === "Exif\0\0")
      turn = exifTurn(bytes.subarray(from + 6, to));
  }
  return { size, turn };
}

/** Bytes of the second header of a BMP, by which its versions differ; 0 for anything else. */
function bmpWords(bytes: Uint8Array): number {
  const words = bytes.length < 26 ? 0 : view(bytes).getUint32(14, true);
  return [12, 40, 52, 56, 64, 108, 124].includes(words) ? words : 0;
}

function bmpSize(bytes: Uint8Array): Size {
  const data = view(bytes);
  if (bmpWords(bytes) === 12) return pair(data, 18, true);
  // its rows go up, or down where the height is negative
  return { width: data.getInt32(18, true), height: Math.abs(data.getInt32(22, true)) };
}

/** The chunks of a PNG: their names and where their data lie. */
function* chunks(bytes: Uint8Array): Generator<{ name: string; from: number; to: number }> {
  const data = view(bytes);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + data.getUint32(at))
    yield { name: text(bytes, at + 4, at + 8), from: at + 8, to: at + 8 + data.getUint32(at) };
}

/** From chunk to chunk until the last: something may be appended after it. */
function endsAsPng(bytes: Uint8Array): boolean {
  for (const { name } of chunks(bytes)) if (name === "IEND") return true;
  return false;
}

function pngHeader(bytes: Uint8Array): { size: Size | null; turn: number } {
  const data = view(bytes);
  let turn = 1;
  for (const { name, from, to } of chunks(bytes))
    if (name === "eXIf") turn = exifTurn(bytes.subarray(from, to));
  return { size: { width: data.getUint32(16), height: data.getUint32(20) }, turn };
}

/**
 * Whether the checksums of a PNG's chunks that hold the picture are right: some browsers show a
 * picture that was damaged on its way without a word.
 */
export function checked(bytes: Uint8Array): boolean {
  const data = view(bytes);
  for (const { name, from, to } of chunks(bytes)) {
    if (
      /^(IHDR|PLTE|IDAT)$/.test(name) &&
      crc32(bytes.subarray(from - 4, to)) !== data.getUint32(to)
    )
      return false;
    if (name === "IEND") return true;
  }
  return false;
}

let table: Uint32Array | null = null;

function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
  });
  let sum = 0xffffffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 255]! ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

/** From block to block until the trailer: something may be appended after it. */
function endsAsGif(bytes: Uint8Array): boolean {
  if (bytes.at(-1) === 0x3b) return true;
  const colours = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + colours(bytes[10]!);
  while (at < bytes.length) {
    if (bytes[at] === 0x3b) return true;
    if (bytes[at] === 0x21) at += 2;
    else if (bytes[at] === 0x2c) at += 11 + colours(bytes[at + 9]!);
    else return false;
    while (bytes[at]) at += 1 + bytes[at]!; // sub-blocks, of which an empty one is the last
    at++;
  }
  return false;
}

function webpHeader(bytes: Uint8Array): { size: Size | null; turn: number } {
  const data = view(bytes);
  let [size, turn]: [Size | null, number] = [null, 1];
  const three = (at: number) => data.getUint16(at, true) + 65536 * bytes[at + 2]!;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, long] = [text(bytes, at, at + 4), data.getUint32(at + 4, true)];
    const from = at + 8;
    if (name === "VP8X") size = { width: 1 + three(from + 4), height: 1 + three(from + 7) };
    if (name === "VP8 ") {
      const { width, height } = pair(data, from + 6, true);
      size ??= { width: width & 0x3fff, height: height & 0x3fff };
    }
    if (name === "VP8L") {
      const bits = data.getUint32(from + 1, true);
      size ??= { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    if (name === "EXIF") {
      const prefixed = text(bytes, from, from + 6) === "Exif\0\0";
      turn = exifTurn(bytes.subarray(from + (prefixed ? 6 : 0), from + long));
    }
    at = from + long + (long % 2);
  }
  return { size, turn };
}

/**
 * AVIF and HEIC: the largest extent among the items' properties. Their decoders turn the picture
 * themselves, by properties of their own.
 */
function boxHeader(bytes: Uint8Array): { size: Size | null; turn: number } {
  const [start, data] = [bytes.subarray(0, 65536), view(bytes)];
  let size: Size | null = null;
  for (let at = 0; at + 16 <= start.length; at++) {
    if (text(start, at, at + 4) !== "ispe") continue;
    const found = { width: data.getUint32(at + 8), height: data.getUint32(at + 12) };
    if (!size || found.width * found.height > size.width * size.height) size = found;
  }
  return { size, turn: 1 };
}

/** The orientation in EXIF's first directory; 1 where it has none. */
function exifTurn(exif: Uint8Array): number {
  const little = text(exif, 0, 2) === "II";
  const data = view(exif);
  const first = data.getUint32(4, little);
  for (let i = 0; i < data.getUint16(first, little); i++) {
    const at = first + 2 + 12 * i;
    if (data.getUint16(at, little) !== 0x0112) continue;
    const turn = data.getUint16(at + 8, little);
    return turn >= 1 && turn <= 8 ? turn : 1;
  }
  return 1;
}
