"""A TFLite network of pictures as ONNX: the operations that a convolutional network in float needs, and no others.

TFLite keeps channels last, ONNX before the pixels. Here all tensors are turned, the input with them: it becomes (1, 3, H, W).
"""

from typing import Any

import numpy as np

from . import tflite_tables
from .tflite_tables import Model, Operation, Table

OPSET = 17
ALONE = {"ADD": "Add", "MUL": "Mul", "RELU": "Relu", "LOGISTIC": "Sigmoid", "HARD_SWISH": "HardSwish"}
PADDING = ("SAME_UPPER", "VALID")  # by TFLite's number
TRANSPOSED = "Convolution2DTransposeBias"  # MediaPipe's own: a transposed convolution with a bias


def converted(data: bytes, about: dict[str, str]) -> bytes:
    """The network of a TFLite file as an ONNX file.

    Args:
        data: the TFLite file.
        about: what the ONNX file is to say of itself: where it is from, its licence, that it was changed.

    Raises:
        ValueError: the file has an operation, or an option, that is not converted here.
    """
    import onnx
    from onnx import TensorProto, helper

    model = tflite_tables.read(data)
    making = _Making(model)
    for operation in model.operations:
        making.add(operation)
    (input_,), (output,) = model.inputs, model.outputs
    ends = [
        helper.make_tensor_value_info(making.names[i], TensorProto.FLOAT, _turned(model.tensors[i].shape)) for i in (input_, output)
    ]
    graph = helper.make_graph(making.nodes, "converted", ends[:1], ends[1:], making.constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="senet-book")
    helper.set_model_props(made, about)
    onnx.checker.check_model(made)
    return made.SerializeToString()


class _Making:
    """Nodes and constants of the network under way; ``names`` are those of the tensors."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.values = {i: tensor.values for i, tensor in enumerate(model.tensors) if tensor.values is not None}
        said = [tensor.name or f"tensor {i}" for i, tensor in enumerate(model.tensors)]
        self.names = [name if said.count(name) == 1 else f"{name}#{i}" for i, name in enumerate(said)]
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operation: Operation) -> None:
        inputs, (output,) = operation.inputs, operation.outputs
        kind, options = operation.name, operation.options
        if kind == "DEQUANTIZE":  # weights in 16 bits
            self.values[output] = self.values[inputs[0]].astype(np.float32)
        elif kind in ALONE:
            if kind in ("ADD", "MUL") and isinstance(options, Table):
                _unfused(options, 0, kind)
            self.node(ALONE[kind], [self.names[i] for i in inputs], output)
        elif kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            self.convolution(operation)
        elif kind == "AVERAGE_POOL_2D":
            self.pool(operation)
        elif kind == "RESIZE_BILINEAR":
            self.resize(operation)
        elif kind == TRANSPOSED:
            self.transposed(operation)
        else:
            raise ValueError(f"{kind} is not converted here")

    def convolution(self, operation: Operation) -> None:
        x, weight, bias = operation.inputs
        options, kernel = operation.options, self.values[weight]
        deep = operation.name == "DEPTHWISE_CONV_2D"
        _unfused(options, 4 if deep else 3, operation.name)
        dilations = [options.number(field, default=1) for field in ((6, 5) if deep else (5, 4))]
        # (out, H, W, in), and of a depthwise one (1, H, W, channels)
        turned = kernel.transpose(3, 0, 1, 2) if deep else kernel.transpose(0, 3, 1, 2)
        self.node(
            "Conv",
            [self.names[x], self.constant(weight, turned), self.constant(bias, self.values[bias])],
            operation.outputs[0],
            kernel_shape=list(turned.shape[2:]),
            strides=[options.number(2), options.number(1)],
            dilations=dilations,
            group=turned.shape[0] if deep else 1,
            auto_pad=PADDING[options.byte(0)],
        )

    def pool(self, operation: Operation) -> None:
        (x,), options = operation.inputs, operation.options
        window, pixels = [options.number(4), options.number(3)], list(self.model.tensors[x].shape[1:3])
        _unfused(options, 5, operation.name)
        if window != pixels:
            raise ValueError(f"a pool of {window} over {pixels} pixels: only pools over all pixels are converted here")
        self.node("GlobalAveragePool", [self.names[x]], operation.outputs[0])

    def resize(self, operation: Operation) -> None:
        x, size = operation.inputs
        corners, halves = operation.options.byte(2), operation.options.byte(3)
        if corners or not halves:
            raise ValueError("RESIZE_BILINEAR with other than half-pixel centres is not converted here")
        _, height, width, _ = self.model.tensors[x].shape
        factors = np.float32([1, 1, *(self.values[size] / (height, width))])
        scales = self.constant(size, factors)
        self.node(
            "Resize",
            [self.names[x], "", scales],
            operation.outputs[0],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def transposed(self, operation: Operation) -> None:
        x, weight, bias = operation.inputs
        _, *strides = np.frombuffer(operation.options, np.int32)
        kernel = self.values[weight]  # (out, H, W, in)
        if list(kernel.shape[1:3]) != list(strides):
            raise ValueError(f"{TRANSPOSED}: {kernel.shape[1:3]} with strides {list(strides)} overlaps")
        self.node(
            "ConvTranspose",
            [self.names[x], self.constant(weight, kernel.transpose(3, 0, 1, 2)), self.constant(bias, self.values[bias])],
            operation.outputs[0],
            strides=list(map(int, strides)),
        )

    def node(self, kind: str, inputs: list[str], output: int, **attributes: Any) -> None:
        from onnx import helper

        name = self.names[output]
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"{kind}/{name}", **attributes))

    def constant(self, tensor: int, values: np.ndarray) -> str:
        from onnx import numpy_helper

        name = self.names[tensor]
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def _turned(shape: tuple[int, ...]) -> list[int]:
    n, height, width, channels = shape
    return [n, channels, height, width]


def _unfused(options: Table, field: int, kind: str) -> None:
    if options.byte(field):
        raise ValueError(f"{kind} with an activation in it is not converted here")
