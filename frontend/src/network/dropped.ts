// A network that the reader drops on the page, as a probe: the book's pictures and the reader's
// own, answered by the reader's file. It stays on this device.

import type { Manifest } from "./download.ts";
import { DroppedEngine } from "./dropped-engine.ts";
import { planes } from "./live.ts";
import {
  type Answer,
  type BlockInfo,
  type Inside,
  type Live,
  OWN,
  type PictureInfo,
  type Probe,
} from "./network.ts";
import { cover } from "./occlusion.ts";
import { need } from "./registry.ts";
import { type DroppedInfo, sharedRuntime, type Way } from "./runtime.ts";

/** Bytes of a file above which it is refused: a phone has to hold it three times. */
export const LARGEST = 100e6;

/** How networks usually take pictures; a file doesn't say it. */
export const WAYS: Record<string, { title: string; way: Way }> = {
  imagenet: {
    title: "ImageNet’s mean and deviation",
    way: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
  unit: { title: "0 to 1", way: { mean: [0, 0, 0], std: [1, 1, 1] } },
  signed: { title: "−1 to 1", way: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } },
  bytes: { title: "0 to 255", way: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] } },
};

/** Pictures of the book that tell how far the gates go, before the reader looks at one. */
const TRIED = 4;

export interface DroppedProbe extends Probe {
  /** What was found in the file, for its reader. */
  readonly said: string;
  close(): void;
}

const OTHERS = /\.(tflite|pt|pth|safetensors|gguf|h5|keras|pb|mlmodel|mlpackage|ckpt)$/i;

/** Whether a file is meant as a network, by its name. */
export const meantAsNetwork = (name: string): boolean => /\.onnx$/i.test(name) || OTHERS.test(name);

/** Whether a file is meant as the names of a network's classes. */
export const meantAsNames = (name: string): boolean => /\.txt$/i.test(name);

/** What is wrong with a file before it is read, in words; "" for nothing. */
export function refused({ name, size }: { name: string; size: number }): string {
  const [mb, most] = [Math.round(size / 1e6), LARGEST / 1e6];
  if (/\.tflite$/i.test(name))
    return `${name} is a TFLite file. This page opens .onnx files; python -m senet anatomy reads both.`;
  if (meantAsNames(name))
    return `${name} has names of classes, one a line: choose the network first, or both together.`;
  if (!/\.onnx$/i.test(name))
    return `${name} is not an .onnx file. Export the network first, for example with torch.onnx.export.`;
  if (size === 0) return `${name} is empty: choose another file.`;
  if (size > LARGEST)
    return `${name} has ${mb} MB, and this page opens up to ${most} MB. python -m senet anatomy opens larger files.`;
  return "";
}

/** The names of a network's classes: a line each. @throws words for a reader */
async function namesIn(file: File, outputs: number): Promise<string[]> {
  const names = (await file.text()).split(/\r?\n/).map((line) => line.trim());
  while (names.at(-1) === "") names.pop();
  if (names.length !== outputs)
    throw new Error(
      `${file.name} has ${names.length} lines and the network ${outputs} outputs: it takes one line for each.`,
    );
  // what is chosen and compared by its name has to have one of its own
  return names.map((name, k) => (name && names.indexOf(name) === k ? name : `${name} ${k}`.trim()));
}

/** What the page knows of a network besides its file. */
export interface Known {
  /** A file with the names of its classes, where the reader gave one. */
  labels: File | null;
  /** Whether it learned the book's classes, in this page. */
  trained: boolean;
}

/**
 * The book's, as the file of names says, or ImageNet's, which a thousand are as a rule; else they
 * are numbered. With words on where they are from, and on what no file says.
 */
async function classesOf(
  info: DroppedInfo,
  { labels, trained }: Known,
  book: Probe,
): Promise<[string[], string]> {
  if (trained) return [book.network.classes, ""];
  const [classes, from] = await namesOf(info, labels);
  return [classes, `${from} ${HINTS}`];
}

async function namesOf(info: DroppedInfo, labels: File | null): Promise<[string[], string]> {
  if (labels)
    return [await namesIn(labels, info.outputs), ` Its classes are named by ${labels.name}.`];
  const known =
    info.classifies && info.outputs === 1000
      ? await need<string[]>("class-names").catch(() => null)
      : null;
  if (known) return [known, " It has 1000 classes: they are shown by ImageNet’s names."];
  const word = info.classifies ? "class" : "output";
  return [Array.from({ length: info.outputs }, (_, k) => `${word} ${k}`), ""];
}

/**
 * @param book the probe whose pictures are shown
 * @param heard progress of the runtime, which may have to be fetched
 * @throws words for a reader
 */
export async function openDropped(
  file: File,
  id: string,
  way: Way,
  book: Probe,
  manifest: Manifest | null,
  heard: (words: string) => void,
  known: Known,
): Promise<DroppedProbe> {
  const wrong = refused(file);
  if (wrong) throw new Error(wrong);
  if (!manifest) throw new Error("This book comes without a runtime for networks.");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const engine = new DroppedEngine(id, bytes, way, sharedRuntime(manifest));
  const deaf = engine.watch((state) => {
    if (state.kind === "loading" && state.total > 0)
      heard(
        `Fetching the runtime: ${(state.bytes / 1e6).toFixed(1)} of ${(state.total / 1e6).toFixed(1)} MB …`,
      );
    else if (state.kind === "starting") heard(`Looking for gates in ${file.name} …`);
  });
  try {
    await engine.open();
    const [classes, named] = await classesOf(engine.info, known, book);
    heard(`Asking ${file.name} about ${TRIED} pictures …`);
    return await probeOf(engine, file.name, classes, named, way, book, known.trained);
  } catch (error) {
    engine.close();
    throw error;
  } finally {
    deaf();
  }
}

async function probeOf(
  engine: DroppedEngine,
  title: string,
  classes: string[],
  named: string,
  way: Way,
  book: Probe,
  trained: boolean,
): Promise<DroppedProbe> {
  const { info } = engine;
  const kept = book.pictures.filter(({ id }) => id !== OWN);
  const pictures: PictureInfo[] = kept.map((picture) =>
    trained ? picture : { ...picture, label: null },
  );
  const canvas = document.createElement("canvas");
  const [small, context] = [
    document.createElement("canvas"),
    canvas.getContext("2d", WILL) as CanvasRenderingContext2D,
  ];
  let own: HTMLCanvasElement | null = null;
  const hearers = new Map<HTMLElement, (index: number) => void>();
  const draw = (index: number, into: HTMLCanvasElement): void => {
    if (pictures[index]?.id !== OWN) return book.draw(index, into);
    into.width = into.height = info.size;
    into.getContext("2d")!.drawImage(own!, 0, 0);
  };
  const pixels = (index: number): Float32Array => {
    draw(index, small);
    canvas.width = canvas.height = info.size;
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, info.size, info.size);
    return planes(canvas);
  };
  const live: Live = {
    engine,
    size: info.size,
    yours: true,
    take(square, name, by) {
      own = square;
      const alt = `Your picture ${name}`;
      const source = "your picture";
      pictures[kept.length] = { id: OWN, title: name, alt, source, credit: "", label: null };
      for (const [who, heard] of hearers) if (who !== by) heard(kept.length);
      return kept.length;
    },
    hear(by, heard) {
      hearers.set(by, heard);
      return () => void hearers.delete(by);
    },
  };
  engine.blocks = blocksOf(info);
  const tried: Answer[] = [];
  for (let i = 0; i < Math.min(TRIED, kept.length); i++) tried.push(await engine.ask(pixels(i)));
  engine.blocks = ranged(engine.blocks, tried);
  return {
    network: {
      name: engine.name,
      title,
      classes,
      blocks: engine.blocks,
      accuracy: null,
      yours: !trained,
      values: !info.classifies,
    },
    engine: "computed in this page by ONNX Runtime, from your file",
    pictures,
    means: null,
    live,
    inside: insideOf(engine, pixels, way),
    said: `${inWords(title, info)}${named}`,
    draw,
    probe: (index, gates) => engine.ask(pixels(index), gates),
    layers: async () => null,
    close: () => engine.close(),
  };
}

const HINTS =
  "No file says how it takes pixels: if answers look wrong, choose another scale. To name its classes, drop a .txt file with one a line.";

const WILL: CanvasRenderingContext2DSettings = { willReadFrequently: true };

function insideOf(
  engine: DroppedEngine,
  pixels: (index: number) => Float32Array,
  way: Way,
): Inside {
  return {
    maps: (index, block, channel, gates) => engine.maps(pixels(index), block, channel, gates),
    async covered(index, block, channel, patches, gates) {
      const [plain, { size }] = [pixels(index), engine.info];
      const grey = way.mean.map((mean) => Math.round(255 * mean));
      const at = engine.blocks.findIndex(({ name }) => name === block);
      const ask = patches.map((patch) => engine.ask(cover(plain, size, patch, grey), gates));
      return Float32Array.from(await Promise.all(ask), ({ blocks }) => blocks[at]!.s[channel]!);
    },
  };
}

/** Names are short and plain: those of a graph's tensors may have any sign in them. */
function blocksOf({ gates }: DroppedInfo): BlockInfo[] {
  return gates.map(({ depth, channels, hidden, kind }) => ({
    name: `gate${depth}`,
    title: `gate ${depth}, ${kind}`,
    stage: null,
    depth,
    channels,
    hidden,
    range: [0, 1],
  }));
}

/** How far each block's gates go in these answers. */
function ranged(blocks: BlockInfo[], answers: Answer[]): BlockInfo[] {
  return blocks.map((block, b) => {
    const all = answers.flatMap((answer) => [...answer.blocks[b]!.s]);
    const [low, high] = all.reduce(([l, u], s) => [Math.min(l, s), Math.max(u, s)], [1, 0]);
    return { ...block, range: [low!, high!] };
  });
}

/** What was found in a file, for its reader. */
function inWords(name: string, { gates, size, guessed }: DroppedInfo): string {
  const families = [...new Set(gates.map(({ family }) => family))].join(", ");
  const count = gates.length === 1 ? "1 gate" : `${gates.length} gates`;
  const open = guessed ? " The file leaves the size open." : "";
  return `${name}: ${count} (${families}); pictures of ${size} x ${size} pixels.${open}`;
}
