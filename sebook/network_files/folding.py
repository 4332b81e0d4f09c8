"""A network file without some of its gates: each becomes a constant, and what computed it is left out.

A constant gate is one factor per channel, which the convolution before it, or after it, can carry: :mod:`.absorbing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .absorbing import absorb
from .onnx_network import OnnxNetwork, session_of

ROUNDING = 1e-3  # of the largest output: weights in 16 bits round at 5e-4


@dataclass(frozen=True)
class Folded:
    """What folding did.

    Attributes:
        names: the gates that became constants.
        before: the file's size in bytes.
        after: the folded file's size in bytes.
        off: the largest change of any output on the pictures.
        layers: by gate, the layers that took it up. Gates that are missing here are left as a product with a constant.
    """

    names: tuple[str, ...]
    before: int
    after: int
    off: float
    layers: Mapping[str, tuple[str, ...]]


def write(network: OnnxNetwork, gates: Mapping[str, np.ndarray], pictures: np.ndarray, path: str | Path) -> Folded:
    """Write ``network`` with these gates, (C,) each by name, as factors of the layers beside them.

    Raises:
        ValueError: the file that came of it answers otherwise than ``network`` with its gates held; nothing is written.
    """
    from onnx import numpy_helper

    plain, held = network.run(pictures).outputs, network.run(pictures, gates).outputs
    model = type(network.model).FromString(network.model.SerializeToString())
    chosen = [each for each in network.found if each.gate.name in gates]
    for each in chosen:
        kind = network.kind_of(each.excitation)
        s = np.asarray(gates[each.gate.name], kind).reshape(1, *network.shapes[each.excitation][1:])
        for node in model.graph.node:
            if each.excitation in node.output:
                node.output[list(node.output).index(each.excitation)] = f"{each.excitation}.unused"
        model.graph.initializer.append(numpy_helper.from_array(s, each.excitation))
    _prune(model)
    layers = {each.gate.name: into for each in chosen if (into := absorb(model.graph, each, np.asarray(gates[each.gate.name])))}
    _prune(model)
    data = model.SerializeToString()
    session = session_of(data, Path(path))
    names = [output.name for output in model.graph.output]
    takes = {each.name for each in session.get_inputs()}  # what only a folded gate needed is gone
    feeds = [{name: value for name, value in network.feeds(x[None]).items() if name in takes} for x in pictures]
    runs = [session.run(names, each) for each in feeds]
    outputs = [np.concatenate(parts) for parts in zip(*runs, strict=True)]
    if (off := _relative(held, outputs)) > ROUNDING:
        raise ValueError(f"{network.path} answers otherwise when folded, by {off:.1e} of its largest output: nothing was written")
    change = max(float(np.abs(a - b).max(initial=0)) for a, b in zip(plain, outputs, strict=True))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)
    return Folded(tuple(gates), network.model.ByteSize(), len(data), change, layers)


def _relative(expected: list[np.ndarray], got: list[np.ndarray]) -> float:
    pairs = [(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(expected, got, strict=True)]
    largest = max(float(np.abs(a).max(initial=0)) for a, _ in pairs) or 1.0
    return max(float(np.abs(a - b).max(initial=0)) for a, b in pairs) / largest


def _prune(model: Any) -> None:
    """Leave out the nodes and weights that no output needs."""
    needed = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input) | _within(node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    weights = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)
    del model.graph.value_info[:]


def _within(node: Any) -> set[str]:
    """What the branches and bodies of a node read from outside."""
    graphs = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    return {name for graph in graphs for inner in graph.node for name in {*inner.input} | _within(inner)}
