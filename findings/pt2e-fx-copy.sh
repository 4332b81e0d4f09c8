#!/usr/bin/env bash
# torchao 0.18.0 with torch 2.14.1.
#
# Guess: pt2e refuses a block that calls one ReLU module twice (see pt2e-one-relu.sh), and takes a copy by torch.fx in which the second
#        call has a module of its own.
# Seen:  it also refuses the copy, with the same words. torch.fx notes in each node which module it was traced from, torch.export keeps
#        that note, and torchao goes by it. With the notes cleared (`node.meta.clear()`) the copy is taken.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchao==0.18.0"
cat > "$place/seen.py" <<'PY'
import logging
import warnings

import torch
from torch import fx, nn
from torchao.quantization.pt2e.quantize_pt2e import prepare_pt2e
from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


class Block(nn.Module):
    """A residual block that calls one ReLU module twice."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv2(self.relu(self.conv1(x))) + x)


def apart(model, cleared):
    """A copy whose second call of the ReLU has a module of its own."""
    copy = fx.symbolic_trace(model)
    second = [node for node in copy.graph.nodes if node.target == "relu"][1]
    copy.add_submodule("relu2", nn.ReLU())
    second.target = "relu2"
    for node in copy.graph.nodes:
        if cleared:
            node.meta.clear()
    copy.recompile()
    return copy


def answer(model, x):
    quantizer = x86.X86InductorQuantizer().set_global(x86.get_default_x86_inductor_quantization_config())
    try:
        prepare_pt2e(torch.export.export(model, (x,)).module(), quantizer)
    except ValueError as error:
        return f"refused: {error}"
    return "taken"


x, block = torch.randn(2, 8, 8, 8), Block().eval()
copies = {"the copy": apart(block, False), "the copy, notes cleared": apart(block, True)}
seen = {"the block": answer(block, x)}
for name, copy in copies.items():
    assert torch.equal(copy(x), block(x)) and {"relu", "relu2"} <= dict(copy.named_modules()).keys()
    seen[name] = answer(copy, x)
for name, what in seen.items():
    print(f"{name}: {what}")
refused = "refused: Input partition has more than one output node"
assert list(seen.values()) == [refused, refused, "taken"], seen
PY
"$place/venv/bin/python" "$place/seen.py"
