// A trained network as an ONNX file, which the explorer opens as any other: Python wrote one
// without weights, and where in it each of them belongs.

import { sizeOf, type TrainFile, type Weights } from "./run.ts";

/** The network's ONNX file, which is `empty`, with these weights in their places. */
export function filled(
  file: TrainFile,
  { weights, statistics }: Weights,
  empty: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  for (const [row, order] of [
    [weights, file.weights],
    [statistics, file.statistics],
  ] as const) {
    let at = 0;
    for (const [name, shape] of order) {
      const values = row.slice(at, (at += sizeOf(shape)));
      empty.set(new Uint8Array(values.buffer), file.places[name]!);
    }
  }
  return empty;
}
