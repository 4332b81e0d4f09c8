// The gallery: a network's pictures and class means, as `sebook.pages.gallery` writes them, and the
// probe that answers from recorded results.

import { type Packed, unpack } from "../math/packed.ts";
import type { Answer, Gates, NetworkInfo, PictureInfo, Probe } from "./network.ts";
import { beside } from "./registry.ts";

/** Counted up whenever `sebook.pages.gallery` writes something that an older page would misread. */
export const FORMAT = 1;

export interface Sprite {
  /** A data URL of one lossless picture that holds all others, row by row. */
  url: string;
  /** Side of one picture in pixels, and how many there are in a row. */
  size: number;
  columns: number;
}

export interface Recorded {
  /** (pictures, classes). */
  logits: Packed;
  /** One per block, (pictures, channels). */
  z: Packed[];
  s: Packed[];
}

/** Plain JSON. In a notebook `recorded` is null: there the kernel answers. */
export interface Gallery {
  format: number;
  network: NetworkInfo;
  pictures: PictureInfo[];
  sprite: Sprite;
  /** One per block, (classes, channels). */
  means: Packed[] | null;
  recorded: Recorded | null;
}

/** Everything of a probe but the answers. */
export async function openGallery(gallery: Gallery): Promise<Omit<Probe, "probe" | "engine">> {
  if (gallery.format !== FORMAT) {
    throw new Error(
      `the recorded pictures have format ${gallery.format}, this page reads ${FORMAT}: reload the page without its cache`,
    );
  }
  const { network, pictures, sprite } = gallery;
  const sheet = new Image();
  sheet.src = sprite.url;
  await sheet.decode();
  const means =
    gallery.means?.map((packed, block) =>
      rows(packed, network.classes.length, network.blocks[block]!.channels),
    ) ?? null;
  return {
    network,
    // Named beside the gallery's script, which a notebook doesn't have: there it gives no
    // photographs.
    pictures: pictures.map((picture) =>
      picture.photo ? { ...picture, photo: beside(`gallery/${picture.photo}`) } : picture,
    ),
    means,
    draw(index, canvas) {
      const { size, columns } = sprite;
      // a canvas that is resized has the page laid out again
      if (canvas.width !== size || canvas.height !== size) canvas.width = canvas.height = size;
      const [x, y] = [(index % columns) * size, Math.floor(index / columns) * size];
      const context = canvas.getContext("2d")!;
      context.clearRect(0, 0, size, size);
      context.drawImage(sheet, x, y, size, size, 0, 0, size, size);
    },
  };
}

/** Answers for every picture of the gallery, looked up. */
export function recordedAnswers(gallery: Gallery): Answer[] {
  const { network, pictures, recorded } = gallery;
  if (!recorded) throw new Error(`the gallery of ${network.name} holds no recorded results`);
  const logits = rows(recorded.logits, pictures.length, network.classes.length);
  const z = recorded.z.map((packed, block) =>
    rows(packed, pictures.length, network.blocks[block]!.channels),
  );
  const s = recorded.s.map((packed, block) =>
    rows(packed, pictures.length, network.blocks[block]!.channels),
  );
  return pictures.map((_, i) => ({
    logits: logits[i]!,
    blocks: network.blocks.map((_, block) => ({ z: z[block]![i]!, s: s[block]![i]! })),
  }));
}

/**
 * The probe of a page whose network has not been loaded: it knows the gallery's pictures and
 * nothing else.
 */
export async function recordedProbe(gallery: Gallery): Promise<Probe> {
  const answers = recordedAnswers(gallery);
  return {
    ...(await openGallery(gallery)),
    recorded: answers,
    engine: "recorded from PyTorch when this book was built",
    async probe(index: number, gates?: Gates): Promise<Answer> {
      if (gates && Object.keys(gates).length > 0)
        throw new Error("recorded results cannot answer for other gates: load the network first");
      const answer = answers[index];
      if (!answer)
        throw new Error(`picture ${index} is not among the ${answers.length} recorded ones`);
      return answer;
    },
  };
}

/** Cut (count, width) numbers into rows, which stay views of them. */
export function rows(packed: Packed, count: number, width: number): Float32Array[] {
  const values = unpack(packed);
  if (values.length !== count * width)
    throw new Error(`${values.length} numbers are not ${count} rows of ${width}`);
  return Array.from({ length: count }, (_, i) => values.subarray(i * width, (i + 1) * width));
}
