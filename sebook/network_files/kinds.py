"""What bounds a gate, and how wide its layers are, as a graph says it. There are a dozen ways to write a sigmoid."""

from .graph import SHAPERS, WIDENERS, Graph, Node, scalar

# Layers, and which axis of their weights counts outputs.
LAYERS = {"Conv": 0, "Gemm": 0, "MatMul": -1, "FullyConnected": 0, "ConvTranspose": 1}
BOUNDED = frozenset(("Sigmoid", "HardSigmoid", "Tanh", "Clip", "Relu6", "Softmax"))
NAMES = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu", "Softmax": "softmax", "HardSwish": "hard swish"}


def width_of(graph: Graph, layer: Node) -> int:
    """How many outputs a layer has; 0 where its weights are not a constant."""
    weights = graph.constant(layer.inputs[1]) if len(layer.inputs) > 1 else None
    if weights is None:
        weights = graph.constant(layer.inputs[0])  # W @ z
        return 0 if weights is None or weights.ndim < 2 else int(weights.shape[-2])
    axis = LAYERS[layer.op]
    if layer.op == "Gemm" and not layer.attributes.get("transB", 0):
        axis = 1
    return int(weights.shape[axis]) if weights.ndim else 0


def kind_of(graph: Graph, name: str) -> tuple[str, float | None]:
    """What bounds the tensor called ``name``, and a hard sigmoid's slope."""
    node = _maker(graph, name)
    if node is None:
        return "linear", None
    if node.op == "HardSigmoid":
        below = _maker(graph, node.inputs[0])  # pnnx writes a slope of 0.2 as 1.2 before one of 1/6
        factor = _scaled(graph, below)[0] if below is not None and below.op in ("Mul", "Div") else None
        return "hard sigmoid", float(node.attributes.get("alpha", 0.2)) * (factor or 1.0)
    if node.op in NAMES:
        return NAMES[node.op], None
    if node.op in ("Clip", "Relu6", "Min", "Max"):
        return _clipped(graph, node, 1.0)
    if node.op in ("Mul", "Div"):
        factor, inner = _scaled(graph, node)
        below = _maker(graph, inner) if inner else None
        if factor is not None and below is not None and below.op in ("Clip", "Relu6", "Min"):
            return _clipped(graph, below, factor)
        if factor is not None and inner:
            return kind_of(graph, inner)
    if node.op in ("Add", "Sub") and (inner := _beside_a_number(graph, node)):
        return kind_of(graph, inner)
    return "linear" if node.op in LAYERS or node.op in ("Add", "BatchNormalization") else node.op.lower(), None


def _maker(graph: Graph, name: str) -> Node | None:
    node = graph.makers.get(name)
    while node is not None and node.op in SHAPERS | WIDENERS:
        node = graph.makers.get(node.inputs[0])
    return node


def _scaled(graph: Graph, node: Node) -> tuple[float | None, str | None]:
    """Of a product or quotient with one number: that number as a factor, and the other input."""
    for number, other in (node.inputs[::-1], node.inputs)[: 2 if node.op == "Mul" else 1]:
        if (value := scalar(graph, number)) is not None and value:
            return (value if node.op == "Mul" else 1 / value), other
    return None, None


def _beside_a_number(graph: Graph, node: Node) -> str | None:
    values = [scalar(graph, name) for name in node.inputs]
    return next((name for name, value in zip(node.inputs[::-1], values, strict=True) if value is not None), None)


def _clipped(graph: Graph, node: Node, factor: float) -> tuple[str, float | None]:
    """A line between two bounds: its slope is the product of the factors before and after the bounds."""
    inner = next((name for name in node.inputs if graph.constant(name) is None), None)
    while inner and (below := _maker(graph, inner)) is not None:
        if below.op in ("Max", "Min", "Clip", "Relu"):  # the other bound
            inner = next((name for name in below.inputs if graph.constant(name) is None), None)
        elif below.op in ("Mul", "Div") and (scale := _scaled(graph, below))[0] is not None:
            factor, inner = factor * scale[0], scale[1]
        elif below.op in ("Add", "Sub") and (beside := _beside_a_number(graph, below)):
            inner = beside
        else:
            break
    return "hard sigmoid", factor
