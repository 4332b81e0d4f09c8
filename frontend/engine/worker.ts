// A network in a thread of its own, so that the page stays quick: one picture at a time, in the order in which they come.
//
//   {start: runtime, model} ──▶ {ready} or {failed}        {ask, picture, gates} ──▶ {answer, outputs} or {answer, failed}
//                                                        with map: of one channel, U and the rescaled U

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { fromBase64 } from "../src/packed.ts";
import type { FromWorker, ToWorker } from "../src/engine.ts";

let session: InferenceSession;
let outputs: string[] = [];
let gatesWidth = 0;
let queue = Promise.resolve();

const post = (message: FromWorker, transfer: Transferable[] = []) => (self as unknown as Worker).postMessage(message, transfer);

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  queue = queue.then(() => ("start" in data ? start(data) : ask(data)));
};

async function start({ start: runtime, model, blocks }: Extract<ToWorker, { start: string }>): Promise<void> {
  try {
    env.wasm.numThreads = 1; // more need headers that static hosts don't send
    env.wasm.wasmBinary = await unzip(runtime);
    session = await InferenceSession.create(new Uint8Array(await unzip(model)), { executionProviders: ["wasm"] });
    outputs = ["logits", ...blocks.flatMap(({ name }) => [`${name}/z`, `${name}/s`])];
    const missing = outputs.filter((name) => !session.outputNames.includes(name));
    if (missing.length > 0) throw new Error(`the network lacks ${missing.join(", ")}`);
    gatesWidth = blocks.reduce((sum, { channels }) => sum + channels, 0);
    post({ ready: true });
  } catch (error) {
    post({ failed: words(error) });
  }
}

async function ask({ ask: id, picture, size, gates, map }: Extract<ToWorker, { ask: number }>): Promise<void> {
  try {
    const own = gates ?? new Float32Array(gatesWidth).fill(NaN);
    const feeds = { picture: new Tensor("float32", picture, [1, 3, size, size]), gates: new Tensor("float32", own, [1, gatesWidth]) };
    const wanted = map ? [`${map.block}/u`, `${map.block}/x`] : outputs; // maps are large: only those asked for are copied
    const answer = await session.run(feeds, wanted);
    const shape = map ? answer[wanted[0]!]!.dims.slice(2) : [];
    const values = wanted.map((name) => {
      const all = answer[name]!.data as Float32Array<ArrayBuffer>;
      const pixels = shape[0]! * shape[1]!;
      return map ? all.slice(map.channel * pixels, (map.channel + 1) * pixels) : all;
    });
    post({ answer: id, outputs: values, shape: [...shape] }, values.map((array) => array.buffer));
  } catch (error) {
    post({ answer: id, failed: words(error) });
  }
}

/** Gzip inside base64: a script is all that loads from file://, and this way it is small on any server. */
async function unzip(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

const words = (error: unknown) => (error instanceof Error ? error.message : String(error));
