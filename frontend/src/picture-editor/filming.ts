// The reader's camera as the picture in the editor: frame after frame, each when the one before has
// been answered. A slow network makes fewer of them, never a queue.

import { atNextFrame, type Camera, openCamera } from "./camera.ts";
import type { Picture } from "./picture.ts";

const SECOND = 1000; // milliseconds

/** What is done with the frames. */
export interface Film {
  /** The first frame: a picture like any other. */
  open(frame: Picture): void;
  /** Another frame, or the last one, which stays. @param keep what was done to the one before */
  show(frame: Picture): void;
  /** Hand it to the network; settles when the answer is shown, with whether there was one. */
  ask(): Promise<boolean>;
  /** How many answers a second there are, null where there are none. */
  rate(perSecond: number | null): void;
  /** It runs from now on, or no longer: with words, where the reader did not want that. */
  turned(on: boolean, words?: string): void;
}

export class Filming {
  private readonly film: Film;
  private readonly facing: "environment" | "user";
  private camera: Camera | null = null;
  private forget = () => {};
  private tickets = 0;

  /** @param facing most networks know things, and no faces */
  constructor(film: Film, facing: "environment" | "user" = "environment") {
    [this.film, this.facing] = [film, facing];
  }

  get on(): boolean {
    return this.camera !== null;
  }

  /** Something else is about to be shown: a camera that is being opened comes too late. */
  supersede(): void {
    this.tickets++;
  }

  /** @throws Error with words for the reader */
  async start(): Promise<void> {
    const ticket = ++this.tickets;
    const gone = () => this.stop("The camera went away: connect it and start it again.");
    const opened = await openCamera(this.facing, gone).catch((error: Error) => {
      if (ticket === this.tickets) throw error;
      return null;
    });
    if (!opened) return;
    // pressed twice, or another picture came
    if (ticket !== this.tickets || document.hidden) return opened.stop();
    this.camera = opened;
    this.film.turned(true);
    this.film.open(frame(opened.video));
    this.roll(opened);
  }

  /**
   * The last frame stays, to be looked at and edited.
   * @param words why, unless the reader wanted it
   */
  stop(words = ""): void {
    if (!this.camera) return;
    const still = document.createElement("canvas");
    const { video } = this.camera;
    [still.width, still.height] = [video.videoWidth, video.videoHeight];
    if (still.width > 0) {
      still.getContext("2d")!.drawImage(video, 0, 0);
      this.film.show(frame(still));
    }
    this.camera.stop();
    this.camera = null;
    this.forget();
    this.film.turned(false, words);
  }

  private roll(filming: Camera): void {
    let [answers, since] = [0, performance.now()];
    const next = () => {
      this.forget = atNextFrame(filming.video, () => void one());
    };
    const one = async () => {
      if (this.camera !== filming) return;
      this.film.show(frame(filming.video));
      const answered = await this.film.ask();
      if (this.camera !== filming) return;
      if (answered) answers++;
      const now = performance.now();
      if (now - since >= SECOND) {
        this.film.rate(answered ? (answers * SECOND) / (now - since) : null);
        [answers, since] = [0, now];
      }
      next();
    };
    next();
  }
}

function frame(image: HTMLVideoElement | HTMLCanvasElement): Picture {
  const video = image instanceof HTMLVideoElement;
  const [width, height] = video
    ? [image.videoWidth, image.videoHeight]
    : [image.width, image.height];
  return { name: "your camera", image, width, height, factor: 1 };
}
