// The widgets on the inside of one SE block, by name. All their data lies in the page, or in a trait: there is no probe to ask.

import { excitation } from "./excitation.ts";
import { rescale } from "./rescale.ts";
import type { Keeper } from "./settings.ts";

export const BLOCKS: Record<string, (root: HTMLElement, data: any, keeper: Keeper) => () => void> = { excitation, rescale };
