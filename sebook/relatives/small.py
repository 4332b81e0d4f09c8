"""A small network with SE, a substitute or a relative in every block, so that they can be trained and compared."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from senet.arguments import one_of
from senet.models.cifar import SmallResNet
from senet.models.se import SEBlock

from . import CBAM, ECA, SCSE, GatherExcite
from .newer import GRN, CoordinateAttention, FrequencySE, SimAM
from .stand_ins import ConstantInput, LayerScale, StaticGate, Ungated

# By name, what makes one for C channels. Sixteen channels want a smaller r than the papers' networks have.
GATES: dict[str, Callable[[int], nn.Module] | None] = {
    "SE": partial(SEBlock, reduction=4, min_hidden=1),
    "none": None,
    "static": StaticGate,
    "LayerScale": LayerScale,
    "constant input": partial(ConstantInput, reduction=4, min_hidden=1),
    "ECA": ECA,
    "CBAM": partial(CBAM, reduction=4),
    "gather-excite": GatherExcite,
    "scSE": SCSE,
    "GRN": GRN,
    "SimAM": SimAM,
    "coordinate attention": partial(CoordinateAttention, reduction=4),
    "FcaNet": partial(FrequencySE, reduction=4, min_hidden=1),
    # For wider networks, with the shipped one's r.
    "SE, r = 8": partial(SEBlock, reduction=8),
    "SE, r = 1": partial(SEBlock, reduction=1),
    "its parameters, ungated": partial(Ungated, reduction=8),
}
_CONTROLS = ("static", "LayerScale", "constant input", "SE, r = 8", "SE, r = 1", "its parameters, ungated")
RELATIVES_IN_PLACE = tuple(name for name in GATES if name not in _CONTROLS)


def gated_resnet(gate: str = "SE", **arguments: Any) -> SmallResNet:
    """A :class:`~senet.models.cifar.SmallResNet` with one of ``GATES`` in each block.

    Raises:
        ValueError: ``gate`` is none of them, or another argument is out of its bounds.
    """
    one_of(GATES, gate=gate)
    return SmallResNet(se=GATES[gate], **arguments)
