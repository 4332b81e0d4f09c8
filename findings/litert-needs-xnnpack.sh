#!/usr/bin/env bash
# ai-edge-litert 2.3.0 (CPU); the network is MediaPipe's selfie_segmentation.tflite, out of npm's @mediapipe/selfie_segmentation 0.1.1675465747.
#
# Guess: a delegate only makes a network faster. Without the default delegates LiteRT runs the same file on its own kernels, slower,
#        and preserving all tensors changes nothing but memory.
# Seen:  without the default delegates (BUILTIN_WITHOUT_DEFAULT_DELEGATES) the interpreter can't allocate the file at all: its custom
#        operation Convolution2DTransposeBias has no kernel there, and XNNPACK alone knows it. With the defaults, and with
#        experimental_preserve_all_tensors as well, it runs, and both give the same mask.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm pack --silent @mediapipe/selfie_segmentation@0.1.1675465747 >/dev/null
tar xzf mediapipe-selfie_segmentation-0.1.1675465747.tgz package/selfie_segmentation.tflite
python3 -m venv venv
venv/bin/pip install --quiet "ai-edge-litert==2.3.0" "numpy<3"
venv/bin/python - <<'PY'
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

FILE = "package/selfie_segmentation.tflite"
x = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)


def mask(**options):
    run = Interpreter(model_path=FILE, num_threads=1, **options)
    run.allocate_tensors()
    run.set_tensor(run.get_input_details()[0]["index"], x)
    run.invoke()
    return run.get_tensor(run.get_output_details()[0]["index"])


plain, kept = mask(), mask(experimental_preserve_all_tensors=True)
print("with the default delegates:", plain.shape, "largest difference with all tensors kept:", np.abs(plain - kept).max())
assert np.array_equal(plain, kept)
try:
    mask(experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
except RuntimeError as error:
    said = str(error)
else:
    said = ""
print("without them:", said.splitlines()[0] if said else "it runs")
assert "Convolution2DTransposeBias" in said, said
PY
