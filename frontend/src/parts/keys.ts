// Arrow keys that step from place to place. Elsewhere on a page they turn to the next chapter, and
// in JupyterLab they leave the cell: here the element keeps them.

/** Where the keys start from: the place that is held, -1 for none, and how many there are. */
export interface Steps {
  place: number;
  count: number;
  /** Whether arrow down goes on, as in a list; otherwise arrow up does, as on a scale. */
  listed?: boolean;
}

/**
 * @param from null while there is nothing to step through
 * @param escape lets go, where that is possible
 */
export function stepped(
  element: HTMLElement,
  from: () => Steps | null,
  to: (place: number) => void,
  escape?: () => void,
): void {
  element.addEventListener("keydown", (event) => {
    const steps = from();
    if (!steps || event.altKey || event.ctrlKey || event.metaKey) return;
    const { place, count, listed = false } = steps;
    const [more, less] = [Math.min(place + 1, count - 1), Math.max(place - 1, 0)];
    const places: Record<string, number> = {
      ArrowRight: more,
      ArrowLeft: less,
      ArrowUp: listed ? less : more,
      ArrowDown: listed ? more : less,
      PageUp: Math.min(place + 8, count - 1),
      PageDown: Math.max(place - 8, 0),
      Home: 0,
      End: count - 1,
    };
    const next = places[event.key];
    const leave = event.key === "Escape" ? escape : undefined;
    if (next === undefined && !leave) return;
    event.preventDefault();
    event.stopPropagation();
    if (leave) leave();
    else to(next!);
  });
}
