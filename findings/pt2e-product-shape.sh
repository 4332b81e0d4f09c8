#!/usr/bin/env bash
# torchao 0.18.0 with torch 2.14.1.
#
# Guess: pt2e with X86InductorQuantizer rounds an SE block's maps and gates before their product: `torch.mul` is among the operators
#        that it puts into 8 bits by default.
# Seen:  it rounds a product only where both tensors have one shape. Gates (N, C, 1, 1) times maps (N, C, H, W) stay in float, and so
#        does the squeeze: of SE only the two layers are in 8 bits. With `s.expand_as(u)`, which changes no answer in float, both
#        tensors are rounded. `torch.addcmul`, by which a block can add its shortcut, stays in float in either form.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchao==0.18.0"
cat > "$place/seen.py" <<'PY'
import logging
import warnings

import torch
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
PRODUCTS = {
    "u * s": lambda u, s: u * s,
    "u * s.expand_as(u)": lambda u, s: u * s.expand_as(u),
    "addcmul(u, u, s)": lambda u, s: torch.addcmul(u, u, s),
    "addcmul(u, u, s.expand_as(u))": lambda u, s: torch.addcmul(u, u, s.expand_as(u)),
}


class Network(nn.Module):
    """A convolution, an SE block of 8 channels, a convolution."""

    def __init__(self, product):
        super().__init__()
        self.product = product
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)
        self.gate = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 8), nn.Sigmoid())

    def forward(self, x):
        u = self.conv1(x)
        return self.conv2(self.product(u, self.gate(u.mean((2, 3)))[:, :, None, None]))


def rounded(product):
    """Of each operator of the network, how many of the tensors that it reads were rounded."""
    torch.manual_seed(0)
    model, x = Network(product).eval(), torch.randn(4, 3, 8, 8)
    quantizer = x86.X86InductorQuantizer().set_global(x86.get_default_x86_inductor_quantization_config())
    prepared = prepare_pt2e(torch.export.export(model, (x,)).module(), quantizer)
    prepared(x)
    reads = {}
    for node in convert_pt2e(prepared).graph.nodes:
        kind = str(node.target).removeprefix("aten.").partition(".")[0]
        if kind in ("conv2d", "mean", "linear", "mul", "addcmul"):
            reads.setdefault(kind, []).append(sum("dequantize_per_tensor" in str(each.target) for each in node.all_input_nodes))
    return model(x), reads


seen = {name: rounded(product) for name, product in PRODUCTS.items()}
for name, (_, reads) in seen.items():
    print(f"{name}: rounded inputs by operator {reads}")
for kind in ("u * s", "addcmul(u, u, s)"):
    expanded = kind.replace("s)", "s.expand_as(u))") if kind.endswith(")") else f"{kind}.expand_as(u)"
    assert torch.equal(seen[kind][0], seen[expanded][0]), "the two forms differ in float"
assert all(reads["conv2d"] == reads["linear"] == [1, 1] and reads["mean"] == [0] for _, reads in seen.values())
products = [reads.get("mul", reads.get("addcmul")) for _, reads in seen.values()]
assert products == [[0], [2], [0], [0]], products
PY
"$place/venv/bin/python" "$place/seen.py"
