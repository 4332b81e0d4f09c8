// Gates by hand: overrides of the excitations, with undo.
//
//   own gates ──pull, off, 1, mean──▶ overridden ──undo──▶ as before ──redo──▶ overridden
//
// Overrides belong to the network and not to a picture: they stay when the picture changes, until
// they are let go.

import type { BlockInfo, Gates } from "../network/network.ts";
import { History } from "./history.ts";

/** Overrides and their history. What is set goes from 0 to 1, as a sigmoid's values do. */
export class ByHand {
  private readonly history = new History<Gates>({});
  private pulling: string | null = null;

  get now(): Gates {
    return this.history.now;
  }

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
    const { now, history } = this;
    const row = Float32Array.from(now[block.name] ?? new Float32Array(block.channels).fill(NaN));
    for (const c of channels ?? row.keys()) {
      const wanted = value(c);
      row[c] = wanted === null ? NaN : Math.min(1, Math.max(0, wanted));
    }
    const { [block.name]: _, ...others } = now;
    const next = row.every(Number.isNaN) ? others : { ...others, [block.name]: row };
    if (pull !== null && pull === this.pulling) history.now = next;
    else history.step(next);
    this.pulling = pull;
  }

  undo(): void {
    if (this.history.undo()) this.pulling = null;
  }

  redo(): void {
    if (this.history.redo()) this.pulling = null;
  }

  /** Begin with overrides as they are: there is nothing before them. */
  begin(gates: Gates): void {
    this.history.restart(gates);
  }

  /** Take overrides as they are, from a link or from Python. */
  take(gates: Gates): void {
    this.history.step(gates);
    this.pulling = null;
  }

  /** Let all gates go. */
  release(): void {
    if (this.count > 0) this.take({});
  }

  get count(): number {
    const rows = Object.values(this.now);
    return rows.reduce((sum, row) => sum + row.filter((v) => !Number.isNaN(v)).length, 0);
  }

  get undoable(): boolean {
    return this.history.undoable;
  }

  get redoable(): boolean {
    return this.history.redoable;
  }
}
