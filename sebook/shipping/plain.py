"""A network as the plain ONNX file that one would ship, and which of its nodes are the SE blocks'.

A probe (:mod:`sebook.pages.export`) has more inputs and outputs than a product needs; here there is one of each.
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from senet.models.se import SEBlock

from .. import extra
from ..network_files import finding, onnx_file
from ..network_files.graph import Graph, Node
from ..network_files.onnx_network import session_of

OPSET = 18
INPUT, OUTPUT = "picture", "logits"
BATCH = 50


def write(model: nn.Module, path: str | Path, size: int) -> Path:
    """Write a network in evaluation mode: ``picture`` (N, 3, size, size), preprocessed, to ``logits`` (N, K).

    Batch norms are folded into the convolutions before them, as the exporter does.

    Raises:
        ImportError: onnx or onnxscript is not installed.
    """
    with extra.needed():
        import onnx
        import onnxscript  # noqa: F401 - what torch's exporter is built on
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own making
        program = torch.onnx.export(
            model.eval(),
            (torch.zeros(2, 3, size, size),),  # of 2: a length of 1 would count as always 1
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("N", min=1)},),
            external_data=False,
            verbose=False,
        )
    for node in program.model_proto.graph.node:  # notes for the exporter's own debugging
        node.ClearField("metadata_props")
    onnx.save(program.model_proto, str(path))
    return path


def apart(model: nn.Module) -> nn.Module:
    """A copy of a network whose SE blocks multiply and add in two operations, for tools that know no ``addcmul``."""

    def rescale(u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
        scaled = u * s[:, :, None, None]
        return scaled if shortcut is None else scaled + shortcut

    model = copy.deepcopy(model).eval()
    for block in model.modules():
        if isinstance(block, SEBlock):
            block.rescale = rescale  # on the object, over its class's own
    return model


@dataclass(frozen=True)
class Parts:
    """The SE blocks' nodes in a graph, by their names, in forward order.

    Attributes:
        squeeze: the pools.
        gate: from the first layer to what widens the gate to all pixels.
        product: the products.
        excitations: names of the tensors that hold the gates, one per block.
        operators: what each part is made of, in one block.
    """

    squeeze: tuple[str, ...]
    gate: tuple[str, ...]
    product: tuple[str, ...]
    excitations: tuple[str, ...]
    operators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, part: str) -> list[str]:
        """Nodes of ``"squeeze"``, ``"gate"``, ``"product"``, of ``"SE"``, which is all three, or of ``"nothing"``."""
        every = {name: list(getattr(self, name)) for name in ("squeeze", "gate", "product")}
        if part == "nothing":
            return []
        if part == "SE":
            return [name for names in every.values() for name in names]
        if part not in every:
            raise ValueError(f"part={part!r} is unknown: choose one of {', '.join([*every, 'SE', 'nothing'])}")
        return every[part]


def parts(path: str | Path) -> Parts:
    """Find the SE blocks in an ONNX file by what they compute.

    Raises:
        ValueError: there is none, or a node has no name by which a tool could be told to leave it out.
    """
    graph = onnx_file.graph_of(onnx_file.read(path), str(path))
    found = finding.find(graph, {})
    if not found:
        raise ValueError(f"{path} has {len(graph.nodes)} nodes and no SE block")
    kept: dict[str, list[str]] = {"squeeze": [], "gate": [], "product": []}
    operators: dict[str, tuple[str, ...]] = {}
    for each in found:
        for part, nodes in chain(graph, each).items():
            kept[part] += [node.name for node in nodes]
            operators.setdefault(part, tuple(node.op for node in nodes))
    if not all(name for names in kept.values() for name in names):
        raise ValueError(f"{path} has nodes without names: give each a name, so that tools can be told of it")
    return Parts(
        *(tuple(kept[part]) for part in ("squeeze", "gate", "product")),
        excitations=tuple(each.excitation for each in found),
        operators=operators,
    )


def chain(graph: Graph, found: finding.Found) -> dict[str, list[Node]]:
    """The nodes of one block's ``"squeeze"``, ``"gate"`` and ``"product"``, in the order in which they run."""
    product = graph.makers[found.product]
    gate, name = [], next(i for i in product.inputs if i != found.maps)
    while name != found.squeeze:  # back along the path
        node = graph.makers[name]
        gate.insert(0, node)
        name = node.inputs[0]
    return {"squeeze": [graph.makers[found.squeeze]], "gate": gate, "product": [product]}


def answers(path: str | Path, pictures: np.ndarray, taps: Sequence[str] = ()) -> list[np.ndarray]:
    """Run an ONNX file by ONNX Runtime on one thread, a batch at a time.

    Args:
        path: the file; its input is called ``picture``.
        pictures: (N, 3, H, W), preprocessed.
        taps: more tensors to return, by their names.

    Returns:
        Logits (N, K), then what ``taps`` asks for, each with N rows.
    """
    session = _tapped(path, taps)
    runs = [session.run(None, {INPUT: batch}) for batch in batches(pictures)]
    return [np.concatenate(values) for values in zip(*runs, strict=True)]


def gates(path: str | Path, pictures: np.ndarray, names: Sequence[str] = ()) -> list[np.ndarray]:
    """Each block's gates (N, C), as the products get them: in a quantised file, after rounding.

    ``names`` of their tensors are found in the file, unless they are given.
    """
    got = answers(path, pictures, names or parts(path).excitations)[1:]
    return [values.reshape(len(values), -1) for values in got]


def batches(pictures: np.ndarray, size: int = BATCH) -> list[np.ndarray]:
    """``size`` pictures at a time."""
    return np.split(pictures, range(size, len(pictures), size))


def _tapped(path: str | Path, taps: Sequence[str]) -> Any:
    from onnx import helper

    model = onnx_file.read(path)
    present = {output.name for output in model.graph.output}
    wanted = [name for name in taps if name not in present]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in wanted)
    return session_of(model.SerializeToString(), Path(path))
