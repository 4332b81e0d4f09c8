"""A graph that PyTorch traced, in ONNX's operators: one for one wherever ONNX has the same.

torch.onnx's own exporter could also write it, but takes half a minute for a training step, most of
it to look for patterns that a step does not have. All shapes are known here, which makes it simple:
every view is a Reshape. What was written once is not written again (patches of one map that two
products need), and views of views, transposes of transposes and slices of slices become one.
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, fx

from .export import OPSET

aten = torch.ops.aten
TYPES = {
    torch.float32: TensorProto.FLOAT,
    torch.int64: TensorProto.INT64,
    torch.int32: TensorProto.INT32,
    torch.uint8: TensorProto.UINT8,
    torch.bool: TensorProto.BOOL,
}
SAME = (aten.clone, aten.detach, aten.detach_, aten.lift_fresh_copy, aten.alias)
VIEWS = (aten.view, aten._unsafe_view, aten.unsqueeze, aten.squeeze, aten.reshape)
UNARY = {
    aten.sigmoid: "Sigmoid",
    aten.tanh: "Tanh",
    aten.exp: "Exp",
    aten.neg: "Neg",
    aten.reciprocal: "Reciprocal",
    aten.sign: "Sign",
}
BINARY = {
    aten.add: "Add",
    aten.sub: "Sub",
    aten.mul: "Mul",
    aten.div: "Div",
    aten.eq: "Equal",
    aten.le: "LessOrEqual",
    aten.mm: "MatMul",
    aten.bmm: "MatMul",
}
REDUCED = {aten.sum: "ReduceSum", aten.mean: "ReduceMean", aten.amax: "ReduceMax"}
LARGE = 64  # pixels


def written(graph: fx.GraphModule, inputs: Sequence[str], outputs: Sequence[str]) -> onnx.ModelProto:
    """``graph``, of :func:`torch.fx.experimental.proxy_tensor.make_fx`, as an ONNX model.

    Args:
        graph: all shapes in it are fixed; it returns a flat tuple.
        inputs: names of its arguments in the file.
        outputs: names of its results in the file.

    Raises:
        NotImplementedError: an operator that has no row here.
    """
    return _Writer(graph, inputs, outputs).model()


class _Writer:
    def __init__(self, graph: fx.GraphModule, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        graph.graph.eliminate_dead_code()
        self.graph, self.inputs, self.outputs = graph, inputs, outputs
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[tuple, onnx.TensorProto] = {}
        self.known: dict[tuple, list[str]] = {}
        self.made: dict[str, tuple] = {}  # how a value came about, so that two steps of a kind become one

    def model(self) -> onnx.ModelProto:
        names, values, results = iter(self.inputs), {}, ()
        taken: list[onnx.ValueInfoProto] = []
        for node in self.graph.graph.nodes:
            if node.op == "placeholder":
                values[node] = next(names)
                taken.append(_described(values[node], node.meta["val"]))
            elif node.op == "get_attr":
                values[node] = self.constant(getattr(self.graph, node.target))
            elif node.op == "output":
                results = node.args[0]
            elif node.users:
                values[node] = self.call(node, fx.node.map_arg(node.args, lambda n, v=values: _Value(v[n], n.meta["val"])))
        given = [_described(name, node.meta["val"]) for name, node in zip(self.outputs, results, strict=True)]
        for name, node in zip(self.outputs, results, strict=True):
            self.nodes.append(helper.make_node("Identity", [values[node]], [name]))
        used = {name for node in self.nodes for name in node.input}
        constants = [constant for constant in self.constants.values() if constant.name in used]
        graph = helper.make_graph(self.nodes, "traced", taken, given, constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)

    def emit(self, kind: str, *inputs: str, count: int = 1, **attributes: Any) -> str:
        key = (kind, inputs, tuple(sorted((name, str(value)) for name, value in attributes.items())))
        if key not in self.known:
            names = [f"v{len(self.nodes)}" + (f".{i}" if count > 1 else "") for i in range(count)]
            self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
            self.known[key] = names
        return self.known[key][0] if count == 1 else self.known[key]

    def constant(self, value: Any, dtype: Any = None) -> str:
        array = value.detach().numpy() if isinstance(value, Tensor) else np.array(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f"c{len(self.constants)}")
        return self.constants[key].name

    def call(self, node: fx.Node, args: tuple) -> Any:
        if node.target is operator.getitem:
            return args[0].name[args[1]]
        kind, out = node.target.overloadpacket, node.meta["val"]
        if kind in SAME:
            return args[0].name
        if kind is aten.copy_:
            return args[1].name
        if kind in VIEWS:
            return self.reshaped(args[0], out.shape)
        if kind in UNARY:
            return self.emit(UNARY[kind], args[0].name)
        if kind in BINARY:
            dtype = torch.result_type(*(a.like if isinstance(a, _Value) else a for a in args[:2]))
            return self.emit(BINARY[kind], *(self.operand(a, dtype) for a in args[:2]))
        if kind in REDUCED:
            return self.reduced(REDUCED[kind], args)
        rule = getattr(self, node.target.overloadpacket.__name__.lstrip("_"), None)
        if rule is None:
            raise NotImplementedError(f"{node.target} has no ONNX operator here: add a row to sebook.pages.traced_onnx")
        return rule(out, *args, **node.kwargs)

    def operand(self, value: Any, dtype: torch.dtype) -> str:
        if isinstance(value, _Value):
            return self.cast(value, dtype)
        return self.constant(torch.tensor(value, dtype=dtype))

    def cast(self, value: "_Value", dtype: torch.dtype) -> str:
        return value.name if value.like.dtype == dtype else self.emit("Cast", value.name, to=TYPES[dtype])

    def reduced(self, kind: str, args: tuple) -> str:
        axes = () if len(args) < 2 else tuple(args[1])
        if pooled := self.pooled(kind, args, axes):
            return pooled
        if kind == "ReduceMax":  # whose axes became an input two versions later than a sum's
            return self.emit(kind, args[0].name, self.constant(axes, np.int64), keepdims=int(len(args) > 2 and args[2]))
        more = (self.constant(axes, np.int64),) if axes else ()
        value = self.cast(args[0], torch.int64) if args[0].like.dtype == torch.bool else args[0].name
        return self.emit(kind, value, *more, keepdims=int(len(args) > 2 and args[2]))

    def pooled(self, kind: str, args: tuple, axes: tuple[int, ...]) -> str | None:
        """Sum or mean over large maps: in a page, pooling adds pixels up in half of the time."""
        like, keep = args[0].like, len(args) > 2 and args[2]
        floats = like.dtype == torch.float32 and kind in ("ReduceSum", "ReduceMean")
        if not floats or like.ndim != 4 or axes[-2:] != (2, 3) or like[0, 0].numel() < LARGE:
            return None
        name = self.emit("GlobalAveragePool", args[0].name)
        if len(axes) > 2:
            name = self.emit(kind, name, self.constant(axes[:-2], np.int64), keepdims=1)
        if kind == "ReduceSum":
            name = self.emit("Mul", name, self.constant(like[0, 0].numel(), np.float32))
        rest = [length for axis, length in enumerate(like.shape) if axis not in axes]
        return name if keep else self.emit("Reshape", name, self.constant(rest, np.int64))

    # --- operators with a rule of their own, by PyTorch's names

    def reshaped(self, value: "_Value", shape: Sequence[int]) -> str:
        shape, before = tuple(shape), self.made.get(value.name)
        source, start = before[1:] if before and before[0] == "Reshape" else (value.name, tuple(value.like.shape))
        if shape == start:
            return source
        name = self.emit("Reshape", source, self.constant(shape, np.int64))
        self.made[name] = ("Reshape", source, start)
        return name

    def permute(self, out: Tensor, value: "_Value", order: Sequence[int]) -> str:
        before = self.made.get(value.name)
        source, first = before[1:] if before and before[0] == "Transpose" else (value.name, tuple(range(out.ndim)))
        order = tuple(first[axis] for axis in order)
        if order == tuple(range(out.ndim)):
            return source
        long = [axis for axis in order if value.like.shape[axis] > 1]
        if source == value.name and long == sorted(long):  # only axes of length 1 change places
            return self.reshaped(value, out.shape)
        name = self.emit("Transpose", source, perm=order)
        self.made[name] = ("Transpose", source, order)
        return name

    def transpose(self, out: Tensor, value: "_Value", one: int, other: int) -> str:
        order = list(range(out.ndim))
        order[one], order[other] = order[other], order[one]
        return self.permute(out, value, order)

    def t(self, out: Tensor, value: "_Value") -> str:
        return self.permute(out, value, (1, 0))

    def slice(self, out: Tensor, value: "_Value", axis: int = 0, start: Any = None, end: Any = None, step: int = 1) -> str:
        length = value.like.shape[axis]
        start, end = start or 0, min(length, length if end is None else end)
        if (start, end, step) == (0, length, 1):
            return value.name
        return self.sliced(value.name, {axis: (start, end, step)})

    def flip(self, out: Tensor, value: "_Value", axes: Sequence[int]) -> str:
        return self.sliced(value.name, dict.fromkeys(axes, (-1, -(2**31), -1)))

    def sliced(self, source: str, cuts: dict[int, tuple[int, int, int]]) -> str:
        before = self.made.get(source)
        if before and before[0] == "Slice" and not before[2].keys() & cuts.keys():
            source, cuts = before[1], before[2] | cuts
        axes = sorted(cuts)
        starts, ends, steps = zip(*(cuts[axis] for axis in axes), strict=True)
        name = self.emit("Slice", source, *(self.constant(part, np.int64) for part in (starts, ends, axes, steps)))
        self.made[name] = ("Slice", source, cuts)
        return name

    def split_with_sizes(self, out: Any, value: "_Value", sizes: Sequence[int], axis: int = 0) -> Any:
        return self.emit("Split", value.name, self.constant(sizes, np.int64), axis=axis, count=len(sizes))

    def constant_pad_nd(self, out: Tensor, value: "_Value", pads: Sequence[int], fill: float = 0.0) -> str:
        pairs = [*zip(pads[::2], pads[1::2], strict=True), *[(0, 0)] * (out.ndim - len(pads) // 2)][::-1]
        both = [low for low, _ in pairs] + [high for _, high in pairs]
        return (
            self.emit("Pad", value.name, self.constant(both, np.int64), self.constant(fill, np.float32))
            if any(both)
            else value.name
        )

    def cat(self, out: Tensor, values: Sequence["_Value"], axis: int = 0) -> str:
        return self.emit("Concat", *(value.name for value in values), axis=axis)

    def stack(self, out: Tensor, values: Sequence["_Value"], axis: int = 0) -> str:
        shape = [*out.shape[:axis], 1, *out.shape[axis + 1 :]]
        return self.emit("Concat", *(self.reshaped(value, shape) for value in values), axis=axis)

    def expand(self, out: Tensor, value: "_Value", shape: Sequence[int]) -> str:
        return self.emit("Expand", value.name, self.constant(tuple(out.shape), np.int64))

    def to_copy(self, out: Tensor, value: "_Value", **options: Any) -> str:
        return self.cast(value, out.dtype)

    def convolution(self, out, x, w, bias, stride, padding, dilation, transposed, output_padding, groups) -> str:
        inputs = [x.name, w.name] + ([bias.name] if bias else [])
        sizes = {"strides": stride, "pads": [*padding, *padding], "dilations": dilation, "kernel_shape": list(w.like.shape[2:])}
        more = {"output_padding": output_padding} if transposed else {}
        return self.emit("ConvTranspose" if transposed else "Conv", *inputs, group=groups, **sizes, **more)

    def addmm(self, out: Tensor, bias: "_Value", one: "_Value", other: "_Value") -> str:
        return self.emit("Add", self.emit("MatMul", one.name, other.name), bias.name)

    def relu(self, out: Tensor, value: "_Value") -> str:
        return self.emit("Max", value.name, self.constant(0, np.float32))  # in a page, quicker than ONNX's own Relu

    def rsqrt(self, out: Tensor, value: "_Value") -> str:
        return self.emit("Reciprocal", self.emit("Sqrt", value.name))

    def rsub(self, out: Tensor, value: "_Value", other: float) -> str:
        return self.emit("Sub", self.constant(other, np.float32), value.name)

    def log_softmax(self, out: Tensor, value: "_Value", axis: int, *_: Any) -> str:
        return self.emit("LogSoftmax", value.name, axis=axis)

    def softmax(self, out: Tensor, value: "_Value", axis: int, *_: Any) -> str:
        return self.emit("Softmax", value.name, axis=axis)

    def argmax(self, out: Tensor, value: "_Value", axis: int) -> str:
        return self.emit("ArgMax", value.name, axis=axis, keepdims=0)

    def where(self, out: Tensor, chosen: "_Value", one: "_Value", other: "_Value") -> str:
        return self.emit("Where", chosen.name, one.name, other.name)

    def scalar_tensor(self, out: Tensor, value: float, **options: Any) -> str:
        return self.constant(value, np.float32)

    def zeros_like(self, out: Tensor, *_: Any, **options: Any) -> str:
        return self.constant(torch.zeros(out.shape, dtype=out.dtype))

    def ones_like(self, out: Tensor, *_: Any, **options: Any) -> str:
        return self.constant(np.ones(tuple(out.shape), np.float32))


class _Value:
    """An operator's argument: its name in the file, and a tensor like it."""

    def __init__(self, name: Any, like: Any) -> None:
        self.name, self.like = name, like


def _described(name: str, like: Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TYPES[like.dtype], list(like.shape))
