// The widgets whose data lies in the page, or in a trait, by name: there is no probe to ask and
// nothing to wait for.

import type { Keeper } from "../state/keeper.ts";
import { advice } from "./advice.ts";
import { attribution } from "./attribution.ts";
import { convolution } from "./convolution.ts";
import { cost } from "./cost.ts";
import { eightBits } from "./eight-bits.ts";
import { excitation } from "./excitation.ts";
import { padding } from "./padding.ts";
import { relatives } from "./relatives.ts";
import { rescale } from "./rescale.ts";
import { seams } from "./seams.ts";
import { segmenter } from "./segmenter.ts";
import { squeeze } from "./squeeze.ts";

/** Builds a widget into an element; returns what takes it down. */
export type Embedded = (root: HTMLElement, data: any, keeper: Keeper) => () => void;

export const EMBEDDED: Record<string, Embedded> = {
  advice,
  attribution,
  convolution,
  cost,
  "eight-bits": eightBits,
  excitation,
  padding,
  relatives,
  rescale,
  seams,
  segmenter,
  squeeze,
};
