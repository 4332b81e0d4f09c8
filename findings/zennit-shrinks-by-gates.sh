#!/usr/bin/env bash
# Zennit 0.5.1 with PyTorch 2.14.1, torchvision 0.29.1, CPU.
#
# Guess: layer-wise relevance propagation conserves: with EpsilonPlus, the relevance of the pixels sums to that of the class, with SE
#        blocks as without, as long as no layer has a bias. Or Zennit warns of a product that it has no rule for.
# Seen:  each SE block multiplies the sum by its gates. Gates that are 1/2 for any input change nothing about which pixels matter, and yet
#        after one block the relevance sums to 1/2, after two to 1/4, after three to 1/8. Without the blocks it sums to 1. Rules apply to
#        modules; the product is a call inside torchvision's SqueezeExcitation, and takes a plain gradient. No warning.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "zennit==0.5.1" numpy
"$place/venv/bin/python" - <<'PY'
import warnings
from importlib.metadata import version

import torch
from torch import nn
from torchvision.ops import SqueezeExcitation
from zennit.attribution import Gradient
from zennit.composites import EpsilonPlus


def half():
    """An SE block whose gates are 1/2 whatever it is shown."""
    block = SqueezeExcitation(16, 4)
    for each in block.parameters():
        nn.init.zeros_(each)
    return block


def relevance(blocks):
    torch.manual_seed(0)
    first, last = nn.Conv2d(3, 16, 3, bias=False), nn.Linear(16, 5, bias=False)
    x, asked = torch.rand(2, 3, 16, 16), torch.eye(5)[[1, 3]]
    model = nn.Sequential(
        first, nn.ReLU(), *(half() for _ in range(blocks)), nn.AdaptiveAvgPool2d(1), nn.Flatten(), last
    ).eval()
    with Gradient(model=model, composite=EpsilonPlus()) as attribute:
        return attribute(x, asked)[1]


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    shown = {blocks: relevance(blocks) for blocks in (0, 1, 2, 3)}
sums = {blocks: each.sum((1, 2, 3)).tolist() for blocks, each in shown.items()}
print(f"zennit {version('zennit')}: relevance of the pixels by number of SE blocks", sums)
said = [str(each.message) for each in caught if "hook" not in str(each.message)]
assert not said, said
for blocks, each in sums.items():
    assert all(abs(value * 2**blocks - 1) < 0.02 for value in each), (blocks, each)
for blocks in (1, 2, 3):
    assert torch.allclose(shown[blocks] * 2**blocks, shown[0], rtol=0.02, atol=1e-5), "other pixels matter"
PY
