"""A TFLite file as a graph: its operations by ONNX's names, each fused activation as a node of its own."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from .further_inputs import Input
from .graph import Graph, Node

INSTALL = "pip install ai-edge-litert"
OPS = {
    "CONV_2D": "Conv",
    "DEPTHWISE_CONV_2D": "DepthwiseConv",
    "FULLY_CONNECTED": "FullyConnected",
    "BATCH_MATMUL": "MatMul",
    "MEAN": "ReduceMean",
    "SUM": "ReduceSum",
    "REDUCE_MAX": "ReduceMax",
    "AVERAGE_POOL_2D": "AveragePool",
    "MAX_POOL_2D": "MaxPool",
    "LOGISTIC": "Sigmoid",
    "HARD_SWISH": "HardSwish",
    "RELU": "Relu",
    "RELU6": "Relu6",
    "TANH": "Tanh",
    "SOFTMAX": "Softmax",
    "GELU": "Gelu",
    "ADD": "Add",
    "SUB": "Sub",
    "MUL": "Mul",
    "DIV": "Div",
    "MINIMUM": "Min",
    "MAXIMUM": "Max",
    "POW": "Pow",
    "SQRT": "Sqrt",
    "EXP": "Exp",
    "NEG": "Neg",
    "RESHAPE": "Reshape",
    "SQUEEZE": "Squeeze",
    "EXPAND_DIMS": "Unsqueeze",
    "TRANSPOSE": "Transpose",
    "CAST": "Cast",
    "DEQUANTIZE": "DequantizeLinear",
    "QUANTIZE": "QuantizeLinear",
    "CONCATENATION": "Concat",
    "STRIDED_SLICE": "Slice",
    "SLICE": "Slice",
    "SHAPE": "Shape",
    "BROADCAST_TO": "Expand",
    "TILE": "Tile",
    "RESIZE_BILINEAR": "Resize",
    "RESIZE_NEAREST_NEIGHBOR": "Resize",
}
FUSED = {1: "Relu", 2: "Clip", 3: "Relu6", 4: "Tanh"}
KINDS = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 4: np.int64, 6: np.bool_, 9: np.int8}


def litert(module: str) -> Any:
    """A module of LiteRT, which neither the book nor the package requires: only those who have a TFLite file need it.

    Raises:
        ImportError: ai-edge-litert is not installed.
    """
    try:
        return importlib.import_module(f"ai_edge_litert.{module}")
    except ImportError as error:
        raise ImportError(f"a TFLite file needs ai-edge-litert, which is not installed: {INSTALL}") from error


def schema() -> Any:
    """LiteRT's description of the format."""
    return litert("schema_py_generated")


def read(path: str | Path) -> Any:
    """The file as the schema's ``ModelT``, which can be changed and packed again.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not TFLite, or damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: name a .tflite file")
    data, known = path.read_bytes(), schema()
    if data[4:8] != b"TFL3":
        raise ValueError(f"{path} is not a TFLite file: those have TFL3 as their fifth to eighth byte")
    try:
        return known.ModelT.InitFromPackedBuf(data, 0)
    except Exception as error:  # flatbuffers follows offsets wherever a damaged file leads it
        raise ValueError(f"{path} is damaged or cut short after {len(data):,} bytes: fetch it again") from error


def names_of(part: Any) -> list[str]:
    """The names of all tensors of a subgraph; a number is added where two share a name."""
    said = [(tensor.name or b"").decode("utf8", "replace") or f"tensor {i}" for i, tensor in enumerate(part.tensors)]
    return [name if said.count(name) == 1 else f"{name}#{i}" for i, name in enumerate(said)]


def graph_of(model: Any, name: str) -> tuple[Graph, dict[str, tuple[int, ...]]]:
    """The graph of the file's first subgraph, and the shapes that the file states for its tensors."""
    part, known = model.subgraphs[0], schema()
    codes = {value: key for key, value in vars(known.BuiltinOperator).items() if isinstance(value, int)}
    names = names_of(part)

    def constant(tensor: str) -> np.ndarray | None:
        if tensor not in at:
            return None
        described = part.tensors[at[tensor]]
        data = model.buffers[described.buffer].data
        if data is None or len(data) == 0 or described.type not in KINDS:
            return None
        shape = () if described.shape is None else tuple(described.shape)
        return np.frombuffer(np.asarray(data, np.uint8).tobytes(), KINDS[described.type]).reshape(shape)

    at = {tensor: i for i, tensor in enumerate(names)}
    nodes = []
    for i, operator in enumerate(part.operators):
        code = model.operatorCodes[operator.opcodeIndex]
        said = codes[max(code.builtinCode, code.deprecatedBuiltinCode)]
        inputs = tuple(names[j] if j >= 0 else "" for j in operator.inputs)
        outputs = tuple(names[j] for j in operator.outputs)
        fused = FUSED.get(getattr(operator.builtinOptions, "fusedActivationFunction", 0) or 0)
        inner = (f"{outputs[0]}.plain", *outputs[1:]) if fused else outputs
        nodes.append(Node(OPS.get(said, said), inputs, inner, {}, f"{said} {i}"))
        if fused:
            nodes.append(Node(fused, inner[:1], outputs[:1], {}, f"{said} {i}, {fused}"))
    shapes = {name: () if t.shape is None else tuple(map(int, t.shape)) for name, t in zip(names, part.tensors, strict=True)}
    inputs = {names[i]: shapes[names[i]] for i in part.inputs}
    outputs = [names[i] for i in part.outputs]
    return Graph(name, nodes, inputs, outputs, constant, channels_last=True), shapes


def inputs_of(model: Any, graph: Graph) -> list[Input]:
    """What the graph takes, with the numbers that the file states."""
    part = model.subgraphs[0]
    kinds = [np.dtype(KINDS.get(part.tensors[i].type, np.float32)) for i in part.inputs]
    return [Input(name, shape, kind) for (name, shape), kind in zip(graph.inputs.items(), kinds, strict=True)]
