// What can be undone and done again: a value, those before it, and those that were undone.
//
//   now ──step──▶ another one ──undo──▶ as before ──redo──▶ the other one

export class History<T> {
  private past: T[] = [];
  private future: T[] = [];
  /** To set it does not add a step: undoing goes to the value before it. */
  now: T;

  constructor(now: T) {
    this.now = now;
  }

  /** Go on to another value. What was undone is lost. */
  step(next: T): void {
    this.past.push(this.now);
    [this.future, this.now] = [[], next];
  }

  /** Begin again: there is no way back. */
  restart(now: T): void {
    [this.past, this.future, this.now] = [[], [], now];
  }

  undo(): boolean {
    return this.turn(this.past, this.future);
  }

  redo(): boolean {
    return this.turn(this.future, this.past);
  }

  get undoable(): boolean {
    return this.past.length > 0;
  }

  get redoable(): boolean {
    return this.future.length > 0;
  }

  private turn(from: T[], to: T[]): boolean {
    if (from.length === 0) return false;
    to.push(this.now);
    this.now = from.pop()!;
    return true;
  }
}
