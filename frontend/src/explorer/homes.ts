// The explorer on a page and in a notebook: where its networks come from, and where its view is
// kept.

import type { Known } from "../network/dropped.ts";
import type { Gallery } from "../network/gallery.ts";
import { kernelInside, kernelProbe, type Model } from "../network/kernel.ts";
import type { Probe } from "../network/network.ts";
import type { Way } from "../network/runtime.ts";
import type { Rules } from "../state/fields.ts";
import { kernelKeeper, pageKeeper } from "../state/keeper.ts";
import { explorer } from "./explorer.ts";
import type { OpenDropped } from "./your-network.ts";

/** Opens a reader's file, with the pictures of `book`, whose classes it has if it was trained. */
export type DropOn = (
  file: File,
  id: string,
  way: Way,
  heard: (words: string) => void,
  book: string,
  known: Known,
) => ReturnType<OpenDropped>;

/** @param state the author's view, and with it the networks to choose from and the form */
export function pageExplorer(
  root: HTMLElement,
  state: any,
  rules: Rules,
  key: string,
  open: (network: string) => Promise<Probe>,
  drop: DropOn,
): Promise<() => void> {
  const { networks, small, accuracies, ...author } = state;
  const names = networks.map(([name]: [string]) => name);
  const keeper = pageKeeper(key, author, { network: { kind: "one", of: names }, ...rules });
  const yours: OpenDropped = (file, id, way, heard, { labels, like }) =>
    drop(file, id, way, heard, like ?? names[0], { labels, trained: like !== undefined });
  return explorer(root, { networks, open, small: !!small, drop: yours, accuracies }, keeper);
}

/** The learner's own network: there is one, and Python has it. */
export function kernelExplorer(root: HTMLElement, model: Model): Promise<() => void> {
  const { network } = model.get("_gallery") as Gallery;
  const open = async () => ({ ...(await kernelProbe(model)), ...kernelInside(model) });
  const networks: [string, string][] = [[network.name, network.title]];
  return explorer(root, { networks, open, small: model.get("small") }, kernelKeeper(model));
}
