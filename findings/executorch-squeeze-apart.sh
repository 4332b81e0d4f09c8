#!/usr/bin/env bash
# ExecuTorch 1.5.1 (XNNPACK) with PyTorch 2.14.1, CPU.
#
# Guess: XNNPACK takes a whole network with SE, whether its squeeze is u.mean((2, 3)) or u.mean((2, 3), keepdim=True): it has kernels for means,
#        layers, sigmoids and products, and the two differ in shape alone.
# Seen:  it takes the mean only with keepdim=True, or as AdaptiveAvgPool2d(1). Otherwise ExecuTorch's portable kernel computes the mean, and
#        each SE block cuts the network: with three blocks, XNNPACK gets four parts instead of one. No message.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "executorch==1.5.1" numpy
"$place/venv/bin/python" -W ignore - <<'PY'
import logging
import warnings
from importlib.metadata import version

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from torch import nn

logging.disable(logging.CRITICAL)


class SE(nn.Module):
    def __init__(self, squeeze):
        super().__init__()
        self.squeeze, self.pool = squeeze, nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2 = nn.Linear(8, 4), nn.Linear(4, 8)

    def forward(self, u):
        if self.squeeze == "mean":
            z = u.mean((2, 3))
        else:
            z = (self.pool(u) if self.squeeze == "pool" else u.mean((2, 3), keepdim=True)).flatten(1)
        return u * torch.sigmoid(self.fc2(torch.relu(self.fc1(z))))[:, :, None, None]


def lowered(squeeze, blocks):
    """How many parts XNNPACK takes, and what it leaves."""
    layers = [layer for _ in range(blocks) for layer in (nn.Conv2d(8, 8, 3), SE(squeeze))]
    model = nn.Sequential(*layers, nn.Conv2d(8, 8, 3)).eval()
    program = torch.export.export(model, (torch.randn(1, 8, 16, 16),))
    graph = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).exported_program().graph
    calls = [str(node.target) for node in graph.nodes if node.op == "call_function" and "getitem" not in str(node.target)]
    parts = [each for each in calls if "executorch_call_delegate" in each]
    return len(parts), sorted({each.split(":")[1].strip(" >") for each in calls if each not in parts}), len(calls) - len(parts)


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    seen = {(squeeze, blocks): lowered(squeeze, blocks) for squeeze in ("mean", "keepdim", "pool") for blocks in (1, 3)}
print(f"executorch {version('executorch')}, torch {torch.__version__}")
for (squeeze, blocks), (parts, left, times) in seen.items():
    print(f"{squeeze}, {blocks} blocks: {parts} parts for XNNPACK, left over {times} {left}")
    assert (parts, times) == ((blocks + 1, blocks) if squeeze == "mean" else (1, 0)), (squeeze, blocks)
assert not [each for each in caught if "mean" in str(each.message)]
assert "mean" in str(seen["mean", 1][1]), seen
PY
