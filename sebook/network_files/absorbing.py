"""A constant gate of an ONNX graph taken up by a layer beside it, so that the product goes too."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .finding import Found

SAME = frozenset(("Identity", "Dropout", "GlobalAveragePool", "AveragePool"))  # a factor may pass these
POSITIVE = frozenset(("Relu", "MaxPool", "GlobalMaxPool"))  # and these, if it isn't negative
MADE = {"Conv": (1, 2), "BatchNormalization": (1, 2)}  # inputs whose first axis is the output's channels


def absorb(graph: Any, gate: Found, s: np.ndarray) -> tuple[str, ...]:
    """Put the factors ``s`` (C,) into the layer before the product or, failing that, into those after it; () if neither can.

    Args:
        graph: ``onnx.GraphProto``, which changes; the gate is a constant in it.
        gate: where it is.
        s: its values.
    """
    product = next((node for node in graph.node if gate.product in node.output), None)
    if product is None or product.op_type != "Mul" or s.ndim != 1 or s.size != gate.gate.channels:
        return ()
    maps = gate.maps
    if (layer := _before(graph, maps, s)) is not None:
        for at in MADE[layer.op_type]:
            if at < len(layer.input) and layer.input[at]:
                _scale(graph, layer, at, s, 0)
        into = (layer,)
    elif into := _after(graph, gate.product, s):
        for layer in into:
            _scale(graph, layer, 1, s, 1)
    else:
        return ()
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == gate.product:
                node.input[i] = maps
    graph.node.remove(product)
    return tuple(layer.name or layer.output[0] for layer in into)


def _before(graph: Any, name: str, s: np.ndarray) -> Any:
    """The layer that made ``name`` for the product alone, if it can take the factors."""
    outputs = {output.name for output in graph.output}
    while len(_readers(graph, name)) == 1 and name not in outputs:
        node = next((node for node in graph.node if name in node.output), None)
        if node is None:
            return None
        if node.op_type in MADE:
            return node if all(_weights(graph, node, at) is not None for at in MADE[node.op_type][: len(node.input) - 1]) else None
        if not _passes(node, s) or len(node.output) > 1:
            return None
        name = node.input[0]
    return None


def _after(graph: Any, name: str, s: np.ndarray) -> tuple[Any, ...]:
    """All layers that read ``name``, if each can take the factors."""
    outputs, layers, waiting = {output.name for output in graph.output}, [], [name]
    while waiting:
        name = waiting.pop()
        if name in outputs or not (readers := _readers(graph, name)):
            return ()
        for node in readers:
            if node.op_type == "Conv" and node.input[0] == name and _weights(graph, node, 1) is not None:
                layers.append(node)
            elif _passes(node, s):
                waiting.append(node.output[0])
            else:
                return ()
    return tuple(layers)


def _passes(node: Any, s: np.ndarray) -> bool:
    return node.op_type in SAME or (node.op_type in POSITIVE and bool((s >= 0).all()))


def _readers(graph: Any, name: str) -> list[Any]:
    return [node for node in graph.node if name in node.input]


def _weights(graph: Any, node: Any, at: int) -> np.ndarray | None:
    from onnx import numpy_helper

    tensors: Iterable[Any] = (tensor for tensor in graph.initializer if tensor.name == node.input[at])
    tensor = next(iter(tensors), None)
    return None if tensor is None else numpy_helper.to_array(tensor)


def _scale(graph: Any, node: Any, at: int, s: np.ndarray, axis: int) -> None:
    """Another tensor in place of the one that ``node`` reads, which others may read too. ``axis`` has the factors' channels."""
    from onnx import numpy_helper

    w = _weights(graph, node, at)
    factors = s.astype(np.float64)
    if axis == 1:  # grouped convolutions have the inputs of one group there
        groups = len(s) // w.shape[1]
        factors = factors.reshape(groups, 1, -1).repeat(w.shape[0] // groups, 1).reshape(w.shape[0], w.shape[1])
    factors = factors.reshape(*factors.shape, *(1,) * (w.ndim - factors.ndim))
    name = f"{node.input[at]}.scaled.{len(graph.initializer)}"
    graph.initializer.append(numpy_helper.from_array((w * factors).astype(w.dtype), name))
    node.input[at] = name
