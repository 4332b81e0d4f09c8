// An ONNX file as a graph, by the rules of sebook/network_files/onnx_file.py; and what is wrong with
// one that can't be run here, in words.

import { type Field, fields, float, integers, signed, text } from "./onnx-bytes.ts";

export interface Node {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, number | number[]>;
  name: string;
}

export interface Constant {
  dims: number[];
  /** All numbers, read when asked for. */
  values(): ArrayLike<number>;
}

export interface Input {
  name: string;
  /** TensorProto's number for the kind of its elements. */
  type: number;
  /** Null for a length that is left open. */
  shape: (number | null)[];
}

// What hands its first input on with other words for the same numbers.
export const SHAPERS = new Set(
  "Reshape Flatten Squeeze Unsqueeze Transpose Identity Cast Dropout QuantizeLinear DequantizeLinear CastLike".split(
    " ",
  ),
);
/** One value for each pixel. */
export const WIDENERS = new Set(["Expand", "Tile", "Resize", "Upsample"]);
export const TALK_OF_SHAPE = new Set(["Shape", "Size", "ConstantOfShape", "Range", "NonZero"]);
const RESHAPING = new Set(["Reshape", "Transpose", "Squeeze", "Unsqueeze"]);

export class Graph {
  readonly nodes: Node[];
  readonly inputs: Input[];
  readonly outputs: string[];
  readonly makers = new Map<string, Node>();
  readonly readers = new Map<string, Node[]>();
  private readonly constants: Map<string, Constant>;

  constructor(nodes: Node[], inputs: Input[], outputs: string[], constants: Map<string, Constant>) {
    [this.nodes, this.inputs, this.outputs, this.constants] = [nodes, inputs, outputs, constants];
    for (const node of nodes) {
      for (const output of node.outputs) this.makers.set(output, node);
      for (const input of new Set(node.inputs))
        this.readers.set(input, [...(this.readers.get(input) ?? []), node]);
    }
  }

  /** The constant called `name`, also one that is only cast or dequantised. */
  constant(name: string): Constant | null {
    let at = name;
    for (let node = this.makers.get(at); node; node = this.makers.get(at)) {
      if (!SHAPERS.has(node.op) || RESHAPING.has(node.op)) break;
      at = node.inputs[0]!;
    }
    return this.constants.get(at) ?? null;
  }

  /** The constant called `name` if it is one number. */
  scalar(name: string | undefined): number | null {
    const found = name ? this.constant(name) : null;
    return found && found.dims.reduce((a, b) => a * b, 1) === 1 ? found.values()[0]! : null;
  }

  /** The tensor whose numbers `name` holds: back over what only shapes, casts or widens. */
  root(name: string): string {
    let at = name;
    for (let node = this.makers.get(at); node; node = this.makers.get(at)) {
      if (!SHAPERS.has(node.op) && !WIDENERS.has(node.op)) break;
      at = node.inputs[0]!;
    }
    return at;
  }
}

/** The parts of a file that are written again with gates brought out: tapped.ts. */
export interface Parsed {
  graph: Graph;
  /** Of the model, without the graph's. */
  model: Field[];
  /** Of the graph, nodes among them. */
  body: Field[];
}

const DAMAGED = "This is not an ONNX file, or it is cut short: export it again.";

/** @throws words for a reader */
export function parse(bytes: Uint8Array): Parsed {
  let parsed: Parsed;
  try {
    const model = fields(bytes);
    const graph = model.find(({ number, wire }) => number === 7 && wire === 2);
    const known = model.some(({ number, wire }) => number === 8 && wire === 2);
    if (!graph || !known) throw new Error("it has no graph");
    const body = fields(graph.bytes);
    parsed = { model: model.filter((field) => field !== graph), body, graph: graphOf(body) };
  } catch {
    throw new Error(DAMAGED);
  }
  if (parsed.graph.nodes.length === 0) throw new Error(DAMAGED);
  return parsed;
}

function graphOf(body: Field[]): Graph {
  const constants = new Map<string, Constant>();
  for (const { bytes } of body.filter(({ number }) => number === 5)) {
    const tensor = fields(bytes);
    constants.set(nameOf(tensor, 8), constantOf(tensor));
  }
  const nodes: Node[] = [];
  for (const { bytes } of body.filter(({ number }) => number === 1)) {
    const node = nodeOf(fields(bytes));
    if (node.op !== "Constant") nodes.push(node);
    else constants.set(node.outputs[0]!, madeBy(fields(bytes)));
  }
  const inputs = body.filter(({ number }) => number === 11).map(({ bytes }) => inputOf(bytes));
  const outputs = body
    .filter(({ number }) => number === 12)
    .map(({ bytes }) => nameOf(fields(bytes), 1));
  const open = inputs.filter(({ name }) => !constants.has(name));
  return new Graph(nodes, open, outputs, constants);
}

function nameOf(all: Field[], number: number): string {
  const field = all.find((each) => each.number === number);
  return field ? text(field.bytes) : "";
}

function nodeOf(all: Field[]): Node {
  const strings = (number: number) =>
    all.filter((field) => field.number === number).map(({ bytes }) => text(bytes));
  const attributes = new Map<string, number | number[]>();
  for (const { bytes } of all.filter(({ number }) => number === 5)) {
    const attribute = fields(bytes);
    const kind = attribute.find(({ number }) => number === 20)?.value ?? 0;
    const name = nameOf(attribute, 1);
    const one = (number: number) => attribute.find((field) => field.number === number);
    if (kind === 1) attributes.set(name, float(one(2)!.bytes));
    else if (kind === 2) attributes.set(name, signed(one(3)?.value ?? 0));
    else if (kind === 7) attributes.set(name, integers(attribute, 8));
  }
  const domain = nameOf(all, 7);
  const op = nameOf(all, 4);
  return {
    op: domain === "" || domain === "ai.onnx" ? op : `${domain}.${op}`,
    inputs: strings(1),
    outputs: strings(2),
    attributes,
    name: nameOf(all, 3),
  };
}

/** What a node "Constant" holds: a tensor, or numbers as an attribute. */
function madeBy(node: Field[]): Constant {
  const attribute = fields(node.find(({ number }) => number === 5)!.bytes);
  const tensor = attribute.find(({ number }) => number === 5);
  if (tensor) return constantOf(fields(tensor.bytes));
  const single = attribute.find(({ number }) => number === 2);
  const whole = integers(attribute, 8);
  const one = attribute.find(({ number }) => number === 3);
  const values = single ? [float(single.bytes)] : one ? [signed(one.value)] : whole;
  return { dims: single || one ? [] : [values.length], values: () => values };
}

function constantOf(tensor: Field[]): Constant {
  const type = tensor.find(({ number }) => number === 2)?.value ?? 0;
  const dims = integers(tensor, 1);
  const raw = tensor.find(({ number }) => number === 9)?.bytes;
  const outside = tensor.find(({ number }) => number === 14)?.value === 1;
  if (outside) return { dims, values: () => [] };
  return { dims, values: () => (raw ? fromRaw(raw, type) : listed(tensor, type)) };
}

function fromRaw(raw: Uint8Array, type: number): ArrayLike<number> {
  const buffer = raw.slice().buffer;
  if (type === 1) return new Float32Array(buffer);
  if (type === 11) return new Float64Array(buffer);
  if (type === 7) return Array.from(new BigInt64Array(buffer), Number);
  if (type === 6) return new Int32Array(buffer);
  if (type === 10) return Float32Array.from(new Uint16Array(buffer), half);
  return new Int8Array(buffer);
}

function listed(tensor: Field[], type: number): ArrayLike<number> {
  if (type !== 1) return integers(tensor, type === 7 ? 7 : 5);
  const packed = tensor.filter(({ number }) => number === 4);
  return packed.flatMap(({ wire, bytes }) =>
    wire === 5 ? [float(bytes)] : Array.from(new Float32Array(bytes.slice().buffer)),
  );
}

function half(bits: number): number {
  const [sign, exponent, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * rest * 2 ** -24;
  if (exponent === 31) return rest ? NaN : sign * Infinity;
  return sign * (1 + rest / 1024) * 2 ** (exponent - 15);
}

function inputOf(bytes: Uint8Array): Input {
  const info = fields(bytes);
  const inside = (all: Field[], number: number) => {
    const found = all.find((field) => field.number === number);
    return found ? fields(found.bytes) : [];
  };
  const tensor = inside(inside(info, 2), 1);
  const shape = inside(tensor, 2)
    .filter(({ number }) => number === 1)
    .map((dim) => fields(dim.bytes).find(({ number }) => number === 1)?.value || null);
  return {
    name: nameOf(info, 1),
    type: tensor.find(({ number }) => number === 1)?.value ?? 0,
    shape,
  };
}

/** Whether weights are kept in another file, and in which. */
export function outside(body: Field[]): string | null {
  for (const { bytes } of body.filter(({ number }) => number === 5)) {
    const tensor = fields(bytes);
    if (tensor.find(({ number }) => number === 14)?.value !== 1) continue;
    for (const entry of tensor.filter(({ number }) => number === 13)) {
      const pair = fields(entry.bytes);
      if (nameOf(pair, 1) === "location") return nameOf(pair, 2);
    }
  }
  return null;
}
