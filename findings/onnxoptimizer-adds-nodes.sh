#!/usr/bin/env bash
# onnxoptimizer 0.4.2, ONNX Runtime 1.32.0, CPU.
#
# Guess: onnxoptimizer.optimize, with the passes that it takes by default, turns a convolution with batch norm into one convolution, as its
#        pass fuse_bn_into_conv says.
# Seen:  the two nodes become eleven. It writes the arithmetic on the weights (Sqrt, Div, Mul, ...) into the graph instead of doing it, and
#        no pass of its own does it afterwards. Node counts of its output mislead, and a graph with SE is hard to read there. ONNX Runtime
#        computes the ten at load, and executes one convolution, as it does without onnxoptimizer.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "onnxruntime==1.32.0" "onnx==1.23.2" "onnxoptimizer==0.4.2" numpy
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PY'
from collections import Counter

import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
tensors = {"w": random.normal(size=(8, 8, 3, 3)), "b": random.normal(size=8)}
tensors |= {name: random.random(8) + 0.5 for name in ("gamma", "beta", "mean", "var")}
nodes = [
    helper.make_node("Conv", ["x", "w", "b"], ["u"]),
    helper.make_node("BatchNormalization", ["u", "gamma", "beta", "mean", "var"], ["y"]),
]
graph = helper.make_graph(
    nodes,
    "a convolution with batch norm",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 8, 8, 8))],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 8, 6, 6))],
    [numpy_helper.from_array(value.astype(np.float32), name) for name, value in tensors.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model, full_check=True)


def run(model):
    """The answer, and which operators ONNX Runtime executes."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = "seen.onnx"
    ready = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).normal(size=(1, 8, 8, 8)).astype(np.float32)
    return ready.run(None, {"x": x})[0], operators(onnx.load("seen.onnx"))


def operators(model):
    return Counter(node.op_type for node in model.graph.node)


done = onnxoptimizer.optimize(model)
print(f"onnxoptimizer {onnxoptimizer.__version__}: {len(model.graph.node)} nodes become {len(done.graph.node)}:", dict(operators(done)))
(before, plain), (after, executed) = run(model), run(done)
print("ONNX Runtime executes", dict(plain), "and", dict(executed))
assert len(done.graph.node) == 11 and operators(done)["Conv"] == 1, "the constants are no longer computed in the graph"
assert plain == executed == Counter({"Conv": 1}), (plain, executed)
assert np.allclose(before, after, rtol=1e-4, atol=1e-4)
PY
