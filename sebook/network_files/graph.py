"""A network's graph, whatever file it is from: nodes by ONNX's names, and the constants that they read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# What hands its first input on with other words for the same numbers.
SHAPERS = frozenset(
    ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Cast", "Dropout")
    + ("QuantizeLinear", "DequantizeLinear", "CastLike")
)
WIDENERS = frozenset(("Expand", "Tile", "Resize", "Upsample"))  # one value for each pixel
TALK_OF_SHAPE = frozenset(("Shape", "Size", "ConstantOfShape", "Range", "NonZero"))


@dataclass(frozen=True, eq=False)
class Node:
    """One operation: ``op`` by its name in ONNX; ``inputs`` may hold ``""`` for one left out."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(eq=False)
class Graph:
    """Nodes in an order in which they can run.

    Attributes:
        name: what the file is called.
        nodes: all nodes.
        inputs: shape of each input of the network; None for a length that is left open.
        outputs: what the network gives.
        constants: reads a constant tensor by its name; None for what isn't a constant.
        channels_last: whether pixels come before channels, as in TFLite.
    """

    name: str
    nodes: Sequence[Node]
    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: Sequence[str]
    constants: Callable[[str], np.ndarray | None]
    channels_last: bool = False

    def __post_init__(self) -> None:
        self.makers = {output: node for node in self.nodes for output in node.outputs}
        self.readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                self.readers.setdefault(name, []).append(node)

    def constant(self, name: str) -> np.ndarray | None:
        """The constant called ``name``, also one that is only cast, reshaped or dequantised."""
        while (node := self.makers.get(name)) is not None:
            if node.op not in SHAPERS or node.op in ("Reshape", "Transpose", "Squeeze", "Unsqueeze"):
                break
            name = node.inputs[0]
        return self.constants(name)

    def root(self, name: str) -> str:
        """The tensor whose numbers ``name`` holds: back over what only shapes, casts or widens."""
        while (node := self.makers.get(name)) is not None and node.op in SHAPERS | WIDENERS:
            name = node.inputs[0]
        return name


def scalar(graph: Graph, name: str) -> float | None:
    """The constant called ``name`` if it is one number, else None."""
    value = graph.constant(name) if name else None
    return float(value.reshape(-1)[0]) if value is not None and value.size == 1 else None
