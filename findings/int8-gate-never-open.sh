#!/usr/bin/env bash
# PyTorch 2.14.1, eager static quantisation (torch.ao.quantization) of a squeeze-and-excitation gate.
#
# Guess: a gate that is 1 in float stays 1 in 8 bits: calibration sees that the largest value is exactly 1 and sets the scale to
#        1/255, as it does for the output of a ReLU that never exceeds 1.
# Seen:  it becomes 255/256 = 0.99609375. Sigmoid and Hardsigmoid get a fixed scale of 1/256 whatever calibration has seen, so that
#        no gate can be fully open. A ReLU with the same values gives 0.9995. Nine such blocks in a row, as MobileNetV3-Small has them,
#        leave 0.965 of the signal. The script fails if a gate reaches 1, or if the scale is another.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" numpy
"$place/venv/bin/python" -W ignore - <<'PY'
import torch
from torch import nn
from torch.ao import quantization

x = torch.linspace(0, 1, 101).repeat(4, 1)  # what a hard sigmoid makes 1 is 3 and above
seen = {}
for name, layer, scaled in (
    ("Sigmoid", nn.Sigmoid(), 40 * x),
    ("Hardsigmoid", nn.Hardsigmoid(), 6 * x),
    ("ReLU", nn.ReLU(), x),
):
    assert layer(scaled).max() == 1.0, name  # in float32
    model = nn.Sequential(quantization.QuantStub(), layer, quantization.DeQuantStub()).eval()
    model.qconfig = quantization.get_default_qconfig("fbgemm")
    quantization.prepare(model, inplace=True)
    model(scaled)
    quantization.convert(model, inplace=True)
    seen[name] = model(scaled).max().item()
print(f"torch {torch.__version__}: the largest value that is 1 in float32 is, in 8 bits,", seen)
assert seen["Sigmoid"] == seen["Hardsigmoid"] == 255 / 256, seen
assert seen["ReLU"] > 0.999, seen
print(f"nine open gates in a row: {(255 / 256) ** 9:.3f}")
PY
