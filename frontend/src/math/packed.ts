// Numbers in a text file, small: base64 of float32, or of 16- or 8-bit steps between a least and a
// largest value.

/**
 * Steps: value = low + step * (high - low) / (2^bits - 1). All integers and floats are
 * little-endian.
 */
export type Packed =
  | { type: "f4"; data: string }
  | { type: "u2" | "u1"; low: number; high: number; data: string };

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function unpack(packed: Packed): Float32Array {
  const bytes = fromBase64(packed.data);
  const view = new DataView(bytes.buffer);
  if (packed.type === "f4") {
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }
  const { low, high } = packed;
  if (packed.type === "u1")
    return Float32Array.from(bytes, (step) => low + (step / 255) * (high - low));
  return Float32Array.from(
    { length: bytes.length / 2 },
    (_, i) => low + (view.getUint16(2 * i, true) / 65535) * (high - low),
  );
}
