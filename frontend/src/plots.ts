// The widgets that a plotting library draws, for pages: a script of its own, fetched when the first
// of them comes near.

import { offer } from "./network/offer.ts";
import { curves } from "./widgets/curves.ts";
import { pairs } from "./widgets/pairs.ts";
import { profiles } from "./widgets/profiles.ts";
import { train } from "./widgets/train.ts";

const PLOTS = { curves, pairs, profiles, train };
export type Plots = typeof PLOTS;

offer("plots", PLOTS);
