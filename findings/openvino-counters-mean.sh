#!/usr/bin/env bash
# OpenVINO 2026.4.1, CPU.
#
# Guess: after each infer(), InferRequest.get_profiling_info() says how long each layer took in that run.
# Seen:  it says the mean over all runs of that request so far. The first run makes kernels: a fully connected layer of 16 x 4 took
#        thousands of microseconds in it and a few afterwards, and so the times of later runs fall as 1/n, and after 50 runs are still
#        many times what a run takes. Differences of n times the mean give the true times.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "openvino==2026.4.1" numpy
"$place/venv/bin/python" - <<'PY'
import numpy as np
import openvino
from openvino import opset13 as op

x = op.parameter([1, 16], np.float32)
weights = np.random.default_rng(0).normal(size=(4, 16)).astype(np.float32)
model = openvino.Model([op.relu(op.matmul(x, op.constant(weights), False, True))], [x])
ready = openvino.Core().compile_model(model, "CPU", {"PERF_COUNT": True, "INFERENCE_NUM_THREADS": 1})
request, said = ready.create_infer_request(), []
for _ in range(50):
    request.infer(np.ones((1, 16), np.float32))
    layers = [each for each in request.get_profiling_info() if each.node_type in ("FullyConnected", "MatMul")]
    said.append(sum(each.real_time.total_seconds() for each in layers) * 1e6)
true = [n * said[n - 1] - (n - 1) * said[n - 2] for n in range(2, 51)]
print(f"openvino {openvino.__version__}: run 1 {said[0]:.0f} us, run 2 {said[1]:.0f}, run 50 {said[49]:.0f}; by differences {np.median(true):.0f}")
assert 0.4 < said[1] / said[0] < 0.7, "run 2 no longer shows half of run 1: the counters may now be those of one run"
assert said[49] > 3 * max(np.median(true), 1)
PY
