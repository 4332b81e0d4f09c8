// The explorer on one network: everything below the choice of the network.
//
//   wish (control, address, prose, Python) ──▶ settled view ──▶ keep ──▶ probe, where picture or gates are new ──▶ draw
//                                                                   └──▶ layers, maps: of the chosen channel, when they come
//
// There is one view at a time and everything on the screen follows from it. Gates by hand have
// their history in ByHand; the view has their text.

import { meanOf } from "../math/channels.ts";
import { percent } from "../math/format.ts";
import { largest, softmax } from "../math/softmax.ts";
import { running } from "../network/engine.ts";
import { type Answer, type BlockInfo, type Gates, OWN, type Probe } from "../network/network.ts";
import { actions } from "../parts/actions.ts";
import { h, say } from "../parts/dom.ts";
import { dotChart } from "../parts/dot-chart.ts";
import { gateControls } from "../parts/gate-controls.ts";
import { legend } from "../parts/legend.ts";
import { picker } from "../parts/picker.ts";
import { prediction } from "../parts/prediction.ts";
import { type Cell, saver } from "../parts/save.ts";
import { handWords, introduced, summed } from "../parts/sentences.ts";
import { tables } from "../parts/table.ts";
import { ownPicture } from "../picture-editor/own-picture.ts";
import { ByHand } from "../state/by-hand.ts";
import { read, written } from "../state/gates-text.ts";
import type { Home } from "../state/home.ts";
import { asking, latestOnly, Superseded } from "../state/latest-only.ts";
import { channelDetail } from "./channel-detail.ts";
import { chartOptions } from "./chart-options.ts";
import { coloursOf, type Drawn, drawing } from "./drawing.ts";
import { numbersOf, patched } from "./numbers.ts";
import { occlusionMap } from "./occlusion-map.ts";
import { ribbon } from "./ribbon.ts";
import { secondPicture } from "./second-picture.ts";
import { at, compared, drawn, firstPlace, opened, position, type Seen } from "./shown.ts";
import { type ExplorerView, SECOND, settled, type Wanted } from "./view.ts";

export interface Stage {
  /** @param ours whether it was made here: then the home keeps it */
  change(wanted: Wanted, ours: boolean): Promise<void>;
  readonly view: ExplorerView;
  end(): void;
}

/**
 * Milliseconds of quiet after which a change is read out: holding an arrow key down should not be
 * talked over.
 */
const QUIET = 600;

/**
 * Build it into `root`; resolves once it shows its first answer.
 * @param small the form for a first page: choose, look, point; nothing to be set
 * @param head what stands above: the choice of the network
 */
export async function stage(
  root: HTMLElement,
  probe: Probe,
  first: ExplorerView,
  usual: ExplorerView,
  home: Home<ExplorerView>,
  small: boolean,
  head: Node[],
): Promise<Stage> {
  const { network, pictures, means } = probe;
  const { blocks } = network;
  const hand = new ByHand();
  hand.now = read(first.gates, blocks);
  const overall = means?.map(meanOf) ?? null;
  let view = first;
  // with the gates by hand, and with every gate its own
  let [answer, plain] = [null, null] as unknown as [Answer, Answer];
  let second: Answer | null = null;
  let marked = -1; // the picture that is marked in the gallery
  // the last picture that others have too: the reader's own is in no link
  let kept = pictures[0]!.id;
  let talk: ReturnType<typeof setTimeout> | undefined;

  const question = asking(
    root,
    async (index: number, other: number | null, known: Answer | null) => {
      const gates = pulled() ? hand.now : undefined;
      const plain = known ?? (await probe.probe(index));
      return {
        plain,
        answer: gates ? await probe.probe(index, gates) : plain,
        second: other === null ? null : await probe.probe(other, gates),
      };
    },
  );
  const maps = latestOnly((index: number, block: string, channel: number, gates: Gates) =>
    probe.inside!.maps(index, block, channel, gates),
  );

  // ---- what it consists of
  const sides = blocks.slice(0, 2).map((_, i) => side(i));
  const gallery = picker(probe, (index) => wish({ picture: pictures[index]!.id }));
  const predicted = prediction(probe);
  const strip = ribbon(blocks, choose);
  const other = secondPicture(
    probe,
    (id) => wish({ second: id, compare: id ? SECOND : usual.compare }),
    () => wish({ picture: view.second, second: view.picture }),
  );
  const key = legend();
  const charts = chartOptions(probe, wish, key.el);
  const pull = gateControls(
    sides.length === 2 ? ["Shallower", "Deeper"] : ["Block"],
    hand,
    () => void pullGates(),
  );
  const fetching = h(
    "button",
    { type: "button", hidden: true, onclick: () => void probe.live?.engine.start() },
    "Fetch the network to see its maps",
  );
  const reason = probe.inside
    ? occlusionMap(
        probe.inside,
        (index, canvas) => probe.draw(index, canvas),
        async ({ index, block, channel, gates }) =>
          (await probe.probe(index, gates)).blocks[position(blocks, block)]!.s[channel]!,
        async () => !probe.live || running(probe.live.engine),
      )
    : null;
  const channel = channelDetail([fetching, ...(reason ? [reason.el] : [])]);
  const numbers = tables();
  const problem = h("p", { class: "senet-problem", role: "alert" });
  const spoken = h("p", { class: "senet-unseen", role: "status" });
  const about = h("p", { class: "senet-about" });
  const save = saver("this view", {
    name: () => `${network.name || "explorer"}-${view.picture}`,
    rows,
    svg: () => drawing(drawn(seen()), coloursOf(root)),
  });
  const foot = actions(
    () => wish({ ...usual, picture: usual.picture }),
    (words) => (spoken.textContent = words),
    ...(small ? [] : [save]),
  );
  const yours =
    probe.live && !small
      ? ownPicture(root, probe.live, showOwn, () => void change({}, false, true))
      : null;

  root.replaceChildren(
    ...head,
    gallery.el,
    ...(yours ? [yours.el] : []),
    predicted.el,
    ...(small ? [] : [other.el]),
    strip.el,
    ...(small ? [key.el] : [charts.el]),
    h("div", { class: "senet-sides" }, ...sides.map(({ el }) => el)),
    problem,
    ...(small ? [] : [channel.el]),
    h("div", { class: "senet-foot" }, ...(small ? [] : [pull.el, numbers.el]), foot.el),
    about,
    spoken,
  );
  announce();
  root.addEventListener("keydown", (event) => {
    if (
      small ||
      !(event.ctrlKey || event.metaKey) ||
      event.altKey ||
      event.key.toLowerCase() !== "z"
    )
      return;
    event.preventDefault(); // the panel of the gates has these keys, too, and keeps them to itself
    if (event.shiftKey) hand.redo();
    else hand.undo();
    void pullGates();
  });
  const unheard = probe.live?.hear(root, (index) => {
    yours?.yields();
    gallery.renew(index);
    other.renew();
    if (view.picture === OWN || view.second === OWN) void change({}, false, true);
  });
  await ask();
  draw();

  // ---- how it changes
  function wish(wanted: Wanted): void {
    void change(wanted, true);
  }

  /** A block from the ribbon takes the place of the open one that was chosen before the last. */
  function choose(block: string, channel?: number | null): void {
    const beside = block === view.block || block === view.beside ? {} : { beside: view.block };
    wish({ block, ...beside, ...(channel === undefined ? {} : { channel }) });
  }

  function announce(): void {
    const index = at(pictures, view.picture);
    yours?.shows(pictures[index]!, (canvas) => probe.draw(index, canvas));
  }

  function showOwn(index: number): Promise<void> {
    gallery.renew(index);
    other.renew();
    return change({ picture: OWN }, false, true);
  }

  function ready(): boolean {
    return !probe.live || probe.live.engine.state.kind === "ready";
  }

  /** What all that is drawn follows from. */
  function seen(): Seen {
    return { probe, view, answer, second, set: pulled() ? hand.now : {} };
  }

  /** Whether gates are overridden, and whoever answers can do that. */
  function pulled(): boolean {
    return hand.count > 0 && ready();
  }

  function pullGates(): Promise<void> {
    // nothing, if it runs; when it is ready, all is asked anew
    if (hand.count > 0) void probe.live?.engine.start();
    return change({ gates: written(hand.now) }, true);
  }

  async function change(wanted: Wanted, ours: boolean, anew = false): Promise<void> {
    const before = view;
    view = settled(wanted, before, probe);
    if (wanted.channel !== undefined || view.zoom !== before.zoom)
      view = { ...view, from: firstPlace(seen()) };
    if (view.gates !== written(hand.now)) {
      hand.take(read(view.gates, blocks));
      // whoever sets a gate wants to see what it does
      if (hand.count > 0) void probe.live?.engine.start();
    }
    if (ours) home.keep(shareable());
    announce();
    try {
      const other = anew || view.picture !== before.picture;
      const moved = other || view.second !== before.second || view.gates !== before.gates;
      if (moved && !(await ask(other ? null : plain))) return; // a later wish is on its way
      problem.textContent = "";
    } catch (error) {
      problem.textContent = `No answer for this picture: ${(error as Error).message}`;
      return;
    }
    draw();
    clearTimeout(talk);
    talk = setTimeout(() => (spoken.textContent = words()), QUIET);
  }

  /** Ask for what the view shows; false if something else was asked for meanwhile. */
  async function ask(known: Answer | null = null): Promise<boolean> {
    const next = await question(at(pictures, view.picture), at(pictures, view.second), known);
    if (next) ({ plain, answer, second } = next);
    return next !== null;
  }

  // ---- what is drawn
  function draw(): void {
    const index = at(pictures, view.picture);
    // which asks where things lie, and that costs a layout
    if (index !== marked) gallery.choose(index);
    marked = index;
    predicted.show(index, answer, pulled() ? plain : null);
    other.show(at(pictures, view.second), second);
    const { strips, axis: common, charts: shown } = drawn(seen());
    strip.show(strips);
    const open = opened(blocks, view);
    charts.show(view, Math.max(...open.map((b) => b.channels)), pictures[index]!.label !== null);
    sides.forEach((each, i) => each.show(open[i]!, shown[i]!, common));
    key.show(shown[0]!.comparison);
    const mine = position(blocks, view.block);
    pull.show(
      open.map((block) => ({
        block,
        channel: block.name === view.block ? view.channel : null,
        s: answer.blocks[position(blocks, block.name)]!.s,
        mean: overall?.[position(blocks, block.name)] ?? null,
      })),
      said(),
    );
    numbers.show({
      classes: network.classes,
      answer,
      blocks: open.map((block, i) => ({
        title: block.title,
        answer: answer.blocks[position(blocks, block.name)]!,
        order: shown[i]!.order,
        comparison: shown[i]!.comparison,
      })),
    });
    say(about, introduced(probe));
    const set = hand.now[view.block]?.[view.channel ?? -1] ?? NaN;
    channel.show({
      block: blocks[mine]!,
      channel: view.channel,
      ...answer.blocks[mine]!,
      set: pulled() && !Number.isNaN(set) ? set : null,
    });
    foot.show(home.link(shareable()));
    if (!small) lookInside(index);
  }

  /** What is fetched for the chosen channel: its layers, and where the network runs, its maps. */
  function lookInside(index: number): void {
    const { block, channel: c } = view;
    fetching.hidden = c === null || ready() || !probe.live;
    const here = () => view.block === block && view.channel === c;
    const ownGate = (row: Float32Array) => row.map((value, k) => (k === c ? NaN : value));
    const others = pulled()
      ? Object.fromEntries(
          Object.entries(hand.now).map(([name, row]) => [
            name,
            name === block ? ownGate(row) : row,
          ]),
        )
      : {};
    reason?.offer(c === null ? null : { index, block, channel: c, gates: others });
    if (c === null) return;
    probe.layers?.(block).then(
      (layers) => here() && channel.layers(layers),
      (error: Error) => here() && channel.layers(error),
    );
    if (!probe.inside || !ready())
      return channel.maps(
        probe.inside ? "Its maps are no recording: they come from the network itself." : "",
      );
    maps(index, block, c, pulled() ? hand.now : {}).then(
      (found) => here() && channel.maps(found),
      (error: Error) =>
        here() && !(error instanceof Superseded) && channel.maps(`No maps: ${error.message}`),
    );
  }

  function side(i: number) {
    const word = ["shallower", "deeper"][i]!;
    let block = blocks[i]!;
    const title = h("p", { class: "senet-side-title" });
    const chart = dotChart(
      `${word} block`,
      (c) =>
        wish({
          block: block.name,
          beside: opened(blocks, view).find(({ name }) => name !== block.name)?.name,
          channel: c,
        }),
      small
        ? null
        : (c, value, stroke) => {
            hand.set(block, [c], () => value, stroke);
            void pullGates();
          },
    );
    const summary = h("p", { class: "senet-summary" });
    const el = h(
      "div",
      { class: "senet-side", role: "group", "data-side": word, "aria-label": `${word} block` },
      title,
      chart.el,
      summary,
    );
    return {
      el,
      show(
        now: BlockInfo,
        { order, comparison, held }: Drawn["charts"][number],
        common: Drawn["axis"],
      ) {
        block = now;
        el.dataset.block = block.name;
        const data = answer.blocks[position(blocks, block.name)]!;
        const count = view.zoom === 0 ? block.channels : Math.min(view.zoom, block.channels);
        const part = { from: Math.min(view.from, block.channels - count), count };
        say(title, `${block.title} (C = ${block.channels})`);
        const ends: [string, string] =
          view.order === "index"
            ? [`channel ${order[part.from]}`, `channel ${order[part.from + count - 1]}`]
            : view.order === "excitation"
              ? ["more excited", "less excited"]
              : ["further above", "further below"];
        chart.draw({
          answer: data,
          comparison,
          order,
          axis: common,
          ends,
          held,
          set: (pulled() && hand.now[block.name]) || null,
          part,
        });
        say(summary, summed(data.s, comparison));
      },
    };
  }

  // ---- words and numbers
  function said(): string {
    return handWords(
      hand.count,
      pulled() ? { plain, answer, classes: network.classes } : null,
      ready(),
    );
  }

  function words(): string {
    const top = largest(answer.logits, 1)[0]!;
    const taken = `${pictures[at(pictures, view.picture)]!.title}. Taken for ${network.classes[top]!}, ${percent(softmax(answer.logits)[top]!)}. ${predicted.verdict()}`;
    return [taken, strip.words(), channel.words(), hand.count > 0 ? said() : ""]
      .filter(Boolean)
      .join(" ");
  }

  function rows(): Cell[][] {
    const known = {
      network,
      answer,
      plain: pulled() ? plain : null,
      second,
      compared: (b: number) => compared(seen(), b),
    };
    return [...numbersOf(known), ...patched(reason?.map() ?? null, view)];
  }

  function shareable(): ExplorerView {
    if (view.picture !== OWN) kept = view.picture;
    return { ...view, picture: kept, second: view.second === OWN ? null : view.second };
  }

  return {
    change: (wanted, ours) => change(wanted, ours),
    get view() {
      return view;
    },
    end() {
      clearTimeout(talk);
      reason?.end();
      unheard?.();
      yours?.end();
    },
  };
}
