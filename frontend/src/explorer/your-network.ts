// "Your own network": a file chosen or dropped, and how it takes pictures, which no file says.
//
//   dropped ──▶ refused in words
//           ├─▶ cancelled
//           └─▶ opened ──▶ entered ──another scale, names of its classes──▶ opened again
//                             └──closed──▶ the book's network

import {
  type DroppedProbe,
  LARGEST,
  meantAsNames,
  meantAsNetwork,
  WAYS,
} from "../network/dropped.ts";
import type { Way } from "../network/runtime.ts";
import { button, choice, h, p, span } from "../parts/dom.ts";
import { handed } from "../state/handed.ts";

/**
 * What is known of a file: the names of its classes, and the network of the book whose pictures and
 * classes are its own.
 */
interface About {
  labels: File | null;
  like?: string | undefined;
}

/** Opens a file under a name of its own; says how it goes. Rejects with words for a reader. */
export type OpenDropped = (
  file: File,
  id: string,
  way: Way,
  heard: (words: string) => void,
  about: About,
) => Promise<DroppedProbe>;

/**
 * @param enter shows a network that has been opened, under its name
 * @param leave shows one of the book's again
 */
export class YourNetwork {
  readonly el: HTMLElement;
  private readonly root: HTMLElement;
  private readonly open: OpenDropped;
  private readonly enter: (name: string, title: string) => Promise<void>;
  private readonly leave: () => Promise<void>;
  private file: File | null = null;
  private about: About = { labels: null };
  private now: DroppedProbe | null = null;
  private tickets = 0; // the last to come wins: opening takes its time
  private readonly input: HTMLInputElement = h("input", {
    type: "file",
    accept: ".onnx,.txt",
    multiple: true,
    hidden: true,
    "data-network": true,
    onchange: () => this.take([...(this.input.files ?? [])]),
  });
  private readonly browse = button("Your own network", () => this.input.click());
  private readonly cancel = button("Cancel", () => this.stop());
  private readonly close = button("Close it", () => void this.closing());
  private readonly scale = choice("It takes pixels as", () => this.again());
  private readonly line = h("p", { class: "senet-note", role: "status" });
  private readonly problem = h("p", { class: "senet-problem", role: "alert" });

  constructor(
    root: HTMLElement,
    open: OpenDropped,
    enter: (name: string, title: string) => Promise<void>,
    leave: () => Promise<void>,
  ) {
    [this.root, this.open, this.enter, this.leave] = [root, open, enter, leave];
    const { browse, input, cancel, close, scale, line, problem } = this;
    scale.select.append(
      ...Object.entries(WAYS).map(([value, { title }]) => h("option", { value }, title)),
    );
    const most = LARGEST / 1e6;
    const hint = ` or drop an .onnx file of up to ${most} MB here. It stays on this device.`;
    this.el = h(
      "div",
      { class: "senet-your-network", role: "group", "aria-label": "Your own network" },
      p("senet-ways", browse, input, span("senet-source", hint)),
      p("senet-ways", scale.el, close, cancel),
      line,
      problem,
    );
    this.settled();
    void handed().then((trained) => {
      if (!trained) return;
      scale.select.value = "bytes";
      void this.opening(trained.file, { labels: null, like: trained.like });
    });
    root.addEventListener("dragover", this.over);
    root.addEventListener("drop", this.drop, true); // before the pictures' own
  }

  /** The probe called `name`, if that is a network of the reader's. */
  probe(name: string): DroppedProbe | null {
    return this.now?.network.name === name ? this.now : null;
  }

  end(): void {
    this.tickets++;
    this.root.removeEventListener("dragover", this.over);
    this.root.removeEventListener("drop", this.drop, true);
    this.now?.close();
  }

  private take(files: File[]): void {
    this.input.value = ""; // so that the same file can be chosen again
    const names = files.find(({ name }) => meantAsNames(name)) ?? null;
    const network = files.find(({ name }) => meantAsNetwork(name));
    const first = network ?? (names && this.file) ?? files[0];
    if (!first) return;
    // the book's own took bytes
    if (network && this.about.like !== undefined) this.scale.select.value = Object.keys(WAYS)[0]!;
    void this.opening(first, { ...(network ? {} : this.about), labels: names });
  }

  private again(): void {
    if (this.file) void this.opening(this.file, this.about);
  }

  private stop(): void {
    this.tickets++;
    this.line.textContent = this.now?.said ?? "";
    this.settled();
    this.browse.focus();
  }

  private async closing(): Promise<void> {
    this.stop();
    await this.leave();
    this.now?.close();
    [this.now, this.file, this.about] = [null, null, { labels: null }];
    this.line.textContent = this.problem.textContent = "";
    this.settled();
  }

  /** Nothing is on its way. */
  private settled(): void {
    this.root.removeAttribute("aria-busy");
    this.cancel.hidden = true;
    this.close.hidden = this.now === null;
    // a network of the book's own making takes bytes
    this.scale.el.hidden = this.now === null || this.about.like !== undefined;
  }

  private async opening(next: File, about: About): Promise<void> {
    const ticket = ++this.tickets;
    const id = `yours-${ticket}`;
    this.problem.textContent = "";
    this.line.textContent = `Opening ${next.name} …`;
    this.root.setAttribute("aria-busy", "true");
    this.cancel.hidden = false;
    try {
      const { way } = WAYS[this.scale.select.value]!;
      const heard = (words: string) => {
        if (ticket === this.tickets) this.line.textContent = words;
      };
      const probe = await this.open(next, id, way, heard, about);
      if (ticket !== this.tickets) return probe.close();
      const before = this.now;
      [this.file, this.about, this.now] = [next, about, probe];
      await this.enter(id, next.name);
      before?.close();
      this.line.textContent = probe.said;
    } catch (error) {
      if (ticket !== this.tickets) return;
      this.line.textContent = this.now?.said ?? "";
      this.problem.textContent = (error as Error).message;
    }
    if (ticket === this.tickets) this.settled();
  }

  private readonly over = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  };

  private readonly drop = (event: DragEvent): void => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.some(({ name }) => meantAsNetwork(name) || meantAsNames(name))) return; // a picture
    event.preventDefault();
    event.stopPropagation();
    this.take(files);
  };
}
