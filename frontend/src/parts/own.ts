// A picture of the reader's own, by file, drop or paste, and the network that it needs: fetched when asked for, never before.
//
//   choose ──▶ opened, its crop shown ──network ready──▶ joins the gallery, chosen
//          └─▶ refused in words       └─not yet──▶ the network is fetched first; the picture waits

import { h } from "../dom.ts";
import type { State } from "../engine.ts";
import { middle, openPicture, type OwnPicture } from "../picture.ts";
import type { Live } from "../probe.ts";

const PREVIEW = 96; // pixels

export interface Own {
  el: HTMLElement;
  end(): void;
}

/**
 * @param chosen with the position of the reader's picture, once the network can answer for it
 * @param ready when the network has been started
 */
export function own(root: HTMLElement, live: Live, chosen: (index: number) => void, ready: () => void): Own {
  const { engine } = live;
  const input = h("input", { type: "file", accept: "image/*", hidden: true, onchange: chosenFile });
  const browse = h("button", { type: "button", onclick: () => input.click() }, "Choose a picture of yours");
  const run = h("button", { type: "button", onclick: () => void engine.start() }, `Run the network in this page (${megabytes(engine.total)})`);
  const cancel = h("button", { type: "button", onclick: stop }, "Cancel");
  const bar = h("progress", { "aria-label": "Fetching the network" });
  const line = h("span", { class: "senet-engine-line", "aria-live": "polite" });
  const engineRow = h("p", { class: "senet-engine" }, line);
  const problem = h("p", { class: "senet-problem", role: "alert" });
  const preview = h("canvas", { role: "img", hidden: true });
  const el = h(
    "div",
    { class: "senet-own", role: "group", "aria-label": "Your own picture" },
    h(
      "div",
      {},
      h("p", {}, browse, input, " or drop or paste one here."),
      h("p", { class: "senet-source" }, "Nothing leaves this device: the network comes to your picture."),
      engineRow,
      problem,
    ),
    preview,
  );
  let waiting: OwnPicture | null = null;
  let tickets = 0;
  let drawn: State["kind"] | null = null;
  let was: State["kind"] = engine.state.kind;

  const unwatch = engine.watch((state) => {
    el.dataset.engine = state.kind;
    const busy = state.kind === "loading" || state.kind === "starting";
    const controls = busy ? [bar, cancel] : state.kind === "ready" ? [] : [run];
    if (state.kind !== drawn) engineRow.replaceChildren(...controls, line);
    drawn = state.kind;
    run.textContent = state.kind === "failed" ? "Try again" : `Run the network in this page (${megabytes(engine.total)})`;
    if (state.kind === "loading") [bar.max, bar.value] = [state.total, state.bytes];
    else bar.removeAttribute("value");
    line.textContent = words(state);
    if (state.kind === was) return;
    was = state.kind;
    if (state.kind !== "ready") return;
    ready();
    show();
  });

  async function take(file: File | null | undefined): Promise<void> {
    if (!file) return;
    const ticket = ++tickets;
    problem.textContent = "";
    try {
      const picture = await openPicture(file, live.size);
      if (ticket !== tickets) return picture.whole.close();
      waiting?.whole.close();
      waiting = picture;
      crop(picture);
      show();
      if (waiting) void engine.start();
    } catch (error) {
      if (ticket === tickets) problem.textContent = (error as Error).message;
    }
  }

  function chosenFile(): void {
    const file = input.files?.[0];
    input.value = ""; // so that the same file can be chosen again
    void take(file);
  }

  /** Hand the waiting picture over, if there is one and the network can answer. */
  function show(): void {
    if (!waiting || engine.state.kind !== "ready") return;
    const { square, name, whole } = waiting;
    waiting = null;
    whole.close();
    chosen(live.take(square, name));
  }

  function crop({ whole, name }: OwnPicture): void {
    const { width, height } = whole;
    const scale = PREVIEW / Math.max(width, height);
    const { left, top, side } = middle(width, height);
    preview.width = Math.max(1, Math.round(width * scale));
    preview.height = Math.max(1, Math.round(height * scale));
    const context = preview.getContext("2d")!;
    context.globalAlpha = 0.3;
    context.drawImage(whole, 0, 0, preview.width, preview.height);
    context.globalAlpha = 1;
    const at = [left * scale, top * scale, side * scale, side * scale] as const;
    context.clearRect(...at);
    context.drawImage(whole, left, top, side, side, ...at);
    preview.hidden = false;
    const part = width === height ? "used whole" : `of which the middle ${side} × ${side} is used`;
    preview.setAttribute("aria-label", `${name}, ${width} × ${height} pixels, ${part}`);
    preview.title = preview.getAttribute("aria-label")!;
  }

  function stop(): void {
    engine.cancel();
    run.focus();
  }

  const over = (event: DragEvent) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    void take(event.dataTransfer.files[0]);
  };
  // With nothing focused, a paste goes to the body: the page's first widget takes it.
  const paste = (event: ClipboardEvent) => {
    const file = event.clipboardData?.files[0];
    const ours = root.contains(event.target as Node) || (event.target === document.body && document.querySelector(".senet-own") === el);
    if (!file || !ours) return;
    event.preventDefault();
    void take(file);
  };
  root.addEventListener("dragover", over);
  root.addEventListener("drop", drop);
  document.addEventListener("paste", paste);
  return {
    el,
    end() {
      unwatch();
      root.removeEventListener("dragover", over);
      root.removeEventListener("drop", drop);
      document.removeEventListener("paste", paste);
    },
  };
}

function words(state: State): string {
  switch (state.kind) {
    case "idle":
      return "";
    case "loading":
      return `${megabytes(state.bytes)} of ${megabytes(state.total)}`;
    case "starting":
      return "Starting …";
    case "ready":
      return "The network runs in this page.";
    case "failed":
      return `The network could not be started (${state.message}). The recorded pictures go on.`;
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
