// A notebook as home and as engine: Python keeps the view in traits and runs the network in torch.

import { openGallery, type Gallery } from "./gallery.ts";
import type { Home } from "./home.ts";
import type { Answer, Gates, Probe } from "./probe.ts";
import type { View } from "./view.ts";

/** What anywidget hands to a widget (its API of 0.9). */
export interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(message: unknown): void;
  on(event: string, callback: (...args: any[]) => void): void;
  off(event: string, callback: (...args: any[]) => void): void;
}

/** Milliseconds after which a silent kernel is taken to be gone. A large network on a slow machine takes a few seconds. */
const PATIENCE = 60_000;

let asked = 0;

/** Asks `senet.widgets` for each answer: {ask, picture, gates} out; {answer} with float32 buffers, or {answer, error} back. */
export async function kernelProbe(model: Model): Promise<Probe> {
  const gallery = model.get("_gallery") as Gallery;
  return {
    ...(await openGallery(gallery)),
    engine: "computed by PyTorch in this notebook’s kernel",
    probe: (picture: number, gates?: Gates) =>
      new Promise<Answer>((resolve, reject) => {
        const ask = `${performance.timeOrigin}-${++asked}`;
        const done = () => {
          clearTimeout(timer);
          model.off("msg:custom", hear);
        };
        const timer = setTimeout(() => {
          done();
          reject(new Error("the kernel does not answer: run the cell again"));
        }, PATIENCE);
        const hear = (message: { answer?: string; error?: string }, buffers: DataView[]) => {
          if (message.answer !== ask) return;
          done();
          if (message.error) reject(new Error(message.error));
          else resolve(unpackAnswer(buffers, gallery.network.blocks));
        };
        model.on("msg:custom", hear);
        const overrides = gates && Object.fromEntries(Object.entries(gates).map(([name, values]) => [name, nullForNaN(values)]));
        model.send({ ask, picture, gates: overrides ?? null });
      }),
  };
}

/** Buffers: the logits, then z and s of each block. */
export function unpackAnswer(buffers: DataView[], blocks: unknown[]): Answer {
  if (buffers.length !== 1 + 2 * blocks.length) throw new Error(`the kernel sent ${buffers.length} arrays, not ${1 + 2 * blocks.length}`);
  // A copy: the buffers come at any offset, and Float32Array asks for multiples of four.
  const floats = buffers.map((b) => new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength) as ArrayBuffer));
  return { logits: floats[0]!, blocks: blocks.map((_, i) => ({ z: floats[1 + 2 * i]!, s: floats[2 + 2 * i]! })) };
}

const nullForNaN = (values: Float32Array) => Array.from(values, (value) => (Number.isNaN(value) ? null : value)); // JSON has no NaN

/** Python's trait for each field of the view; `picture` is the picture's position there, since pictures of one's own have no ids. */
const TRAITS: Record<keyof View, string> = {
  picture: "picture",
  shallow: "shallow",
  deep: "deep",
  order: "order",
  compare: "compare",
  scale: "scale",
  shallowChannel: "shallow_channel",
  deepChannel: "deep_channel",
};

export function kernelHome(model: Model): Home {
  const { pictures } = model.get("_gallery") as Gallery;
  const fields = Object.entries(TRAITS) as [keyof View, string][];
  let keeping = false;
  const read = (field: keyof View, trait: string) => (field === "picture" ? pictures[model.get(trait)]?.id : model.get(trait));
  return {
    initial: () => ({ author: Object.fromEntries(fields.map(([field, trait]) => [field, read(field, trait)])), reader: {} }),
    keep(view) {
      keeping = true; // set() reports changes back at once
      for (const [field, trait] of fields) {
        model.set(trait, field === "picture" ? pictures.findIndex((p) => p.id === view.picture) : view[field]);
      }
      keeping = false;
      model.save_changes();
    },
    listen(wish) {
      const hearers = fields.map(([field, trait]) => {
        const hear = () => {
          if (!keeping) wish({ [field]: read(field, trait) });
        };
        model.on(`change:${trait}`, hear);
        return () => model.off(`change:${trait}`, hear);
      });
      return () => hearers.forEach((end) => end());
    },
    link: () => null,
  };
}
