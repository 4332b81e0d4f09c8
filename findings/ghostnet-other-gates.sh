#!/usr/bin/env bash
# pytorchcv 0.0.74, timm 1.0.31, PyTorch 2.14.1, torchvision 0.29.1, CPU.
#
# Guess: networks of one name have the same gates in pytorchcv and in timm: as many hidden units, and one function. Only the names of the
#        weights differ.
# Seen:  that holds for EfficientNet-B0, SE-ResNet-50 and MobileNetV3-Small. GhostNet's gate is clamp(x, 0, 1) in pytorchcv, a hard sigmoid
#        of slope 1 that is closed at 0. In timm it has slope 1/6 and is 1/2 at 0. Two of its hidden layers have 18 and 30 units in
#        pytorchcv, and 20 and 32 in timm. SE-ResNet-18's first blocks have 4 (64 / 16) in pytorchcv, and in timm 8: its SEModule rounds to
#        multiples of 8.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "timm==1.0.31" "pytorchcv==0.0.74" numpy
"$place/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import timm
import torch
from pytorchcv.model_provider import get_model

SE = ("SEBlock", "SEModule", "SqueezeExcite")
x = torch.tensor([-3.0, -1.0, 0.0, 0.5, 1.0, 3.0])


def gates(model):
    """Of each SE block its channels and hidden units, and what its last function makes of x."""
    found = []
    for block in (each for each in model.modules() if type(each).__name__ in SE):
        layers = [each for each in block.modules() if isinstance(each, (torch.nn.Conv2d, torch.nn.Linear))]
        last = [each for each in block.modules() if not [*each.children(), *each.parameters()]][-1]
        found.append((tuple(layers[0].weight.shape[1::-1]), [round(value, 4) for value in last(x.clone()).tolist()]))
    return found


PAIRS = {
    "efficientnet_b0": "efficientnet_b0",
    "seresnet50": "seresnet50",
    "mobilenetv3_small_w1": "mobilenetv3_small_100",
    "ghostnet": "ghostnet_100",
    "seresnet18": "seresnet18",
}
seen = {one: (gates(get_model(one)), gates(timm.create_model(other))) for one, other in PAIRS.items()}
print(f"pytorchcv {version('pytorchcv')}, timm {timm.__version__}; the last function at {x.tolist()}")
for name, sides in seen.items():
    assert all(sides), name
    differ = [(one, other) for (one, _), (other, _) in zip(*sides, strict=True) if one != other]
    functions = [side[0][1] for side in sides]
    print(f"{name}: channels and hidden units that differ {differ}; functions", *(functions[:1] if functions[0] == functions[1] else functions))
for same in ("efficientnet_b0", "seresnet50", "mobilenetv3_small_w1"):
    assert seen[same][0] == seen[same][1], same
cv, other = seen["ghostnet"]
assert [each for each, _ in cv][:2] == [(72, 18), (120, 30)] and [each for each, _ in other][:2] == [(72, 20), (120, 32)]
assert all(function == [0, 0, 0, 0.5, 1, 1] for _, function in cv)
assert all(function == [0, 0.3333, 0.5, 0.5833, 0.6667, 1] for _, function in other)
assert [side[0][0] for side in seen["seresnet18"]] == [(64, 4), (64, 8)]
PY
