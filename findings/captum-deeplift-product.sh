#!/usr/bin/env bash
# Captum 0.9.0 with PyTorch 2.14.1, CPU.
#
# Guess: DeepLift's attributions sum to f(x) - f(baseline), as its documentation promises, up to rounding, also where two tensors that
#        depend on x are multiplied; or it warns of the product.
# Seen:  with u * v, where u = 2x + 1 and v = 3x - 1, the sum is off by (u - u0)(v - v0) exactly: the gradients of the product are taken
#        at x, and so that term counts twice. No warning but the usual one on hooks. In squeeze-and-excitation networks, where each block
#        ends in such a product, the sum is off by most of the difference.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "captum==0.9.0" numpy
"$place/venv/bin/python" - <<'PY'
import captum
import torch
from captum.attr import DeepLift, IntegratedGradients


class Product(torch.nn.Module):
    def forward(self, x):
        return ((2 * x + 1) * (3 * x - 1)).sum(1, keepdim=True)


torch.manual_seed(0)
model, x, baseline = Product(), torch.randn(4, 3), torch.zeros(4, 3)
change = (model(x) - model(baseline))[:, 0]
off = DeepLift(model).attribute(x, baseline).sum(1) - change
twice = (2 * x * 3 * x).sum(1)
other = IntegratedGradients(model).attribute(x, baseline, n_steps=50).sum(1) - change
print(f"captum {captum.__version__}: off by {off.tolist()}, (u - u0)(v - v0) is {twice.tolist()}; integrated gradients off by {other.abs().max():.1e}")
assert torch.allclose(off, twice, rtol=1e-4), "the sum is no longer off by the product of the changes"
assert other.abs().max() < 1e-3 * change.abs().max()
PY
