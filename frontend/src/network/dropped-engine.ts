// The engine of a network whose gates are found in its file: one that the reader has dropped, which
// is here already and leaves the device never, or another's that comes with the book.

import { download, type Manifest } from "./download.ts";
import { answerOf, row } from "./engine.ts";
import type { Answer, BlockInfo, EngineState, Gates, Maps, Starter } from "./network.ts";
import { type DroppedInfo, needSimd, type Reply, type Runtime, type Way } from "./runtime.ts";
import { Watched } from "./watched.ts";

/** Where the file comes from. */
export interface Source {
  /** Bytes to fetch. */
  bytes: number;
  /** The file, or base64 of its gzip. */
  file(progress: (bytes: number) => void, signal: AbortSignal): Promise<Uint8Array | string>;
}

/** A file that comes with the book. */
export function shipped(name: string, manifest: Manifest): Source {
  return {
    bytes: manifest[name]!,
    file: async (progress, signal) => (await download([name], manifest, progress, signal))[0]!,
  };
}

export class DroppedEngine extends Watched implements Starter {
  state: EngineState = { kind: "idle" };
  readonly name: string;
  info!: DroppedInfo;
  blocks: BlockInfo[] = [];
  private readonly source: Source;
  private readonly way: Way;
  private readonly runtime: Runtime;
  private abort = new AbortController();

  constructor(name: string, file: Uint8Array | Source, way: Way, runtime: Runtime) {
    super();
    [this.name, this.way, this.runtime] = [name, way, runtime];
    this.source = file instanceof Uint8Array ? { bytes: 0, file: async () => file } : file;
    runtime.watch((death) => {
      if (death && this.state.kind === "ready")
        this.tell({ kind: "failed", message: death.message });
    });
  }

  get total(): number {
    return this.runtime.missing + this.source.bytes;
  }

  /** Again after it has died; the first time `open` is called. */
  async start(): Promise<void> {
    if (this.state.kind === "idle" || this.state.kind === "failed")
      await this.open().catch(() => {}); // which the watchers have heard
  }

  cancel(): void {
    this.abort.abort(new Error("cancelled"));
  }

  /** Fetch the runtime and open the file. @throws words for a reader */
  async open(): Promise<void> {
    const { signal } = (this.abort = new AbortController());
    const [total, others] = [this.total, this.runtime.missing];
    const progress = (bytes: number) => this.tell({ kind: "loading", bytes, total });
    try {
      needSimd();
      progress(0);
      await this.runtime.begin(progress, signal);
      const file = await this.source.file((bytes) => progress(others + bytes), signal);
      this.tell({ kind: "starting" });
      const { name, way } = this;
      const { dropped } = await this.runtime.call({ drop: name, file, way });
      if (signal.aborted) throw signal.reason;
      this.info = dropped!;
      this.tell({ kind: "ready" });
    } catch (error) {
      const { message } = error as Error;
      this.tell(signal.aborted ? { kind: "idle" } : { kind: "failed", message });
      throw error;
    }
  }

  close(): void {
    this.runtime.close(this.name);
    this.tell({ kind: "idle" });
  }

  async ask(picture: Float32Array, gates?: Gates): Promise<Answer> {
    return answerOf((await this.question(picture, gates)).outputs);
  }

  /** The first output as it is, and the gates as they were used. */
  async whole(picture: Float32Array, gates?: Gates): Promise<Answer> {
    return answerOf((await this.question(picture, gates, null, true)).outputs);
  }

  async maps(picture: Float32Array, block: string, channel: number, gates?: Gates): Promise<Maps> {
    const { outputs, shape } = await this.question(picture, gates, { block, channel });
    return { u: outputs[0]!, x: outputs[1]!, height: shape[0]!, width: shape[1]! };
  }

  private async question(
    picture: Float32Array,
    gates?: Gates,
    map: { block: string; channel: number } | null = null,
    whole = false,
  ): Promise<Reply> {
    if (this.state.kind !== "ready") throw new Error("your network is not open");
    const { size } = this.info;
    return this.runtime.call({
      ask: this.name,
      picture,
      size,
      gates: row(this.blocks, gates),
      map,
      whole,
    });
  }

  private tell(state: EngineState): void {
    this.state = state;
    this.changed();
  }
}
