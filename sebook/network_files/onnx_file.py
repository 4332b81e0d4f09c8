"""An ONNX file as a graph, and what is wrong with one that can't be read, in words."""

from pathlib import Path
from typing import Any

import numpy as np

from .. import extra
from .further_inputs import Input
from .graph import Graph, Node

DOMAINS = ("", "ai.onnx")


def read(path: str | Path) -> Any:
    """The file as ``onnx.ModelProto``, with its weights.

    Raises:
        FileNotFoundError: there is no such file, or one that holds its weights is missing.
        ValueError: it is not ONNX, or damaged, or has no node.
        ImportError: onnx is not installed.
    """
    with extra.needed():
        import onnx
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: name an .onnx file")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's own error, whose class depends on how protobuf was built
        raise ValueError(
            f"{path} is not an ONNX file, or is cut short after {path.stat().st_size:,} bytes: copy or export it again"
        ) from error
    if not model.graph.node or not model.opset_import:
        raise ValueError(f"{path} holds no network that ONNX knows: export it again, for example with torch.onnx.export")
    outside = {entry.value for tensor in model.graph.initializer for entry in tensor.external_data if entry.key == "location"}
    missing = sorted(name for name in outside if not (path.parent / name).is_file())
    if missing:
        raise FileNotFoundError(
            f"{path} keeps its weights in {missing[0]}, which is missing: put it beside, or export with external_data=False"
        )
    if outside:
        onnx.load_external_data_for_model(model, str(path.parent))
    return model


def graph_of(model: Any, name: str) -> Graph:
    """The graph of an ``onnx.ModelProto``."""
    from onnx import helper, numpy_helper

    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        attributes = {each.name: each for each in node.attribute}
        if node.op_type == "Constant" and "value" in attributes:
            tensors[node.output[0]] = attributes["value"].t
            continue
        read = {
            key: value if isinstance(value := helper.get_attribute_value(each), (int, float, str)) else tuple(value)
            for key, each in attributes.items()
            if each.type in (1, 2, 3, 6, 7)
        }
        op = node.op_type if node.domain in DOMAINS else f"{node.domain}.{node.op_type}"
        nodes.append(Node(op, tuple(node.input), tuple(node.output), read, node.name))
    kept: dict[str, np.ndarray] = {}

    def constant(name: str) -> np.ndarray | None:
        if name not in tensors:
            return None
        if name not in kept:
            kept[name] = numpy_helper.to_array(tensors[name])
        return kept[name]

    plain = {node.outputs[0]: node for node in nodes if node.op == "Constant"}  # value_float, value_ints, ...
    for output, node in plain.items():
        kept[output] = np.asarray(next(iter(node.attributes.values()), 0))
        tensors[output] = None
    inputs = {
        each.name: tuple(dim.dim_value or None for dim in each.type.tensor_type.shape.dim)
        for each in model.graph.input
        if each.name not in tensors
    }
    nodes = [node for node in nodes if node.op != "Constant"]
    return Graph(name, nodes, inputs, [each.name for each in model.graph.output], constant)


def inputs_of(model: Any, graph: Graph) -> list[Input]:
    """What the graph takes, with the numbers that the file states."""
    from onnx import helper

    kinds = {each.name: each.type.tensor_type.elem_type for each in model.graph.input}
    return [Input(name, shape, np.dtype(helper.tensor_dtype_to_np_dtype(kinds[name]))) for name, shape in graph.inputs.items()]
