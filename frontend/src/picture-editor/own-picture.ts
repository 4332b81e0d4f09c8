// A picture of the reader's own, by file, drop, paste or camera, or one of the gallery's to be
// changed; an editor for it; and the network that it needs: fetched when asked for, never before.
//
//   given ──▶ opened, in the editor ──network ready──▶ joins the gallery, chosen ──edited──▶ asked again
//         └─▶ refused in words        └─not yet──▶ the network is fetched first; the picture waits
//
// All widgets of one network on a page have one picture of the reader's. It is in the editor of the
// widget that it was given to, or edited in, last; the others show it, and can take it into theirs.

import { type Live, OWN, type PictureInfo } from "../network/network.ts";
import { h, say } from "../parts/dom.ts";
import { atNextFrame, type Camera, openCamera } from "./camera.ts";
import { editor } from "./editor.ts";
import { engineRow } from "./engine-row.ts";
import { openPicture, type Picture } from "./picture.ts";

export interface OwnPicture {
  el: HTMLElement;
  /**
   * Tell which picture the widget is about to show: it can be edited, and a camera stops when it is
   * another's turn.
   */
  shows(picture: PictureInfo, draw: (canvas: HTMLCanvasElement) => void): void;
  /** Another widget of this network has put a picture in the place of this one's. */
  yields(): void;
  end(): void;
}

const SECOND = 1000; // milliseconds

/**
 * The file that the reader gave last on this page: a widget further down, or another network,
 * begins with it.
 */
let latest: Picture | null = null;

/**
 * @param chosen with the position of the reader's picture, once the network can answer for it;
 * settles when the answer is shown
 * @param turned when another answers from now on: the network has been started, or it has died
 */
export function ownPicture(
  root: HTMLElement,
  live: Live,
  chosen: (index: number) => Promise<void> | void,
  turned: () => void,
): OwnPicture {
  const { engine } = live;
  const input = h("input", { type: "file", accept: "image/*", hidden: true, onchange: chosenFile });
  const browse = h(
    "button",
    { type: "button", onclick: () => input.click() },
    "Choose a picture of yours",
  );
  const film = h(
    "button",
    { type: "button", onclick: () => (camera ? stopCamera() : void startCamera()) },
    "Use the camera",
  );
  const edit = h(
    "button",
    { type: "button", hidden: true, onclick: editShown },
    "Edit this picture",
  );
  // a camera's next frame has it all
  const edited = editor(live.size, () => void (camera || handOver()));
  const row = engineRow(engine, (kind) => {
    const ran = el.dataset.engine === "ready";
    el.dataset.engine = kind;
    if (kind === "ready" || ran) turned();
    if (kind === "ready" && waiting) void handOver();
  });
  const problem = h("p", { class: "senet-problem", role: "alert" });
  const note = h("p", { class: "senet-source senet-note" });
  const el = h(
    "div",
    {
      class: "senet-own",
      role: "group",
      "aria-label": "Your own picture",
      "data-engine": engine.state.kind,
    },
    h(
      "p",
      { class: "senet-ways" },
      browse,
      input,
      film,
      edit,
      h("span", {}, " or drop or paste a picture here."),
    ),
    h(
      "p",
      { class: "senet-source" },
      "Nothing leaves this device: the network comes to your picture.",
    ),
    row.el,
    problem,
    note,
    edited.el,
  );
  let name: string | null = null; // of the picture in the editor
  let waiting = false; // until it has been handed over
  let shown: { id: string; title: string; draw: (canvas: HTMLCanvasElement) => void } | null = null;
  let tickets = 0; // whoever came last wins: opening takes its time

  // ---- ways in
  async function take(files: ArrayLike<File>): Promise<void> {
    if (files.length === 0) return;
    stopCamera("", true);
    const ticket = ++tickets;
    problem.textContent = "";
    try {
      const picture = await openPicture(files[0]!);
      if (ticket !== tickets) return;
      latest = picture;
      open(picture);
      if (files.length > 1)
        problem.textContent = `${files.length} files came, and one is shown: ${picture.name}. Give them one by one.`;
    } catch (error) {
      if (ticket === tickets) problem.textContent = (error as Error).message;
    }
  }

  function open(picture: Picture): void {
    name = picture.name;
    edited.show(picture);
    void handOver();
    void engine.start(); // nothing, if it runs
  }

  function wait(now: boolean): void {
    waiting = now;
    if (!camera) note.textContent = waiting ? `${name} waits for this network.` : "";
  }

  /** Hand the picture over as it is now, if the network can answer; else it waits. */
  async function handOver(): Promise<void> {
    if (name === null) return;
    wait(engine.state.kind !== "ready");
    if (!waiting) await chosen(live.take(edited.square, name, root));
  }

  function chosenFile(): void {
    const files = [...(input.files ?? [])];
    input.value = ""; // so that the same file can be chosen again
    void take(files);
  }

  function editShown(): void {
    if (!shown) return;
    stopCamera("", true);
    tickets++;
    problem.textContent = "";
    const image = document.createElement("canvas");
    shown.draw(image);
    open({
      name: `${shown.title}, edited`,
      image,
      width: image.width,
      height: image.height,
      factor: 1,
    });
    // the button that was pressed is gone
    edited.el.querySelector<HTMLElement>("[tabindex]")!.focus();
  }

  // ---- camera
  let camera: Camera | null = null;
  let forget = () => {};

  async function startCamera(): Promise<void> {
    const ticket = ++tickets;
    problem.textContent = "";
    try {
      const opened = await openCamera(() =>
        stopCamera("The camera went away: connect it and start it again."),
      );
      // pressed twice, or another picture came
      if (ticket !== tickets || document.hidden) return opened.stop();
      camera = opened;
      film.textContent = "Stop the camera";
      // nothing glides where the next picture comes before it has arrived
      root.toggleAttribute("data-filming", true);
      open(frame(opened.video));
      roll(opened);
    } catch (error) {
      if (ticket === tickets) problem.textContent = (error as Error).message;
    }
  }

  const frame = (image: HTMLVideoElement | HTMLCanvasElement): Picture => {
    const [width, height] =
      image instanceof HTMLVideoElement
        ? [image.videoWidth, image.videoHeight]
        : [image.width, image.height];
    return { name: "your camera", image, width, height, factor: 1 };
  };

  /**
   * Frame after frame, each when the one before has been answered: a slow network makes fewer of
   * them, never a queue.
   */
  function roll(filming: Camera): void {
    let [answers, since] = [0, performance.now()];
    const next = () => {
      forget = atNextFrame(filming.video, () => void one());
    };
    const one = async () => {
      if (camera !== filming) return;
      edited.show(frame(filming.video), true);
      const answered = engine.state.kind === "ready";
      await handOver();
      if (camera !== filming) return;
      if (answered) answers++;
      const now = performance.now();
      if (now - since >= SECOND) {
        const perSecond = (answers * SECOND) / (now - since);
        el.dataset.rate = perSecond.toFixed(1);
        note.textContent = answered ? `Live: ${Math.round(perSecond)} pictures a second.` : "";
        [answers, since] = [0, now];
      }
      next();
    };
    next();
  }

  /**
   * The last frame stays, to be looked at and edited.
   * @param words why, unless the reader wanted it
   * @param leave when something else is about to be shown
   */
  function stopCamera(words = "", leave = false): void {
    if (!camera) return;
    const still = document.createElement("canvas");
    const { video } = camera;
    [still.width, still.height] = [video.videoWidth, video.videoHeight];
    if (still.width > 0) {
      still.getContext("2d")!.drawImage(video, 0, 0);
      edited.show(frame(still), true);
    }
    camera.stop();
    camera = null;
    forget();
    film.textContent = "Use the camera";
    root.toggleAttribute("data-filming", false);
    note.textContent = "";
    problem.textContent = words;
    delete el.dataset.rate;
    if (!leave) void handOver(); // it may be a newer frame than the one that was answered
  }

  const hidden = () => {
    if (document.hidden) stopCamera("The camera was switched off while this page was hidden.");
  };
  const left = () => stopCamera("", true);

  // ---- drop and paste
  const over = (event: DragEvent) => {
    const types = event.dataTransfer?.types ?? [];
    if (types.includes("Files") || types.includes("text/uri-list")) event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    const { files, items, types } = event.dataTransfer!;
    if (files.length === 0 && !types.includes("text/uri-list")) return;
    event.preventDefault();
    const folder = [...items]
      .map((item) => item.webkitGetAsEntry?.())
      .find((entry) => entry?.isDirectory);
    if (folder) problem.textContent = `${folder.name} is a folder: drop one picture out of it.`;
    else if (files.length === 0)
      problem.textContent =
        "That is an address, and pages like this one fetch nothing: save the picture, and drop the file.";
    else void take(files);
  };
  // With nothing focused, a paste goes to the body: the page's first widget takes it.
  const paste = (event: ClipboardEvent) => {
    const files = event.clipboardData?.files;
    const ours =
      root.contains(event.target as Node) ||
      (event.target === document.body && document.querySelector(".senet-own") === el);
    if (!files?.length || !ours) return;
    event.preventDefault();
    void take(files);
  };
  if (latest) {
    name = latest.name;
    edited.show(latest);
    // where the network runs, the gallery has the picture already
    wait(engine.state.kind !== "ready");
  }
  root.addEventListener("dragover", over);
  root.addEventListener("drop", drop);
  document.addEventListener("paste", paste);
  document.addEventListener("visibilitychange", hidden);
  window.addEventListener("pagehide", left);
  return {
    el,
    shows(picture, draw) {
      const another = shown?.id !== picture.id;
      shown = { id: picture.id, title: picture.title, draw };
      edit.hidden = picture.id === OWN && name !== null;
      if (another && picture.id !== OWN) stopCamera("", true);
    },
    yields() {
      stopCamera("", true);
      tickets++;
      name = null;
      waiting = false;
      edited.hide();
      say(note, "Your picture has come from another figure on this page.");
    },
    end() {
      stopCamera("", true);
      tickets++;
      row.end();
      edited.end();
      root.removeEventListener("dragover", over);
      root.removeEventListener("drop", drop);
      document.removeEventListener("paste", paste);
      document.removeEventListener("visibilitychange", hidden);
      window.removeEventListener("pagehide", left);
    },
  };
}
