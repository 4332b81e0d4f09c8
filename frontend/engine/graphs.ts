// The two graphs of a file, run by ONNX Runtime.

import { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { fromBase64 } from "../src/math/packed.ts";
import { SIDE } from "../src/training/patchwork.ts";
import type { Graphs, TrainFile } from "../src/training/run.ts";

export async function graphsOf(file: TrainFile): Promise<Graphs> {
  const open = (onnx: string) =>
    InferenceSession.create(fromBase64(onnx), { executionProviders: ["wasm"] });
  const [stepped, asked] = [await open(file.step_onnx), await open(file.asked_onnx)];
  const row = (values: Float32Array) => new Tensor("float32", values, [values.length]);
  const number = (value: number) => new Tensor("float32", [value], []);
  const picturesOf = (bytes: Uint8Array) =>
    new Tensor("uint8", bytes, [bytes.length / (3 * SIDE * SIDE), 3, SIDE, SIDE]);
  const floats = (tensor: Tensor | undefined) => tensor!.data as Float32Array;
  const names = file.blocks.map(({ name }) => `${name}/s`);
  return {
    async step({ weights, momenta, statistics }, pictures, labels, rate, momentum) {
      const told = await stepped.run({
        weights: row(weights),
        momenta: row(momenta),
        statistics: row(statistics),
        pictures: picturesOf(pictures),
        labels: new Tensor("int32", labels, [labels.length]),
        rate: number(rate),
        momentum: number(momentum),
      });
      return {
        weights: floats(told["weights.next"]),
        momenta: floats(told["momenta.next"]),
        statistics: floats(told["statistics.next"]),
        loss: floats(told.loss)[0]!,
        right: floats(told.right)[0]!,
      };
    },
    async ask({ weights, statistics }, pictures) {
      const feeds = {
        weights: row(weights),
        statistics: row(statistics),
        pictures: picturesOf(pictures),
      };
      const told = await asked.run(feeds);
      return { logits: floats(told.logits), s: names.map((name) => floats(told[name])) };
    },
  };
}
