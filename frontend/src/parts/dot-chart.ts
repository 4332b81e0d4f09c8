// One SE block's excitations: a dot per channel, the class mean as a line, a stem for the
// difference between the two, and a channel that the reader points at.
//
//   nothing held ──point──▶ shown while pointed at ──leave──▶ nothing held
//   nothing held ──click or arrow key──▶ held ──another──▶ held ──Escape, or again──▶ nothing held
//   any ──press a dot and drag, or Shift and arrow on the one held──▶ held, and its gate pulled

import { div, h, say, set } from "./dom.ts";
import { type Excitations, Marks, partOf } from "./dot-chart-marks.ts";
import { pressed } from "./dot-chart-press.ts";
import { Readout } from "./dot-chart-readout.ts";
import { stepped } from "./keys.ts";

/** What pulls gates. */
export interface Pull {
  /** To a value from 0 to 1. `stroke` names a movement of the hand, from begin to end. */
  to(channel: number, value: number, stroke: string): void;
  /** Where a gate was pulled to, whether or not the network has answered; null if it was not. */
  wanted(channel: number): number | null;
}

type Hold = (channel: number | null) => void;

const STEP = 0.05; // of a key
const FINGER = 28; // pixels from a dot that a finger may be off

export interface DotChart {
  el: HTMLElement;
  /** Draw the marks. */
  draw(data: Excitations): void;
  /** Say what is drawn, of the channel that is pointed at or held. */
  tell(): void;
}

/** @param seen hears which channel is shown, null for none */
export function dotChart(
  name: string,
  hold: Hold,
  pull: Pull | null = null,
  seen: Hold = () => {},
): DotChart {
  return new Chart(name, hold, pull, seen);
}

class Chart implements DotChart {
  readonly el: HTMLElement;
  private readonly name: string;
  private readonly hold: Hold;
  private readonly pull: Pull | null;
  private readonly seen: Hold;
  private readonly marks = new Marks();
  private readonly flag = h("span", { class: "senet-flag", "aria-hidden": "true", hidden: true });
  private readonly handle = h("span", {
    class: "senet-handle",
    "aria-hidden": "true",
    hidden: true,
    title: "Drag to pull this gate",
  });
  private readonly slider: HTMLElement;
  private readonly first = h("span");
  private readonly last = h("span");
  private readonly readout: Readout;
  private data: Excitations | null = null;
  private pointed: number | null = null; // a channel under the mouse
  private strokes = 0;
  private onHandle = false; // where the last press was

  constructor(name: string, hold: Hold, pull: Pull | null, seen: Hold) {
    [this.name, this.hold, this.pull, this.seen] = [name, hold, pull, seen];
    this.readout = new Readout(
      pull
        ? "Press a dot and drag it. Keys: arrows choose, Shift with an arrow pulls."
        : "Point at a dot, tap it, or use the arrow keys.",
    );
    this.slider = h(
      "div",
      {
        class: "senet-plot",
        role: "slider",
        tabindex: 0,
        "aria-label": `Channels of the ${name}`,
        "aria-valuemin": 0,
      },
      this.marks.el,
      this.marks.heat,
      this.flag,
      pull && this.handle,
    );
    const ends = div("senet-ends", this.first, this.last);
    const { scale, sorted } = this.marks;
    const parts = [scale, this.slider, sorted, ends, this.readout.el];
    this.el = div("senet-chart", ...parts);
    if (pull) this.listenToPresses(pull);
    this.listenToPointer();
    this.listenToKeys();
  }

  draw(data: Excitations): void {
    this.data = data;
    this.marks.draw(data);
    say(this.first, data.ends[0]);
    say(this.last, data.ends[1]);
    set(this.slider, { "aria-valuemax": data.order.length - 1 });
    if (this.pointed !== null && this.pointed >= data.order.length) this.pointed = null;
    this.mark();
  }

  /** Show the channel pointed at, else the one held, else how to choose one. */
  private point(): void {
    this.mark();
    this.read();
  }

  private mark(): void {
    const { answer, order, held, axis } = this.data!;
    const { from, count } = partOf(this.data!);
    const channel = this.pointed ?? held;
    const place = channel === null ? 0 : order.indexOf(channel);
    const seen = channel !== null && place >= from && place < from + count;
    const left = (100 * (place - from + 0.5)) / count;
    this.marks.mark(seen ? place : null);
    set(this.flag, { hidden: !seen, style: `left:clamp(0.7rem,${left}%,100% - 0.7rem)` });
    const s = channel === null ? axis.high : (this.pull?.wanted(channel) ?? answer.s[channel]!);
    const down = 100 * Math.min(1, Math.max(0, (axis.high - s) / (axis.high - axis.low)));
    const hidden = !seen || channel !== held;
    // in parts of the plot's size, and without a layout
    set(this.handle, { hidden, style: `transform:translate(${left}cqw,${down}cqh)` });
    set(this.slider, { "aria-valuenow": place, "data-held": held, "data-shown": channel });
    if (channel !== null) say(this.flag, String(channel));
  }

  tell(): void {
    this.marks.tell(this.data!);
    this.read();
  }

  private read(): void {
    const channel = this.pointed ?? this.data!.held;
    this.seen(channel);
    if (channel === null) this.readout.none();
    const words =
      channel === null
        ? `no channel chosen; ${this.data!.order.length} channels`
        : this.readout.show(this.data!, channel);
    set(this.slider, { "aria-valuetext": words });
  }

  // ---- by hand

  private channelAt({ clientX }: MouseEvent): number {
    const { left, width } = this.slider.getBoundingClientRect();
    const { from, count } = partOf(this.data!);
    const place = Math.floor(((clientX - left) / width) * count);
    return this.data!.order[from + Math.min(count - 1, Math.max(0, place))]!;
  }

  private valueAt({ clientY }: MouseEvent): number {
    const { top, height } = this.slider.getBoundingClientRect();
    const { high, low } = this.data!.axis;
    return Math.min(1, Math.max(0, high - ((clientY - top) / height) * (high - low)));
  }

  /** Whether a finger is on a channel's dot. */
  private touches(event: MouseEvent, channel: number): boolean {
    const { top, height } = this.slider.getBoundingClientRect();
    const { answer, axis } = this.data!;
    const s = this.pull!.wanted(channel) ?? answer.s[channel]!;
    const down = (height * (axis.high - s)) / (axis.high - axis.low);
    return Math.abs(event.clientY - top - down) <= FINGER;
  }

  private listenToPresses(pull: Pull): void {
    pressed(this.slider, {
      at: (event) => {
        if (!this.data) return null;
        this.onHandle = event.target === this.handle;
        const channel = this.onHandle ? this.data.held! : this.channelAt(event);
        return event.pointerType === "mouse" || this.touches(event, channel) ? channel : null;
      },
      begin: (channel) => {
        this.pointed = null;
        if (this.data!.held !== channel) this.hold(channel);
        this.slider.focus({ preventScroll: true });
        return this.stroke();
      },
      pull: (channel, event, stroke) => {
        pull.to(channel, this.valueAt(event), stroke);
        this.point(); // at once; the answer follows
      },
    });
  }

  private listenToPointer(): void {
    this.slider.addEventListener("pointermove", (event) => {
      if (!this.data) return;
      const channel = this.channelAt(event);
      const moved = event.pointerType === "mouse" ? channel !== this.pointed : event.buttons > 0;
      if (!moved) return;
      this.pointed = channel;
      this.point();
    });
    this.slider.addEventListener("pointerleave", () => {
      this.pointed = null;
      if (this.data) this.point();
    });
    this.slider.addEventListener("click", (event) => {
      if (!this.data || this.onHandle) return; // a click on the handle lets nothing go
      const channel = this.channelAt(event);
      this.hold(channel === this.data.held ? null : channel);
    });
  }

  private listenToKeys(): void {
    // Before the steps: with Shift, arrows up and down pull the gate that is held.
    this.slider.addEventListener("keydown", (event) => {
      const { pull, data } = this;
      const by = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
      if (!pull || data?.held == null || by === undefined || !event.shiftKey) return;
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const now = pull.wanted(data.held) ?? data.answer.s[data.held]!; // keys outrun a network
      const to = Math.min(1, Math.max(0, now + by));
      pull.to(data.held, Math.round(to * 100) / 100, this.stroke());
    });
    const hold = (channel: number | null) => {
      this.pointed = null;
      this.hold(channel);
    };
    stepped(
      this.slider,
      () => {
        if (!this.data) return null;
        const { order, held } = this.data;
        return { place: held === null ? -1 : order.indexOf(held), count: order.length };
      },
      (place) => hold(this.data!.order[place]!),
      () => hold(null),
    );
  }

  private stroke(): string {
    this.strokes++;
    return `${this.name}-${this.strokes}`;
  }
}
