// Work that may wait until what the reader looks at has been painted.

export interface Later {
  /** Do it once the next frame is there. Asked for again before, it is done once. */
  ask(): void;
  /** Do it at once, and not again later. */
  now(): void;
  /** Don't do it. */
  drop(): void;
}

/** @param busy an element that says that it is busy while the work waits */
export function afterPaint(busy: Element, work: () => void): Later {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const drop = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
    timer = undefined;
    busy.removeAttribute("aria-busy");
  };
  const now = () => {
    drop();
    work();
  };
  return {
    ask() {
      if (frame !== 0 || timer !== undefined) return;
      busy.setAttribute("aria-busy", "true");
      // A page that nobody sees draws no frame.
      if (document.visibilityState === "hidden") timer = setTimeout(now);
      else
        frame = requestAnimationFrame(() => {
          frame = 0;
          timer = setTimeout(now);
        });
    },
    now,
    drop,
  };
}
