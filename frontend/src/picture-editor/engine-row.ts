// How the network in this page is doing, and the buttons for it: run, cancel, try again.

import type { EngineState, Starter } from "../network/network.ts";
import { button, h, p } from "../parts/dom.ts";

/** @param changed when its state has become another */
export function engineRow(
  engine: Starter,
  changed: (kind: EngineState["kind"]) => void,
): { el: HTMLElement; end(): void } {
  const run = button("", () => void engine.start());
  const cancel = button("Cancel", stop);
  const bar = h("progress", { "aria-label": "Fetching the network" });
  const line = h("span", { class: "senet-engine-line", "aria-live": "polite" });
  const el = p("senet-engine", line);
  let drawn: EngineState["kind"] | null = null;
  let was: EngineState["kind"] = engine.state.kind;

  function stop(): void {
    engine.cancel();
    run.focus();
  }

  const end = engine.watch((state) => {
    const busy = state.kind === "loading" || state.kind === "starting";
    const controls = busy ? [bar, cancel] : state.kind === "ready" ? [] : [run];
    if (state.kind !== drawn) el.replaceChildren(...controls, line);
    drawn = state.kind;
    run.textContent =
      state.kind === "failed"
        ? "Try again"
        : `Run the network in this page (${megabytes(engine.total)})`;
    if (state.kind === "loading") [bar.max, bar.value] = [state.total, state.bytes];
    else bar.removeAttribute("value");
    line.textContent = words(state);
    if (state.kind === was) return;
    was = state.kind;
    changed(state.kind);
  });
  return { el, end };
}

function words(state: EngineState): string {
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
      return `The network could not be started (${state.message}). The recorded pictures still work.`;
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
