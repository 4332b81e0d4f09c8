"""DeepLift on a network with SE: how far Captum's attributions are from their sum, and a product that keeps it.

DeepLift (Shrikumar et al., arXiv 1704.02685) promises attributions that sum to the change of the target's logit from a baseline
to a picture. Captum has rules for layers of one input. A product of two things that both depend on the picture has none, and
Captum takes its gradient at the picture. With U and s, and their changes dU and ds from the baseline to the picture:

    change of s U   =  mean(s) dU + mean(U) ds      where a mean is over picture and baseline: exact
    Captum's sum    =  s dU + U ds                  at the picture: too much by dU ds

:func:`prepared` gives a copy of a network in which the product uses the means.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from senet.models.se import SEBlock


def prepared(model: nn.Module, *, exact: bool = True) -> nn.Module:
    """A copy of a network that Captum's DeepLift can take: no ReLU runs twice, and no product shares its pass with a sum.

    Args:
        model: a network of this package.
        exact: with products that keep DeepLift's sum. Otherwise products are as Captum finds them.

    Raises:
        ValueError: there is no SE block in it.
    """
    model = copy.deepcopy(model).eval()
    blocks = [module for module in model.modules() if isinstance(module, SEBlock)]
    if not blocks:
        raise ValueError(f"{type(model).__name__} has no SE block: DeepLift takes it as it is")
    for block in blocks:
        block.rescale = _kept if exact else _plain  # on the object, over its class's own
    for module in list(model.modules()):
        if isinstance(getattr(module, "relu", None), nn.ReLU) and hasattr(module, "conv2"):
            calls = 3 if hasattr(module, "conv3") else 2
            module.relu = _Turns(calls)
    return model


def shortfall(model: nn.Module, pictures: Tensor, baseline: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """DeepLift's sum less what it should be, and what it should be, each (N,), in logits.

    Args:
        model: by :func:`prepared`.
        pictures, baseline: (N, 3, H, W), preprocessed.
        target: (N,), the classes asked about.
    """
    from captum.attr import DeepLift

    attributed = DeepLift(model).attribute(pictures, baseline, target=target)
    with torch.no_grad():
        change = (model(pictures) - model(baseline)).gather(1, target[:, None])[:, 0]
    return attributed.sum((1, 2, 3)).detach() - change, change


class _Turns(nn.Module):
    """As many ReLUs as a block calls its one, by turns: Captum keeps one input for each module."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.turns = nn.ModuleList(nn.ReLU() for _ in range(calls))
        self.at = 0

    def forward(self, x: Tensor) -> Tensor:
        relu = self.turns[self.at]
        self.at = (self.at + 1) % len(self.turns)
        return relu(x)


class _MeanProduct(torch.autograd.Function):
    """``u * s``, where Captum has put pictures and baselines one after the other; each gradient uses the mean of both."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, s: Tensor) -> Tensor:
        ctx.save_for_backward(u, s)
        return u * s

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        u, s = (_of_both(each) for each in ctx.saved_tensors)
        return gradient * s, (gradient * u).sum((2, 3), keepdim=True)


def _of_both(values: Tensor) -> Tensor:
    picture, baseline = values.chunk(2)
    return ((picture + baseline) / 2).repeat(2, 1, 1, 1)


def _kept(u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
    if len(u) % 2 or not u.requires_grad:  # not in DeepLift's hands
        return _plain(u, s, shortcut)
    scaled = _MeanProduct.apply(u, s[:, :, None, None])
    return scaled if shortcut is None else scaled + shortcut


def _plain(u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
    scaled = u * s[:, :, None, None]
    return scaled if shortcut is None else scaled + shortcut
