// Beside the gates in hand: how the network that a pull asked for is coming along, and what the
// pull did.

import type { EngineState, Live } from "../network/network.ts";
import { button, h, p, say, set } from "./dom.ts";
import { AHEAD } from "./prose-links.ts";

const HINT = "Drag a dot: the answer follows.";

export interface UnderWay {
  el: HTMLElement;
  /** @param count gates set by hand @param words what they did */
  show(count: number, words: string): void;
  end(): void;
}

/** @param ready called when the network has begun to run */
export function underWay(live: Live | undefined, ready: () => void): UnderWay {
  const line = h("span");
  const again = button("Try again", () => void live?.engine.start());
  const el = p("senet-under-way", line, " ", again);
  // a tour is about to set gates: the network starts while its reader reads
  el.addEventListener(AHEAD, () => void live?.engine.start());
  let [count, words] = [0, ""];
  let was = live?.engine.state.kind;

  function draw(): void {
    const state = live?.engine.state;
    again.hidden = state?.kind !== "failed" || count === 0;
    set(el, { "data-none": count === 0 });
    say(line, count === 0 ? HINT : ((state && coming(state)) ?? words));
  }

  const end = live?.engine.watch(({ kind }) => {
    draw();
    if (kind === "ready" && was !== "ready") ready();
    was = kind;
  });
  return {
    el,
    show(now, said) {
      [count, words] = [now, said];
      draw();
    },
    end: () => end?.(),
  };
}

/** What there is to wait for, null for nothing. */
function coming(state: EngineState): string | null {
  switch (state.kind) {
    case "loading":
      return `The gates are set. Fetching the network: ${megabytes(state.bytes)} of ${megabytes(state.total)} …`;
    case "starting":
      return "The gates are set. Starting the network …";
    case "failed":
      return `The network could not be started (${state.message}).`;
    default:
      return null;
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
