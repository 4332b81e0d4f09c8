#!/usr/bin/env bash
# ONNX Runtime 1.32.0, onnxslim 0.1.98, onnxsim 0.8.1, CPU.
#
# Guess: a product of a convolution's output with a constant for each channel, such as a frozen gate, is folded into the convolution's
#        weights, whichever of the two is written first: u * s and s * u are one product.
# Seen:  ONNX Runtime and onnxslim fold Mul(u, s) and leave Mul(s, u) in the graph, which then runs for every picture. onnxsim folds both.
#        With one number for all channels, ONNX Runtime folds the shape () and leaves (1,) and (1, 1, 1, 1); onnxslim leaves all three, and
#        onnxsim folds all. The answers are the same each time. No message.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "onnxruntime==1.32.0" "onnx==1.23.2" "onnxslim==0.1.98" "onnxsim==0.8.1" numpy
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
x = random.normal(size=(1, 8, 8, 8)).astype(np.float32)


def network(shape, first):
    """A convolution times a constant, which is the first input of the product or the second."""
    tensors = {"w": random.normal(size=(8, 8, 3, 3)), "b": random.normal(size=8), "s": random.random(shape)}
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["u"]),
        helper.make_node("Mul", ["s", "u"] if first else ["u", "s"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "a frozen gate",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 8, 6, 6))],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def session(model, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = "seen.onnx"
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def by_runtime(model):
    session(model, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    return onnx.load("seen.onnx")


def answer(model):
    return session(model, onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, {"x": x})[0]


TOOLS = {"ONNX Runtime": by_runtime, "onnxslim": onnxslim.slim, "onnxsim": lambda model: onnxsim.simplify(model)[0]}
left = {}
for shape in ((1, 8, 1, 1), (8, 1, 1), (), (1,), (1, 1, 1, 1)):
    for first in (False, True) if 8 in shape else (False,):
        model = network(shape, first)
        for tool, optimise in TOOLS.items():
            done = optimise(onnx.ModelProto.FromString(model.SerializeToString()))
            assert np.allclose(answer(done), answer(model), rtol=1e-4, atol=1e-4), (tool, shape, first)
            left[tool, shape, first] = "Mul" in [node.op_type for node in done.graph.node]
for (tool, shape, first), kept in left.items():
    print(f"{tool}: {'s * u' if first else 'u * s'}, s of shape {shape}: the product is", "left" if kept else "folded")
    if tool == "onnxsim":
        expected = False
    elif 8 in shape:
        expected = first
    else:
        expected = tool == "onnxslim" or shape != ()
    assert kept == expected, (tool, shape, first)
PY
