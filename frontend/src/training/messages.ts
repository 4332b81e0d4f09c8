// What a page and the thread that trains say to each other.

import type { Epoch, Plan, State } from "./run.ts";

export type ToTrainer =
  /** The runtime and a file, each as base64 of gzip. */
  | { start: string; file: string }
  | { train: Plan; from: State | null; paused: boolean }
  | { pause: boolean }
  /** One batch, and pause. */
  | { step: true }
  /** The network as a file of tensors, with notes of how it came about. */
  | { save: Record<string, unknown> }
  /** The network as an ONNX file. */
  | { network: true }
  /** A file of tensors, to be tested as it is. */
  | { open: Uint8Array; tested: number };

export type FromTrainer =
  | { ready: { blocks: { name: string; channels: number }[] } }
  /** Pictures that are made so far. */
  | { made: number; of: number }
  /**
   * Batches since the last message; and the milliseconds of one batch, alone (`batch`) and with its
   * share of what comes between batches (`pace`; zero until it is known).
   */
  | {
      steps: { loss: number; accuracy: number }[];
      at: number;
      of: number;
      batch: number;
      pace: number;
    }
  /** By block, (pictures * C). */
  | { gates: Float32Array[] }
  | { epoch: Epoch; state: State }
  | { over: true }
  | { saved: Uint8Array<ArrayBuffer> }
  | { network: Uint8Array<ArrayBuffer> }
  | { opened: string }
  | { failed: string };
