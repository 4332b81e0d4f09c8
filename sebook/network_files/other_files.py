"""Two more kinds of file as graphs, to find gates in and not to run: ncnn's ``.param`` and TensorFlow.js's ``model.json``."""

import json
from pathlib import Path

import numpy as np

from .graph import Graph, Node

# ncnn: activations by the number that a layer's parameter 9 has, and sums and products by their operation's.
FUSED = {1: "Relu", 2: "LeakyRelu", 3: "Clip", 4: "Sigmoid", 5: "Mish", 6: "HardSwish"}
ELTWISE = {"0": "Mul", "1": "Add", "2": "Max"}
BINARY = {"0": "Add", "1": "Sub", "2": "Mul", "3": "Div", "4": "Max", "5": "Min"}
LAYERS = {"Convolution": "Conv", "InnerProduct": "FullyConnected", "Deconvolution": "ConvTranspose"}
TENSORFLOW = {
    "_FusedConv2D": "Conv",
    "Conv2D": "Conv",
    "Mean": "ReduceMean",
    "AvgPool": "AveragePool",
    "ConcatV2": "Concat",
    "ExpandDims": "Unsqueeze",
    "ResizeBilinear": "Resize",
    "StridedSlice": "Slice",
    "AddV2": "Add",
    "BiasAdd": "Add",
}
TYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_, "float16": np.float16, "uint8": np.uint8}


def ncnn(path: str | Path) -> Graph:
    """The graph of a ``.param`` file. Weights are in another file; of a layer's here only the shape is right.

    Raises:
        ValueError: the file is not ncnn's.
    """
    lines = Path(path).read_text(encoding="utf8").splitlines()
    if not lines or lines[0].strip() != "7767517":
        raise ValueError(f"{path} is not a .param file of ncnn: those begin with 7767517")
    nodes, weights, inputs = [], {}, {}
    for line in filter(None, (each.split() for each in lines[2:])):
        kind, name, given, made = line[0], line[1], int(line[2]), int(line[3])
        tensors, said = line[4 : 4 + given + made], dict(part.split("=", 1) for part in line[4 + given + made :])
        read, outputs = tuple(tensors[:given]), tuple(tensors[given:])
        if kind == "Input":
            inputs[outputs[0]] = (1, 3, None, None)
            continue
        op = {"BinaryOp": BINARY, "Eltwise": ELTWISE}.get(kind, {}).get(said.get("0", "0"))
        op = op or {"Scale": "Mul", "Split": "Identity", "Sigmoid": "Sigmoid", "ReLU": "Relu"}.get(kind, LAYERS.get(kind, kind))
        if kind == "Pooling" and said.get("4") == "1":
            op = "GlobalAveragePool" if said.get("0") == "1" else "GlobalMaxPool"
        if kind in LAYERS:
            count, size = int(said["0"]), int(said["2" if kind == "InnerProduct" else "6"])
            shape = (size // count, count) if kind == "Deconvolution" else (count, size // count)
            weights[f"{name}.weight"] = np.empty(shape, np.float16)
            read = (*read, f"{name}.weight")
        if kind == "BinaryOp" and said.get("1") == "1":  # with a number
            weights[f"{name}.number"] = np.float32([said.get("2", 0)])
            read = (*read, f"{name}.number")
        slope = {"alpha": float(said["0"])} if kind == "HardSigmoid" and "0" in said else {}
        fused = FUSED.get(int(said.get("9", 0))) if kind in LAYERS else None
        inner = (f"{outputs[0]}.plain",) if fused else outputs
        nodes += [Node(op, read, inner[:1] if op == "Identity" else inner, slope, name)]
        if op == "Identity":
            nodes += [Node(op, read, (other,), {}, name) for other in outputs[1:]]
        if fused:
            nodes.append(Node(fused, inner, outputs, {}, f"{name}, {fused}"))
    outputs = [name for node in nodes for name in node.outputs if not any(name in each.inputs for each in nodes)]
    return Graph(Path(path).name, nodes, inputs, outputs, weights.get)


def tensorflow_js(path: str | Path) -> Graph:
    """The graph of a ``model.json``, with the constants of the files that it names.

    Raises:
        ValueError: the file is not a graph model of TensorFlow.js.
    """
    said = json.loads(Path(path).read_text(encoding="utf8"))
    if said.get("format") != "graph-model":
        raise ValueError(f"{path} is not a graph model of TensorFlow.js: its format is {said.get('format')!r}")
    weights = {}
    for group in said["weightsManifest"]:
        data = b"".join((Path(path).parent / name).read_bytes() for name in group["paths"])
        at = 0
        for each in group["weights"]:
            stored = np.dtype(TYPES[each.get("quantization", each)["dtype"]])
            size = stored.itemsize * int(np.prod(each["shape"]))
            weights[each["name"]] = np.frombuffer(data[at : at + size], stored).reshape(each["shape"]).astype(TYPES[each["dtype"]])
            at += size
    nodes, waiting = [], [each for each in said["modelTopology"]["node"] if each["op"] != "Const"]
    inputs = {each["name"]: (1, None, None, 3) for each in waiting if each["op"] == "Placeholder"}
    ready, turned = {*weights, *inputs}, set()
    waiting = [each for each in waiting if each["name"] not in inputs]
    while waiting:  # the file lists them in any order
        later = []
        for each in waiting:
            read = tuple(name.removesuffix(":0").lstrip("^") for name in each.get("input", ()))
            if not all(name.partition(":")[0] in ready for name in read):
                later.append(each)
                continue
            ready.add(each["name"])
            if each["op"] in ("Conv2D", "_FusedConv2D") and read[1] not in turned:  # two layers may share their weights
                turned.add(read[1])
                weights[read[1]] = weights[read[1]].transpose(3, 2, 0, 1)  # (H, W, in, out), where ONNX has (out, in, H, W)
            nodes += _tensorflow_node(each, read)
        if len(later) == len(waiting):
            raise ValueError(f"{path}: {later[0]['name']} waits for a tensor that nothing computes: the file is damaged")
        waiting = later
    outputs = [name for name in ready if not any(name in node.inputs for node in nodes) and name not in weights]
    return Graph(Path(path).name, nodes, inputs, outputs, weights.get, channels_last=True)


def _tensorflow_node(each: dict, read: tuple[str, ...]) -> list[Node]:
    op = TENSORFLOW.get(each["op"], each["op"])
    fused = each.get("attr", {}).get("fused_ops", {}).get("list", {}).get("s", ())
    acts = [name for name in (_decoded(value) for value in fused) if name in ("Relu", "Relu6", "Sigmoid")]
    name = each["name"]
    if not acts:
        return [Node(op, read, (name,), {}, name)]
    return [Node(op, read, (f"{name}.plain",), {}, name), Node(acts[0], (f"{name}.plain",), (name,), {}, f"{name}, {acts[0]}")]


def _decoded(text: str) -> str:
    import base64

    return base64.b64decode(text).decode("ascii", "replace")
