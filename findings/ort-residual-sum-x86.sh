#!/usr/bin/env bash
# ONNX Runtime 1.32.0, CPU, x86-64.
#
# Guess: in a network quantised by quantize_static with its default types, a residual sum that has no kernel in whole numbers runs in
#        float, and the convolutions around it still run in whole numbers (QLinearConv), as they do without the sum.
# Seen:  with the sum, all convolutions run in float as well: the graph that is executed holds Conv, with a DequantizeLinear before each
#        input, weights included. No warning. Without the sum it holds QLinearConv. With activation_type=QUInt8 it holds QLinearConv and
#        QLinearAdd. (A CIFAR ResNet of 20 layers took 1.9 times its float time with the default, and 0.7 times with QUInt8, on an AMD
#        EPYC with AVX2.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "onnxruntime==1.32.0" "onnx==1.23.2" numpy sympy
cd "$place"
"$place/venv/bin/python" - <<'PY'
import platform
from collections import Counter

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

assert platform.machine() in ("x86_64", "AMD64"), "this is about x86-64"
random = np.random.default_rng(0)
weights = [random.normal(size=shape).astype(np.float32) for shape in ((16, 3, 3, 3), (16, 16, 3, 3))]


class Pictures(CalibrationDataReader):
    def __init__(self):
        self.left = iter([{"x": random.normal(size=(1, 3, 16, 16)).astype(np.float32)} for _ in range(8)])

    def get_next(self):
        return next(self.left, None)


def executed(residual, **types):
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["a"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Conv", ["b", "w1"], ["c"], name="second", pads=[1, 1, 1, 1]),
    ]
    if residual:
        nodes.append(helper.make_node("Add", ["b", "c"], ["y"], name="sum"))
    graph = helper.make_graph(
        nodes,
        "two convolutions",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("y" if residual else "c", TensorProto.FLOAT, [1, 16, 16, 16])],
        [numpy_helper.from_array(each, f"w{i}") for i, each in enumerate(weights)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, "float.onnx")
    quantize_static("float.onnx", "int8.onnx", Pictures(), **types)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath, options.log_severity_level = "executed.onnx", 3
    onnxruntime.InferenceSession("int8.onnx", options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load("executed.onnx").graph.node)


chain, residual, unsigned = executed(False), executed(True), executed(True, activation_type=QuantType.QUInt8)
print(f"onnxruntime {onnxruntime.__version__}")
print(f"chain {dict(chain)}\nwith a sum {dict(residual)}\nwith a sum, QUInt8 {dict(unsigned)}")
assert (chain["Conv"], chain["QLinearConv"]) == (0, 2)
assert (residual["Conv"], residual["QLinearConv"]) == (2, 0), "the convolutions are no longer in float"
assert (unsigned["Conv"], unsigned["QLinearConv"], unsigned["QLinearAdd"]) == (0, 2, 1)
PY
