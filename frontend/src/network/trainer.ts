// A network that learns in the reader's browser, in a thread of its own: one for each network, so
// that two learn side by side. A net is a file's name: "se-r4", "none-quick".

import type { FromTrainer, ToTrainer } from "../training/messages.ts";
import type { Codes } from "./codes.ts";
import type { download, Manifest } from "./download.ts";

/** What a page can fetch; a notebook has none of it. */
export interface Files {
  manifest(): Promise<Manifest>;
  download: typeof download;
  codes(): Promise<Codes>;
}

const SHARED = ["trainer", "runtime"];
const fetched = new Map<string, string>();

/** Bytes to fetch before these networks can learn. */
export function missing(nets: string[], manifest: Manifest): number {
  return wanted(nets).reduce((sum, name) => sum + (manifest[name] ?? 0), 0);
}

const wanted = (nets: string[]) =>
  [...SHARED, ...nets.map((net) => `train-${net}`)].filter((name) => !fetched.has(name));

/** Fetch what is not there yet. */
export async function fetchTrainers(
  files: Files,
  nets: string[],
  progress: (bytes: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const manifest = await files.manifest();
  const names = wanted(nets);
  const total = missing(nets, manifest);
  const texts = await files.download(names, manifest, (bytes) => progress(bytes, total), signal);
  names.forEach((name, i) => fetched.set(name, texts[i]!));
}

export class Trainer {
  readonly net: string;
  private readonly worker: Worker;
  private readonly url: string;

  /** Its files have been fetched. */
  constructor(net: string, hear: (message: FromTrainer) => void) {
    this.net = net;
    const source = fetched.get("trainer")!;
    // a worker's file is refused on file://
    this.url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(this.url);
    this.worker.onmessage = ({ data }: MessageEvent<FromTrainer>) => hear(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      hear({ failed: event.message || "its thread could not be started" });
    };
    this.send({ start: fetched.get("runtime")!, file: fetched.get(`train-${net}`)! });
  }

  send(message: ToTrainer): void {
    this.worker.postMessage(message);
  }

  end(): void {
    this.worker.terminate();
    URL.revokeObjectURL(this.url);
  }
}
