// A network that learns, in a thread of its own. Between two batches it listens: to pause, to take
// a single step, to give its weights.
//
//   start ──▶ ready ──train──▶ pictures made ──▶ steps ... epoch ... steps ... epoch ──▶ over
//                                 paused: waits between two batches, whenever asked to

import { env } from "onnxruntime-web/wasm";
import type { FromTrainer, ToTrainer } from "../src/training/messages.ts";
import { filled } from "../src/training/network-file.ts";
import { type Made, patchwork, SIDE } from "../src/training/patchwork.ts";
import { Run, type TrainFile } from "../src/training/run.ts";
import { opened, written } from "../src/training/safetensors.ts";
import { graphsOf } from "./graphs.ts";
import { unzip, words } from "./unzip.ts";

const TOLD = 100; // milliseconds between two messages about steps
const WATCHED = 500; // and between two about gates
// Batches until the browser has compiled what is computed most, then until their time is known, and
// over how many later ones are averaged.
const [WARM, KNOWN, RECENT] = [15, 30, 60];
const SEEDS = { train: 1, test: 2 }; // of the pictures, as the chapter has them

let file: TrainFile;
let graphs: Awaited<ReturnType<typeof graphsOf>>;
let run: Run | null = null;
let started = Promise.resolve();
let [paused, single] = [false, false];
let wake: () => void = () => {};
const made = new Map<number, Made>();

const post = (message: FromTrainer) => (self as unknown as Worker).postMessage(message);

self.onmessage = ({ data }: MessageEvent<ToTrainer>) => {
  answer(data).catch((error) => post({ failed: words(error) }));
};

async function start({ start: runtime, file: packed }: Extract<ToTrainer, { start: string }>) {
  env.wasm.numThreads = 1; // more need headers that static hosts don't send
  env.wasm.wasmBinary = await unzip(runtime);
  file = JSON.parse(new TextDecoder().decode(await unzip(packed)));
  graphs = await graphsOf(file);
  post({ ready: { blocks: file.blocks } });
}

async function answer(data: ToTrainer): Promise<void> {
  if ("start" in data) {
    await (started = start(data));
    return;
  }
  await started; // messages come while it starts
  if ("train" in data) {
    paused = data.paused;
    await train(data);
  } else if ("open" in data) {
    await opens(data);
  } else if ("save" in data) {
    if (!run) throw new Error("there is no network to save yet");
    const { plan, step, history } = run;
    post({ saved: written(file, run, { ...data.save, plan, steps: step, history }) });
  } else if ("network" in data) {
    if (!run) throw new Error("there is no network to look into yet");
    const empty = new Uint8Array(await unzip(file.network_onnx));
    post({ network: filled(file, run, empty) });
  } else {
    if ("step" in data) [paused, single] = [true, true];
    else paused = data.pause;
    wake();
  }
}

/** A network that was saved becomes the one that is here, and is tested. */
async function opens({ open, tested }: Extract<ToTrainer, { open: object }>): Promise<void> {
  try {
    const weights = opened(file, open);
    const [, test] = await allMade(0, tested);
    const plan = { seed: 0, pictures: 0, tested, epochs: 0, peak: 0 };
    const momenta = new Float32Array(weights.weights.length);
    run = new Run(file, graphs, test, test, plan, { ...weights, momenta, step: 0, history: [] });
    const { accuracy } = await run.tested();
    if (file.blocks.length > 0) post({ gates: await run.gates() });
    const share = `${(100 * accuracy).toFixed(1)}%`;
    post({ opened: `${file.title} is right on ${share} of ${tested} test pictures.` });
  } catch (error) {
    post({ opened: words(error) });
  }
}

async function train({ train: plan, from }: Extract<ToTrainer, { train: object }>): Promise<void> {
  const pictures = await allMade(plan.pictures, plan.tested);
  const mine = (run = new Run(file, graphs, pictures[0], pictures[1], plan, from));
  let steps: { loss: number; accuracy: number }[] = [];
  let [told, watched, batch, pace] = [0, 0, 0, 0];
  let [batches, average] = [0, 0];
  const tell = async (all: boolean) => {
    const now = performance.now();
    if (all || now - told > TOLD) {
      if (steps.length > 0) post({ steps, at: mine.step, of: mine.steps, batch, pace });
      [steps, told] = [[], now];
    }
    if (file.blocks.length > 0 && (all || now - watched > WATCHED)) {
      post({ gates: await mine.gates() });
      watched = now;
    }
  };
  await tell(true);
  while (!mine.over) {
    await (paused && !single ? new Promise<void>((resolve) => (wake = resolve)) : listened());
    if (run !== mine) return; // another began
    if (paused && !single) continue;
    const one = single;
    single = false;
    const began = performance.now();
    const { loss, accuracy, epoch } = await mine.next();
    const took = performance.now() - began;
    if (!epoch) batch = batch ? 0.95 * batch + 0.05 * took : took;
    steps.push({ loss, accuracy });
    await tell(one || epoch !== null);
    if (epoch) post({ epoch, state: mine.state()! });
    // all that a batch costs: the tests and the gates after it, and not the pauses
    if (++batches > WARM)
      average += (performance.now() - began - average) / Math.min(batches - WARM, RECENT);
    if (batches >= KNOWN) pace = average;
  }
  post({ over: true });
}

/** A moment in which messages come in. A timer would wait longer, and in a hidden tab a second. */
function listened(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

async function allMade(trained: number, tested: number): Promise<[Made, Made]> {
  const AT_ONCE = 100;
  const wanted = [
    [SEEDS.train, trained],
    [SEEDS.test, tested],
  ] as const;
  const of = trained + tested;
  let done = 0;
  for (const [seed, count] of wanted) {
    const bytes = 3 * SIDE * SIDE;
    const before = made.get(seed);
    if (before && before.labels.length >= count) {
      done += count;
      continue;
    }
    const all = { images: new Uint8Array(count * bytes), labels: new Uint8Array(count) };
    for (let at = 0; at < count; at += AT_ONCE) {
      const some = patchwork(seed, at, Math.min(at + AT_ONCE, count));
      all.images.set(some.images, at * bytes);
      all.labels.set(some.labels, at);
      post({ made: (done += some.labels.length), of });
      await listened();
    }
    made.set(seed, all);
  }
  return [made.get(SEEDS.train)!, made.get(SEEDS.test)!];
}
