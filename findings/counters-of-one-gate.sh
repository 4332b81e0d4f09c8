#!/usr/bin/env bash
# ultralytics-thop 2.2.3, fvcore 0.1.5.post20221221, ptflops 0.7.5, torchinfo 1.8.0, PyTorch 2.14.1, torchvision 0.29.1.
#
# Guess: tools that count multiply-adds agree on one SE block (64 channels at 56x56, 4 hidden units), and it doesn't matter to them
#        whether its mean is a module (torchvision's SqueezeExcitation) or a call (x.mean), nor whether its layers are 1x1
#        convolutions or Linear.
# Seen:  written with modules, the same block costs 580 (torchinfo; ptflops by operators), 201,216 (fvcore), 201,280 (thop) or
#        401,996 (ptflops by modules): a factor of 700. Written with calls it costs 512 or 580 in all of them. The two layers take
#        512, and their biases 68. fvcore and thop count the pooling, but only as a module; ptflops by modules counts the gate and the
#        product as well.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" ultralytics-thop==2.2.3 \
    fvcore==0.1.5.post20221221 ptflops==0.7.5 torchinfo==1.8.0 numpy
"$place/venv/bin/python" -W ignore - <<'PY'
import logging

import ptflops
import thop
import torch
import torchinfo
from fvcore.nn import FlopCountAnalysis
from torchvision.ops import SqueezeExcitation

logging.disable()


class ByCalls(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = torch.nn.Linear(64, 4), torch.nn.Linear(4, 64)

    def forward(self, x):
        return x * torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3))))))[:, :, None, None]


def counts(block):
    shape = (64, 56, 56)
    x = torch.randn(1, *shape)
    quiet = {"as_strings": False, "print_per_layer_stat": False, "verbose": False}
    return {
        "thop": thop.profile(block, inputs=(x,), verbose=False)[0],
        "fvcore": FlopCountAnalysis(block, x).unsupported_ops_warnings(False).total(),
        "ptflops by modules": ptflops.get_model_complexity_info(block, shape, backend="pytorch", **quiet)[0],
        "ptflops by operators": ptflops.get_model_complexity_info(block, shape, backend="aten", **quiet)[0],
        "torchinfo": torchinfo.summary(block, input_data=x, verbose=0).total_mult_adds,
    }


modules, calls = counts(SqueezeExcitation(64, 4).eval()), counts(ByCalls().eval())
for tool in modules:
    print(f"{tool:20} {int(modules[tool]):>8,} with modules, {int(calls[tool]):>4,} with calls")
assert [*map(int, modules.values())] == [201_280, 201_216, 401_996, 580, 580], modules
assert [*map(int, calls.values())] == [512, 512, 580, 580, 580], calls
PY
