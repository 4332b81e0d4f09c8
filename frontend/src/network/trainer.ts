// A network that learns in the reader's browser, in a thread of its own: one for each network, so
// that two learn side by side.

import type { FromTrainer, ToTrainer } from "../training/messages.ts";
import type { download, Manifest } from "./download.ts";

/** What a page can fetch; a notebook has none of it. */
export interface Files {
  manifest(): Promise<Manifest>;
  download: typeof download;
}

const SHARED = ["trainer", "runtime"];
const fetched = new Map<string, string>();

/** Bytes to fetch before these networks can learn. */
export function missing(arms: string[], manifest: Manifest): number {
  return wanted(arms).reduce((sum, name) => sum + (manifest[name] ?? 0), 0);
}

const wanted = (arms: string[]) =>
  [...SHARED, ...arms.map((arm) => `train-${arm}`)].filter((name) => !fetched.has(name));

/** Fetch what is not there yet. */
export async function fetchTrainers(
  files: Files,
  arms: string[],
  progress: (bytes: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const manifest = await files.manifest();
  const names = wanted(arms);
  const total = missing(arms, manifest);
  const texts = await files.download(names, manifest, (bytes) => progress(bytes, total), signal);
  names.forEach((name, i) => fetched.set(name, texts[i]!));
}

export class Trainer {
  private readonly worker: Worker;
  private readonly url: string;

  /** Its files have been fetched. */
  constructor(arm: string, hear: (message: FromTrainer) => void) {
    const source = fetched.get("trainer")!;
    // a worker's file is refused on file://
    this.url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(this.url);
    this.worker.onmessage = ({ data }: MessageEvent<FromTrainer>) => hear(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      hear({ failed: event.message || "its thread could not be started" });
    };
    this.send({ start: fetched.get("runtime")!, file: fetched.get(`train-${arm}`)! });
  }

  send(message: ToTrainer): void {
    this.worker.postMessage(message);
  }

  end(): void {
    this.worker.terminate();
    URL.revokeObjectURL(this.url);
  }
}
