"""Substitutes for SE whose gates see no picture. Once trained they are constants, which the batch norm before them can carry.

==============================  =========================================================================
class                           what is left of SE
==============================  =========================================================================
:class:`StaticGate`             a learned number per channel, as LayerScale's (arXiv 2103.17239)
:class:`ConstantInput`          the two layers, which see a learned vector (Huang et al., arXiv 2304.06345)
==============================  =========================================================================
"""

from typing import Any

import torch
from torch import Tensor, nn

from senet.models.rescale import rescale
from senet.models.se import SEBlock


class StaticGate(nn.Module):
    """The sigmoid of a learned number per channel; 1/2 at first, as SE's gates are nearly."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before = nn.Parameter(torch.zeros(channels))

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        """As :meth:`SEBlock.forward`."""
        return rescale(u, self.before.sigmoid()[None, :, None, None], shortcut)


class ConstantInput(SEBlock):
    """SE that squeezes nothing: a learned vector is in the place of z."""

    def __init__(self, channels: int, reduction: int = 16, **options: Any) -> None:
        super().__init__(channels, reduction, **options)
        self.z = nn.Parameter(torch.randn(channels))

    def squeeze(self, u: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.z.expand(len(u), -1)
