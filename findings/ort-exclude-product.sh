#!/usr/bin/env bash
# ONNX Runtime 1.32.0 (its quantiser), any processor.
#
# Guess: nodes_to_exclude=["product"] keeps the product of an SE block in float: its two inputs and its output are not rounded.
# Seen:  the file is, byte for byte, the one without nodes_to_exclude. Each tensor around the product is also a tensor of a
#        neighbour that is quantised (the convolution before it, the Reshape that shapes the gate, the convolution after it), and
#        the neighbour has it rounded. It needs the neighbours' names too. No warning.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "onnxruntime==1.32.0" "onnx==1.23.2" numpy sympy
cd "$place"
"$place/venv/bin/python" - <<'PY'
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, quantize_static

random = np.random.default_rng(0)
shapes = {"w0": (16, 3, 3, 3), "w1": (16, 4), "w2": (4, 16), "w3": (8, 16, 3, 3)}
tensors = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
tensors["axes"], tensors["shape"] = np.array([2, 3]), np.array([1, 16, 1, 1])
nodes = [
    helper.make_node("Conv", ["x", "w0"], ["u"], name="before"),
    helper.make_node("ReduceMean", ["u", "axes"], ["z"], keepdims=0, name="squeeze"),
    helper.make_node("MatMul", ["z", "w1"], ["h"], name="fc1"),
    helper.make_node("Relu", ["h"], ["r"], name="relu"),
    helper.make_node("MatMul", ["r", "w2"], ["g"], name="fc2"),
    helper.make_node("Sigmoid", ["g"], ["s"], name="sigmoid"),
    helper.make_node("Reshape", ["s", "shape"], ["t"], name="reshape"),
    helper.make_node("Mul", ["u", "t"], ["v"], name="product"),
    helper.make_node("Conv", ["v", "w3"], ["y"], name="after"),
]
graph = helper.make_graph(
    nodes,
    "an SE block between two convolutions",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 12, 12])],
    [numpy_helper.from_array(each, name) for name, each in tensors.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.checker.check_model(model)
onnx.save(model, "float.onnx")
seen = [{"x": random.normal(size=(1, 3, 16, 16)).astype(np.float32)} for _ in range(8)]


class Pictures(CalibrationDataReader):
    def __init__(self):
        self.left = iter(seen)

    def get_next(self):
        return next(self.left, None)


def quantised(*left):
    quantize_static("float.onnx", "int8.onnx", Pictures(), nodes_to_exclude=list(left))
    return Path("int8.onnx").read_bytes()


whole, product, four = quantised(), quantised("product"), quantised("before", "reshape", "product", "after")
print(f"onnxruntime {onnxruntime.__version__}: {len(whole)} bytes, without the product {len(product)}, without all four {len(four)}")
assert product == whole, "leaving out the product now changes the file"
assert four != whole
PY
