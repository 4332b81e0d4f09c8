#!/usr/bin/env bash
# torchao 0.18.0 with torch 2.14.1 and torchvision 0.29.1.
#
# Guess: pt2e refuses an SE-ResNet (ValueError: Input partition has more than one output node) because of the gate's branch.
# Seen:  SE has nothing to do with it. prepare_pt2e with X86InductorQuantizer also refuses torchvision's plain ResNet-18: a residual
#        block calls one ReLU module twice, and the quantizer takes both calls for one. With a module for each call it takes the
#        same block, also with SE.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "torchao==0.18.0"
cat > "$place/seen.py" <<'PY'
import logging
import warnings

import torch
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import prepare_pt2e
from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86
from torchvision.models import resnet18

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


class Block(nn.Module):
    """A residual block of 8 channels. The second ReLU is a module of its own, or the first one called again."""

    def __init__(self, se, own):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.gate = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 8), nn.Sigmoid()) if se else None
        self.relu = nn.ReLU()
        self.relu2 = nn.ReLU() if own else None

    def forward(self, x):
        u = self.conv2(self.relu(self.conv1(x)))
        if self.gate is not None:
            u = u * self.gate(u.mean((2, 3)))[:, :, None, None]
        return (self.relu2 or self.relu)(u + x)


def answer(model, *shape):
    exported = torch.export.export(model.eval(), (torch.randn(shape),)).module()
    quantizer = x86.X86InductorQuantizer().set_global(x86.get_default_x86_inductor_quantization_config())
    try:
        prepare_pt2e(exported, quantizer)
    except ValueError as error:
        return f"refused: {error}"
    return "taken"


seen = {"resnet18": answer(resnet18(weights=None), 2, 3, 64, 64)}
for se in (False, True):
    for own in (False, True):
        name = f"block {'with' if se else 'without'} SE, {'two ReLUs' if own else 'one ReLU called twice'}"
        seen[name] = answer(Block(se, own), 2, 8, 8, 8)
for name, what in seen.items():
    print(f"{name}: {what}")
refused = [name for name, what in seen.items() if what == "refused: Input partition has more than one output node"]
assert refused == [
    "resnet18",
    "block without SE, one ReLU called twice",
    "block with SE, one ReLU called twice",
], refused
assert sum(what == "taken" for what in seen.values()) == 2
PY
"$place/venv/bin/python" "$place/seen.py"
