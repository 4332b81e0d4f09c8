// Protobuf, as much as an ONNX file needs: fields of a message, read in place and written again.
// Weights are never copied while reading: a field is a view of the file.

/** One field: its number, and a varint's value, or the bytes of the other kinds. */
export interface Field {
  number: number;
  wire: 0 | 1 | 2 | 5;
  value: number;
  bytes: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** All fields of a message in order. @throws if the bytes are not a message, or end too early */
export function fields(bytes: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("it ends too early");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
      if (scale > 2 ** 70) throw new Error("it is not a message");
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error("it ends too early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const [number, wire] = [Math.floor(key / 8), key % 8];
    if (number === 0) throw new Error("it is not a message");
    if (wire === 0) found.push({ number, wire, value: varint(), bytes: EMPTY });
    else if (wire === 1) found.push({ number, wire, value: 0, bytes: take(8) });
    else if (wire === 2) found.push({ number, wire, value: 0, bytes: take(varint()) });
    else if (wire === 5) found.push({ number, wire, value: 0, bytes: take(4) });
    else throw new Error("it is not a message");
  }
  return found;
}

export const text = (bytes: Uint8Array): string => decoder.decode(bytes);
export const float = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
/** A varint that stands for a number of 64 bits with a sign; exact below 2^53. */
export const signed = (value: number): number => (value >= 2 ** 63 ? value - 2 ** 64 : value);

/** The numbers of a repeated field, packed or one by one. */
export function integers(all: Field[], number: number): number[] {
  return all
    .filter((field) => field.number === number)
    .flatMap(({ wire, value, bytes }) => (wire === 0 ? [signed(value)] : unpacked(bytes)));
}

function unpacked(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let [value, scale] = [0, 1];
    let byte: number;
    do {
      byte = bytes[at++]!;
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte >= 128 && at < bytes.length);
    found.push(signed(value));
  }
  return found;
}

// ---- writing: a message is a list of pieces, joined once at the end

export type Piece = Uint8Array | Piece[];

export const size = (piece: Piece): number =>
  piece instanceof Uint8Array ? piece.length : piece.reduce((sum, each) => sum + size(each), 0);

export function joined(piece: Piece): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size(piece));
  let at = 0;
  const put = (each: Piece): void => {
    if (!(each instanceof Uint8Array)) return each.forEach(put);
    out.set(each, at);
    at += each.length;
  };
  put(piece);
  return out;
}

export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

export const number = (field: number, value: number): Piece => [varint(field * 8), varint(value)];
export const message = (field: number, piece: Piece): Piece => [
  varint(field * 8 + 2),
  varint(size(piece)),
  piece,
];
export const string = (field: number, value: string): Piece =>
  message(field, encoder.encode(value));

/** A field as it was read. */
export function again({ number: field, wire, value, bytes }: Field): Piece {
  if (wire === 0) return number(field, value);
  if (wire === 2) return message(field, bytes);
  return [varint(field * 8 + wire), bytes];
}
