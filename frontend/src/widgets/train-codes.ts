// A class's results from screen to screen: a QR code of one's own lines, and a camera that reads
// those of others. Neither leaves the device.

import type { Codes } from "../network/codes.ts";
import { button, div, h, say } from "../parts/dom.ts";
import { atNextFrame, type Camera, openCamera } from "../picture-editor/camera.ts";

/** Lines in one code: more would need modules too small for a telephone's camera. */
const MOST = 10;
const SIDE = 720; // pixels of a frame's longer side that are looked at

/** A button and the code of the last of `lines`. */
export function codeOf(codes: () => Promise<Codes>): {
  el: HTMLElement;
  show(lines: string[]): void;
} {
  let [shown, lines]: [boolean, string[]] = [false, []];
  const figure = h("figure", { class: "senet-train-code", hidden: true });
  const turn = button("Show as a code", async () => {
    shown = !shown;
    await draw();
  });
  async function draw(): Promise<void> {
    const held = lines.slice(-MOST);
    figure.hidden = !shown || held.length === 0;
    turn.textContent = shown ? "Hide the code" : "Show as a code";
    turn.disabled = lines.length === 0;
    if (figure.hidden || figure.dataset.text === held.join("\n")) return;
    figure.dataset.text = held.join("\n");
    const counted = held.length === 1 ? "your result" : `your last ${held.length} results`;
    try {
      const code = (await codes()).draw(held.join("\n"));
      code.setAttribute("aria-label", `A QR code of ${counted}`);
      figure.replaceChildren(
        code,
        h("figcaption", {}, `A code of ${counted}: hold it to your teacher’s camera.`),
      );
    } catch {
      delete figure.dataset.text; // and the next try may succeed
      figure.replaceChildren("The code could not be drawn: is there a connection?");
    }
  }
  return {
    el: h("div", {}, turn, figure),
    show(now) {
      lines = now;
      void draw();
    },
  };
}

/** A camera that reads codes until it is stopped. @param heard a code's text, and what to say */
export function scanner(
  codes: () => Promise<Codes>,
  heard: (text: string) => string,
): { el: HTMLElement; end(): void } {
  let camera: Camera | null = null;
  let forget = () => {};
  let asked = 0;
  const words = h("span", { role: "status" });
  const screen = div("senet-train-scan");
  const turn = button("Scan codes", () => void (camera ? end() : start()));

  async function start(): Promise<void> {
    const mine = ++asked;
    say(words, " Starting the camera.");
    try {
      const read = await codes();
      const gone = () => end(" The camera went away.");
      const opened = await openCamera("environment", gone, 1280);
      if (mine !== asked) return opened.stop();
      camera = opened;
      turn.textContent = "Stop scanning";
      opened.video.setAttribute("aria-label", "what the camera sees");
      screen.replaceChildren(opened.video);
      say(words, " Hold one code after another to the camera.");
      roll(opened, read);
    } catch (error) {
      if (mine === asked) say(words, ` ${(error as Error).message}`);
    }
  }

  function roll(filming: Camera, { read }: Codes): void {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    const one = () => {
      if (camera !== filming) return;
      const { video } = filming;
      const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight, 1));
      canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
      canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const text = read(context.getImageData(0, 0, canvas.width, canvas.height));
      if (text !== null) say(words, ` ${heard(text)}`);
      forget = atNextFrame(video, one);
    };
    one();
  }

  function end(why = ""): void {
    asked++;
    forget();
    camera?.stop();
    camera = null;
    turn.textContent = "Scan codes";
    screen.replaceChildren();
    say(words, why);
  }

  return { el: h("div", {}, turn, words, screen), end };
}
