#!/usr/bin/env bash
# PyTorch 2.14.1, CPU, a processor with AVX2 and without bfloat16 instructions.
#
# Guess: where a CPU has no bfloat16 instructions, torch.autocast("cpu", torch.bfloat16) leaves a convolution in float32, or
#        warns, since torch.ops.mkldnn._is_mkldnn_bf16_supported() says False there.
# Seen:  it computes the convolution in bfloat16 and says nothing. A training step of a 3x3 convolution took 6 to 7 times as long as in
#        float32 on an AMD EPYC (Milan). A newer processor behaves the same when it is limited to AVX2, as below. The ratio is
#        taken within one run; the script fails if it falls to 2 or less, if a warning appears, or if the dtype is another.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" numpy
OMP_NUM_THREADS=1 ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 "$place/venv/bin/python" - <<'PY'
import time
import warnings

import torch

layer = torch.nn.Conv2d(32, 32, 3, padding=1).to(memory_format=torch.channels_last)
x = torch.randn(32, 32, 32, 32).to(memory_format=torch.channels_last)
best = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(5):
        for enabled in (True, False):
            began = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                out = layer(x)
            out.float().sum().backward()
            best[enabled] = min(best.get(enabled, 9e9), time.perf_counter() - began)
            assert out.dtype == (torch.bfloat16 if enabled else torch.float32), out.dtype
ratio = best[True] / best[False]
print(f"torch {torch.__version__}: bfloat16 over float32 {ratio:.1f}, {len(caught)} warnings")
assert not caught, [str(each.message) for each in caught]
assert ratio > 2, ratio
PY
