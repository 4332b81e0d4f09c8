// Gates of a graph, found by what they compute: sebook/network_files/finding.py walks by the same
// rules, and tests/test_dropped.py compares the two.
//
//   a pool over all pixels ──▶ pooled ──layers, activations──▶ pooled ──times maps──▶ a gate

import { BOUNDED, kindOf, LAYERS, widthOf } from "./gate-kinds.ts";
import { type Graph, type Node, SHAPERS, TALK_OF_SHAPE, WIDENERS } from "./graph.ts";

const POOLS: Record<string, string> = {
  GlobalAveragePool: "mean",
  GlobalMaxPool: "max",
  GlobalLpPool: "norm",
};
const REDUCES: Record<string, string> = {
  ReduceMean: "mean",
  ReduceMax: "max",
  ReduceSum: "sum",
  ReduceL2: "norm",
};
const WINDOWS: Record<string, string> = { AveragePool: "mean", MaxPool: "max" };
const TRUTHS = new Set("Less LessOrEqual Greater GreaterOrEqual Equal Not And Or Xor".split(" "));
const SMALL = new Set([
  ...SHAPERS,
  ...WIDENERS,
  ...BOUNDED,
  ...LAYERS.keys(),
  ..."Add Sub Mul Div Pow Sqrt Exp Log Neg Abs Min Max Sum Mean Where".split(" "),
  ..."Relu LeakyRelu PRelu Elu Selu Gelu Erf HardSwish Swish Softplus Mish Reciprocal".split(" "),
  ..."BatchNormalization LayerNormalization InstanceNormalization".split(" "),
  ..."Concat Split Slice Gather".split(" "),
]);
/** All pixels of maps (N, C, H, W), (N, H, W, C), (N, C, T), (N, C, D, H, W), ... */
const OVER_PIXELS = new Set([
  "2,3",
  "-2,-1",
  "1,2",
  "-3,-2",
  "2,3,4",
  "-3,-2,-1",
  "1,2,3",
  "2",
  "-1",
]);

interface Pooled {
  sources: string[];
  means: string[];
  kinds: string[];
  layers: Node[];
  bounded: boolean;
  /** Each channel's norm over the mean of all, as GRN has it. */
  relative: boolean;
}

/** One gate and where it is in the graph: names of tensors. */
export interface Found {
  name: string;
  depth: number;
  family: string;
  kind: string;
  slope: number | null;
  channels: number;
  hidden: number | null;
  pool: string;
  same: boolean;
  residual: boolean;
  squeeze: string;
  excitation: string;
  maps: string;
  product: string;
  layers: Node[];
}

type Shapes = Map<string, readonly number[]>;

/** The outputs whose shapes `find` needs: of pools that are global only if one pixel is left. */
export const windows = (graph: Graph): string[] =>
  graph.nodes.filter(({ op }) => WINDOWS[op]).map(({ outputs }) => outputs[0]!);

export function find(graph: Graph, shapes: Shapes): Found[] {
  const pooled = new Map<string, Pooled>();
  const strips = new Map<string, { source: string; axes: number[] }>();
  const found = new Map<string, Found>();
  const counts = new Set<string>(); // how many pixels a mask leaves
  for (const node of graph.nodes) {
    if (TALK_OF_SHAPE.has(node.op) || node.inputs.length === 0) continue;
    if (countsOf(graph, node, counts)) {
      for (const output of node.outputs) counts.add(output);
      continue;
    }
    const small = node.inputs.filter((name) => pooled.has(name));
    if (REDUCES[node.op] && small.length > 0 && !strips.has(node.inputs[0]!)) {
      // over channels: no pixels are left
      pooled.set(node.outputs[0]!, joined([pooled.get(small[0]!)!], node));
      continue;
    }
    const made = pool(graph, node, shapes, strips);
    if (made) {
      pooled.set(node.outputs[0]!, made);
      continue;
    }
    if (small.length === 0) continue;
    const others = mapsOf(graph, node, pooled).filter((name) => !counts.has(name));
    const divided = node.inputs.some((name) => counts.has(name));
    const [first] = small.map((name) => pooled.get(name)!);
    if (others.length === 0 && divided && first!.kinds.join() === "sum") {
      pooled.set(node.outputs[0]!, { ...first!, means: [node.outputs[0]!], kinds: ["mean"] });
    } else if (others.length === 0) {
      if (!SMALL.has(node.op)) continue;
      const one = joined(
        small.map((name) => pooled.get(name)!),
        node,
      );
      for (const output of node.outputs) pooled.set(output, one);
    } else if (node.op === "Mul" && small.length === 1) {
      const path = pooled.get(small[0]!)!;
      if (path.layers.length === 0 && !path.bounded && !path.relative) continue;
      const gate = described(graph, node, small[0]!, others[0]!, path, shapes);
      // one gate may multiply several tensors, as where a network is cut in branches
      if (!found.has(gate.excitation)) found.set(gate.excitation, gate);
    }
  }
  return [...found.values()]
    .filter((gate) => !varies(gate, shapes))
    .map((gate, i) => ({ ...gate, depth: i + 1 }));
}

/** Whether it counts what a mask leaves, or makes such a count ready to divide by. */
function countsOf(graph: Graph, { op, inputs }: Node, counts: Set<string>): boolean {
  if (REDUCES[op] || POOLS[op]) return isMask(graph, inputs[0]!) || counts.has(inputs[0]!);
  const rest = inputs.filter((name) => name && !counts.has(name));
  return SMALL.has(op) && rest.length < inputs.length && rest.every((name) => graph.constant(name));
}

/** Whether a tensor says which pixels count: truths, perhaps as numbers. */
function isMask(graph: Graph, name: string): boolean {
  for (let made = graph.makers.get(name); made; made = graph.makers.get(made.inputs[0]!)) {
    if (TRUTHS.has(made.op)) return true;
    if (!SHAPERS.has(made.op) && !WIDENERS.has(made.op)) return false;
  }
  return false;
}

/** The tensor that was masked, shaped or widened to give this one. */
function rootOf(graph: Graph, name: string): string {
  const root = graph.root(name);
  const made = graph.makers.get(root);
  if (!made || (made.op !== "Mul" && made.op !== "Where")) return root;
  const masks = made.inputs.filter((each) => isMask(graph, each));
  const kept = made.inputs.filter((each) => !masks.includes(each) && !constant(graph, each));
  return masks.length > 0 && kept.length === 1 ? rootOf(graph, kept[0]!) : root;
}

/**
 * Whether it is known to differ from pixel to pixel, as where one side alone was pooled. It is
 * another kind of gate.
 */
function varies({ excitation, kind }: Found, shapes: Shapes): boolean {
  const lengths = shapes.get(excitation)?.slice(1) ?? [];
  return kind !== "softmax" && lengths.filter((length) => length > 1).length > 1;
}

function joined(paths: Pooled[], node: Node): Pooled {
  const once = <T>(pick: (path: Pooled) => T[]) => [...new Set(paths.flatMap(pick))];
  const layers = once(({ layers }) => layers).filter((layer) => layer !== node);
  return {
    sources: once(({ sources }) => sources),
    means: once(({ means }) => means),
    kinds: once(({ kinds }) => kinds),
    layers: LAYERS.has(node.op) ? [...layers, node] : layers,
    bounded: BOUNDED.has(node.op) || paths.some(({ bounded }) => bounded),
    relative:
      (node.op === "Div" && paths.length === 2 && paths[0]!.kinds.join() === "norm") ||
      paths.some(({ relative }) => relative),
  };
}

function pool(
  graph: Graph,
  node: Node,
  shapes: Shapes,
  strips: Map<string, { source: string; axes: number[] }>,
): Pooled | null {
  const [source, output] = [node.inputs[0]!, node.outputs[0]!];
  const of = (from: string, kind: string): Pooled => ({
    sources: [from],
    means: [output],
    kinds: [kind],
    layers: [],
    bounded: false,
    relative: false,
  });
  if (POOLS[node.op]) return of(source, POOLS[node.op]!);
  if (WINDOWS[node.op]) {
    const pixels = shapes.get(output)?.slice(2) ?? [];
    const single = pixels.length > 0 && pixels.every((length) => length === 1);
    return single ? of(source, WINDOWS[node.op]!) : null;
  }
  const kind = REDUCES[node.op];
  if (!kind) return null;
  const before = strips.get(source);
  const from = before?.source ?? source;
  const axes = [...new Set([...axesOf(graph, node), ...(before?.axes ?? [])])].sort(
    (a, b) => a - b,
  );
  // one side of a picture, which a second pool completes
  if (axes.length === 1 && isSide(axes[0]!)) strips.set(output, { source: from, axes });
  return OVER_PIXELS.has(axes.join()) ? of(from, kind) : null;
}

const isSide = (axis: number): boolean => [2, 3, -1, -2].includes(axis);

function axesOf(graph: Graph, node: Node): number[] {
  const axes = node.attributes.get("axes");
  if (Array.isArray(axes)) return axes;
  const given = node.inputs[1] ? graph.constant(node.inputs[1]) : null;
  return given ? Array.from(given.values()) : [];
}

/**
 * The inputs that are neither pooled nor constant. Of what only shapes or widens, the first input
 * alone counts.
 */
function mapsOf(graph: Graph, node: Node, pooled: Map<string, Pooled>): string[] {
  const first =
    SHAPERS.has(node.op) || WIDENERS.has(node.op) || ["Slice", "Gather", "Split"].includes(node.op);
  const inputs = first ? node.inputs.slice(0, 1) : node.inputs;
  return inputs.filter((name) => name && !pooled.has(name) && !constant(graph, name));
}

function constant(graph: Graph, name: string): boolean {
  if (graph.constant(name)) return true;
  const node = graph.makers.get(name);
  if (!node) return false;
  return TALK_OF_SHAPE.has(node.op) || node.inputs.every((each) => !each || constant(graph, each));
}

function described(
  graph: Graph,
  node: Node,
  factor: string,
  maps: string,
  path: Pooled,
  shapes: Shapes,
): Found {
  let excitation = factor;
  for (let made = graph.makers.get(excitation); made; made = graph.makers.get(excitation)) {
    if (!WIDENERS.has(made.op) && made.op !== "Identity") break;
    excitation = made.inputs[0]!;
  }
  const grn = path.relative && path.layers.length === 0;
  const [kind, slope] = grn ? (["linear", null] as const) : kindOf(graph, excitation);
  const widths = path.layers.map((layer) => widthOf(graph, layer));
  const sliding = path.layers.length > 0 && path.layers.every((layer) => slides(graph, layer));
  let family = ["gather-excite", "effective SE"][path.layers.length] ?? "SE";
  if (sliding) family = "ECA";
  else if (path.kinds.length === 2 && path.kinds.includes("mean") && path.kinds.includes("max"))
    family = "CBAM, channels";
  else if (kind === "softmax") family = "selective kernel";
  else if (grn) family = "GRN";
  const roots = new Set(path.sources.map((source) => rootOf(graph, source)));
  const product = node.outputs[0]!;
  const shape = shapes.get(excitation);
  return {
    name: product,
    depth: 0,
    family,
    kind,
    slope,
    channels: shape ? shape.slice(1).reduce((a, b) => a * b, 1) : (widths.at(-1) ?? 0),
    hidden: widths.length > 1 && !sliding ? widths.at(-2)! : null,
    pool: path.kinds.join(" + "),
    same: roots.size === 1 && roots.has(rootOf(graph, maps)),
    residual: (graph.readers.get(product) ?? []).some(
      ({ op, inputs }) => (op === "Add" || op === "Sum") && inputs.includes(maps),
    ),
    squeeze: path.means[0]!,
    excitation,
    maps,
    product,
    layers: path.layers,
  };
}

/** Whether it is a convolution along the channels: one weight for each step, whatever C is. */
function slides(graph: Graph, layer: Node): boolean {
  const dims = layer.op === "Conv" ? graph.constant(layer.inputs[1]!)?.dims : null;
  return !!dims && dims[0] === 1 && dims[1] === 1;
}
