#!/usr/bin/env bash
# torchvision 0.29.1 with PyTorch 2.14.1, CPU.
#
# Guess: create_feature_extractor(resnet18(), ["bn1", "layer1"]) gives for "bn1" what the batch norm gave, as
#        create_feature_extractor(resnet18(), ["bn1"]) does: a node's value doesn't depend on which others are asked for.
# Seen:  with "layer1" it gives the ReLU of that: nothing below 0. The ReLU that follows works in place, on the tensor that is to be
#        returned, and runs only if something after it is asked for. No error, no warning; in training mode the same. Captum 0.9.0's
#        LayerActivation copies what it sees, and is right.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "captum==0.9.0" numpy
"$place/venv/bin/python" - <<'PY'
import warnings

import captum
import torch
import torchvision
from captum.attr import LayerActivation
from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

warnings.simplefilter("error")
torch.manual_seed(0)
model, x = resnet18(weights=None).eval(), torch.randn(1, 3, 64, 64)
with torch.no_grad():
    alone = create_feature_extractor(model, ["bn1"])(x)["bn1"]
    both = create_feature_extractor(model, ["bn1", "layer1"])(x)["bn1"]
    seen = LayerActivation(model, model.bn1).attribute(x)
print(f"torchvision {torchvision.__version__}, captum {captum.__version__}: bn1 alone from {alone.min():.3f}, with layer1 from {both.min():.3f}")
assert alone.min() < 0
assert torch.equal(both, alone.relu()), "no longer overwritten"
assert torch.equal(seen, alone)
training = create_feature_extractor(model.train(), ["bn1", "layer1"])(torch.randn(2, 3, 64, 64))
assert training["bn1"].min() == 0, "no longer overwritten in training mode"
PY
