// A network that the reader has dropped on the page: parsed, its gates found and brought out, run.
//
//   file ──parse──▶ graph ──one run for shapes──▶ gates ──brought out──▶ session ──▶ answers

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { DroppedInfo, Way } from "../src/network/runtime.ts";
import { classifies, rowOf, scoresOf, volume } from "./answers.ts";
import { find, windows } from "./gates.ts";
import { type Input, outside, type Parsed, parse } from "./graph.ts";
import { given, type Measured, tapped, used, withOutputs } from "./tapped.ts";

/** Side in pixels where a file leaves it open. */
const ANY_SIDE = 224;
const TYPES: Record<string, number> = { float32: 1, float16: 10, float64: 11 };

interface Answered {
  outputs: Float32Array<ArrayBuffer>[];
  shape: readonly number[];
}

export class Dropped {
  readonly info: DroppedInfo;
  private readonly parsed: Parsed;
  private readonly input: Input;
  private readonly last: boolean; // whether channels come last in a picture
  private readonly gates: Measured[];
  private readonly way: Way;
  private readonly session: InferenceSession;
  private inside: InferenceSession | null = null; // made when the first map is asked for

  private constructor(
    parsed: Parsed,
    input: Input,
    last: boolean,
    gates: Measured[],
    way: Way,
    session: InferenceSession,
    info: DroppedInfo,
  ) {
    [this.parsed, this.input, this.last, this.gates] = [parsed, input, last, gates];
    [this.way, this.session, this.info] = [way, session, info];
  }

  /** @throws words for a reader */
  static async open(file: Uint8Array, way: Way): Promise<Dropped> {
    const parsed = parse(file);
    const { input, last, side, guessed } = pictureOf(parsed);
    // the scout: shapes by a run on nothing but zeros
    const zeros = new Float32Array(3 * side * side);
    const scout = async (names: string[]) => {
      const session = await opened(withOutputs(parsed, names));
      try {
        return await session.run({ [input.name]: fed(zeros, side, last) }, names);
      } catch (error) {
        throw new Error(
          `The network does not run on a picture of ${side} x ${side} pixels: export it with a fixed size. (${words(error)})`,
        );
      } finally {
        await session.release();
      }
    };
    const pools = windows(parsed.graph);
    const shapes = new Map<string, readonly number[]>();
    if (pools.length > 0)
      for (const [name, { dims }] of Object.entries(await scout(pools))) shapes.set(name, dims);
    const first = find(parsed.graph, shapes);
    if (first.length === 0)
      throw new Error(
        parsed.graph.nodes.some(({ op }) => op.startsWith("QLinear")) ? NO_QLINEAR : NO_GATE,
      );
    const scores = scoresOf(parsed.graph);
    const seen = await scout([...first.map(({ excitation }) => excitation), scores]);
    for (const { excitation } of first) shapes.set(excitation, seen[excitation]!.dims);
    const gates = find(parsed.graph, shapes).map((gate): Measured => {
      const { dims, type } = seen[gate.excitation]!;
      return { ...gate, dims, type: TYPES[type] ?? 1 };
    });
    if (gates.length === 0) throw new Error(NO_GATE);
    const odd = gates.find(({ excitation }) => seen[excitation]!.type !== "float32");
    if (odd)
      throw new Error(
        `The gate ${odd.name} is ${seen[odd.excitation]!.type}: export the network in float32.`,
      );
    const taps = gates.flatMap((gate) => [gate.squeeze, used(gate)]);
    const session = await opened(tapped(parsed, gates, [...taps, scores]));
    const { dims } = seen[scores]!;
    const info: DroppedInfo = {
      size: side,
      guessed,
      outputs: rowOf(new Float32Array(volume(dims)), dims).length,
      classifies: classifies(parsed.graph, scores, dims),
      gates: gates.map(({ name, family, kind, slope, channels, hidden, depth, same, residual }) => {
        return { name, family, kind, slope, channels, hidden, depth, same, residual };
      }),
    };
    return new Dropped(parsed, input, last, gates, way, session, info);
  }

  async ask(
    picture: Float32Array,
    gates: Float32Array | null,
    map: { block: string; channel: number } | null,
    whole = false,
  ): Promise<Answered> {
    const { size } = this.info;
    const feeds: Record<string, Tensor> = {
      [this.input.name]: fed(normalised(picture, this.way), size, this.last),
    };
    let at = 0;
    for (const gate of this.gates) {
      const values = gates
        ? gates.slice(at, at + gate.channels)
        : new Float32Array(gate.channels).fill(NaN);
      feeds[given(gate)] = new Tensor("float32", values, gate.dims);
      at += gate.channels;
    }
    return map ? this.maps(feeds, map) : this.answer(feeds, whole);
  }

  async close(): Promise<void> {
    await this.session.release();
    await this.inside?.release();
  }

  private async answer(feeds: Record<string, Tensor>, whole: boolean): Promise<Answered> {
    const { graph } = this.parsed;
    const output = whole ? graph.outputs[0]! : scoresOf(graph);
    const wanted = [output, ...this.gates.flatMap((gate) => [gate.squeeze, used(gate)])];
    const got = await this.session.run(feeds, [...new Set(wanted)]);
    const { data, dims } = got[output]!;
    const rows = this.gates.flatMap((gate) => [
      Float32Array.from(got[gate.squeeze]!.data as Float32Array),
      Float32Array.from(got[used(gate)]!.data as Float32Array),
    ]);
    const first = Float32Array.from(data as Float32Array);
    return { outputs: [whole ? first : rowOf(first, dims), ...rows], shape: [] };
  }

  /** The maps before and after a gate, from a session of their own: they keep ORT from fusing. */
  private async maps(
    feeds: Record<string, Tensor>,
    { block, channel }: { block: string; channel: number },
  ): Promise<Answered> {
    const gate = this.gates.find(({ depth }) => `gate${depth}` === block)!;
    this.inside ??= await opened(
      tapped(
        this.parsed,
        this.gates,
        this.gates.flatMap(({ maps, product }) => [maps, product]),
      ),
    );
    const got = await this.inside.run(feeds, [gate.maps, gate.product]);
    const { dims } = got[gate.maps]!;
    const first = dims[1] === gate.channels; // channels before pixels
    const [height, width] =
      dims.length === 4 ? (first ? dims.slice(2) : dims.slice(1, 3)) : [1, dims.at(-1)!];
    const pixels = height! * width!;
    const outputs = [gate.maps, gate.product].map((name) => {
      const all = got[name]!.data as Float32Array;
      return Float32Array.from({ length: pixels }, (_, i) =>
        first ? all[channel * pixels + i]! : all[i * gate.channels + channel]!,
      );
    });
    return { outputs, shape: [height!, width!] };
  }
}

const NO_GATE =
  "No gate was found in this network: nothing in it pools all pixels, goes through a layer and multiplies maps.";

const NO_QLINEAR =
  "This network computes in 8 bits (QLinear operations), in which no gate is looked for: open the float network, or quantise it again as QDQ.";

/** The network's one input, if that is a picture. @throws words for a reader */
function pictureOf({ graph, body }: Parsed) {
  const file = outside(body);
  if (file !== null)
    throw new Error(
      `The network keeps its weights in another file, ${file}: export it as one, with external_data=False.`,
    );
  const pictured = graph.inputs.filter(
    ({ type, shape }) => type === 1 && shape.length === 4 && [shape[1] ?? 3, shape[3]].includes(3),
  );
  const whole = graph.inputs.find(({ type }) => type === 6 || type === 7);
  if (whole && pictured.length === 0)
    throw new Error(
      `The network takes whole numbers (${whole.name}), as text models do: this page has pictures for it.`,
    );
  const [input] = graph.inputs;
  if (!input || graph.inputs.length > 1) throw new Error(besides(graph.inputs, pictured));
  if (input.type !== 1)
    throw new Error(`The input ${input.name} is not float32: export the network in float32.`);
  if (input.shape.length !== 4)
    throw new Error(
      `The input ${input.name} has ${input.shape.length} axes: a network of pictures takes four, (N, 3, H, W).`,
    );
  const last = input.shape[3] === 3 && input.shape[1] !== 3;
  const sides = last ? input.shape.slice(1, 3) : input.shape.slice(2);
  const channels = last ? 3 : input.shape[1];
  if (channels !== 3 && channels !== null)
    throw new Error(`The network takes pictures of ${channels} channels: here they have 3.`);
  const side = sides[0] ?? sides[1] ?? ANY_SIDE;
  if (sides.some((each) => each !== null && each !== side))
    throw new Error(
      `The network takes pictures of ${sides.join(" x ")} pixels: only square ones run here.`,
    );
  if ((input.shape[0] ?? 1) !== 1)
    throw new Error(
      `The network takes ${input.shape[0]} pictures at a time: export it for one, or leave that length open.`,
    );
  return { input, last, side, guessed: sides.some((each) => each === null) };
}

/** Why a network of several inputs, or none, does not run here, and where one with further inputs does. */
function besides(inputs: readonly Input[], pictured: readonly Input[]): string {
  const few = `The network takes ${inputs.length} inputs: only networks of one picture run here.`;
  if (pictured.length !== 1) return few;
  const rest = inputs.filter((each) => each !== pictured[0]);
  const said = rest.map(
    ({ name, shape }) => `${name} (${shape.map((n) => n ?? "any").join(", ")})`,
  );
  const flags = rest.map(({ name }) => `--input ${name}=...`).join(" ");
  const asked = `python -m senet record FILE PICTURE ${flags}`;
  return `${few} Besides its picture it needs ${said.join(" and ")}: ${asked} takes them.`;
}

async function opened(bytes: Uint8Array): Promise<InferenceSession> {
  env.logLevel = "error";
  try {
    return await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  } catch (error) {
    throw new Error(`ONNX Runtime Web can’t run this network: ${words(error)}`);
  }
}

function normalised(picture: Float32Array, { mean, std }: Way): Float32Array<ArrayBuffer> {
  const pixels = picture.length / 3;
  const out = new Float32Array(picture.length);
  for (let plane = 0; plane < 3; plane++)
    for (let i = plane * pixels; i < (plane + 1) * pixels; i++)
      out[i] = (picture[i]! / 255 - mean[plane]!) / std[plane]!;
  return out;
}

function fed(planes: Float32Array<ArrayBuffer>, size: number, last: boolean): Tensor {
  if (!last) return new Tensor("float32", planes, [1, 3, size, size]);
  const pixels = size * size;
  const turned = Float32Array.from(planes, (_, i) => planes[(i % 3) * pixels + Math.floor(i / 3)]!);
  return new Tensor("float32", turned, [1, size, size, 3]);
}

function words(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return said
    .replace(/^.*?ERROR_MESSAGE:\s*/s, "")
    .split("\n")[0]!
    .slice(0, 200);
}
