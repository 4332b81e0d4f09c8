// "Your own network": a file chosen or dropped, and how it takes pictures, which no file says.
//
//   dropped ──▶ refused in words
//           └─▶ opened ──▶ entered ──another scale──▶ opened again

import { type DroppedProbe, inWords, LARGEST, meantAsNetwork, WAYS } from "../network/dropped.ts";
import type { Way } from "../network/runtime.ts";
import { button, choice, h } from "../parts/dom.ts";
import { handed } from "../state/handed.ts";

/**
 * Opens a file under a name of its own; says how it goes. Rejects with words for a reader.
 * `like` is the network of the book whose pictures and classes are the file's, where that is known.
 */
export type OpenDropped = (
  file: File,
  id: string,
  way: Way,
  heard: (words: string) => void,
  like?: string,
) => Promise<DroppedProbe>;

export interface YourNetwork {
  el: HTMLElement;
  /** The probe called `name`, if that is a network of the reader's. */
  probe(name: string): DroppedProbe | null;
  end(): void;
}

/** @param enter shows a network that has been opened, under its name */
export function yourNetwork(
  root: HTMLElement,
  open: OpenDropped,
  enter: (name: string, title: string) => Promise<void>,
): YourNetwork {
  let [file, like]: [File | null, string | undefined] = [null, undefined];
  let now: DroppedProbe | null = null;
  let tickets = 0;
  const input = h("input", {
    type: "file",
    accept: ".onnx",
    hidden: true,
    "data-network": true,
    onchange: () => take([...(input.files ?? [])]),
  });
  const browse = button("Your own network", () => input.click());
  const scale = choice("It takes pixels as", () => file && void opening(file, like));
  scale.select.append(
    ...Object.entries(WAYS).map(([value, { title }]) => h("option", { value }, title)),
  );
  scale.el.hidden = true;
  const hint = h(
    "span",
    { class: "senet-source" },
    ` or drop an .onnx file of up to ${LARGEST / 1e6} MB here. It stays on this device.`,
  );
  const line = h("p", { class: "senet-note", role: "status" });
  const problem = h("p", { class: "senet-problem", role: "alert" });
  const el = h(
    "div",
    { class: "senet-your-network", role: "group", "aria-label": "Your own network" },
    h("p", { class: "senet-ways" }, browse, input, hint, scale.el),
    line,
    problem,
  );

  function take(files: File[]): void {
    input.value = ""; // so that the same file can be chosen again
    const first = files.find(({ name }) => meantAsNetwork(name)) ?? files[0];
    if (like !== undefined) scale.select.value = Object.keys(WAYS)[0]!; // the book's own took bytes
    if (first) void opening(first);
  }

  async function opening(next: File, its?: string): Promise<void> {
    const ticket = ++tickets;
    const id = `yours-${ticket}`;
    problem.textContent = "";
    line.textContent = `Opening ${next.name} …`;
    root.setAttribute("aria-busy", "true");
    try {
      const { way } = WAYS[scale.select.value]!;
      const heard = (words: string) => ticket === tickets && (line.textContent = words);
      const probe = await open(next, id, way, heard, its);
      if (ticket !== tickets) return probe.close();
      const before = now;
      [file, now, like] = [next, probe, its];
      await enter(id, next.name);
      before?.close();
      scale.el.hidden = its !== undefined; // a network of the book's own making takes bytes
      const guess =
        "It doesn’t say how it takes pixels: if its answers look wrong, choose another scale.";
      line.textContent = `${inWords(next.name, probe.info)} ${its ? "" : guess}`.trimEnd();
    } catch (error) {
      if (ticket !== tickets) return;
      line.textContent = "";
      problem.textContent = (error as Error).message;
    }
    if (ticket === tickets) root.removeAttribute("aria-busy");
  }

  const over = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  };
  const drop = (event: DragEvent): void => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.some(({ name }) => meantAsNetwork(name))) return; // a picture
    event.preventDefault();
    event.stopPropagation();
    take(files);
  };
  void handed().then((trained) => {
    if (!trained) return;
    scale.select.value = "bytes";
    void opening(trained.file, trained.like);
  });
  root.addEventListener("dragover", over);
  root.addEventListener("drop", drop, true); // before the pictures' own
  return {
    el,
    probe: (name) => (now?.network.name === name ? now : null),
    end() {
      tickets++;
      root.removeEventListener("dragover", over);
      root.removeEventListener("drop", drop, true);
      now?.close();
    },
  };
}
