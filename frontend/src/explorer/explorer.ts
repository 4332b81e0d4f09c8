// The explorer: choose a network, and all of the stage below is that network's.
//
//   stage ──another network──▶ its gallery fetched, stage stays and says so ──▶ its own stage
//                                      └──failed──▶ the old stage, and a line with the reason

import type { Probe } from "../network/network.ts";
import { choice, div, h } from "../parts/dom.ts";
import type { Wanted } from "../state/fields.ts";
import type { Keeper } from "../state/keeper.ts";
import type { Accuracies } from "./all-gates.ts";
import type { Stage } from "./setting.ts";
import { stage } from "./stage.ts";
import { type ExplorerView, settled } from "./view.ts";
import { type OpenDropped, YourNetwork } from "./your-network.ts";

export interface World {
  /** What can be chosen, by name, with a title for people; the first is where it begins. */
  networks: [name: string, title: string][];
  open(name: string): Promise<Probe>;
  /** The form for a first page. */
  small: boolean;
  /** Opens a file of the reader's, where the book can run one. */
  drop?: OpenDropped;
  /** By network. */
  accuracies?: Record<string, Accuracies>;
}

/** A file of the reader's is in no address: nobody else has it. */
const unkept = (keeper: Keeper): Keeper => ({ ...keeper, keep() {}, link: () => null });

/**
 * Build the widget into `root`; resolves once it shows its first answer. Returns what takes it
 * down.
 */
export async function explorer(
  root: HTMLElement,
  { networks, open, small, drop, accuracies }: World,
  keeper: Keeper,
): Promise<() => void> {
  const { author, reader } = keeper.initial();
  const names = networks.map(([name]) => name);
  /** The author's view on each network that was opened, checked. */
  const usual = new Map<string, ExplorerView>();
  const menu = choice("Network", (name) => void change({ network: name }, true));
  menu.select.append(...networks.map(([value, title]) => h("option", { value }, title)));
  const line = h("p", { class: "senet-problem", role: "alert" });
  const yours = drop && !small ? new YourNetwork(root, drop, enterYours, leaveYours) : null;
  const choose = networks.length > 1 || yours ? [menu.el] : [];
  const head = small ? [line] : [...choose, line, ...(yours ? [yours.el] : [])];
  let now: Stage | null = null;
  let tickets = 0;

  root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab: the keys are ours here
  const wanted = names.includes(reader.network as string) ? (reader.network as string) : names[0]!;
  await enter(wanted, reader, false).catch((error) =>
    wanted === names[0] ? Promise.reject(error) : enter(names[0]!, {}, false),
  );
  const deaf = keeper.listen((wanted, ours = false) => void change(wanted, ours));
  return () => {
    deaf();
    yours?.end();
    now?.end();
    root.replaceChildren();
  };

  async function enter(name: string, wanted: Wanted, ours: boolean): Promise<void> {
    const ticket = ++tickets;
    const own = yours?.probe(name) ?? null;
    const probe = own ?? (await open(name));
    if (ticket !== tickets) return; // another one was chosen meanwhile
    const settle = (wanted: Wanted, before: ExplorerView | null) =>
      settled(keeper.rules, wanted, before, probe);
    if (!usual.has(name)) usual.set(name, settle(name === names[0] ? author : {}, null));
    const normal = usual.get(name)!;
    const place = div("senet-live senet-stage");
    // an address without a network means the first
    const usually = { ...normal, network: names[0]! };
    const its = own ? unkept(keeper) : keeper;
    const next = await stage(place, {
      probe,
      first: settle(wanted, normal),
      usual: usually,
      keeper: its,
      small,
      accuracies: accuracies?.[name] ?? null,
    });
    if (ticket !== tickets) return next.end();
    now?.end();
    now = next;
    menu.select.value = name;
    root.replaceChildren(...head, place);
    if (ours) keeper.keep(next.view, usually);
  }

  /** Its entry in the menu takes the place of that of the file before. */
  async function enterYours(name: string, title: string): Promise<void> {
    names.splice(networks.length, names.length, name);
    for (const option of [...menu.select.options].slice(networks.length)) option.remove();
    menu.select.append(h("option", { value: name }, title));
    await change({ network: name }, false);
  }

  /** Back to the first network of the book. */
  async function leaveYours(): Promise<void> {
    if (yours!.probe(now!.view.network)) await change({ network: names[0]! }, true);
    names.splice(networks.length);
    menu.select.options[networks.length]?.remove();
  }

  async function change(wanted: Wanted, ours: boolean): Promise<void> {
    const name = wanted.network;
    line.textContent = "";
    if (typeof name !== "string" || !names.includes(name) || name === now!.view.network) {
      tickets++; // whatever is on its way comes too late
      menu.select.value = now!.view.network;
      root.removeAttribute("aria-busy");
      const { network: _, ...rest } = wanted;
      return now!.change(rest, ours);
    }
    root.setAttribute("aria-busy", "true");
    try {
      await enter(name, { picture: now!.view.picture, ...wanted }, ours);
    } catch (error) {
      line.textContent = `This network did not load: ${(error as Error).message}. Choose it again to try once more.`;
      menu.select.value = now!.view.network;
    }
    root.removeAttribute("aria-busy");
  }
}
