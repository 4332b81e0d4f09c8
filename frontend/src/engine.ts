// The network in the reader's browser: started when asked for, shared by all widgets of a page.
//
//   idle ──start──▶ loading ──all there──▶ starting ──first answer is right──▶ ready
//    ▲  └──────cancel────┴───────────────────┤                                   │ the worker dies
//    └───────────────────────────────────────┘        failed ◀──anything wrong───┘ ──start──▶ loading

import { download, total, type Manifest } from "./download.ts";
import type { Answer, BlockInfo, Gates, Maps, NetworkInfo } from "./probe.ts";

export type State =
  | { kind: "idle" }
  | { kind: "loading"; bytes: number; total: number }
  | { kind: "starting" }
  | { kind: "ready" }
  | { kind: "failed"; message: string };

export type ToWorker =
  | { start: string; model: string; blocks: BlockInfo[] }
  | { ask: number; picture: Float32Array; size: number; gates: Float32Array | null; map: { block: string; channel: number } | null };
export type FromWorker =
  | { ready: true }
  | { failed: string }
  | { answer: number; outputs: Float32Array[]; shape: number[] }
  | { answer: number; failed: string };

/** What has to come out for a picture that was recorded: an old file in a cache must not answer for a new one. */
export interface Known {
  picture: Float32Array;
  size: number;
  answer: Answer;
}

/** Recorded excitations are rounded to 16 bits, and machines add up in different orders. */
const TOLERANCE = 1e-3;

export class Engine {
  readonly network: NetworkInfo;
  readonly total: number;
  state: State = { kind: "idle" };
  private readonly manifest: Manifest;
  private readonly known: Known;
  private readonly watchers = new Set<(state: State) => void>();
  private readonly waiting = new Map<number, { resolve: (outputs: Float32Array[], shape: number[]) => void; reject: (error: Error) => void }>();
  private worker: Worker | null = null;
  private abort: AbortController | null = null;
  private asked = 0;

  constructor(network: NetworkInfo, manifest: Manifest, known: Known) {
    this.network = network;
    this.manifest = manifest;
    this.known = known;
    this.total = total(this.names(), manifest);
  }

  /** Hear of each change of state, and of the present one at once. @returns what ends that */
  watch(watcher: (state: State) => void): () => void {
    this.watchers.add(watcher);
    watcher(this.state);
    return () => this.watchers.delete(watcher);
  }

  /** Fetch and start, unless that is done or under way. How it goes is told to the watchers. */
  async start(): Promise<void> {
    if (this.state.kind !== "idle" && this.state.kind !== "failed") return;
    const abort = (this.abort = new AbortController());
    const here = () => this.abort === abort;
    try {
      const progress = (bytes: number) => here() && this.tell({ kind: "loading", bytes, total: this.total });
      progress(0);
      const [source, runtime, model] = (await download(this.names(), this.manifest, progress, abort.signal)) as [string, string, string];
      if (!here()) return;
      this.tell({ kind: "starting" });
      await this.open(source, { start: runtime, model, blocks: this.network.blocks });
      if (!here()) return;
      const { picture, size, answer } = this.known;
      const off = apart(await this.ask(picture, size), answer);
      if (!here()) return;
      if (!(off <= TOLERANCE)) throw new Error("the network that was fetched is not the one of this page: reload it without its cache");
      this.tell({ kind: "ready" });
    } catch (error) {
      if (here()) this.fail((error as Error).message);
    }
  }

  /** Give up what was begun. */
  cancel(): void {
    if (this.state.kind !== "loading" && this.state.kind !== "starting") return;
    this.close(new Error("cancelled"));
    this.tell({ kind: "idle" });
  }

  /** @param picture (3 * size * size), RGB from 0 to 255, one plane after the other */
  ask(picture: Float32Array, size: number, gates?: Gates): Promise<Answer> {
    return this.post(picture, size, gates, null, answerOf);
  }

  /** The map of one channel before and after its gate: its own question, so that an ordinary answer stays small and quick. */
  maps(picture: Float32Array, size: number, block: string, channel: number, gates?: Gates): Promise<Maps> {
    return this.post(picture, size, gates, { block, channel }, ([u, x], [height, width]) => ({ u: u!, x: x!, height: height!, width: width! }));
  }

  private post<T>(
    picture: Float32Array,
    size: number,
    gates: Gates | undefined,
    map: { block: string; channel: number } | null,
    made: (outputs: Float32Array[], shape: number[]) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.worker) return reject(new Error("the network is not loaded"));
      const id = ++this.asked;
      this.waiting.set(id, { resolve: (outputs, shape) => resolve(made(outputs, shape)), reject });
      this.worker.postMessage({ ask: id, picture, size, gates: row(this.network.blocks, gates), map } satisfies ToWorker);
    });
  }

  private names(): string[] {
    return ["worker", "runtime", this.network.name];
  }

  private open(source: string, start: ToWorker): Promise<void> {
    return new Promise((resolve, reject) => {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" })); // a worker's file is refused on file://
      const worker = (this.worker = new Worker(url));
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if ("ready" in data) resolve();
        else if ("answer" in data) this.hear(data);
        else reject(new Error(data.failed));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        const error = new Error(event.message || "its thread could not be started");
        reject(error);
        if (this.worker === worker) this.fail(error.message);
      };
      worker.postMessage(start);
      this.abort?.signal.addEventListener("abort", () => reject(new Error("cancelled")));
    });
  }

  private hear(data: Extract<FromWorker, { answer: number }>): void {
    const waiting = this.waiting.get(data.answer);
    this.waiting.delete(data.answer);
    if ("failed" in data) waiting?.reject(new Error(data.failed));
    else waiting?.resolve(data.outputs, data.shape);
  }

  private fail(message: string): void {
    this.close(new Error(message));
    this.tell({ kind: "failed", message });
  }

  private close(error: Error): void {
    const abort = this.abort;
    this.abort = null;
    abort?.abort(error);
    this.worker?.terminate();
    this.worker = null;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  private tell(state: State): void {
    this.state = state;
    for (const watcher of this.watchers) watcher(state);
  }
}

/** All gates in one row, block after block, NaN for those left alone; null where none is overridden. */
export function row(blocks: { name: string; channels: number }[], gates?: Gates): Float32Array | null {
  if (!gates || Object.keys(gates).length === 0) return null;
  const unknown = Object.keys(gates).find((name) => !blocks.some((block) => block.name === name));
  if (unknown !== undefined) throw new Error(`${unknown} is no SE block of this network`);
  const values: number[] = [];
  for (const { name, channels } of blocks) {
    const own = gates[name] ?? new Float32Array(channels).fill(NaN);
    if (own.length !== channels) throw new Error(`${name} has ${channels} gates, not ${own.length}`);
    values.push(...own);
  }
  return Float32Array.from(values);
}

/** Outputs: the logits, then z and s of each block. */
export function answerOf(outputs: Float32Array[]): Answer {
  const blocks = Array.from({ length: (outputs.length - 1) / 2 }, (_, i) => ({ z: outputs[1 + 2 * i]!, s: outputs[2 + 2 * i]! }));
  return { logits: outputs[0]!, blocks };
}

/** The largest difference between two answers' excitations. */
export function apart(one: Answer, other: Answer): number {
  return Math.max(...one.blocks.map(({ s }, b) => Math.max(...s.map((value, c) => Math.abs(value - (other.blocks[b]?.s[c] ?? NaN))))));
}
