// A picture of the reader's own, by file, drop, paste or camera, or one of the gallery's to be
// changed; an editor for it; and the network that it needs: fetched when asked for, never before.
//
//   given ──▶ opened, in the editor ──network ready──▶ joins the gallery ──edited──▶ asked again
//         └─▶ refused in words        └─not yet──▶ the network is fetched first; the picture waits
//
// All widgets of one network on a page have one picture of the reader's. It is in the editor of the
// widget that it was given to, or edited in, last; the others show it, and can take it into theirs.

import { type Live, OWN, type PictureInfo } from "../network/network.ts";
import { button, h, p, say } from "../parts/dom.ts";
import type { Shown } from "../parts/frame.ts";
import { type Editor, editor } from "./editor.ts";
import { engineRow } from "./engine-row.ts";
import { type Film, Filming } from "./filming.ts";
import { openPicture, type Picture } from "./picture.ts";
import { waysIn } from "./ways-in.ts";

type Draw = (canvas: HTMLCanvasElement) => void;

export interface OwnPicture {
  el: HTMLElement;
  /**
   * Tell which picture the widget is about to show: it can be edited, and a camera stops when it is
   * another's turn.
   */
  shows(picture: PictureInfo, draw: Draw): void;
  /** Another widget of this network has put a picture in the place of this one's. */
  yields(): void;
  end(): void;
}

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
  chosen: Chosen,
  turned: () => void,
): OwnPicture {
  return new Own(root, live, chosen, turned);
}

type Chosen = (index: number) => Promise<void> | void;

/** One of a widget's own pictures is shown: it may be edited, as the reader's own. */
export function showsGiven(
  own: OwnPicture | null,
  { id, title, alt }: Shown,
  side: number,
  image: CanvasImageSource,
): void {
  own?.shows({ id, title, alt, source: "", credit: "", label: null }, (canvas) => {
    canvas.width = canvas.height = side;
    canvas.getContext("2d")!.drawImage(image, 0, 0);
  });
}

class Own implements OwnPicture {
  readonly el: HTMLElement;
  private readonly root: HTMLElement;
  private readonly live: Live;
  private readonly chosen: Chosen;
  private readonly turned: () => void;
  private readonly input: HTMLInputElement = h("input", {
    type: "file",
    accept: "image/*",
    hidden: true,
    onchange: () => this.chosenFile(),
  });
  private readonly browse = button("Choose a picture of yours", () => this.input.click());
  private readonly film = button("Use the camera", () => this.toggleCamera());
  private readonly edit = button("Edit this picture", () => this.editShown());
  private readonly editor: Editor;
  private readonly row: ReturnType<typeof engineRow>;
  private readonly problem = h("p", { class: "senet-problem", role: "alert" });
  private readonly note = p("senet-source senet-note");
  private readonly filming: Filming;
  private readonly closed: () => void;
  private name: string | null = null; // of the picture in the editor
  private waiting = false; // until it has been handed over
  private shown: { id: string; title: string; draw: Draw } | null = null;
  private tickets = 0; // the last to come wins: opening takes its time
  private leaving = false; // whether the camera stops because something else is about to be shown

  constructor(root: HTMLElement, live: Live, chosen: Chosen, turned: () => void) {
    [this.root, this.live, this.chosen, this.turned] = [root, live, chosen, turned];
    const film: Film = {
      open: (frame) => this.open(frame),
      show: (frame) => this.editor.show(frame, true),
      ask: () => this.ask(),
      rate: (perSecond) => this.rate(perSecond),
      turned: (on, words = "") => this.camera(on, words),
    };
    this.filming = new Filming(film, live.facing);
    // A camera's next frame has all that was changed.
    this.editor = editor(live.size, () => void (this.filming.on || this.handOver()));
    this.el = h("div", {
      class: "senet-own",
      role: "group",
      "aria-label": "Your own picture",
      "data-engine": live.engine.state.kind,
    });
    this.row = engineRow(live.engine, (kind) => this.engineIs(kind));
    this.el.append(...this.layout());
    if (latest) {
      this.name = latest.name;
      this.editor.show(latest);
      this.wait(!this.ready); // where the network runs, the gallery has the picture already
    }
    this.edit.hidden = true;
    this.closed = this.listen();
  }

  shows(picture: PictureInfo, draw: Draw): void {
    const another = this.shown?.id !== picture.id;
    this.shown = { id: picture.id, title: picture.title, draw };
    this.edit.hidden = picture.id === OWN && this.name !== null;
    if (another && picture.id !== OWN) this.leave();
  }

  yields(): void {
    this.supersede();
    this.name = null;
    this.waiting = false;
    this.editor.hide();
    say(this.note, "Your picture has come from another figure on this page.");
  }

  end(): void {
    this.supersede();
    this.row.end();
    this.editor.end();
    this.closed();
  }

  private layout(): Node[] {
    const { browse, input, film, edit, row, problem, note } = this;
    const ways = h("span", {}, " or drop or paste a picture here.");
    const promise = this.live.yours
      ? "Your picture and your network stay on this device."
      : this.live.engine.total === 0
        ? "Your picture stays on this device; the network came with this page."
        : "Your picture stays on this device; the network is downloaded and runs here.";
    return [
      p("senet-ways", browse, input, film, edit, ways),
      p("senet-source", promise),
      row.el,
      problem,
      note,
      this.editor.el,
    ];
  }

  private listen(): () => void {
    const closed = waysIn(
      this.root,
      this.el,
      (files) => void this.take(files),
      (words) => {
        this.problem.textContent = words;
      },
    );
    const hidden = () => {
      if (!document.hidden) return;
      this.filming.stop("The camera was switched off while this page was hidden.");
    };
    const left = () => this.leave();
    document.addEventListener("visibilitychange", hidden);
    window.addEventListener("pagehide", left);
    return () => {
      closed();
      document.removeEventListener("visibilitychange", hidden);
      window.removeEventListener("pagehide", left);
    };
  }

  private get ready(): boolean {
    return this.live.engine.state.kind === "ready";
  }

  private engineIs(kind: string): void {
    const ran = this.el.dataset.engine === "ready";
    this.el.dataset.engine = kind;
    if (kind === "ready" || ran) this.turned();
    if (kind === "ready" && this.waiting) void this.handOver();
  }

  // ---- ways in

  private async take(files: ArrayLike<File>): Promise<void> {
    if (files.length === 0) return;
    const ticket = this.supersede();
    this.problem.textContent = "";
    try {
      const picture = await openPicture(files[0]!);
      if (ticket !== this.tickets) return;
      latest = picture;
      this.open(picture);
      if (files.length > 1) {
        this.problem.textContent = `You gave ${files.length} files; only the first is shown: ${picture.name}. Choose one at a time.`;
      }
    } catch (error) {
      if (ticket === this.tickets) this.problem.textContent = (error as Error).message;
    }
  }

  private open(picture: Picture): void {
    this.name = picture.name;
    this.editor.show(picture);
    void this.handOver();
    void this.live.engine.start(); // no-op if already running
  }

  private chosenFile(): void {
    const files = [...(this.input.files ?? [])];
    this.input.value = ""; // so that the same file can be chosen again
    void this.take(files);
  }

  private editShown(): void {
    if (!this.shown) return;
    this.supersede();
    this.problem.textContent = "";
    const image = document.createElement("canvas");
    this.shown.draw(image);
    const { width, height } = image;
    this.open({ name: `${this.shown.title}, edited`, image, width, height, factor: 1 });
    this.editor.el.querySelector<HTMLElement>("[tabindex]")!.focus(); // the button pressed is gone
  }

  /** Another picture is coming: what is under way comes too late. */
  private supersede(): number {
    this.leave();
    this.filming.supersede();
    this.tickets++;
    return this.tickets;
  }

  private wait(now: boolean): void {
    this.waiting = now;
    if (this.filming.on) return;
    this.note.textContent = this.waiting ? `${this.name} waits for this network.` : "";
  }

  /** Hand the picture over as it is now, if the network can answer; otherwise it waits. */
  private async handOver(): Promise<void> {
    if (this.name === null) return;
    this.wait(!this.ready);
    if (!this.waiting) await this.chosen(this.live.take(this.editor.square, this.name, this.root));
  }

  // ---- camera

  private toggleCamera(): void {
    if (this.filming.on) return this.filming.stop();
    const ticket = ++this.tickets;
    this.problem.textContent = "";
    this.filming.start().catch((error: Error) => {
      if (ticket === this.tickets) this.problem.textContent = error.message;
    });
  }

  private async ask(): Promise<boolean> {
    const { ready } = this;
    await this.handOver();
    return ready;
  }

  private rate(perSecond: number | null): void {
    this.el.dataset.rate = (perSecond ?? 0).toFixed(1);
    this.note.textContent =
      perSecond === null ? "" : `Live: ${Math.round(perSecond)} pictures a second.`;
  }

  private camera(on: boolean, words: string): void {
    this.film.textContent = on ? "Stop the camera" : "Use the camera";
    // nothing glides while pictures follow each other
    this.root.toggleAttribute("data-filming", on);
    if (on) return;
    this.note.textContent = "";
    this.problem.textContent = words;
    delete this.el.dataset.rate;
    if (!this.leaving) void this.handOver(); // it may be a newer frame than the one answered
  }

  /** Stop the camera, since something else is about to be shown. */
  private leave(): void {
    this.leaving = true;
    this.filming.stop();
    this.leaving = false;
  }
}
