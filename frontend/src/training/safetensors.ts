// A trained network as a file of tensors that `senet.pretrained.read` opens, with all that it needs
// to know in the file's own notes; and the way back, from any file with tensors of these names.

import { sizeOf, type TrainFile, tensorsOf, type Weights } from "./run.ts";

/** @param about what the network's notes say of its training */
export function written(
  file: TrainFile,
  trained: Weights,
  about: Record<string, unknown>,
): Uint8Array<ArrayBuffer> {
  const entries: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  const put = (name: string, dtype: string, shape: number[], bytes: Uint8Array) => {
    entries[name] = { dtype, shape, data_offsets: [end, (end += bytes.length)] };
    parts.push(bytes);
  };
  for (const [name, shape, values] of tensorsOf(file, trained))
    put(name, "F32", shape, new Uint8Array(values.buffer));
  // torch counts the batches that a norm has seen, and nothing here reads it
  for (const [name] of file.statistics)
    if (name.endsWith("running_mean"))
      put(name.replace(/running_mean$/, "num_batches_tracked"), "I64", [], new Uint8Array(8));
  const { title, architecture, classes, preprocessing } = file;
  const known = { title, architecture, arguments: file.arguments, classes, preprocessing };
  const notes = { senet: JSON.stringify({ ...known, provenance: about, licence: "yours" }) };
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: notes, ...entries }));
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + end).fill(32, 8, 8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, 8);
  let at = 8 + padded;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Whether these bytes begin as such a file does: with the length of its notes. */
export function tensors(bytes: Uint8Array): boolean {
  if (bytes.length <= 8) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getBigUint64(0, true) <= BigInt(bytes.length - 8);
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * The weights in a file of tensors, of 32 or 16 bits.
 * @throws an `Error` that a reader can be shown, where it is another network's or none
 */
export function opened(file: TrainFile, bytes: Uint8Array): Weights {
  if (!tensors(bytes)) throw new Error("this is not a .safetensors file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  let entries: Record<string, Entry>;
  try {
    entries = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw new Error("this is not a .safetensors file");
  }
  const row = (order: (readonly [string, number[], ...unknown[]])[]) =>
    Float32Array.from(
      order.flatMap(([name, shape]) => {
        const entry = entries[name];
        if (!entry || String(entry.shape) !== String(shape))
          throw new Error(
            `${name} is ${entry ? `of shape ${entry.shape}` : "missing"}: the file holds another network than ${file.title}`,
          );
        return numbers(view, 8 + length + entry.data_offsets[0], sizeOf(shape), entry.dtype);
      }),
    );
  return { weights: row(file.weights), statistics: row(file.statistics) };
}

function numbers(view: DataView, at: number, count: number, dtype: string): number[] {
  const read: Record<string, (i: number) => number> = {
    F32: (i) => view.getFloat32(at + 4 * i, true),
    F16: (i) => half(view.getUint16(at + 2 * i, true)),
  };
  const one = read[dtype];
  if (!one) throw new Error(`the file's numbers are ${dtype}: save them as float32 or float16`);
  return Array.from({ length: count }, (_, i) => one(i));
}

/** A number of 16 bits, as IEEE 754 has it. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, (bits & 1023) / 1024];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
}
