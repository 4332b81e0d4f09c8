// The widgets whose data lies in the page, or in a trait, by name: there is no probe to ask and nothing to wait for.

import { costWidget } from "./cost.ts";
import { excitation } from "./excitation.ts";
import { rescale } from "./rescale.ts";
import type { Keeper } from "./settings.ts";

export const LOCAL: Record<string, (root: HTMLElement, data: any, keeper: Keeper) => () => void> = { cost: costWidget, excitation, rescale };
