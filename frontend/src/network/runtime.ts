// What runs networks in the reader's browser: one thread with one ONNX Runtime for all networks of
// a page, fetched with the first.
//
//   absent ──first network──▶ fetched, by all who wait for it ──▶ there ──dies, is silent──▶ absent
//     ▲ └──the last who waits gives up──┘                                                      │
//     └────────────────────────────────────────────────────────────────────────────────────────┘

import { abortable, download, type Manifest, total } from "./download.ts";

export type Question =
  | { start: string }
  | { open: string; model: string; blocks: { name: string; channels: number }[]; level?: Level }
  | { drop: string; file: Uint8Array | string; way: Way }
  | {
      ask: string;
      picture: Float32Array;
      size: number;
      gates: Float32Array | null;
      map: { block: string; channel: number } | null;
      /** Of a dropped network: its first output as it is, not one number for each class. */
      whole?: boolean;
    };
/**
 * What ONNX Runtime may do to the graph before it runs: all that it can, unless
 * tools/engine_bench.py asks what that saves.
 */
export type Level = "disabled" | "basic" | "all";
/** From a pixel's 0 to 255 to what a network takes: (x / 255 - mean) / std, for R, G and B. */
export interface Way {
  mean: readonly number[];
  std: readonly number[];
}
/** What was found in a file that a reader has dropped (engine/dropped.ts). */
export interface DroppedInfo {
  /** Side of its pictures in pixels, and whether the file leaves it open. */
  size: number;
  guessed: boolean;
  /** How many numbers its answer has, and whether they are classes of which one is right. */
  outputs: number;
  classifies: boolean;
  gates: {
    name: string;
    depth: number;
    family: string;
    kind: string;
    slope: number | null;
    channels: number;
    hidden: number | null;
    same: boolean;
    residual: boolean;
  }[];
}
export interface Reply {
  outputs: Float32Array[];
  /** Height and width of the outputs that are maps. */
  shape: readonly number[];
  /** Of a question that drops a network. */
  dropped?: DroppedInfo;
}
export type ToWorker = (Question & { id: number }) | { close: string };
export type FromWorker = ({ id: number } & Reply) | { id: number; failed: string };

const FILES = ["worker", "runtime"];

/**
 * Seconds that the thread may be silent with a question before it. To compile the runtime takes a
 * slow phone ten.
 */
const PATIENCE = 60;

interface Start {
  abort: AbortController;
  bytes: number;
  hearers: Set<(bytes: number) => void>;
  fetched: Promise<void>;
}

export class Runtime {
  private readonly manifest: Manifest;
  private start: Start | null = null;
  private worker: Worker | null = null;
  private readonly open = new Set<string>();
  private readonly waiting = new Map<
    number,
    { resolve: (reply: Reply) => void; reject: (error: Error) => void }
  >();
  private readonly watchers = new Set<(death: Error | null) => void>();
  private patience: ReturnType<typeof setInterval> | undefined;
  private silent = 0;
  private asked = 0;

  constructor(manifest: Manifest) {
    this.manifest = manifest;
  }

  /** Bytes that a network has to fetch besides its own. */
  get missing(): number {
    return this.worker ? 0 : total(FILES, this.manifest);
  }

  /** Hear when it has come (null) and when it has died. */
  watch(watcher: (death: Error | null) => void): void {
    this.watchers.add(watcher);
  }

  /**
   * Fetch and start it, unless it is there. Rejects when `signal` says so; the others who wait
   * don't notice.
   */
  async begin(progress: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    if (this.worker) return;
    const start = (this.start ??= this.fetch());
    start.hearers.add(progress);
    progress(start.bytes);
    const leave = () => {
      start.hearers.delete(progress);
      if (start.hearers.size > 0 || this.start !== start) return;
      this.start = null;
      start.abort.abort(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      await abortable(start.fetched, signal);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Ask the thread. Questions are answered in the order in which they come. */
  async call(question: Question): Promise<Reply> {
    const worker = this.worker;
    if (!worker) throw new Error("the network is not loaded");
    const id = ++this.asked;
    try {
      const answer = await new Promise<Reply>((resolve, reject) => {
        this.waiting.set(id, { resolve, reject });
        worker.postMessage({ ...question, id } satisfies ToWorker);
        this.wait();
      });
      if ("open" in question) this.open.add(question.open);
      if ("drop" in question) this.open.add(question.drop);
      return answer;
    } catch (error) {
      // With no network running it may be the runtime that is at fault, and it stays so: better
      // start another one.
      if (
        ("start" in question || "open" in question) &&
        this.open.size === 0 &&
        this.worker === worker
      )
        this.die(error as Error);
      throw error;
    }
  }

  /** Free a network's memory. */
  close(network: string): void {
    this.open.delete(network);
    this.worker?.postMessage({ close: network } satisfies ToWorker);
  }

  private fetch(): Start {
    const abort = new AbortController();
    const start: Start = { abort, bytes: 0, hearers: new Set(), fetched: Promise.resolve() };
    const progress = (bytes: number) => {
      start.bytes = bytes;
      for (const hear of start.hearers) hear(bytes);
    };
    start.fetched = (async () => {
      const [source, runtime] = (await download(FILES, this.manifest, progress, abort.signal)) as [
        string,
        string,
      ];
      if (this.start !== start) throw new Error("cancelled");
      this.launch(source);
      this.call({ start: runtime }).catch(() => {}); // then it has died, as all will hear
      for (const watcher of this.watchers) watcher(null);
    })();
    start.fetched
      .catch(() => {})
      .finally(() => {
        if (this.start === start) this.start = null;
      });
    return start;
  }

  private launch(source: string): void {
    // a worker's file is refused on file://
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = (this.worker = new Worker(url));
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.silent = 0;
      const asked = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("failed" in data) asked?.reject(new Error(data.failed));
      else asked?.resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.worker === worker)
        this.die(new Error(event.message || "its thread could not be started"));
    };
  }

  /**
   * Counts the seconds that the page lives through: one that sleeps in the background, or is
   * frozen, has not been waiting.
   */
  private wait(): void {
    if (this.waiting.size === 1) this.silent = 0;
    this.patience ??= setInterval(() => {
      if (this.waiting.size === 0) {
        clearInterval(this.patience);
        this.patience = undefined;
      } else if (++this.silent >= PATIENCE)
        this.die(new Error(`its thread has not answered for ${PATIENCE} seconds`));
    }, 1000);
  }

  private die(error: Error): void {
    this.worker?.terminate();
    this.worker = null;
    this.open.clear();
    clearInterval(this.patience);
    this.patience = undefined;
    const asked = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of asked) reject(error);
    for (const watcher of this.watchers) watcher(error);
  }
}

let shared: Runtime | null = null;

/** The one for all networks of a page. */
export const sharedRuntime = (manifest: Manifest): Runtime => (shared ??= new Runtime(manifest));

/** @throws where this browser does not take a module that uses one SIMD instruction */
export function needSimd(): void {
  const module = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253,
    15, 253, 98, 11,
  ];
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(Uint8Array.from(module)))
    throw new Error("this browser’s WebAssembly is too old: use a browser from 2023 or later");
}
