// What a reader does with a network: the picture and the blocks in view, gates set by hand, and the
// network's answers. One view at a time, and everything on the screen follows from it.
//
//   wish (control, address, Python, widget) ──▶ settled view ──▶ keep ──▶ ask, if it must ──▶ draw

import type { Answer, PictureInfo, Probe } from "../network/network.ts";
import { OWN } from "../network/network.ts";
import { ByHand } from "./by-hand.ts";
import type { Wanted } from "./fields.ts";
import { read, written } from "./gates-text.ts";
import type { Keeper } from "./keeper.ts";
import { asking } from "./latest-only.ts";

/** What every view of a network has. */
export interface NetworkView {
  /** Ids of pictures; the second is null or absent for none. */
  picture: string;
  second?: string | null;
  /** Gates set by hand, as gates-text.ts writes them; "" for none. */
  gates: string;
}

/** Where readers give a picture of their own. */
interface Place {
  /** The view has changed to this picture, and the answer is on its way. */
  shows(picture: PictureInfo, draw: (canvas: HTMLCanvasElement) => void): void;
  /** The reader's picture was given to another widget. */
  yields(): void;
}

/** The widget that the session is held for. */
export interface Held<V> {
  /** Null where nothing runs the network. */
  readonly yours: Place | null;
  /** Says what went wrong, in words; empty for nothing. */
  readonly problem: HTMLElement;
  settle(wanted: Wanted, before: V): V;
  /** Gates were set from outside: by a link, or by Python. */
  taken(): void;
  /** The reader's own picture has come, or has become another one. */
  renew(index: number): void;
  /** The answer is there. */
  draw(): void;
  /** Read out what is there: the view is quiet. */
  speak(): void;
}

/**
 * Milliseconds of quiet before a change is read out: a held arrow key should not be talked over.
 */
const QUIET = 600;

export class Session<V extends NetworkView> {
  readonly probe: Probe;
  readonly hand = new ByHand();
  view: V;
  /** With the gates set by hand, and with every gate the network's own. */
  answer!: Answer;
  plain!: Answer;
  second: Answer | null = null;
  private readonly root: HTMLElement;
  private readonly keeper: Keeper;
  private readonly usual: object;
  private readonly held: Held<V>;
  private readonly question: (
    index: number,
    second: number | null,
    known: Answer | null,
  ) => Promise<{ plain: Answer; answer: Answer; second: Answer | null } | null>;
  /** The last picture that others have too: the reader's own is in no link. */
  private kept: string;
  private talk: ReturnType<typeof setTimeout> | undefined;
  private unheard: (() => void) | undefined;

  /** @param usual the view that an address need not repeat */
  constructor(
    root: HTMLElement,
    probe: Probe,
    keeper: Keeper,
    view: V,
    usual: object,
    held: Held<V>,
  ) {
    [this.root, this.probe, this.keeper, this.usual, this.held] = [
      root,
      probe,
      keeper,
      usual,
      held,
    ];
    this.view = view;
    this.kept = view.picture === OWN ? probe.pictures[0]!.id : view.picture;
    this.hand.begin(read(view.gates, probe.network.blocks));
    this.question = asking(root, async (index, second, known) => {
      const gates = this.pulled ? this.hand.now : undefined;
      // all at once: the network need not wait for the page between two of them
      const [plain, pulled, other] = await Promise.all([
        known ?? probe.probe(index),
        gates ? probe.probe(index, gates) : null,
        second === null ? null : probe.probe(second, gates),
      ]);
      return { plain, answer: pulled ?? plain, second: other };
    });
  }

  /** Ask and draw for the first time. */
  async start(): Promise<void> {
    this.announce();
    await this.ask();
    this.held.draw();
    this.unheard = this.probe.live?.hear(this.root, (index) => {
      this.held.yours?.yields();
      this.held.renew(index);
      if (this.view.picture === OWN || this.view.second === OWN) void this.again();
    });
  }

  private announce(): void {
    const { index, probe } = this;
    this.held.yours?.shows(probe.pictures[index]!, (canvas) => probe.draw(index, canvas));
  }

  end(): void {
    clearTimeout(this.talk);
    this.unheard?.();
  }

  get ready(): boolean {
    return !this.probe.live || this.probe.live.engine.state.kind === "ready";
  }

  /** Whether gates are overridden, and what answers can do that. */
  get pulled(): boolean {
    return this.hand.count > 0 && this.ready;
  }

  /** Position of the picture in view. */
  get index(): number {
    return this.position(this.view.picture)!;
  }

  /** The address of the view as others can have it. */
  get link(): string | null {
    return this.keeper.link(this.shareable(), this.usual);
  }

  wish(wanted: Wanted): void {
    void this.change(wanted, true);
  }

  /** Gates were set in `hand`. */
  pullGates(): Promise<void> {
    this.run();
    return this.change({ gates: this.handText() }, true);
  }

  /** The reader's own picture is there, or has changed. */
  showOwn(index: number): Promise<void> {
    this.held.renew(index);
    return this.change({ picture: OWN }, false, true);
  }

  /** Something else answers from now on, or for another picture of the reader's. */
  again(): Promise<void> {
    return this.change({}, false, true);
  }

  /**
   * @param ours whether the reader made it here: then it is kept
   * @param again whether to ask again even for the same picture
   */
  async change(wanted: Wanted, ours: boolean, again = false): Promise<void> {
    clearTimeout(this.talk); // the quiet is over
    const before = this.view;
    this.view = this.held.settle(wanted, before);
    if (this.view.gates !== this.handText()) {
      this.hand.take(read(this.view.gates, this.probe.network.blocks));
      this.held.taken();
      if (ours) this.run();
    }
    if (ours) this.keeper.keep(this.shareable(), this.usual);
    this.announce();
    try {
      const other = again || this.view.picture !== before.picture;
      const moved = other || this.view.second !== before.second || this.view.gates !== before.gates;
      // a later wish is on its way
      if (moved && !(await this.ask(other ? null : this.plain))) return;
      this.held.problem.textContent = "";
    } catch (error) {
      this.held.problem.textContent = `No answer for this picture: ${(error as Error).message}`;
      return;
    }
    this.held.draw();
    clearTimeout(this.talk);
    this.talk = setTimeout(() => this.held.speak(), QUIET);
  }

  /** Where a picture is in the gallery, null for none. */
  position(id: string | null | undefined): number | null {
    return id == null ? null : this.probe.pictures.findIndex((picture) => picture.id === id);
  }

  /**
   * A reader who sets a gate wants to see what it does. No-op if the network runs; when it does,
   * all is asked again.
   */
  private run(): void {
    if (this.hand.count > 0) void this.probe.live?.engine.start();
  }

  /** Ask for what is in view; false if something else was asked for meanwhile. */
  private async ask(known: Answer | null = null): Promise<boolean> {
    const next = await this.question(this.index, this.position(this.view.second), known);
    if (next) Object.assign(this, next);
    return next !== null;
  }

  /** The gates that are set, with blocks in the network's order. */
  private handText(): string {
    return written(read(written(this.hand.now), this.probe.network.blocks));
  }

  private shareable(): V {
    if (this.view.picture !== OWN) this.kept = this.view.picture;
    const second = this.view.second === OWN ? { second: null } : {};
    return { ...this.view, ...second, picture: this.kept };
  }
}
