// Pictures as they were held: which kinds of files this browser turns by itself differs, so it is
// asked once, with a picture of two pixels that is to be turned.

import type { Kind } from "./examine.ts";

/** Two pixels side by side, to be turned by a quarter; made with Pillow. */
const TESTS: Partial<Record<Kind, string>> = {
  PNG: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAPSURBVHicY/jPwMDAwAAABgEBALCXRhMAAAAASUVORK5CYII=",
  WebP: "UklGRlAAAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TBAAAAAvAQAAAA8Q8x/zH4aM6H8ARVhJRhoAAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA==",
};

const answers = new Map<Kind, Promise<boolean>>();

/** Whether the browser turns files of this kind itself. It turns all JPEGs. */
export function turnsItself(kind: Kind): Promise<boolean> {
  const test = TESTS[kind];
  if (!test) return Promise.resolve(true);
  let answer = answers.get(kind);
  if (!answer) {
    const bytes = Uint8Array.from(atob(test), (c) => c.charCodeAt(0));
    const opened = createImageBitmap(new Blob([bytes], { type: `image/${kind.toLowerCase()}` }), {
      imageOrientation: "from-image",
    });
    answer = opened.then(
      ({ width, height }) => height > width,
      () => true,
    );
    answers.set(kind, answer);
  }
  return answer;
}

/**
 * A picture turned by EXIF's number, from 2 to 8: mirrored where the number is even up to 4 or odd
 * from 5 on, with its sides exchanged from 5 on.
 */
export function turned(image: ImageBitmap, turn: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const { width: w, height: h } = image;
  [canvas.width, canvas.height] = turn >= 5 ? [h, w] : [w, h];
  const matrix: Record<number, [number, number, number, number, number, number]> = {
    2: [-1, 0, 0, 1, w, 0],
    3: [-1, 0, 0, -1, w, h],
    4: [1, 0, 0, -1, 0, h],
    5: [0, 1, 1, 0, 0, 0],
    6: [0, 1, -1, 0, h, 0],
    7: [0, -1, -1, 0, h, w],
    8: [0, -1, 1, 0, 0, w],
  };
  const context = canvas.getContext("2d")!;
  context.setTransform(...matrix[turn]!);
  context.drawImage(image, 0, 0);
  return canvas;
}
