// A page's probe: recorded answers until the reader starts the network, the network's own from then
// on, also for a picture of theirs.

import type { Manifest } from "./download.ts";
import { Engine } from "./engine.ts";
import { fetchExcitationWeights } from "./excitation-weights.ts";
import {
  type Gates,
  type Inside,
  type Live,
  OWN,
  type PictureInfo,
  type Probe,
} from "./network.ts";
import { cover } from "./occlusion.ts";
import { sharedRuntime } from "./runtime.ts";

/** `recorded` with an engine; `recorded` as it is where the book has none for it. */
export async function liveProbe(recorded: Probe, manifest: Manifest | null): Promise<Probe> {
  if (!manifest || manifest[recorded.network.name] === undefined) return recorded;

  const scratch = document.createElement("canvas");
  scratch.getContext("2d", { willReadFrequently: true });
  const known = new Map<number, Float32Array>(); // the gallery's pictures stay as they are
  const pixels = (index: number) => {
    const drawn = known.get(index);
    if (drawn) return drawn;
    probe.draw(index, scratch);
    const found = planes(scratch);
    if (pictures[index]?.id !== OWN) known.set(index, found);
    return found;
  };
  const first = await recorded.probe(0);
  recorded.draw(0, scratch);
  const engine = new Engine(
    recorded.network,
    manifest,
    { picture: planes(scratch), size: scratch.width, answer: first },
    sharedRuntime(manifest),
  );
  const size = scratch.width;
  const pictures = [...recorded.pictures];
  let own: HTMLCanvasElement | null = null;
  const hearers = new Map<HTMLElement, (index: number) => void>();

  const live: Live = {
    engine,
    size,
    take(square, name, by) {
      own = square;
      const info: PictureInfo = {
        id: OWN,
        title: name,
        alt: `Your picture ${name}`,
        source: "your picture",
        credit: "",
        label: null,
      };
      const before = pictures.findIndex(({ id }) => id === OWN);
      const at = before >= 0 ? before : pictures.length;
      pictures[at] = info;
      for (const [who, heard] of hearers) if (who !== by) heard(at);
      return at;
    },
    hear(by, heard) {
      hearers.set(by, heard);
      return () => void hearers.delete(by);
    },
  };
  const layers = fetchExcitationWeights(recorded.network);
  const inside: Inside = {
    maps: (index, block, channel, gates) => engine.maps(pixels(index), size, block, channel, gates),
    async covered(index, block, channel, patches, gates) {
      const { grey } = await layers();
      const [plain, at] = [
        pixels(index),
        recorded.network.blocks.findIndex(({ name }) => name === block),
      ];
      const answers = await Promise.all(
        patches.map((patch) => engine.ask(cover(plain, size, patch, grey), size, gates)),
      );
      return Float32Array.from(answers, ({ blocks }) => blocks[at]!.s[channel]!);
    },
  };
  const probe: Probe = {
    ...recorded,
    pictures,
    live,
    inside,
    layers: async (block) => (await layers()).blocks.get(block) ?? null,
    get engine() {
      return engine.state.kind === "ready"
        ? "computed in this page by ONNX Runtime"
        : recorded.engine;
    },
    draw(index, canvas) {
      if (pictures[index]?.id !== OWN) return recorded.draw(index, canvas);
      canvas.width = canvas.height = size;
      canvas.getContext("2d")!.drawImage(own!, 0, 0);
    },
    probe: (index: number, gates?: Gates) => {
      const recordedDoes =
        pictures[index]?.id !== OWN && (!gates || Object.keys(gates).length === 0);
      if (engine.state.kind !== "ready" && recordedDoes) return recorded.probe(index);
      const answer = engine.ask(pixels(index), size, gates);
      // it died over the question: what is recorded goes on
      return recordedDoes ? answer.catch(() => recorded.probe(index)) : answer;
    },
  };
  return probe;
}

/**
 * A canvas's pixels as the network takes them: (3 * size * size), RGB from 0 to 255, one plane
 * after the other.
 */
export function planes(canvas: HTMLCanvasElement): Float32Array {
  const { data, width, height } = canvas
    .getContext("2d", { willReadFrequently: true })!
    .getImageData(0, 0, canvas.width, canvas.height);
  const count = width * height;
  const found = new Float32Array(3 * count);
  for (let plane = 0; plane < 3; plane++)
    for (let i = 0; i < count; i++) found[plane * count + i] = data[4 * i + plane]!;
  return found;
}
