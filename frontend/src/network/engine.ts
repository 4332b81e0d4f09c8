// A network in the reader's browser: started when asked for, in the one thread that all networks of
// a page share (runtime.ts).
//
//   idle ──start──▶ loading ──all there──▶ starting ──first answer is right──▶ ready
//    ▲  └──────cancel────┴────────────────────┤                                  │ no answer, or
//    └────────────────────────────────────────┘   failed ◀──anything wrong───────┘ its thread dies
//                                                 failed ──start──▶ loading

import { download, type Manifest } from "./download.ts";
import type { Answer, EngineState, Gates, Maps, NetworkInfo, Starter } from "./network.ts";
import { needSimd, type Reply, type Runtime } from "./runtime.ts";
import { Watched } from "./watched.ts";

/**
 * What has to come out for a picture that was recorded: an old file in a cache must not answer for
 * a new one.
 */
export interface Known {
  picture: Float32Array;
  size: number;
  answer: Answer;
}

/** Recorded excitations are rounded to 16 bits, and machines add up in different orders. */
const TOLERANCE = 1e-3;

export class Engine extends Watched implements Starter {
  readonly network: NetworkInfo;
  state: EngineState = { kind: "idle" };
  private readonly manifest: Manifest;
  private readonly known: Known;
  private readonly runtime: Runtime;
  private abort: AbortController | null = null;

  constructor(network: NetworkInfo, manifest: Manifest, known: Known, runtime: Runtime) {
    super();
    this.network = network;
    this.manifest = manifest;
    this.known = known;
    this.runtime = runtime;
    runtime.watch((death) => {
      if (death && this.state.kind !== "idle" && this.state.kind !== "failed")
        this.fail(death.message);
      else this.tell(this.state); // there is less to fetch now, or more
    });
  }

  /**
   * Bytes to fetch before it runs: less where another network of the page has brought the runtime.
   */
  get total(): number {
    return this.runtime.missing + this.manifest[this.network.name]!;
  }

  /** Fetch and start, unless that is done or under way. The watchers hear how it goes. */
  async start(): Promise<void> {
    if (this.state.kind !== "idle" && this.state.kind !== "failed") return;
    const abort = (this.abort = new AbortController());
    const here = () => this.abort === abort;
    const { name, blocks } = this.network;
    const [total, others] = [this.total, this.runtime.missing];
    const progress = (bytes: number) => here() && this.tell({ kind: "loading", bytes, total });
    try {
      needSimd();
      progress(0);
      await this.runtime.begin(progress, abort.signal);
      const [model] = await download(
        [name],
        this.manifest,
        (bytes) => progress(others + bytes),
        abort.signal,
      );
      if (!here()) return;
      this.tell({ kind: "starting" });
      await this.runtime.call({ open: name, model: model!, blocks });
      // cancelled, and not begun again
      if (!here()) return this.abort ? undefined : this.runtime.close(name);
      const { picture, size, answer } = this.known;
      const off = apart(answerOf((await this.question(picture, size)).outputs), answer);
      if (!here()) return;
      if (!(off <= TOLERANCE))
        throw new Error(
          "the network that was fetched is not the one of this page: reload it without its cache",
        );
      this.tell({ kind: "ready" });
    } catch (error) {
      if (here()) this.fail((error as Error).message);
    }
  }

  /** Give up what was begun. */
  cancel(): void {
    if (this.state.kind !== "loading" && this.state.kind !== "starting") return;
    this.end(new Error("cancelled"));
    this.tell({ kind: "idle" });
  }

  /** @param picture (3 * size * size), RGB from 0 to 255, one plane after the other */
  async ask(picture: Float32Array, size: number, gates?: Gates): Promise<Answer> {
    return answerOf((await this.whenReady(picture, size, gates)).outputs);
  }

  /**
   * The map of one channel before and after its gate: its own question, so that an ordinary answer
   * stays small and quick.
   */
  async maps(
    picture: Float32Array,
    size: number,
    block: string,
    channel: number,
    gates?: Gates,
  ): Promise<Maps> {
    const { outputs, shape } = await this.whenReady(picture, size, gates, { block, channel });
    return { u: outputs[0]!, x: outputs[1]!, height: shape[0]!, width: shape[1]! };
  }

  private async whenReady(
    picture: Float32Array,
    size: number,
    gates?: Gates,
    map?: { block: string; channel: number },
  ): Promise<Reply> {
    if (this.state.kind !== "ready") throw new Error("the network is not loaded");
    // which may refuse: then the question is at fault
    const overrides = row(this.network.blocks, gates);
    try {
      return await this.question(picture, size, overrides, map);
    } catch (error) {
      if (this.state.kind === "ready") this.fail((error as Error).message);
      throw error;
    }
  }

  private question(
    picture: Float32Array,
    size: number,
    gates: Float32Array | null = null,
    map: { block: string; channel: number } | null = null,
  ) {
    return this.runtime.call({ ask: this.network.name, picture, size, gates, map });
  }

  private fail(message: string): void {
    this.end(new Error(message));
    this.runtime.close(this.network.name);
    this.tell({ kind: "failed", message });
  }

  private end(error: Error): void {
    const abort = this.abort;
    this.abort = null;
    abort?.abort(error);
  }

  private tell(state: EngineState): void {
    this.state = state;
    this.changed();
  }
}

/**
 * All gates in one row, block after block, NaN for those left alone; null where none is overridden.
 */
export function row(
  blocks: { name: string; channels: number }[],
  gates?: Gates,
): Float32Array | null {
  if (!gates || Object.keys(gates).length === 0) return null;
  const unknown = Object.keys(gates).find((name) => !blocks.some((block) => block.name === name));
  if (unknown !== undefined) throw new Error(`${unknown} is not an SE block of this network`);
  const values: number[] = [];
  for (const { name, channels } of blocks) {
    const own = gates[name] ?? new Float32Array(channels).fill(NaN);
    if (own.length !== channels)
      throw new Error(`${name} has ${channels} gates, not ${own.length}`);
    values.push(...own);
  }
  return Float32Array.from(values);
}

/** Outputs: the logits, then z and s of each block. */
export function answerOf(outputs: Float32Array[]): Answer {
  const blocks = Array.from({ length: (outputs.length - 1) / 2 }, (_, i) => ({
    z: outputs[1 + 2 * i]!,
    s: outputs[2 + 2 * i]!,
  }));
  return { logits: outputs[0]!, blocks };
}

/** The largest difference between two answers' excitations. */
export function apart(one: Answer, other: Answer): number {
  return Math.max(
    ...one.blocks.map(({ s }, b) =>
      Math.max(...s.map((value, c) => Math.abs(value - (other.blocks[b]?.s[c] ?? NaN)))),
    ),
  );
}

/** Start it where it does not run yet. @returns whether it runs in the end */
export function running(engine: Starter): Promise<boolean> {
  void engine.start();
  return new Promise((resolve) => {
    let end = () => {};
    const over = (state: string) => {
      if (state === "loading" || state === "starting") return;
      queueMicrotask(() => end());
      resolve(state === "ready");
    };
    end = engine.watch(({ kind }) => over(kind));
  });
}
