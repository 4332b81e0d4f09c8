"""Small networks as ONNX files, each with one gate that is written in another way; what a reader might have."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS, HIDDEN, SIDE, CLASSES = 8, 4, 12, 5


@dataclass(frozen=True)
class Variant:
    """How a gate is written."""

    pool: str = "ReduceMean"  # GlobalAveragePool, AveragePool, Strips, Masked
    layer: str = "Conv"  # Gemm, MatMul
    bound: str = "Sigmoid"  # HardSigmoid, Relu6, Clip, Tanh
    residual: bool = False
    apart: bool = False  # pools one tensor and multiplies another
    between: str = ""  # Identity, Half (weights in 16 bits)


class _Builder:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, *shape: int, scale: float = 1.0, half: bool = False) -> str:
        values = self.random.normal(0, scale, shape).astype(np.float16 if half else np.float32)
        name = self.constant(values)
        return self("Cast", name, to=TensorProto.FLOAT) if half else name

    def constant(self, values: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def number(self, value: float) -> str:
        return self.constant(np.float32(value))

    def __call__(self, op: str, *inputs: str, **attributes) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name


def write(path: Path, variant: Variant, seed: int = 0) -> Path:
    """conv ─▶ relu ─▶ gate ─▶ conv ─▶ gate ─▶ mean ─▶ logits, in an .onnx file with two gates of this variant."""
    build = _Builder(seed)
    x = build("Relu", build("Conv", "picture", build.weight(CHANNELS, 3, 3, 3, scale=0.3), pads=[1, 1, 1, 1]))
    x = _gated(build, x, variant)
    x = build("Relu", build("Conv", x, build.weight(CHANNELS, CHANNELS, 3, 3, scale=0.2), pads=[1, 1, 1, 1]))
    x = _gated(build, x, variant)
    x = build("Flatten", build("GlobalAveragePool", x))
    build("Gemm", x, build.weight(CLASSES, CHANNELS), build.weight(CLASSES), transB=1)
    return _save(path, build, [1, 3, SIDE, SIDE])


def _gated(build: _Builder, x: str, variant: Variant) -> str:
    pooled = build("Add", x, build("Conv", "picture", build.weight(CHANNELS, 3, 1, 1))) if variant.apart else x
    if variant.pool == "ReduceMean":
        z = build("ReduceMean", pooled, build.constant(np.array([2, 3])))
    elif variant.pool == "Strips":
        z = build("ReduceMean", build("ReduceMean", pooled, build.constant(np.array([3]))), build.constant(np.array([2])))
    elif variant.pool == "Masked":  # only pixels that are not black count
        shown = build("Greater", build("ReduceMax", "picture", build.constant(np.array([1]))), build.number(0.5))
        mask, sides = build("Cast", shown, to=TensorProto.FLOAT), build.constant(np.array([2, 3]))
        count = build("Clip", build("ReduceSum", mask, sides), build.number(1))
        z = build("Div", build("ReduceSum", build("Mul", pooled, mask), sides), count)
    elif variant.pool == "AveragePool":
        z = build("AveragePool", pooled, kernel_shape=[SIDE, SIDE])
    else:
        z = build("GlobalAveragePool", pooled)
    half = variant.between == "Half"
    if variant.layer == "Conv":
        h = build("Relu", build("Conv", z, build.weight(HIDDEN, CHANNELS, 1, 1, half=half)))
        g = build("Add", build("Conv", h, build.weight(CHANNELS, HIDDEN, 1, 1)), build.weight(1, CHANNELS, 1, 1))
    else:
        flat = build("Flatten", z)
        op = {"Gemm": "Gemm", "MatMul": "MatMul"}[variant.layer]
        h = build("Relu", build(op, flat, build.weight(CHANNELS, HIDDEN, half=half)))
        g = build("Reshape", build(op, h, build.weight(HIDDEN, CHANNELS)), build.constant(np.array([1, CHANNELS, 1, 1])))
    s = _bounded(build, g, variant.bound)
    if variant.between == "Identity":
        s = build("Identity", s)
    product = build("Mul", s, x)
    return build("Add", x, product) if variant.residual else product


def _bounded(build: _Builder, g: str, bound: str) -> str:
    if bound == "HardSigmoid":
        return build("HardSigmoid", g, alpha=0.2, beta=0.5)
    if bound == "Relu6":  # Relu6(x + 3) / 6
        six = build("Clip", build("Add", g, build.number(3)), build.number(0), build.number(6))
        return build("Mul", six, build.number(1 / 6))
    if bound == "Clip":
        line = build("Add", build("Mul", g, build.number(0.25)), build.number(0.5))
        return build("Clip", line, build.number(0), build.number(1))
    return build(bound, g)


def _save(path: Path, build: _Builder, shape: list, besides: Sequence[onnx.ValueInfoProto] = ()) -> Path:
    inputs = [*besides, helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info(build.nodes[-1].output[0], TensorProto.FLOAT, None)]
    graph = helper.make_graph(build.nodes, "small", inputs, outputs, build.weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    return path


def write_asking(path: Path) -> Path:
    """A network with a gate that takes a picture, the size (1, 2) that it had, and a strength () of its maps."""
    build = _Builder(0)
    x = build("Relu", build("Conv", "picture", build.weight(CHANNELS, 3, 3, 3), pads=[1, 1, 1, 1]))
    x = build("Flatten", build("GlobalAveragePool", _gated(build, build("Mul", x, "strength"), Variant())))
    build("Add", build("Gemm", x, build.weight(2, CHANNELS), transB=1), build("Cast", "size", to=TensorProto.FLOAT))
    size = helper.make_tensor_value_info("size", TensorProto.INT64, [1, 2])
    strength = helper.make_tensor_value_info("strength", TensorProto.FLOAT, [])
    return _save(path, build, [1, 3, SIDE, SIDE], [size, strength])


def write_without_gate(path: Path, kind: str) -> Path:
    """A network that has something like a gate, and none: which is its ``kind``."""
    build = _Builder(0)
    x = build("Conv", "picture", build.weight(CHANNELS, 3, 3, 3), pads=[1, 1, 1, 1])
    axes = build.constant(np.array([2, 3]))
    if kind == "norm":  # of each map
        off = build("Sub", x, build("ReduceMean", x, axes))
        spread = build("Sqrt", build("Add", build("ReduceMean", build("Mul", off, off), axes), build.number(1e-5)))
        x = build("Mul", build("Mul", off, build("Reciprocal", spread)), build.weight(1, CHANNELS, 1, 1))
    elif kind == "linear unit":
        x = build("Mul", x, build("Sigmoid", build("Conv", x, build.weight(CHANNELS, CHANNELS, 1, 1))))
    elif kind == "coordinate":  # differs from row to row
        rows = build("ReduceMean", x, build.constant(np.array([3])))
        x = build("Mul", x, build("Sigmoid", build("Conv", rows, build.weight(CHANNELS, CHANNELS, 1, 1))))
        columns = build("ReduceMean", x, build.constant(np.array([2])))
        x = build("Mul", x, build("Sigmoid", build("Conv", columns, build.weight(CHANNELS, CHANNELS, 1, 1))))
    elif kind == "scale":
        x = build("Mul", x, build.weight(1, CHANNELS, 1, 1))
    elif kind == "attention":
        flat = build("Reshape", x, build.constant(np.array([1, CHANNELS, -1])))
        weights = build("Softmax", build("MatMul", flat, build("Transpose", flat, perm=[0, 2, 1])), axis=-1)
        x = build("Reshape", build("MatMul", weights, flat), build.constant(np.array([1, CHANNELS, SIDE, SIDE])))
    x = build("Flatten", build("GlobalAveragePool", x))
    if kind == "swish":  # of the pooled, before the classifier
        x = build("Mul", x, build("Sigmoid", x))
    build("Gemm", x, build.weight(CLASSES, CHANNELS), transB=1)
    return _save(path, build, [1, 3, SIDE, SIDE])


def write_grn(path: Path, axis: int = 1) -> Path:
    """Global response normalisation, which ConvNeXt V2 has: each map's norm over the mean of all norms, times the maps."""
    build = _Builder(0)
    x = build("Relu", build("Conv", "picture", build.weight(CHANNELS, 3, 3, 3), pads=[1, 1, 1, 1]))
    norm = build("ReduceL2", x, build.constant(np.array([2, 3])))
    mean = build("Add", build("ReduceMean", norm, build.constant(np.array([axis]))), build.number(1e-6))
    product = build("Mul", build.weight(1, CHANNELS, 1, 1), build("Mul", x, build("Div", norm, mean)))
    x = build("Flatten", build("GlobalAveragePool", build("Add", x, product)))
    build("Gemm", x, build.weight(CLASSES, CHANNELS), transB=1)
    return _save(path, build, [1, 3, SIDE, SIDE])


def write_text_model(path: Path) -> Path:
    """What takes the numbers of words, as language models do."""
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["logits"])]
    table = numpy_helper.from_array(np.ones((10, 4), np.float32), "table")
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "text", inputs, outputs, [table])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    return path
