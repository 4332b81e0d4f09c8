// Gates by hand: overrides of the excitations, with undo.
//
//   own gates ──pull, off, 1, mean──▶ overridden ──undo──▶ as before ──redo──▶ overridden
//
// Overrides belong to the network and not to a picture: they stay when the picture changes, until
// they are let go.

import type { BlockInfo, Gates } from "../network/network.ts";

/**
 * Overrides and their history. Everything that is set goes from 0 to 1, as a sigmoid's values do.
 */
export class ByHand {
  private past: Gates[] = [];
  private future: Gates[] = [];
  now: Gates = {};
  private pulling: string | null = null;

  /**
   * @param channels to set, null for all
   * @param value for each channel, null lets it go
   * @param pull names a movement of the hand: its steps are undone as one
   */
  set(
    block: BlockInfo,
    channels: number[] | null,
    value: (channel: number) => number | null,
    pull: string | null = null,
  ): void {
    if (pull === null || pull !== this.pulling) {
      this.past.push(this.now);
      this.future = [];
    }
    this.pulling = pull;
    const row = Float32Array.from(
      this.now[block.name] ?? new Float32Array(block.channels).fill(NaN),
    );
    for (const c of channels ?? row.keys()) {
      const wanted = value(c);
      row[c] = wanted === null ? NaN : Math.min(1, Math.max(0, wanted));
    }
    const { [block.name]: _, ...others } = this.now;
    this.now = row.every(Number.isNaN) ? others : { ...others, [block.name]: row };
  }

  undo(): void {
    this.step(this.past, this.future);
  }

  redo(): void {
    this.step(this.future, this.past);
  }

  /** Take overrides as they are, from a link or from Python. */
  take(gates: Gates): void {
    this.past.push(this.now);
    [this.future, this.now, this.pulling] = [[], gates, null];
  }

  /** Let all gates go. */
  release(): void {
    if (this.count > 0) this.take({});
  }

  get count(): number {
    return Object.values(this.now).reduce(
      (sum, row) => sum + row.filter((v) => !Number.isNaN(v)).length,
      0,
    );
  }

  get undoable(): boolean {
    return this.past.length > 0;
  }

  get redoable(): boolean {
    return this.future.length > 0;
  }

  private step(from: Gates[], to: Gates[]): void {
    const next = from.pop();
    if (!next) return;
    to.push(this.now);
    [this.now, this.pulling] = [next, null];
  }
}
