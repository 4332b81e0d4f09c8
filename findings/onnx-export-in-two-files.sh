#!/usr/bin/env bash
# PyTorch 2.14.1, torchvision 0.29.1: torch.onnx.export of MobileNetV3-Small (2.5 million parameters, 10 MB).
#
# Guess: a network of 10 MB becomes one .onnx file. Weights go into a second file only where the first would pass the 2 GB that
#        protobuf allows, as with the older exporter.
# Seen:  the exporter puts all weights into a second file, small.onnx.data, whatever their size, and says so nowhere in its output.
#        small.onnx by itself has no weights: who moves it, mails it, or drops it on a web page has nothing that runs.
#        external_data=False makes one file; so does the older exporter (dynamo=False). The script fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "onnx==1.23.2" "onnxscript==0.7.2" numpy
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
from pathlib import Path

import torch
from torchvision.models import mobilenet_v3_small

model, picture = mobilenet_v3_small().eval(), (torch.zeros(1, 3, 224, 224),)
sizes, said = {}, io.StringIO()
for name, how in (("default", {}), ("one file", {"external_data": False}), ("older", {"dynamo": False})):
    path = Path(name.replace(" ", "-") + ".onnx")
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        torch.onnx.export(model, picture, str(path), **how)
    data = Path(f"{path}.data")
    sizes[name] = (path.stat().st_size / 1e6, data.stat().st_size / 1e6 if data.exists() else 0.0)
print(f"torch {torch.__version__}: MB of .onnx and of .onnx.data", {k: tuple(round(v, 1) for v in both) for k, both in sizes.items()})
assert sizes["default"][0] < 1 < 9 < sizes["default"][1], sizes
assert sizes["one file"][0] > 9 and sizes["older"][0] > 9, sizes
assert sizes["one file"][1] == sizes["older"][1] == 0, sizes
assert ".data" not in said.getvalue(), said.getvalue()
PY
