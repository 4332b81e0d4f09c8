// A gate pulled by a finger or a mouse in one motion: press a dot, and drag.
//
//   up ──press──▶ pressed ──up or down a little──▶ pulling ──▶ up (and no click comes of it)
//                    └──let go──▶ up (and the click holds the channel)
//
// A finger that does not press a dot scrolls the page, as everywhere.

/** What a press does to the chart. */
export interface Pressed {
  /** The channel below the pointer, null where a press there pulls nothing. */
  at(event: PointerEvent): number | null;
  /** A movement begins: its name goes with each pull. */
  begin(channel: number): string;
  pull(channel: number, event: PointerEvent, stroke: string): void;
}

const REACH = 4; // pixels until a press is a pull

export function pressed(plot: HTMLElement, { at, begin, pull }: Pressed): void {
  let now: { id: number; channel: number; x: number; y: number; stroke: string | null } | null =
    null;
  let pulled = false;

  plot.addEventListener("pointerdown", (event) => {
    pulled = false;
    if (event.button !== 0 || now) return;
    const channel = at(event);
    if (channel === null) return;
    now = { id: event.pointerId, channel, x: event.clientX, y: event.clientY, stroke: null };
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    if (!now || event.pointerId !== now.id) return;
    const [across, along] = [event.clientX - now.x, event.clientY - now.y].map(Math.abs);
    if (now.stroke === null) {
      if (along! < REACH || across! > along!) return;
      now.stroke = begin(now.channel);
      pulled = true;
    }
    event.stopImmediatePropagation(); // nothing else is pointed at meanwhile
    pull(now.channel, event, now.stroke);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    plot.addEventListener(end, (event) => {
      if (event.pointerId === now?.id) now = null;
    });
  }
  // Or the page would scroll under a finger that pulls.
  plot.addEventListener("touchmove", (event) => now && event.cancelable && event.preventDefault(), {
    passive: false,
  });
  plot.addEventListener(
    "click",
    (event) => {
      if (!pulled) return;
      pulled = false;
      event.stopImmediatePropagation(); // or the channel would be let go
    },
    { capture: true },
  );
}
