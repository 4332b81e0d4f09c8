"""A detector for TensorFlow.js, small and of random weights: as ONNX it computes what its file says, channels last, in numpy."""

import base64
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from sebook.network_files.onnx_network import OnnxNetwork
from tools.wild_objects import CLASSES, as_onnx, strongest

SIDE, SHARED = 10, "shared"
SHAPES = {  # as TensorFlow has them: height, width, in, out; of a depthwise layer height, width, channels, 1
    "stem/w": (3, 3, 3, 8),
    "stem/b": (8,),
    SHARED: (3, 3, 8, 1),
    "deep/b": (8,),
    "twice/w": (3, 3, 8, 8),
    "down/w": (1, 1, 8, 4),
    "down/b": (4,),
    "up/w": (1, 1, 4, 8),
    "up/b": (8,),
    "skip/w": (1, 1, 3, 5),
    "head/w": (1, 1, 13, 6),
    "head/b": (6,),
}


def node(name: str, op: str, *read: str, **attr: object) -> dict:
    return {"name": name, "op": op, "input": list(read), "attr": attr}


def conv(name: str, op: str, *read: str, stride: int = 1, fused: tuple[str, ...] = ()) -> dict:
    def word(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    strides = {"list": {"i": ["1", str(stride), str(stride), "1"]}}
    more = {"fused_ops": {"list": {"s": [word(each) for each in fused]}}} if fused else {}
    return node(name, op, *read, strides=strides, padding={"s": word("SAME")}, **more)


NODES = [
    node("picture", "Placeholder", shape={"shape": {"dim": [{"size": str(size)} for size in (1, SIDE, SIDE, 3)]}}),
    conv("stem", "_FusedConv2D", "picture", "stem/w", "stem/b", stride=2, fused=("BiasAdd", "Relu6")),
    conv("deep", "FusedDepthwiseConv2dNative", "stem", SHARED, "deep/b", fused=("BiasAdd", "Relu")),
    conv("deeper", "DepthwiseConv2dNative", "deep", SHARED),
    conv("once", "Conv2D", "deeper", "twice/w"),
    conv("twice", "Conv2D", "once", "twice/w"),
    node("squeeze", "Mean", "twice", "axes", keep_dims={"b": True}),
    conv("down", "_FusedConv2D", "squeeze", "down/w", "down/b", fused=("BiasAdd", "Relu")),
    conv("up", "Conv2D", "down", "up/w"),
    node("biased", "BiasAdd", "up", "up/b"),
    node("gate", "Sigmoid", "biased"),
    node("product", "Mul", "twice", "gate"),
    node("larger", "ResizeBilinear", "product", "size", align_corners={"b": False}, half_pixel_centers={"b": False}),
    conv("skip", "Conv2D", "picture", "skip/w"),
    node("both", "ConcatV2", "larger", "skip", "axis"),
    conv(CLASSES, "_FusedConv2D", "both", "head/w", "head/b", fused=("BiasAdd",)),
    node("best", "ArgMax", CLASSES, "axis"),
]


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    drawn = np.random.default_rng(0)
    return {name: drawn.normal(0, 0.3, shape).astype(np.float32) for name, shape in SHAPES.items()}


@pytest.fixture(scope="module")
def file(weights: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its ``model.json``, with the weights in a file beside it."""
    folder = tmp_path_factory.mktemp("detector")
    whole = weights | {name: np.int32(value) for name, value in {"axes": [1, 2], "size": [SIDE, SIDE], "axis": 3}.items()}
    (folder / "weights.bin").write_bytes(b"".join(values.tobytes() for values in whole.values()))
    stored = [{"name": name, "shape": list(values.shape), "dtype": str(values.dtype)} for name, values in whole.items()]
    consts = [{"name": name, "op": "Const"} for name in whole]
    manifest = [{"paths": ["weights.bin"], "weights": stored}]
    said = {"format": "graph-model", "modelTopology": {"node": [*NODES[::-1], *consts]}, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(said), encoding="utf8")
    return folder / "model.json"


def windows(x: np.ndarray, side: int, stride: int) -> np.ndarray:
    """TensorFlow's ``SAME``: (H, W, C) to (rows, columns, side, side, C). What is uneven is padded below and to the right."""
    count = -(-len(x) // stride)
    total = max((count - 1) * stride + side - len(x), 0)
    padded = np.pad(x, (*[(total // 2, total - total // 2)] * 2, (0, 0)))
    at = range(0, count * stride, stride)
    return np.array([[padded[i : i + side, j : j + side] for j in at] for i in at])


def convolved(x: np.ndarray, weight: np.ndarray, stride: int = 1) -> np.ndarray:
    return np.einsum("ijhwc,hwco->ijo", windows(x, len(weight), stride), weight)


def enlarged(x: np.ndarray, side: int) -> np.ndarray:
    """Pixel i of the result is at i times the ratio of the sides, between two pixels or beyond the last."""
    at = np.arange(side) * len(x) / side
    low = at.astype(int)
    high, part = np.minimum(low + 1, len(x) - 1), (at - low)[:, None, None]
    rows = x[low] * (1 - part) + x[high] * part
    return rows[:, low] * (1 - part[:, 0]) + rows[:, high] * part[:, 0]


def computed(x: np.ndarray, w: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The map of classes of a picture (H, W, 3), and its gates."""
    stem = np.clip(convolved(x, w["stem/w"], 2) + w["stem/b"], 0, 6)
    deep = np.maximum(np.einsum("ijhwc,hwc->ijc", windows(stem, 3, 1), w[SHARED][..., 0]) + w["deep/b"], 0)
    deeper = np.einsum("ijhwc,hwc->ijc", windows(deep, 3, 1), w[SHARED][..., 0])
    u = convolved(convolved(deeper, w["twice/w"]), w["twice/w"])
    hidden = np.maximum(u.mean((0, 1)) @ w["down/w"][0, 0] + w["down/b"], 0)
    s = 1 / (1 + np.exp(-(hidden @ w["up/w"][0, 0] + w["up/b"])))
    both = np.concatenate([enlarged(u * s, SIDE), x @ w["skip/w"][0, 0]], -1)
    return both @ w["head/w"][0, 0] + w["head/b"], s


def test_the_converted_detector_computes_what_its_file_says(file, weights, tmp_path):
    network = OnnxNetwork(as_onnx(file, CLASSES, tmp_path / "detector.onnx"))
    pictures = np.random.default_rng(1).uniform(0, 3, (3, 3, SIDE, SIDE)).astype(np.float32)
    taken = network.run(pictures)
    (gates,) = taken.excitation.values()
    for i, picture in enumerate(pictures):
        maps, s = computed(picture.transpose(1, 2, 0).astype(float), weights)
        np.testing.assert_allclose(taken.outputs[0][i].transpose(1, 2, 0), maps, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(gates[i], s, rtol=1e-4, atol=1e-5)
    assert [gate.proof for gate in network.prove(pictures).gates] == ["proved"]


def test_only_what_the_map_of_classes_needs_is_converted(file, tmp_path):
    made = onnx.load(as_onnx(file, CLASSES, tmp_path / "detector.onnx"))
    assert [each.name for each in made.graph.output] == [CLASSES] and "best" not in {each.output[0] for each in made.graph.node}
    with pytest.raises(ValueError, match="best: ArgMax is not converted here"):
        as_onnx(file, "best", tmp_path / "other.onnx")


def test_the_strongest_thing_is_the_class_of_the_clearest_pixel():
    maps = np.zeros((2, 4, 3, 3))
    maps[0, 1] = 0.4  # a large thing, not so clear as
    maps[0, 3, 2, 0] = 0.5  # a small one
    maps[1, 2, 1, 1] = 0.2
    named, sure = strongest([maps, np.ones((2, 9))])
    assert named.tolist() == [3, 2] and sure.tolist() == [0.5, 0.2]
