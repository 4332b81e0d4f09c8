// Published pages: bring the static figures of widgets to life, with no kernel and no other host.
//
//   static figure ──gallery here──▶ live widget
//        ▲   └──gallery missing──▶ static figure and a line with "Try again" ──▶ (from the start)

import { type DropOn, pageExplorer } from "./explorer/homes.ts";
import type { Figures } from "./figures.ts";
import type { Codes } from "./network/codes.ts";
import { download, type Manifest } from "./network/download.ts";
import { openDropped } from "./network/dropped.ts";
import { type Gallery, recordedProbe } from "./network/gallery.ts";
import { liveProbe } from "./network/live.ts";
import type { Probe } from "./network/network.ts";
import { need, provide } from "./network/registry.ts";
import { arrive } from "./parts/arrival.ts";
import { blockFigures } from "./parts/block-figure.ts";
import { div, h } from "./parts/dom.ts";
import { embed } from "./parts/embed.ts";
import { listenForProseLinks } from "./parts/prose-links.ts";
import type { Plots } from "./plots.ts";
import { type Keeper, pageKeeper } from "./state/keeper.ts";
import { eightBits } from "./widgets/eight-bits.ts";
import { segmenter } from "./widgets/segmenter.ts";
import { shallowDeep } from "./widgets/shallow-deep.ts";

/** What networks take to run here; null in a book without it, which is smaller, not wrong. */
const fetched = () => need<Manifest>("live/manifest").catch(() => null);

/**
 * Widgets that fetch what they need when one comes near, a script or what a network takes to run,
 * and what each has besides data and keeper.
 */
const FETCHING: Record<
  string,
  (root: HTMLElement, data: any, keeper: Keeper) => Promise<() => void>
> = {
  curves: async (root, data, keeper) => (await need<Plots>("plots")).curves(root, data, keeper),
  pairs: async (root, data, keeper) => (await need<Plots>("plots")).pairs(root, data, keeper),
  profiles: async (root, data, keeper) =>
    (await need<Plots>("plots")).profiles(root, data, keeper, (name) => need(`profiles/${name}`)),
  "eight-bits": async (root, data, keeper) => eightBits(root, data, keeper, await fetched()),
  segmenter: async (root, data, keeper) => segmenter(root, data, keeper, await fetched()),
  train: async (root, data, keeper) => {
    const codes = () => need<Codes>("codes");
    const files = { manifest: () => need<Manifest>("live/manifest"), download, codes };
    return (await need<Plots>("plots")).train(root, data, keeper, files);
  },
};

const probes = new Map<string, Promise<Probe>>();

/**
 * Let the page answer in between: to unpack a gallery and to build a widget take a phone a moment
 * each.
 */
const pause = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, 0, value));

/** One probe a network, shared by the page's widgets. */
function probeOf(network: string): Promise<Probe> {
  let probe = probes.get(network);
  if (!probe) {
    const manifest = fetched();
    const recorded = need<Gallery>(`gallery/${network}`)
      .then(pause)
      .then(recordedProbe)
      .then(pause);
    probe = recorded.then(async (recorded) => liveProbe(recorded, await manifest));
    probes.set(network, probe);
    probe.catch(() => probes.delete(network));
  }
  return probe;
}

/** A file of the reader's, with the pictures of one of the book's networks. */
const drop: DropOn = async (file, id, way, heard, book, known) => {
  const manifest = await fetched();
  return openDropped(file, id, way, await probeOf(book), manifest, heard, known);
};

async function enliven(figure: HTMLElement, key: string): Promise<void> {
  const { senet: widget = "", network, state, fields, data, from } = figure.dataset;
  const asks = widget === "shallow-deep" || widget === "explorer";
  if (!(asks ? network : data || from)) return; // a figure that was never meant to move
  try {
    const embedded = asks ? null : (FETCHING[widget] ?? (await need<Figures>("figures"))[widget]);
    if (!asks && !embedded) return;
    const [author, rules] = [JSON.parse(state || "{}"), JSON.parse(fields || "{}")];
    // Built aside and put in at once: the static figure stays until there is something better.
    const live = div("senet-live");
    if (embedded) {
      const given = data ? JSON.parse(data) : await need(from!);
      await embedded(live, given, pageKeeper(key, author, rules));
    } else if (widget === "explorer") await pageExplorer(live, author, rules, key, probeOf, drop);
    else await shallowDeep(live, await probeOf(network!), pageKeeper(key, author, rules));
    figure.replaceChildren(live);
    figure.dataset.live = "true";
  } catch (error) {
    console.warn("senet:", error);
    const again = h("button", { type: "button" }, "Try again");
    const line = h(
      "p",
      { class: "senet-problem", role: "alert" },
      "Part of this figure failed to load, so it is not interactive. ",
      again,
    );
    again.onclick = () => {
      line.remove();
      void enliven(figure, key);
    };
    figure.dataset.live = "false";
    figure.append(line);
  }
}

function start(): void {
  blockFigures();
  const met: Record<string, number> = {};
  // A gallery weighs 100 kB and more: it is fetched when its figure comes near, about a screen
  // ahead of the reader.
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        void enliven(target as HTMLElement, keys.get(target)!);
      }
    },
    { rootMargin: "800px" },
  );
  const keys = new Map<Element, string>();
  for (const figure of document.querySelectorAll<HTMLElement>("figure.senet-widget[data-senet]")) {
    const kind = figure.dataset.senet!;
    const count = (met[kind] = (met[kind] ?? 0) + 1);
    keys.set(figure, count === 1 ? kind : `${kind}-${count}`);
    figure.id ||= keys.get(figure)!; // links to its views end in this anchor
    near.observe(figure);
  }
  const figures = new Map([...keys].map(([figure, key]) => [key, figure as HTMLElement]));
  embed(figures);
  listenForProseLinks(figures);
  arrive(figures);
}

Object.assign(globalThis, { SENet: { provide } });
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
