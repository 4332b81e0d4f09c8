"""Gates of a graph, found by what they compute: a tensor pooled over its pixels, a small path, a product with maps.

One walk forward says of each tensor what it is. A pool makes a *pooled* one; what computes from pooled tensors and constants alone
stays pooled; a product of a pooled tensor with one that isn't is a gate, if its path has a layer or a bound. Whether a pool is over
all pixels can depend on lengths that only a run knows: ``shapes`` gives those. A mask says which pixels count: the sum of what it
leaves, over its own sum, is one pool. ``frontend/engine/gates.ts`` walks by the same rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from senet.inside.gates import Anatomy, Gate

from .graph import SHAPERS, TALK_OF_SHAPE, WIDENERS, Graph, Node
from .kinds import BOUNDED, LAYERS, kind_of, width_of

POOLS = {"GlobalAveragePool": "mean", "GlobalMaxPool": "max", "GlobalLpPool": "norm"}
REDUCES = {"ReduceMean": "mean", "ReduceMax": "max", "ReduceSum": "sum", "ReduceL2": "norm"}
WINDOWS = {"AveragePool": "mean", "MaxPool": "max"}  # over all pixels if one is left
ARITHMETIC = frozenset(
    ("Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Exp", "Log", "Neg", "Abs", "Min", "Max", "Sum", "Mean", "Where")
)
ACTIVATIONS = BOUNDED | frozenset(
    ("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Gelu", "Erf", "HardSwish", "Swish", "Softplus", "Mish", "Reciprocal")
)
TRUTHS = frozenset(("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal", "Not", "And", "Or", "Xor"))
SMALL = SHAPERS | WIDENERS | ARITHMETIC | ACTIVATIONS | LAYERS.keys()
SMALL |= {"BatchNormalization", "LayerNormalization", "InstanceNormalization", "Concat", "Split", "Slice", "Gather"}


@dataclass(frozen=True)
class Pooled:
    """What a pooled tensor comes from: the tensors that were pooled, how, and the layers on the way."""

    sources: tuple[str, ...]
    means: tuple[str, ...]  # the pools' outputs
    kinds: tuple[str, ...]
    layers: tuple[Node, ...] = ()
    bounded: bool = False
    relative: bool = False  # each channel's norm over the mean of all, as GRN has it

    def joined(self, others: "list[Pooled]", node: Node) -> "Pooled":
        """What ``node`` makes of this and of other pooled tensors."""
        every = [self, *others]
        layers = dict.fromkeys(layer for each in every for layer in each.layers)
        if node.op in LAYERS:
            layers[node] = None
        return Pooled(
            *(tuple(dict.fromkeys(value for each in every for value in getattr(each, name))) for name in ("sources", "means")),
            kinds=tuple(dict.fromkeys(kind for each in every for kind in each.kinds)),
            layers=tuple(layers),
            bounded=node.op in BOUNDED or any(each.bounded for each in every),
            relative=(node.op == "Div" and len(every) == 2 and self.kinds == ("norm",)) or any(each.relative for each in every),
        )


@dataclass(frozen=True, eq=False)
class Found:
    """One gate and where it is in the graph: names of tensors.

    Attributes:
        gate: for people.
        squeeze: z, the pooled tensor.
        excitation: s, as it is before anything widens it to all pixels.
        hidden: what the last layer takes; None where there is only one layer.
        maps: what is multiplied.
        product: the result of the product.
        layers: the layers' nodes, from squeeze to gate.
    """

    gate: Gate
    squeeze: str
    excitation: str
    hidden: str | None
    maps: str
    product: str
    layers: tuple[Node, ...]


def windows(graph: Graph) -> list[str]:
    """The outputs whose shapes :func:`find` needs: of pools that are global only if one pixel is left."""
    return [node.outputs[0] for node in graph.nodes if node.op in WINDOWS]


def find(graph: Graph, shapes: Mapping[str, tuple[int, ...]]) -> list[Found]:
    """All gates of ``graph`` that are one number per picture and channel, in the order in which they run.

    Args:
        graph: the network.
        shapes: of the tensors that :func:`windows` names, and of any others that are known.
    """
    pooled: dict[str, Pooled] = {}
    strips: dict[str, tuple[str, frozenset[int]]] = {}
    found: list[Found] = []
    counts: set[str] = set()  # how many pixels a mask leaves
    for node in graph.nodes:
        if node.op in TALK_OF_SHAPE or not node.inputs:
            continue
        if _counts(graph, node, counts):
            counts.update(node.outputs)
            continue
        small = [pooled[name] for name in node.inputs if name in pooled]
        if node.op in REDUCES and small and node.inputs[0] not in strips:  # over channels: no pixels are left
            pooled[node.outputs[0]] = small[0].joined([], node)
            continue
        if (made := _pool(graph, node, shapes, strips)) is not None:
            pooled[node.outputs[0]] = made
            continue
        if not small:
            continue
        others = [name for name in _maps(graph, node, pooled) if name not in counts]
        if not others and not counts.isdisjoint(node.inputs) and small[0].kinds == ("sum",):
            pooled[node.outputs[0]] = replace(small[0], means=node.outputs[:1], kinds=("mean",))
        elif not others:
            if node.op in SMALL:
                pooled |= dict.fromkeys(node.outputs, small[0].joined(small[1:], node))
        elif node.op == "Mul" and len(small) == 1:
            factor = next(name for name in node.inputs if name in pooled)
            if pooled[factor].layers or pooled[factor].bounded or pooled[factor].relative:
                found.append(_found(graph, node, factor, others[0], pooled[factor], shapes))
    return _numbered([each for each in _once(found) if not _varies(each, shapes)])


def _counts(graph: Graph, node: Node, counts: set[str]) -> bool:
    """Whether it counts what a mask leaves, or makes such a count ready to divide by."""
    if node.op in REDUCES or node.op in POOLS:
        return is_mask(graph, node.inputs[0]) or node.inputs[0] in counts
    rest = [name for name in node.inputs if name and name not in counts]
    return node.op in SMALL and len(rest) < len(node.inputs) and all(graph.constant(name) is not None for name in rest)


def is_mask(graph: Graph, name: str) -> bool:
    """Whether a tensor says which pixels count: truths, perhaps as numbers, or an input beside the first."""
    while (maker := graph.makers.get(name)) is not None:
        if maker.op in TRUTHS:
            return True
        if maker.op not in SHAPERS | WIDENERS:
            return False
        name = maker.inputs[0]
    return name in [*graph.inputs][1:]


def _root(graph: Graph, name: str) -> str:
    """The tensor that was masked, shaped or widened to give ``name``."""
    while (maker := graph.makers.get(name := graph.root(name))) is not None and maker.op in ("Mul", "Where"):
        kept = [each for each in maker.inputs if not is_mask(graph, each) and not _constant(graph, each)]
        if len(kept) != 1 or not any(is_mask(graph, each) for each in maker.inputs):
            break
        (name,) = kept
    return name


def _varies(found: Found, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether it is known to differ from pixel to pixel, as where one side alone was pooled. It is another kind of gate."""
    shape = shapes.get(found.excitation, ())
    return found.gate.kind != "softmax" and sum(length > 1 for length in shape[1:]) > 1


def _pool(graph: Graph, node: Node, shapes: Mapping, strips: dict) -> Pooled | None:
    """What ``node`` pools, if it is a pool over all pixels."""
    source, output = node.inputs[0], node.outputs[0]
    if node.op in POOLS:
        return Pooled((source,), (output,), (POOLS[node.op],))
    if node.op in WINDOWS:
        shape = shapes.get(output, ())
        pixels = shape[1:-1] if graph.channels_last else shape[2:]
        return Pooled((source,), (output,), (WINDOWS[node.op],)) if pixels and set(pixels) == {1} else None
    if node.op not in REDUCES:
        return None
    axes = _axes(graph, node)
    if source in strips:
        source, before = strips[source]
        axes |= before
    if len(axes) == 1 and axes <= {2, 3, -1, -2}:  # one side of a picture, which a second pool completes
        strips[output] = (source, axes)
    return Pooled((source,), (output,), (REDUCES[node.op],)) if _over_pixels(axes) else None


def _axes(graph: Graph, node: Node) -> frozenset[int]:
    axes = node.attributes.get("axes")
    if axes is None and len(node.inputs) > 1 and node.inputs[1]:
        value = graph.constant(node.inputs[1])
        axes = () if value is None else value.reshape(-1).tolist()
    return frozenset(int(axis) for axis in axes or ())


def _over_pixels(axes: frozenset[int]) -> bool:
    """All pixels of maps (N, C, H, W), (N, H, W, C), (N, C, T), (N, C, D, H, W), ..., whichever it is."""
    return axes in ({2, 3}, {-1, -2}, {1, 2}, {-2, -3}, {2, 3, 4}, {-1, -2, -3}, {1, 2, 3}, {2}, {-1})


def _maps(graph: Graph, node: Node, pooled: Mapping[str, Pooled]) -> list[str]:
    """The inputs that are neither pooled nor constant. Of what only shapes or widens, the first input alone counts."""
    inputs = node.inputs[:1] if node.op in SHAPERS | WIDENERS | {"Slice", "Gather", "Split"} else node.inputs
    return [name for name in inputs if name and name not in pooled and not _constant(graph, name)]


def _constant(graph: Graph, name: str) -> bool:
    if graph.constant(name) is not None:
        return True
    node = graph.makers.get(name)
    if node is None:
        return False
    return node.op in TALK_OF_SHAPE or all(_constant(graph, each) for each in node.inputs if each)


def _found(graph: Graph, node: Node, factor: str, maps: str, path: Pooled, shapes: Mapping) -> Found:
    excitation = factor
    while (maker := graph.makers.get(excitation)) is not None and maker.op in WIDENERS | {"Identity"}:
        excitation = maker.inputs[0]
    kind, slope = kind_of(graph, excitation)
    widths = [width_of(graph, layer) for layer in path.layers]
    narrow = path.layers[-1].inputs[0] if len(path.layers) > 1 else None
    family = "gather-excite" if not path.layers else "effective SE" if len(path.layers) == 1 else "SE"
    if path.layers and all(_slides(graph, layer) for layer in path.layers):
        family = "ECA"
    elif set(path.kinds) == {"mean", "max"}:
        family = "CBAM, channels"
    elif kind == "softmax":
        family = "selective kernel"
    elif path.relative and not path.layers:
        family, kind = "GRN", "linear"
    roots = {_root(graph, source) for source in path.sources}
    product = node.outputs[0]
    gate = Gate(
        name=product,
        depth=0,
        family=family,
        kind=kind,
        channels=_channels(shapes.get(excitation)) or (widths[-1] if widths and family != "ECA" else 0),
        slope=slope,
        hidden=widths[-2] if len(widths) > 1 and family != "ECA" else None,
        pool=" + ".join(path.kinds),
        squeezes=path.sources[0],
        multiplies=maps,
        same=roots == {_root(graph, maps)},
        residual=any(reader.op in ("Add", "Sum") and maps in reader.inputs for reader in graph.readers.get(product, ())),
        where=node.name or product,
    )
    return Found(gate, path.means[0], excitation, narrow, maps, product, path.layers)


def _slides(graph: Graph, layer: Node) -> bool:
    """Whether it is a convolution along the channels: one weight for each step, whatever C is."""
    weights = graph.constant(layer.inputs[1]) if layer.op == "Conv" else None
    return weights is not None and weights.shape[:2] == (1, 1)


def _channels(shape: tuple[int, ...] | None) -> int:
    count = 1
    for length in (shape or ())[1:]:
        count *= length
    return count if shape else 0


def _once(found: list[Found]) -> list[Found]:
    """One gate may multiply several tensors, as where a network is cut in branches: it is one gate."""
    return list({each.excitation: each for each in reversed(found)}.values())[::-1]


def _numbered(found: list[Found]) -> list[Found]:
    return [replace(each, gate=replace(each.gate, depth=i)) for i, each in enumerate(found, start=1)]


def anatomy_of(graph: Graph, found: list[Found], notes: tuple[str, ...] = ()) -> Anatomy:
    """The same as :class:`Anatomy`, which a running model gives too."""
    return Anatomy(graph.name, tuple(each.gate for each in found), (), notes)
