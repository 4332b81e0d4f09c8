// The explorer on a page and in a notebook: where its networks come from, and where its view is
// kept.

import type { Gallery } from "../network/gallery.ts";
import { kernelInside, kernelProbe, type Model, plain } from "../network/kernel.ts";
import type { Gates, Probe } from "../network/network.ts";
import { read, written } from "../state/gates-text.ts";
import { pageHome } from "../state/home.ts";
import { kernelHome, POSITION, type Trait } from "../state/kernel-home.ts";
import { explorer } from "./explorer.ts";
import { type ExplorerView, fromQuery, toQuery } from "./view.ts";

/** @param state the author's view, and with it the networks to choose from and the form */
export function pageExplorer(
  root: HTMLElement,
  state: any,
  key: string,
  open: (network: string) => Promise<Probe>,
): Promise<() => void> {
  const { networks, small, ...author } = state;
  const usual = new Map<string, ExplorerView>();
  const home = pageHome<ExplorerView>(
    key,
    author,
    ({ network }) => ({ ...usual.get(network)!, network: networks[0][0] }),
    { fromQuery, toQuery },
  );
  return explorer(root, { networks, open, usual, small: !!small }, home);
}

const TRAITS: Partial<Record<keyof ExplorerView, Trait>> = {
  picture: { name: "picture", ...POSITION },
  second: { name: "second", ...POSITION },
  block: { name: "block" },
  beside: { name: "beside" },
  channel: { name: "channel" },
  order: { name: "order" },
  compare: { name: "compare" },
  scale: { name: "scale" },
  zoom: { name: "zoom" },
  from: { name: "start" },
  gates: {
    name: "pulled",
    read: (rows: Record<string, (number | null)[]>) => written(overrides(rows)),
    write: (text: string, { network }: Gallery) => plain(read(text, network.blocks)),
  },
};

function overrides(rows: Record<string, (number | null)[]>): Gates {
  return Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [
      name,
      Float32Array.from(row, (value) => value ?? NaN),
    ]),
  );
}

/** The learner's own network: there is one, and Python has it. */
export function kernelExplorer(root: HTMLElement, model: Model): Promise<() => void> {
  const { network } = model.get("_gallery") as Gallery;
  const open = async () => ({ ...(await kernelProbe(model)), ...kernelInside(model) });
  return explorer(
    root,
    {
      networks: [[network.name, network.title]],
      open,
      usual: new Map(),
      small: model.get("small"),
    },
    kernelHome<ExplorerView>(model, TRAITS),
  );
}
