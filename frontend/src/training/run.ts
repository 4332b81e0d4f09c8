// A training run: the loop of `senet.training.fit`, batch by batch, around a graph that computes one
// step. For a seed it draws what that loop draws, and so it is the same run.
//
//   begun ──step──▶ step ──...──▶ an epoch's last step, and its test ──▶ ... ──▶ over
//     └──────── from a state that was kept at the end of an epoch ─────────▲

import { type Made, SIDE } from "./patchwork.ts";
import { scheduled } from "./schedule.ts";
import { TorchRandom } from "./torch-random.ts";

/** What `sebook.pages.trainer` writes. */
export interface TrainFile {
  format: number;
  title: string;
  architecture: string;
  arguments: Record<string, unknown>;
  classes: string[];
  preprocessing: Record<string, unknown>;
  recipe: { batch_size: number; peak_rate: number; shift: number; flip: boolean };
  pictures: number;
  weights: [name: string, shape: number[]][];
  statistics: [name: string, shape: number[], start: number][];
  draws: {
    kind: "fill" | "uniform" | "normal";
    count: number;
    a: number;
    b: number;
    to: string | null;
  }[];
  blocks: { name: string; channels: number }[];
  /** Pictures at a time that the second graph is asked about. */
  asked: number;
  step_onnx: string;
  asked_onnx: string;
  /** The network alone, as base64 of gzip, and where in it each tensor begins. */
  network_onnx: string;
  places: Record<string, number>;
}

export interface Weights {
  weights: Float32Array;
  statistics: Float32Array;
}

/** The two graphs of a file, run by whatever can. */
export interface Graphs {
  step(
    state: Weights & { momenta: Float32Array },
    pictures: Uint8Array,
    labels: Int32Array,
    rate: number,
    momentum: number,
  ): Promise<Weights & { momenta: Float32Array; loss: number; right: number }>;
  ask(state: Weights, pictures: Uint8Array): Promise<{ logits: Float32Array; s: Float32Array[] }>;
}

export interface Plan {
  seed: number;
  /** How many pictures are learned from, and how many are tested on. */
  pictures: number;
  tested: number;
  epochs: number;
  /** The highest rate. */
  peak: number;
}

export interface Epoch {
  epoch: number;
  loss: number;
  accuracy: number;
  test_loss: number;
  test_accuracy: number;
}

/** What a run can go on from, at the end of an epoch. */
export interface State extends Weights {
  plan: Plan;
  momenta: Float32Array;
  step: number;
  history: Epoch[];
}

/** The weights and statistics that a network of this seed begins with. */
export function begin(file: TrainFile, seed: number): Weights {
  const random = new TorchRandom(seed);
  const drawn = new Map<string, Float32Array>();
  for (const { kind, count, a, b, to } of file.draws) {
    const numbers = kind === "fill" ? new Float32Array(count).fill(a) : random[kind](count, a, b);
    if (to) drawn.set(to, numbers);
  }
  return {
    weights: joined(file.weights.map(([name]) => drawn.get(name)!)),
    statistics: joined(
      file.statistics.map(([, shape, start]) => new Float32Array(sizeOf(shape)).fill(start)),
    ),
  };
}

/** Every tensor of a trained network: its name, its shape and its numbers. */
export function* tensorsOf(
  file: TrainFile,
  { weights, statistics }: Weights,
): Generator<[name: string, shape: number[], values: Float32Array<ArrayBuffer>]> {
  for (const [row, order] of [
    [weights, file.weights],
    [statistics, file.statistics],
  ] as const) {
    let at = 0;
    for (const [name, shape] of order) yield [name, shape, row.slice(at, (at += sizeOf(shape)))];
  }
}

export const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

function joined(parts: Float32Array[]): Float32Array {
  const row = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    row.set(part, at);
    at += part.length;
  }
  return row;
}

const BYTES = 3 * SIDE * SIDE;

export class Run {
  readonly plan: Plan;
  readonly history: Epoch[];
  step: number;
  weights: Float32Array;
  statistics: Float32Array;
  private momenta: Float32Array;
  private readonly file: TrainFile;
  private readonly graphs: Graphs;
  private readonly train: Made;
  private readonly test: Made;
  private luck!: TorchRandom;
  private order!: Uint32Array;
  private sums = { loss: 0, right: 0, seen: 0 };

  /** @param from what to go on from; without it, the seed's first weights */
  constructor(
    file: TrainFile,
    graphs: Graphs,
    train: Made,
    test: Made,
    plan: Plan,
    from: Omit<State, "plan"> | null = null,
  ) {
    [this.file, this.graphs, this.train, this.test, this.plan] = [file, graphs, train, test, plan];
    const { weights, statistics } = from ?? begin(file, plan.seed);
    [this.weights, this.statistics] = [weights, statistics];
    this.momenta = from?.momenta ?? new Float32Array(weights.length);
    this.step = from?.step ?? 0;
    this.history = [...(from?.history ?? [])];
  }

  /** Steps in an epoch: a last, smaller batch is left out. */
  get each(): number {
    return Math.floor(this.plan.pictures / this.file.recipe.batch_size);
  }

  get steps(): number {
    return this.each * this.plan.epochs;
  }

  get over(): boolean {
    return this.step >= this.steps;
  }

  /** What a later run can go on from: where an epoch has just ended, and null within one. */
  state(): State | null {
    if (this.step % this.each !== 0) return null;
    const { plan, weights, statistics, momenta, step, history } = this;
    return { plan, weights, statistics, momenta, step, history: [...history] };
  }

  /** One batch. @returns its loss, the share that was right, and the epoch if this was its last */
  async next(): Promise<{ loss: number; accuracy: number; epoch: Epoch | null }> {
    const { batch_size } = this.file.recipe;
    const within = this.step % this.each;
    if (within === 0) this.shuffle(this.step / this.each);
    const chosen = this.order.subarray(within * batch_size, (within + 1) * batch_size);
    const [rate, momentum] = scheduled(this.step, this.steps, this.plan.peak);
    const labels = Int32Array.from(chosen, (i) => this.train.labels[i]!);
    const moved = this.moved(chosen);
    const told = await this.graphs.step(this.held(), moved, labels, rate, momentum);
    if (!Number.isFinite(told.loss))
      throw new Error(`the loss is ${told.loss} in step ${this.step + 1}: start again`);
    this.weights = told.weights;
    this.statistics = told.statistics;
    this.momenta = told.momenta;
    this.step++;
    const { sums } = this;
    sums.loss += told.loss * batch_size;
    sums.right += told.right;
    sums.seen += batch_size;
    const ended = this.step % this.each === 0 ? await this.ended() : null;
    return { loss: told.loss, accuracy: told.right / batch_size, epoch: ended };
  }

  /** The gates of every block for the first test pictures: by block (pictures * C), row by row. */
  async gates(): Promise<Float32Array[]> {
    const { s } = await this.graphs.ask(this.held(), this.test.images.subarray(0, this.asked));
    return s;
  }

  private get asked(): number {
    return this.file.asked * BYTES;
  }

  private held() {
    return { weights: this.weights, statistics: this.statistics, momenta: this.momenta };
  }

  private shuffle(epoch: number): void {
    this.luck = new TorchRandom(this.plan.seed * 100_003 + epoch);
    this.order = this.luck.order(this.plan.pictures);
    this.sums = { loss: 0, right: 0, seen: 0 };
  }

  /** The chosen pictures, each shifted by a few pixels, and every other one mirrored. */
  private moved(chosen: Uint32Array): Uint8Array {
    const { shift, flip } = this.file.recipe;
    const drawn = () => Array.from(chosen, () => this.luck.whole(2 * shift + 1) - shift);
    const [tops, lefts] = [drawn(), drawn()];
    const mirrored = Array.from(chosen, () => flip && this.luck.unit() < 0.5);
    const batch = new Uint8Array(chosen.length * BYTES);
    chosen.forEach((picture, n) => {
      const [top, left] = [tops[n]!, lefts[n]!];
      for (let row = 0; row < 3 * SIDE; row++) {
        const y = (row % SIDE) + top;
        if (y < 0 || y >= SIDE) continue; // what comes in is black
        const from = picture * BYTES + (row - (row % SIDE) + y) * SIDE;
        const to = n * BYTES + row * SIDE;
        for (let column = 0; column < SIDE; column++) {
          const x = (mirrored[n] ? SIDE - 1 - column : column) + left;
          if (x >= 0 && x < SIDE) batch[to + column] = this.train.images[from + x]!;
        }
      }
    });
    return batch;
  }

  private async ended(): Promise<Epoch> {
    const { loss, right, seen } = this.sums;
    const tested = await this.tested();
    const epoch = {
      epoch: this.step / this.each,
      loss: loss / seen,
      accuracy: right / seen,
      test_loss: tested.loss,
      test_accuracy: tested.accuracy,
    };
    this.history.push(epoch);
    return epoch;
  }

  /** Loss and accuracy on the test pictures. */
  async tested(): Promise<{ loss: number; accuracy: number }> {
    const [count, classes] = [this.file.asked, this.file.classes.length];
    let [loss, right] = [0, 0];
    for (let at = 0; at < this.plan.tested; at += count) {
      const images = this.test.images.subarray(at * BYTES, (at + count) * BYTES);
      const { logits } = await this.graphs.ask(this.held(), images);
      for (let n = 0; n < count; n++) {
        const row = logits.subarray(n * classes, (n + 1) * classes);
        const truth = this.test.labels[at + n]!;
        const top = Math.max(...row);
        const sum = row.reduce((total, logit) => total + Math.exp(logit - top), 0);
        loss += Math.log(sum) + top - row[truth]!;
        if (row.indexOf(top) === truth) right++;
      }
    }
    return { loss: loss / this.plan.tested, accuracy: right / this.plan.tested };
  }
}
