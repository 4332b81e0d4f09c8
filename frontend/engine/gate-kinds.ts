// What bounds a gate, and how wide its layers are, as a graph says it: sebook/network_files/kinds.py.

import { type Graph, type Node, SHAPERS, WIDENERS } from "./graph.ts";

/** Layers, and which axis of their weights counts outputs. */
export const LAYERS = new Map([
  ["Conv", 0],
  ["Gemm", 0],
  ["MatMul", -1],
  ["FullyConnected", 0],
  ["ConvTranspose", 1],
]);
export const BOUNDED = new Set("Sigmoid HardSigmoid Tanh Clip Relu6 Softmax".split(" "));
const NAMES: Record<string, string> = {
  Sigmoid: "sigmoid",
  Tanh: "tanh",
  Relu: "relu",
  Softmax: "softmax",
  HardSwish: "hard swish",
};
type Kind = [kind: string, slope: number | null];

/** How many outputs a layer has; 0 where its weights are not a constant. */
export function widthOf(graph: Graph, layer: Node): number {
  const weights = layer.inputs[1] ? graph.constant(layer.inputs[1]) : null;
  if (!weights) return graph.constant(layer.inputs[0]!)?.dims.at(-2) ?? 0; // W @ z
  const across = layer.op === "Gemm" && !layer.attributes.get("transB");
  return weights.dims.at(across ? 1 : LAYERS.get(layer.op)!) ?? 0;
}

export function kindOf(graph: Graph, name: string): Kind {
  const node = maker(graph, name);
  if (!node) return ["linear", null];
  if (node.op === "HardSigmoid")
    return ["hard sigmoid", (node.attributes.get("alpha") as number) ?? 0.2];
  if (NAMES[node.op]) return [NAMES[node.op]!, null];
  if (["Clip", "Relu6", "Min", "Max"].includes(node.op)) return clipped(graph, node, 1);
  if (node.op === "Mul" || node.op === "Div") {
    const { factor, other } = scaled(graph, node);
    const below = other === null ? undefined : maker(graph, other);
    if (factor !== null && below && ["Clip", "Relu6", "Min"].includes(below.op))
      return clipped(graph, below, factor);
    if (factor !== null && other !== null) return kindOf(graph, other);
  }
  if (node.op === "Add" || node.op === "Sub") {
    const other = besideANumber(graph, node);
    if (other !== null) return kindOf(graph, other);
  }
  const plain = LAYERS.has(node.op) || node.op === "Add" || node.op === "BatchNormalization";
  return [plain ? "linear" : node.op.toLowerCase(), null];
}

export function maker(graph: Graph, name: string): Node | undefined {
  let node = graph.makers.get(name);
  while (node && (SHAPERS.has(node.op) || WIDENERS.has(node.op)))
    node = graph.makers.get(node.inputs[0]!);
  return node;
}

/** Of a product or quotient with one number: that number as a factor, and the other input. */
function scaled(graph: Graph, node: Node): { factor: number | null; other: string | null } {
  const [a, b] = node.inputs as [string, string];
  for (const [number, other] of node.op === "Mul" ? [[b, a] as const, [a, b] as const] : [[b, a]]) {
    const value = graph.scalar(number);
    if (value) return { factor: node.op === "Mul" ? value : 1 / value, other: other! };
  }
  return { factor: null, other: null };
}

function besideANumber(graph: Graph, { inputs }: Node): string | null {
  const at = inputs.findIndex((name) => graph.scalar(name) !== null);
  return at < 0 ? null : inputs[inputs.length - 1 - at]!;
}

/**
 * A line between two bounds: its slope is the product of the factors before and after the bounds.
 */
function clipped(graph: Graph, node: Node, first: number): Kind {
  const free = ({ inputs }: Node) => inputs.find((name) => !graph.constant(name)) ?? null;
  let factor = first;
  let inner = free(node);
  for (let below = inner && maker(graph, inner); below; below = inner && maker(graph, inner)) {
    const beside: string | null =
      below.op === "Add" || below.op === "Sub" ? besideANumber(graph, below) : null;
    if (["Max", "Min", "Clip", "Relu"].includes(below.op)) inner = free(below);
    else if (below.op === "Mul" || below.op === "Div") {
      const scale = scaled(graph, below);
      if (scale.factor === null) break;
      factor *= scale.factor;
      inner = scale.other;
    } else if (beside !== null) inner = beside;
    else break;
  }
  return ["hard sigmoid", factor];
}
