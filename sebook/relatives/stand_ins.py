"""Substitutes for SE, each without one thing that SE has: gates that see the picture, or gates at all.

The first two have gates that see no picture. Once trained they are constants, which the batch norm before them can carry.

==============================  =========================================================================
class                           what is left of SE
==============================  =========================================================================
:class:`StaticGate`             the sigmoid of a learned number per channel
:class:`LayerScale`             that number itself, small at first (Touvron et al., arXiv 2103.17239)
:class:`ConstantInput`          the two layers, which see a learned vector (Huang et al., arXiv 2304.06345)
:class:`Ungated`                the two layers, on every pixel for itself: parameters, but no squeeze and no gate
==============================  =========================================================================
"""

from typing import Any

import torch
from torch import Tensor, nn

from senet.models.rescale import rescale
from senet.models.se import SEBlock, hidden_width


class StaticGate(nn.Module):
    """The sigmoid of a learned number per channel. It is 1/2 at first; SE's gates also start near 1/2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before = nn.Parameter(torch.zeros(channels))

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        """As :meth:`SEBlock.forward`."""
        return rescale(u, self.before.sigmoid()[None, :, None, None], shortcut)


class LayerScale(nn.Module):
    """A learned number per channel: any number, so that it can grow past 1 or change its sign.

    It starts near 0, so that a residual network is nearly its shortcuts at first. 0.1 is its authors' choice for up to 18 layers
    (1e-5 and 1e-6 for more).
    """

    def __init__(self, channels: int, start: float = 0.1) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((channels,), start))

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        """As :meth:`SEBlock.forward`."""
        return rescale(u, self.gamma[None, :, None, None], shortcut)


class ConstantInput(SEBlock):
    """SE that squeezes nothing: a learned vector is in the place of z."""

    def __init__(self, channels: int, reduction: int = 16, **options: Any) -> None:
        super().__init__(channels, reduction, **options)
        self.z = nn.Parameter(torch.randn(channels))

    def squeeze(self, u: Tensor, mask: Tensor | None = None) -> Tensor:
        """The learned vector, once for each picture: (N, C)."""
        return self.z.expand(len(u), -1)


class Ungated(nn.Module):
    """SE's two matrices as 1x1 convolutions, whose result is added: u + W2 relu(W1 u). It has as many parameters as SE.

    Args:
        channels: C, in and out.
        reduction, min_hidden: as for :class:`~senet.models.se.SEBlock`.
    """

    def __init__(self, channels: int, reduction: int = 16, min_hidden: int = 4) -> None:
        super().__init__()
        hidden = hidden_width(channels, reduction, min_hidden)
        self.conv1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        """As :meth:`SEBlock.forward`."""
        x = u + self.conv2(self.relu(self.conv1(u)))
        return x if shortcut is None else x + shortcut
