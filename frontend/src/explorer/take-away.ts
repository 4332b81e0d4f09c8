// The view as files: all numbers as a table, ribbon and charts as a drawing.

import type { Head } from "../parts/drawing-head.ts";
import { type Cell, saver } from "../parts/save.ts";
import type { Session } from "../state/session.ts";
import { coloursOf, drawing } from "./drawing.ts";
import type { LookInside } from "./look-inside.ts";
import { numbersOf, patched } from "./numbers.ts";
import { compared, drawn, type Seen } from "./shown.ts";
import type { ExplorerView } from "./view.ts";

export function takeAway(
  root: HTMLElement,
  session: Session<ExplorerView>,
  seen: () => Seen,
  inside: LookInside,
  head: (link: string | null) => Head,
): HTMLElement {
  const { network } = session.probe;
  const rows = (): Cell[][] => {
    const { answer, second, pulled, plain, view } = session;
    const known = { network, answer, plain: pulled ? plain : null, second };
    const table = numbersOf({ ...known, compared: (b) => compared(seen(), b) });
    return [...table, ...patched(inside.map(), view)];
  };
  return saver("this view", {
    name: () => `${network.name || "explorer"}-${session.view.picture}`,
    rows,
    svg: () => drawing(drawn(seen()), coloursOf(root), head(session.link)),
  });
}
