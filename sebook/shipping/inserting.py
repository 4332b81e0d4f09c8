"""SE put into a trained ResNet so that it answers as before: a gate of 1/2, and maps that are twice as large.

A new block's gates are all near 1/2. So every residual branch gives later layers half of what they were trained for. With its last
layer at zero, a gate is exactly sigmoid(0) = 1/2 for every picture. Doubling the weight and bias of the batch norm before it makes
up for that. Halving and doubling are exact in floating point, so that not a bit of the answers changes.
The block is the paper's, and this start costs nothing later. Each gate can go down as well as up: the channel's factor starts at
2 sigmoid(0) = 1 and can become anything from 0 to 2. The gradient reaches the last layer in the first step, and the first layer
from the second step on.

Other ways to begin at 1 are worse: a bias of +5 gives .993, and a gradient 37 times smaller than at 0; 2 sigmoid as the gate's
function is the same as here, but other tools don't know it.
"""

import copy
from typing import Any

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from senet.arguments import one_of
from senet.models.resnet import SEBasicBlock, SEBottleneck
from senet.models.se import SEBlock

STARTS = ("identity", "half")


def insert_se(model: nn.Module, reduction: int = 16, *, start: str = "identity", **options: Any) -> nn.Module:
    """A copy of ``model`` with an SE block in every residual block, in the standard place.

    Args:
        model: a ResNet of ours without SE, or torchvision's; also a part of a larger network. Layers keep their names and weights.
        reduction: the reduction ratio, r.
        start: ``"identity"``, for the same answers as ``model`` at first, or ``"half"``: the blocks as they come, with gates near
            1/2. Both draw their weights from torch's generator.
        **options: ``bias`` and ``min_hidden`` of :class:`~senet.models.se.SEBlock`.

    Raises:
        ValueError: ``model`` has no residual block that is known here, or has SE already; a norm without weights.
    """
    one_of(STARTS, start=start)
    model = copy.deepcopy(model)
    blocks = [(name, module) for name, module in model.named_modules() if isinstance(module, (BasicBlock, Bottleneck))]
    if not blocks:
        raise ValueError(
            f"{type(model).__name__} has no BasicBlock or Bottleneck of torchvision's or ours. In another network: put an SEBlock "
            "after the last norm of each branch, set its fc2 to zero, and double that norm's weight and bias"
        )
    for name, block in blocks:
        if isinstance(getattr(block, "se", None), SEBlock):
            raise ValueError(f"{name or type(model).__name__} has an SE block already: pass a network without SE")
        with_se = _with_se(block, name, reduction, start, options)
        if not name:
            return with_se
        model.set_submodule(name, with_se)
    return model


def _with_se(block: BasicBlock | Bottleneck, name: str, reduction: int, start: str, options: dict[str, Any]) -> nn.Module:
    kind, last = (SEBottleneck, "3") if isinstance(block, Bottleneck) else (SEBasicBlock, "2")
    conv, norm = block.get_submodule(f"conv{last}"), block.get_submodule(f"bn{last}")
    made = kind(
        block.conv1.in_channels, conv.out_channels // kind.expansion, se=lambda channels: SEBlock(channels, reduction, **options)
    )
    for child, module in block.named_children():
        if child not in ("relu", "se"):
            setattr(made, child, module)
    made.downsample, made.stride = block.downsample, block.stride
    made.se.to(conv.weight)
    if start == "identity":
        if getattr(norm, "weight", None) is None:
            raise ValueError(f"{name}.bn{last} has no weight that could be doubled: give its norm affine=True, or start='half'")
        with torch.no_grad():
            for values in (norm.weight, norm.bias):
                values.mul_(2)
            for values in made.se.fc2.parameters():
                values.zero_()
    return made.train(block.training)
