"""A network without the gates that never move: each becomes a constant, and what computed it is left out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .anatomy import STEADY
from .onnx_network import OnnxNetwork, session_of


@dataclass(frozen=True)
class Folded:
    """What folding did.

    Attributes:
        names: the gates that became constants.
        before, after: the file's bytes.
        off: the largest change of any output on the pictures.
    """

    names: tuple[str, ...]
    before: int
    after: int
    off: float


def fold(network: OnnxNetwork, pictures: np.ndarray, path: str | Path, steady: float = STEADY) -> Folded | None:
    """Write ``network`` with each gate that moves less than ``steady`` on ``pictures`` as a constant; None where there is none.

    The pictures decide: on others such a gate might move. The more of them, and the more like those that the network will see,
    the better.
    """
    from onnx import numpy_helper

    plain = network.run(pictures)
    still = [f for f in network.found if np.ptp(plain.excitation[f.gate.name], axis=0).max() < steady]
    if not still:
        return None
    model = type(network.model).FromString(network.model.SerializeToString())
    for each in still:
        s = plain.excitation[each.gate.name]
        shape = (1, *network.shapes[each.excitation][1:])
        for node in model.graph.node:
            if each.excitation in node.output:
                node.output[list(node.output).index(each.excitation)] = f"{each.excitation}.unused"
        model.graph.initializer.append(numpy_helper.from_array(s.mean(0).astype(s.dtype).reshape(shape), each.excitation))
    _prune(model)
    data = model.SerializeToString()
    session = session_of(data, Path(path))
    names = [output.name for output in model.graph.output]
    runs = [session.run(names, {network.input: network.typed(picture[None])}) for picture in pictures]
    outputs = [np.concatenate(parts) for parts in zip(*runs, strict=True)]
    off = max(float(np.abs(a - b).max(initial=0)) for a, b in zip(plain.outputs, outputs, strict=True))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)
    return Folded(tuple(each.gate.name for each in still), network.model.ByteSize(), len(data), off)


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
