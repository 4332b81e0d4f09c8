// The widgets whose charts a plotting library draws, for pages: a script of its own, fetched when the first of them comes near.

import { curves } from "./curves.ts";
import { profiles } from "./profiles.ts";

export const CHARTS = { curves, profiles };
export type Charts = typeof CHARTS;

(globalThis as unknown as { SENet?: { provide(name: string, data: unknown): void } }).SENet?.provide("charts", CHARTS);
