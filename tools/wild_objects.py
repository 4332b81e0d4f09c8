"""A detector of eighty kinds of things, out of a package for browsers, as ONNX: what is left of it with every gate frozen.

TensorFlow.js keeps channels last, ONNX before the pixels, so all tensors are turned. Only the detector's map of classes is kept,
(1, 80, 128, 128); the boxes and what sorts them are left out.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sebook.network_files import other_files
from sebook.network_files.graph import Graph, Node

PACKAGE = "npm:@vladmandic/human@3.3.6"
CLASSES = "tower_0/keypoints"
CLEAR = 0.3  # what CenterNet takes for a find, of at most 1
ALONE = ("Add", "Mul", "Relu", "Sigmoid", "Identity")
DEEP = ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")


def as_onnx(path: Path, output: str, written: Path) -> Path:
    """The part of a graph model of TensorFlow.js that ``output`` needs, written as ``written``, an .onnx file.

    Raises:
        ValueError: it needs an operation that is not converted here.
    """
    graph = other_files.tensorflow_js(path)
    said = {each["name"]: each.get("attr", {}) for each in json.loads(path.read_text(encoding="utf8"))["modelTopology"]["node"]}
    nodes, constants = [], {}
    for node in _needed(graph, output):
        nodes.append(_converted(node, graph, said.get(node.name, {}), constants))
    (name,) = graph.inputs
    _, height, width, channels = [int(each["size"]) for each in said[name]["shape"]["shape"]["dim"]]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, height, width]),
        helper.make_tensor_value_info(output, TensorProto.FLOAT, None),
    ]
    stored = [numpy_helper.from_array(np.ascontiguousarray(values), key) for key, values in constants.items()]
    made = helper.make_model(
        helper.make_graph(nodes, "converted", ends[:1], ends[1:], stored), opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    )
    made = onnx.shape_inference.infer_shapes(made)
    onnx.checker.check_model(made)
    onnx.save(made, written)
    return written


def strongest(outputs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """By picture, the class that is seen most clearly anywhere, and how clearly: (N,) each."""
    by_class = outputs[0].max((2, 3))
    return by_class.argmax(1), by_class.max(1)


def _needed(graph: Graph, output: str) -> list[Node]:
    wanted, kept = {output}, []
    for node in reversed(graph.nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted.update(node.inputs)
    return kept[::-1]


def _converted(node: Node, graph: Graph, attr: dict[str, Any], constants: dict[str, np.ndarray]) -> Any:
    def constant(name: str, values: np.ndarray) -> str:
        constants[name] = values.astype(np.float32)
        return name

    def taken(name: str) -> str:  # a tensor, or a constant that is one number for each channel or for all
        value = graph.constants(name)
        return name if value is None else constant(name, value.reshape(-1, 1, 1) if value.size > 1 else value)

    op, inputs = node.op, node.inputs
    known: dict[str, Any] = {}
    if op in ("Conv", *DEEP):
        weight = graph.constants(inputs[1])  # (out, in, H, W); of a depthwise one (H, W, channels, 1)
        weight = weight.transpose(2, 3, 0, 1) if op in DEEP else weight
        biases = [constant(name, graph.constants(name)) for name in inputs[2:]]
        # The same weights serve two layers where a file says so: a name of its own for each layer's turned copy.
        inputs, op = [inputs[0], constant(f"{node.outputs[0]}.weight", weight), *biases], "Conv"
        known = {
            "strides": _numbers(attr, "strides")[1:3],
            "dilations": _numbers(attr, "dilations")[1:3] or [1, 1],
            "group": len(weight) if node.op in DEEP else 1,
            "auto_pad": {"SAME": "SAME_UPPER", "VALID": "VALID"}[base64.b64decode(attr["padding"]["s"]).decode()],
        }
    elif op in ALONE:
        inputs = [taken(name) for name in inputs]
    elif op == "Relu6":
        inputs, op = [inputs[0], constant("zero", np.array(0.0)), constant("six", np.array(6.0))], "Clip"
    elif op == "ReduceMean" and list(graph.constants(inputs[1])) == [1, 2] and attr["keep_dims"]["b"]:
        inputs, op = inputs[:1], "GlobalAveragePool"
    elif op == "Concat" and int(graph.constants(inputs[-1])) in (3, -1):
        inputs, known = inputs[:-1], {"axis": 1}
    elif op == "Resize" and not attr["align_corners"]["b"] and not attr["half_pixel_centers"]["b"]:
        constants[inputs[1]] = graph.constants(inputs[1]).astype(np.int64)
        inputs = [inputs[0], "", "", inputs[1]]
        known = {"axes": [2, 3], "mode": "linear", "coordinate_transformation_mode": "asymmetric"}
    else:
        raise ValueError(f"{node.name}: {op} is not converted here")
    return helper.make_node(op, list(inputs), list(node.outputs), name=f"{op}/{node.outputs[0]}", **known)


def _numbers(attr: dict[str, Any], key: str) -> list[int]:
    return [int(value) for value in attr.get(key, {}).get("list", {}).get("i", ())]
