// A notebook as engine: Python runs the network in torch.

import type { Layers } from "../math/excite.ts";
import { type Gallery, openGallery } from "./gallery.ts";
import type { Answer, Gates, Inside, Probe } from "./network.ts";

/** What anywidget hands to a widget (its API of 0.9). */
export interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(message: unknown): void;
  on(event: string, callback: (...args: any[]) => void): void;
  off(event: string, callback: (...args: any[]) => void): void;
}

/**
 * Milliseconds after which a silent kernel is taken to be gone. A large network on a slow machine
 * takes a few seconds.
 */
const PATIENCE = 60_000;

let asked = 0;

/** Asks `sebook.widgets` for each answer. */
export async function kernelProbe(model: Model): Promise<Probe> {
  const gallery = model.get("_gallery") as Gallery;
  return {
    ...(await openGallery(gallery)),
    engine: "computed by PyTorch in this notebook’s kernel",
    probe: async (picture, gates) =>
      unpackAnswer(await question(model, { picture, gates: plain(gates) }), gallery.network.blocks),
  };
}

/**
 * The kernel's answers to what is asked inside a network: {map}, {cover} and {layers} of a block in
 * a question.
 */
export function kernelInside(model: Model): {
  inside: Inside;
  layers(block: string): Promise<Layers | null>;
} {
  const inside: Inside = {
    async maps(picture, block, channel, gates) {
      const [u, x, shape] = floats(
        await question(model, { picture, gates: plain(gates), map: { block, channel } }),
      );
      return { u: u!, x: x!, height: shape![0]!, width: shape![1]! };
    },
    async covered(picture, block, channel, patches, gates) {
      return floats(
        await question(model, { picture, gates: plain(gates), cover: { block, channel, patches } }),
      )[0]!;
    },
  };
  const layers = async (block: string) => {
    const [w1, b1, w2, b2] = floats(await question(model, { layers: block }));
    return w1 && b1 && w2 && b2 ? { w1, b1, w2, b2 } : null;
  };
  return { inside, layers };
}

/** {ask, ...message} out; {answer} with float32 buffers, or {answer, error} back. */
function question(model: Model, message: Record<string, unknown>): Promise<DataView[]> {
  return new Promise((resolve, reject) => {
    const ask = `${performance.timeOrigin}-${++asked}`;
    const done = () => {
      clearTimeout(timer);
      model.off("msg:custom", hear);
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error("the kernel does not answer: run the cell again"));
    }, PATIENCE);
    const hear = (reply: { answer?: string; error?: string }, buffers: DataView[]) => {
      if (reply.answer !== ask) return;
      done();
      if (reply.error) reject(new Error(reply.error));
      else resolve(buffers);
    };
    model.on("msg:custom", hear);
    model.send({ ask, ...message });
  });
}

/** JSON has no NaN. */
export function plain(gates?: Gates): Record<string, (number | null)[]> | null {
  if (!gates) return null;
  const row = (values: Float32Array) =>
    Array.from(values, (value) => (Number.isNaN(value) ? null : value));
  return Object.fromEntries(Object.entries(gates).map(([name, values]) => [name, row(values)]));
}

/** Buffers: the logits, then z and s of each block. */
export function unpackAnswer(buffers: DataView[], blocks: unknown[]): Answer {
  if (buffers.length !== 1 + 2 * blocks.length)
    throw new Error(`the kernel sent ${buffers.length} arrays, not ${1 + 2 * blocks.length}`);
  const values = floats(buffers);
  return {
    logits: values[0]!,
    blocks: blocks.map((_, i) => ({ z: values[1 + 2 * i]!, s: values[2 + 2 * i]! })),
  };
}

/** A copy: the buffers come at any offset, and Float32Array asks for multiples of four. */
const floats = (buffers: DataView[]) =>
  buffers.map(
    (b) =>
      new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength) as ArrayBuffer),
  );
