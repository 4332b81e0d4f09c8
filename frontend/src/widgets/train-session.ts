// The runs of "Train it here": which are to come, which networks learn now, and what is kept so that
// a page that is loaded again goes on.
//
//   idle ──begin──▶ loading ──▶ running ◀──▶ paused
//     ▲    └─cancel──┘             │ a seed is over: the next one, or idle again
//     └──────── give up ───────────┤
//                    failed ◀──────┘ begin

import { type Files, fetchTrainers, Trainer } from "../network/trainer.ts";
import { keep, recall } from "../state/kept.ts";
import type { FromTrainer, ToTrainer } from "../training/messages.ts";
import type { Plan, State } from "../training/run.ts";
import { tensors } from "../training/safetensors.ts";
import {
  ARMS,
  type Arm,
  begun,
  endWords,
  meant,
  netOf,
  OFFERED,
  type Progress,
  type Recipe,
  type SeedRun,
  same,
  type TrainView,
  timeLeft,
  type Wish,
  wished,
} from "./train-data.ts";

export type Phase = "idle" | "loading" | "running" | "paused" | "failed";
const KEY = "train:4";

interface Kept {
  runs: SeedRun[];
  /** What was under way. */
  wish: Wish | null;
  states: Partial<Record<Arm, State>>;
}

export class Session {
  phase: Phase = "idle";
  message = "";
  /** What came of the runs that ended last, in words. */
  ended = "";
  /** Finished runs, in the order in which they ended. */
  runs: SeedRun[] = [];
  now: SeedRun | null = null;
  wish: Wish | null = null;
  blocks: { name: string; channels: number }[] = [];
  gates: Float32Array[] | null = null;
  progress: Progress = {};
  private states: Partial<Record<Arm, State>> = {};
  private trainers: Partial<Record<Arm, Trainer>> = {};
  private waiting = new Set<Arm>();
  private saving: Partial<Record<Arm, (file: Uint8Array<ArrayBuffer>) => void>> = {};
  private opening: (told: string) => void = () => {};
  private abort: AbortController | null = null;
  private readonly remembered: Promise<void>;
  private readonly files: Files;
  private readonly recipes: Record<string, Recipe>;
  private readonly changed: () => void;

  constructor(files: Files, recipes: Record<string, Recipe>, changed: () => void) {
    [this.files, this.recipes, this.changed] = [files, recipes, changed];
    this.remembered = this.remember();
  }

  /** What was kept from an earlier visit joins what this one has. */
  private async remember(): Promise<void> {
    const kept = await recall<Kept>(KEY);
    if (!kept) return;
    const here = (run: SeedRun) => this.runs.some((mine) => same(mine, run));
    this.runs = [...kept.runs.filter((run) => !here(run)), ...this.runs];
    if (!this.wish && this.phase === "idle") {
      [this.wish, this.states] = [kept.wish, kept.states];
      if (this.wish) this.now = begun(this.wish, this.states);
    }
    this.changed();
  }

  /** Milliseconds until all runs are done; null before a batch was timed. */
  get left(): number | null {
    return this.wish && timeLeft(this.progress, this.wish);
  }

  /** @param paused with a single step */
  async begin(view: TrainView, paused = false): Promise<void> {
    await this.start(wished(view), {}, paused);
  }

  /** Continue what an earlier visit left. */
  async resume(): Promise<void> {
    if (this.wish) await this.start(this.wish, this.states);
  }

  private async start(
    wish: Wish,
    states: Partial<Record<Arm, State>>,
    paused = false,
  ): Promise<void> {
    this.end();
    [this.wish, this.states, this.phase] = [wish, states, "loading"];
    this.say("Fetching.");
    const abort = (this.abort = new AbortController());
    try {
      await this.remembered; // or what is kept from now on would replace it
      await fetchTrainers(
        this.files,
        wish.arms.map((arm) => netOf(arm, wish)),
        (bytes, total) => this.say(`Fetching ${mega(bytes)} of ${mega(total)} MB.`),
        abort.signal,
      );
    } catch (error) {
      if (this.abort === abort) this.fail((error as Error).message);
      return;
    }
    if (this.abort !== abort) return;
    this.say("Starting.");
    for (const arm of wish.arms) this.trainer(arm, netOf(arm, wish));
    if (paused) this.phase = "paused";
    this.seed();
    if (paused) this.all({ step: true });
  }

  pause(): void {
    if (this.phase !== "running") return;
    this.phase = "paused";
    this.all({ pause: true });
    this.changed();
  }

  go(): void {
    if (this.phase !== "paused") return;
    this.phase = "running";
    this.all({ pause: false });
    this.changed();
  }

  /** One batch for each network, and then wait. */
  single(): void {
    if (this.phase !== "running" && this.phase !== "paused") return;
    this.phase = "paused";
    this.all({ step: true });
    this.changed();
  }

  /** Give up what is under way; what is finished stays. */
  stop(): void {
    this.end();
    [this.wish, this.now, this.states] = [null, null, {}];
    this.keep();
    this.changed();
  }

  /** Forget every run. */
  clear(): void {
    this.runs = [];
    this.gates = null;
    this.stop();
  }

  /** The network as it is, as a file of the kind asked for. */
  file(arm: Arm, message: ToTrainer): Promise<Uint8Array<ArrayBuffer>> {
    const trainer = this.trainers[arm];
    if (!trainer) throw new Error(`Train the network ${ARMS[arm]} first: there is none yet.`);
    return new Promise((resolve) => {
      this.saving[arm] = resolve;
      trainer.send(message);
    });
  }

  /** Show a network that was saved, here or by Python. @returns what can be said of it */
  async open(file: Blob, { recipe }: TrainView): Promise<string> {
    if (this.wish)
      return "Finish the run that is under way, or give it up, and then open a network.";
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (!tensors(bytes)) return "This is not a .safetensors file.";
    const { arm, ...kind } = meant(bytes);
    if (!(kind.r in OFFERED.r)) return `This page has no network with r = ${kind.r}.`;
    const net = netOf(arm, kind);
    await fetchTrainers(this.files, [net], () => {}, new AbortController().signal);
    const trainer = this.trainer(arm, net);
    return new Promise((resolve) => {
      this.opening = resolve;
      trainer.send({ open: bytes, tested: this.recipes[recipe]!.tested });
    });
  }

  private trainer(arm: Arm, net: string): Trainer {
    const before = this.trainers[arm];
    if (before?.net === net) return before;
    before?.end();
    const trainer: Trainer = new Trainer(net, (message) => {
      // one that was ended is not heard
      if (this.trainers[arm] === trainer) this.hear(arm, message);
    });
    this.trainers[arm] = trainer;
    return trainer;
  }

  private seed(): void {
    const wish = this.wish!;
    const { pictures, tested, epochs } = this.recipes[wish.recipe]!;
    const plan: Plan = { seed: wish.seeds[0]!, pictures, tested, epochs, peak: Number(wish.rate) };
    this.now = begun(wish, this.states);
    this.progress = {};
    this.waiting = new Set(wish.arms);
    for (const arm of wish.arms)
      this.trainers[arm]!.send({
        train: plan,
        from: this.states[arm] ?? null,
        paused: this.phase === "paused",
      });
    this.keep();
  }

  private hear(arm: Arm, message: FromTrainer): void {
    const curve = this.now?.curves[arm];
    if ("failed" in message) return this.fail(message.failed);
    if ("saved" in message) return this.saving[arm]?.(message.saved);
    if ("network" in message) return this.saving[arm]?.(message.network);
    if ("opened" in message) this.opening(message.opened);
    else if ("ready" in message) {
      if (message.ready.blocks.length > 0) this.blocks = message.ready.blocks;
    } else if ("made" in message) {
      this.message = `Making the pictures: ${message.made} of ${message.of}.`;
    } else if ("gates" in message) {
      this.gates = message.gates;
    } else if ("steps" in message) {
      if (this.phase === "loading") this.phase = "running";
      this.message = "";
      curve?.losses.push(...message.steps.map(({ loss }) => loss));
      this.progress[arm] = { at: message.at, of: message.of, pace: message.pace };
    } else if ("epoch" in message) {
      curve?.epochs.push(message.epoch);
      this.states[arm] = message.state;
      this.keep();
    } else {
      this.waiting.delete(arm);
      if (this.waiting.size === 0) this.over();
    }
    this.changed();
  }

  private over(): void {
    const [now, wish] = [this.now!, this.wish!];
    // the same seed again replaces what it gave before
    const before = this.runs.find((run) => same(run, now));
    this.runs = [
      ...this.runs.filter((run) => run !== before),
      { ...now, curves: { ...before?.curves, ...now.curves } },
    ];
    this.states = {};
    const seeds = wish.seeds.slice(1);
    if (seeds.length > 0) {
      this.wish = { ...wish, seeds };
      this.seed();
      return;
    }
    [this.wish, this.now, this.phase] = [null, null, "idle"];
    this.ended = endWords(now, this.recipes[now.recipe]!);
    this.keep();
  }

  private keep(): void {
    const { runs, wish, states } = this;
    void keep(KEY, { runs, wish, states } satisfies Kept);
  }

  private all(message: { pause: boolean } | { step: true }): void {
    for (const trainer of Object.values(this.trainers)) trainer.send(message);
  }

  private say(message: string): void {
    this.message = message;
    this.changed();
  }

  private fail(message: string): void {
    this.end();
    [this.phase, this.message] = ["failed", message];
    this.changed();
  }

  end(): void {
    this.abort?.abort(new Error("cancelled"));
    this.abort = null;
    for (const trainer of Object.values(this.trainers)) trainer.end();
    this.trainers = {};
    [this.phase, this.message, this.ended, this.progress] = ["idle", "", "", {}];
  }
}

const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
