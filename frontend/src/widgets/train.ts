// "Train it here": two networks learn before the reader's eyes, with SE and without, seed by seed.
//
//   choices ──Train──▶ train-session.ts ──▶ curves, gates, scatter, a verdict

import type { Files } from "../network/trainer.ts";
import { button, div, h, p, say, span } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { grids } from "../parts/grid.ts";
import { type Menus, menus, numbered } from "../parts/menus.ts";
import { plotFrame } from "../parts/plot-frame.ts";
import type { Keeper } from "../state/keeper.ts";
import { classroom } from "./train-class.ts";
import {
  ARMS,
  type Kind,
  leftWords,
  OFFERED,
  ofKind,
  pairs,
  type SeedRun,
  type TrainData,
  type TrainView,
  verdict,
} from "./train-data.ts";
import { networkFiles } from "./train-files.ts";
import { type CurvesWish, curveWords, drawCurves, drawGates, drawScatter } from "./train-plots.ts";
import { Session } from "./train-session.ts";

export function train(
  root: HTMLElement,
  data: TrainData,
  keeper: Keeper,
  files: Files | null,
): () => void {
  if (!files) {
    root.append(p("senet-about", ELSEWHERE));
    return () => root.replaceChildren();
  }
  const widget = new Train(root, data, keeper, files);
  return () => widget.end();
}

const ELSEWHERE =
  "This widget trains in the published book, where there is no Python. In a notebook, the cells above train the same networks: senet.training.fit(model, train, test, recipe, preprocess).";

class Train {
  private readonly data: TrainData;
  private readonly frame: Frame<TrainView>;
  private readonly session: Session;
  private readonly menus: Menus<"arms" | "r" | "recipe" | "rate" | "seed" | "seeds" | "quantity">;
  private readonly begin = button("Train", () => this.press());
  private readonly single = button("One step", () => this.step());
  private readonly stop = button("Give up", () => this.session.stop());
  private readonly forget = button("Forget all runs", () => this.session.clear());
  private readonly files: ReturnType<typeof networkFiles>;
  private readonly status = h("p", { class: "senet-train-status", role: "status" });
  private readonly bar = h("progress", { max: 1, value: 0, "aria-label": "Steps done" });
  private readonly legend = p(
    "senet-legend",
    span("senet-key senet-key-mean", "with SE"),
    span("senet-key senet-key-dashed", "without"),
  );
  private readonly chart = plotFrame("Epochs of the run", (at) => this.hold("chart", at));
  private readonly scatter = plotFrame("Runs of the scatter", (at) => this.hold("scatter", at));
  private readonly gates = h("figure", { class: "senet-train-ribbon", hidden: true });
  private readonly verdict = p("senet-train-verdict");
  private readonly numbers = grids();
  private readonly room: ReturnType<typeof classroom>;
  private held: { chart: number | null; scatter: number | null } = { chart: null, scatter: null };
  private due = 0;
  /** What was saved or opened last. */
  private note = "";

  constructor(root: HTMLElement, data: TrainData, keeper: Keeper, files: Files) {
    this.data = data;
    this.session = new Session(files, data.recipes, () => this.soon());
    const titles = Object.entries(data.recipes).map(([name, { title }]) => [name, title]);
    this.menus = menus((wanted) => this.frame.wish(wanted), {
      arms: ["Network", { both: "both", ...ARMS }],
      r: ["Reduction r", OFFERED.r],
      recipe: ["Recipe", Object.fromEntries(titles)],
      rate: ["Highest rate", OFFERED.rate],
      seed: ["First seed", numbered(data.t.length + 1)],
      seeds: ["Train", OFFERED.seeds],
      quantity: ["Show", OFFERED.quantity],
    });
    this.files = networkFiles(
      this.session,
      () => this.frame.now,
      (note) => this.tell(note),
    );
    this.room = classroom(data, () => this.found(), files.codes);
    const { arms, r, recipe, rate, seed, seeds, quantity } = this.menus.by;
    this.frame = widgetFrame<TrainView>(root, keeper, () => this.data, {
      body: [
        div("senet-controls", ...[arms, r, recipe, rate, seed, seeds].map(({ el }) => el)),
        div("senet-train-buttons senet-train-go", this.begin, this.single, this.stop),
        this.bar,
        this.status,
        div("senet-controls", quantity.el),
        this.legend,
        this.chart.el,
        this.gates,
        this.scatter.el,
        this.verdict,
        div("senet-train-buttons", ...this.files.out, this.forget),
        this.files.in,
        this.numbers.el,
        this.room.el,
      ],
      draw: () => this.draw(),
      spoken: () => this.words(),
    });
    this.draw();
  }

  end(): void {
    cancelAnimationFrame(this.due);
    this.session.end();
    this.chart.end();
    this.scatter.end();
    this.room.end();
    this.frame.end();
  }

  private tell(note: string): void {
    this.note = note;
    this.draw();
  }

  private press(): void {
    const { session } = this;
    this.note = "";
    if (session.phase === "running") session.pause();
    else if (session.phase === "paused") session.go();
    else if (session.wish) void session.resume();
    else void session.begin(this.frame.now);
    this.draw();
  }

  private step(): void {
    const { session } = this;
    this.note = "";
    if (session.phase === "idle" && !session.wish) void session.begin(this.frame.now, true);
    else session.single();
  }

  private hold(which: "chart" | "scatter", at: number | null): void {
    this.held[which] = at;
    this.draw();
  }

  /** Once a frame; and in a hidden tab, where there are no frames, when it is seen again. */
  private soon(): void {
    this.due ||= requestAnimationFrame(() => {
      this.due = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { frame, session, menus, data } = this;
    if (!frame) return; // it draws as it is made, and is not here yet
    menus.show(frame.now);
    this.drawState();
    const recipe = data.recipes[this.shown().recipe]!;
    this.chart.show((width) => drawCurves(this.curves(), width));
    const { gates, blocks } = session;
    this.gates.hidden = !gates;
    if (gates) {
      const { svg, words } = drawGates(blocks, gates);
      const caption = h("figcaption", {}, `Gates of 50 test pictures: mean and range. ${words}`);
      this.gates.replaceChildren(svg, caption);
    }
    const found = this.found();
    const recorded = data.recorded[this.shown().recipe] ?? [];
    const { r, rate } = this.shown(); // the study has one of each
    const theirs =
      r === "4" && rate === "0.1" ? recorded.map(([seed, se, none]) => ({ seed, se, none })) : [];
    this.scatter.show((width) => drawScatter(found, theirs, data.t, this.held.scatter, width));
    this.scatter.el.hidden = found.length + theirs.length === 0;
    say(this.verdict, verdict(found, data.t));
    this.forget.hidden = session.runs.length === 0;
    const rows = found.map(({ seed, se, none }) => [seed, se, none, se - none]);
    const caption = `Test accuracy after ${recipe.epochs} epochs`;
    this.numbers.show(() => [
      { caption, rows: [["seed", "with SE", "without", "difference"], ...rows] },
    ]);
    this.room.show();
  }

  /** What charts are about: what is under way, or what is chosen. */
  private shown(): Kind {
    const { r, recipe, rate } = this.session.wish ?? this.frame.now;
    return { r, recipe, rate };
  }

  private alike(): SeedRun[] {
    return ofKind(this.session.runs, this.shown());
  }

  private found() {
    return pairs(this.alike(), this.data.recipes[this.shown().recipe]!.epochs).map((pair) => ({
      ...pair,
      ...this.shown(),
    }));
  }

  private curves(): CurvesWish {
    const { epochs, pictures, batch } = this.data.recipes[this.shown().recipe]!;
    const others = this.alike();
    return {
      now: this.session.now ?? others.at(-1) ?? null,
      others,
      epochs,
      each: Math.floor(pictures / batch),
      quantity: this.frame.now.quantity,
      held: this.held.chart,
      t: this.data.t,
    };
  }

  private drawState(): void {
    const { session, begin, single, stop, bar } = this;
    const { phase, wish, left, progress } = session;
    const under = phase === "loading" || phase === "running" || phase === "paused";
    begin.textContent =
      phase === "running"
        ? "Pause"
        : phase === "paused" || (wish && phase !== "loading")
          ? "Go on"
          : "Train";
    begin.disabled = phase === "loading";
    single.disabled = phase === "loading" || (phase !== "running" && phase !== "paused" && !!wish);
    stop.disabled = !under && !wish;
    for (const menu of ["arms", "r", "recipe", "rate", "seed", "seeds"] as const)
      this.menus.by[menu].select.disabled = wish !== null;
    const told = Object.values(progress);
    const share = told.reduce((sum, { at, of }) => sum + at / of, 0) / Math.max(1, told.length);
    bar.hidden = !under;
    bar.value = share;
    say(this.status, this.statusWords(left));
  }

  private statusWords(left: number | null): string {
    const { phase, message, ended, wish, now, progress } = this.session;
    if (phase === "failed") return `That failed: ${message}${/[.?!]$/.test(message) ? "" : "."}`;
    if (message) return message;
    if (this.note && phase !== "running") return this.note;
    if (phase === "idle" && wish)
      return `A run with seed ${wish.seeds[0]} was under way when you left. Go on from its last whole epoch, or give up.`;
    if (phase === "idle") return ended;
    const [told] = Object.values(progress);
    const steps = told ? `Seed ${now!.seed}, step ${told.at} of ${told.of}. ` : "";
    if (phase === "paused") return `${steps}Paused.`;
    return `${steps}${left === null ? "" : leftWords(left, wish!)}`;
  }

  private words(): string {
    return `${curveWords(this.curves())} ${this.verdict.textContent}`;
  }
}
