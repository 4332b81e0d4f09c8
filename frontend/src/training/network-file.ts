// A trained network as an ONNX file, which the explorer opens as any other: Python wrote one
// without weights, and where in it each of them belongs.

import { type TrainFile, tensorsOf, type Weights } from "./run.ts";

/** The network's ONNX file, which is `empty`, with these weights in their places. */
export function filled(
  file: TrainFile,
  trained: Weights,
  empty: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  for (const [name, , values] of tensorsOf(file, trained))
    empty.set(new Uint8Array(values.buffer), file.places[name]!);
  return empty;
}
