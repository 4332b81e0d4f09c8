// Networks in a thread of their own, so that the page stays quick: one question at a time, in the
// order in which they come.
//
//   {id, start: runtime}  {id, open: name, model}  {close: name}
//   {id, drop: name, file, way}: a file of the reader's, as dropped.ts opens it
//   {id, ask: name, picture, gates} ──▶ {id, outputs} or {id, failed}
//            with map: of one channel, U and the rescaled U

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { DroppedInfo, FromWorker, Question, ToWorker } from "../src/network/runtime.ts";
import { Dropped } from "./dropped.ts";
import { unzip, words } from "./unzip.ts";

interface Network {
  session: InferenceSession;
  outputs: string[];
  /** Gates of all blocks together. */
  width: number;
}

const networks = new Map<string, Network>();
const droppedOnes = new Map<string, Dropped>();
let queue = Promise.resolve();

const post = (message: FromWorker, transfer: Transferable[] = []) =>
  (self as unknown as Worker).postMessage(message, transfer);

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  queue = queue.then(() => ("close" in data ? close(data.close).catch(() => {}) : answer(data)));
};

async function answer(question: Question & { id: number }): Promise<void> {
  try {
    const { outputs, shape } = "ask" in question ? await ask(question) : { outputs: [], shape: [] };
    if ("start" in question) await start(question.start);
    if ("open" in question) await open(question);
    const dropped = "drop" in question ? await drop(question) : undefined;
    post(
      { id: question.id, outputs, shape, ...(dropped ? { dropped } : {}) },
      outputs.map((array) => array.buffer),
    );
  } catch (error) {
    post({ id: question.id, failed: words(error) });
  }
}

async function start(runtime: string): Promise<void> {
  env.wasm.numThreads = 1; // more need headers that static hosts don't send
  env.wasm.wasmBinary = await unzip(runtime);
}

async function open({
  open: name,
  model,
  blocks,
  level = "all",
}: Extract<Question, { open: string }>): Promise<void> {
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: level };
  const session = await InferenceSession.create(new Uint8Array(await unzip(model)), options);
  const outputs = ["logits", ...blocks.flatMap(({ name }) => [`${name}/z`, `${name}/s`])];
  const missing = outputs.filter((output) => !session.outputNames.includes(output));
  if (missing.length > 0) throw new Error(`the network lacks ${missing.join(", ")}`);
  await close(name);
  networks.set(name, {
    session,
    outputs,
    width: blocks.reduce((sum, { channels }) => sum + channels, 0),
  });
}

async function drop({
  drop: name,
  file,
  way,
}: Extract<Question, { drop: string }>): Promise<DroppedInfo> {
  const bytes = typeof file === "string" ? new Uint8Array(await unzip(file)) : file;
  const dropped = await Dropped.open(bytes, way);
  await close(name);
  droppedOnes.set(name, dropped);
  return dropped.info;
}

async function ask(question: Extract<Question, { ask: string }>) {
  const { ask: name, picture, size, gates, map, whole } = question;
  const dropped = droppedOnes.get(name);
  if (dropped) return dropped.ask(picture, gates, map, whole);
  const network = networks.get(name);
  if (!network) throw new Error(`${name} is not open`);
  const own = gates ?? new Float32Array(network.width).fill(NaN);
  const feeds = {
    picture: new Tensor("float32", picture, [1, 3, size, size]),
    gates: new Tensor("float32", own, [1, network.width]),
  };
  // maps are large: only those asked for are copied
  const wanted = map ? [`${map.block}/u`, `${map.block}/x`] : network.outputs;
  const answer = await network.session.run(feeds, wanted);
  const shape = map ? answer[wanted[0]!]!.dims.slice(2) : [];
  const outputs = wanted.map((output) => {
    const all = answer[output]!.data as Float32Array<ArrayBuffer>;
    const pixels = shape[0]! * shape[1]!;
    return map ? all.slice(map.channel * pixels, (map.channel + 1) * pixels) : all;
  });
  return { outputs, shape };
}

async function close(name: string): Promise<void> {
  const network = networks.get(name);
  const dropped = droppedOnes.get(name);
  networks.delete(name);
  droppedOnes.delete(name);
  await dropped?.close();
  await network?.session.release();
}
