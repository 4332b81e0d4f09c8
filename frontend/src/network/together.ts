// Several networks that a reader starts as one: fetched one after the other, ready when all are.

import type { EngineState, Starter } from "./network.ts";
import { Watched } from "./watched.ts";

/** One of them, and the bytes that it has to fetch besides the runtime. */
export interface Part {
  engine: Starter;
  bytes: number;
}

export class Together extends Watched implements Starter {
  private readonly parts: readonly Part[];
  private whole = 0; // bytes, as they were when it began
  private begun = false;

  /** @param parts all of one runtime, which comes with the first */
  constructor(parts: readonly Part[]) {
    super();
    this.parts = parts;
    for (const { engine } of parts) engine.watch(() => this.changed());
  }

  get state(): EngineState {
    const states = this.parts.map(({ engine }) => engine.state);
    const failed = states.find(({ kind }) => kind === "failed");
    if (failed) return failed;
    if (states.every(({ kind }) => kind === "ready")) return { kind: "ready" };
    const at = states.findIndex(({ kind }) => kind !== "ready");
    const state = states[at]!;
    if (state.kind === "loading") {
      const come = this.whole - state.total - after(this.parts.slice(at + 1));
      const bytes = Math.max(0, come) + state.bytes;
      return { kind: "loading", bytes, total: this.whole };
    }
    // between one that is ready and the next
    return state.kind === "idle" && this.begun ? { kind: "starting" } : state;
  }

  get total(): number {
    const [first, ...others] = this.parts;
    return first!.engine.total + after(others);
  }

  async start(): Promise<void> {
    if (this.begun) return;
    this.whole = this.total;
    this.begun = true;
    try {
      for (const { engine } of this.parts) {
        await engine.start();
        if (engine.state.kind !== "ready") return;
      }
    } finally {
      this.begun = false;
      this.changed();
    }
  }

  cancel(): void {
    for (const { engine } of this.parts) engine.cancel();
  }
}

const after = (parts: readonly Part[]) => parts.reduce((sum, { bytes }) => sum + bytes, 0);
