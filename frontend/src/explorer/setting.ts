// What the explorer's stage is given, and what can be done with it.

import type { Probe } from "../network/network.ts";
import type { Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import type { Accuracies } from "./all-gates.ts";
import type { ExplorerView } from "./view.ts";

export interface Stage {
  /** @param ours whether it was made here: then it is kept */
  change(wanted: Wanted, ours: boolean): Promise<void>;
  readonly view: ExplorerView;
  end(): void;
}

export interface Setting {
  probe: Probe;
  first: ExplorerView;
  /** The view that an address need not repeat. */
  usual: ExplorerView;
  keeper: Keeper;
  /** The form for a first page: choose, look, pull; one chart. */
  small: boolean;
  /** With the gates set otherwise, null where nobody measured them. */
  accuracies: Accuracies | null;
}
