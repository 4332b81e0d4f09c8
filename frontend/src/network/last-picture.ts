// The reader's last picture, for a network that one widget of the page has alone.

export class LastPicture {
  readonly picture: HTMLCanvasElement;
  /** As the reader's file is called. */
  name = "";
  readonly size: number;

  /** @param size of a side in pixels */
  constructor(size: number) {
    this.size = size;
    this.picture = document.createElement("canvas");
    this.picture.width = this.picture.height = size;
    this.picture.getContext("2d", { willReadFrequently: true });
  }

  take(square: HTMLCanvasElement, name: string): number {
    this.name = name;
    this.picture.getContext("2d")!.drawImage(square, 0, 0);
    return 0;
  }

  hear(): () => void {
    return () => {}; // no other widget has this network
  }
}

/** Gates that were stored one block after the other. */
export function byBlock(blocks: { channels: number }[], gates: Float32Array): Float32Array[] {
  let at = 0;
  return blocks.map(({ channels }) => gates.subarray(at, (at += channels)));
}
