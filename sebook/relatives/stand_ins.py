"""Substitutes for SE, each without one of its steps: gates that see no picture, and gates that nothing was learned for.

==============================  =========================================================================
class                           what is left of SE
==============================  =========================================================================
:class:`StaticGate`             a learned number per channel, as LayerScale's (arXiv 2103.17239)
:class:`ConstantInput`          the two layers, which see a learned vector (Huang et al., arXiv 2304.06345)
:class:`GRN`                    the squeeze, by norms, and the rescaling (ConvNeXt V2, arXiv 2301.00808)
==============================  =========================================================================

The first two are constants once trained, which the batch norm before them can carry.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from senet.arguments import one_of
from senet.models.cifar import SmallResNet
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

    def squeeze(self, u: Tensor) -> Tensor:
        return self.z.expand(len(u), -1)


class GRN(nn.Module):
    """Global response normalisation: a channel's norm over the mean of all is its gate, which a learned factor weighs.

    Both learned vectors begin at zero, so that the maps pass as they are.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.factor, self.offset = (nn.Parameter(torch.zeros(channels)) for _ in range(2))

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        """As :meth:`SEBlock.forward`."""
        norm = torch.linalg.vector_norm(u, dim=(2, 3), keepdim=True)
        s = 1 + self.factor[:, None, None] * norm / (norm.mean(1, keepdim=True) + 1e-6)
        offset = self.offset[:, None, None]
        return rescale(u, s, offset.expand_as(u) if shortcut is None else shortcut + offset)


STAND_INS: dict[str, Callable[[int], nn.Module] | None] = {
    "SE": lambda channels: SEBlock(channels, 4, min_hidden=1),
    "none": None,
    "static": StaticGate,
    "constant input": lambda channels: ConstantInput(channels, 4, min_hidden=1),
    "GRN": GRN,
}


def gated_resnet(gate: str = "SE", **arguments: Any) -> SmallResNet:
    """A :class:`~senet.models.cifar.SmallResNet` with one of ``STAND_INS`` in each block.

    Raises:
        ValueError: ``gate`` is none of them, or another argument is out of its bounds.
    """
    one_of(STAND_INS, gate=gate)
    return SmallResNet(se=STAND_INS[gate], **arguments)
