// What starts a network, as those hear of it who watch.

import type { EngineState } from "./network.ts";

export abstract class Watched {
  abstract readonly state: EngineState;
  private readonly watchers = new Set<(state: EngineState) => void>();

  /** Hear of each change of state, and of the present one at once. @returns what ends that */
  watch(watcher: (state: EngineState) => void): () => void {
    this.watchers.add(watcher);
    watcher(this.state);
    return () => this.watchers.delete(watcher);
  }

  protected changed(): void {
    for (const watcher of this.watchers) watcher(this.state);
  }
}
