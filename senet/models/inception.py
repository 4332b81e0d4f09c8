"""SE-Inception-v3: torchvision's Inception-v3 with an SE block after every Inception module.

Figure 2 of the paper: the transformation that SE recalibrates is the whole Inception module, all branches concatenated. The
modules are torchvision's with a new ``forward``, and keep their names in the state dict: weights of torchvision's
``inception_v3`` load into this network (``strict=False``), all but the SE blocks'.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.inception import (
    BasicConv2d,
    Inception3,
    InceptionA,
    InceptionAux,
    InceptionB,
    InceptionC,
    InceptionD,
    InceptionE,
)

from . import build, takes_checkpoint
from .se import SEBlock


class Conv(BasicConv2d):
    """torchvision's, whose ReLU doesn't overwrite what a hook on ``bn`` keeps."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _WithSE:
    """An Inception module, recalibrated: SE over all branches' channels.

    Each class below says how many channels come out for those that come in;
    a pooling branch hands its input's on.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        se: Callable[[int], nn.Module] = SEBlock,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, conv_block=Conv, **kwargs)
        self.se = se(self.out_channels(in_channels, **kwargs))
        for layer in self.se.modules():
            if isinstance(layer, nn.Linear):
                # What Inception3 draws weights with; 0.1 unless a layer says
                # otherwise. On 2048 inputs that would open and shut gates
                # before anything is learned: begin as a Linear elsewhere.
                layer.stddev = (3 * layer.in_features) ** -0.5

    def forward(self, x: Tensor) -> Tensor:
        return self.se(torch.cat(self._forward(x), 1))


class SEInceptionA(_WithSE, InceptionA):
    """35 x 35: branches of 1x1, 5x5, two 3x3, and pooling."""

    @staticmethod
    def out_channels(in_channels: int, pool_features: int) -> int:
        return 64 + 64 + 96 + pool_features


class SEInceptionB(_WithSE, InceptionB):
    """35 x 35 to 17 x 17."""

    @staticmethod
    def out_channels(in_channels: int) -> int:
        return 384 + 96 + in_channels


class SEInceptionC(_WithSE, InceptionC):
    """17 x 17: branches of 1x1, 7x7 and two 7x7, each as 1x7 and 7x1, and pooling."""

    @staticmethod
    def out_channels(in_channels: int, channels_7x7: int) -> int:
        return 192 + 192 + 192 + 192


class SEInceptionD(_WithSE, InceptionD):
    """17 x 17 to 8 x 8."""

    @staticmethod
    def out_channels(in_channels: int) -> int:
        return 320 + 192 + in_channels


class SEInceptionE(_WithSE, InceptionE):
    """8 x 8: branches of 1x1, 3x3 and two 3x3, each ending as 1x3 beside 3x1, and pooling."""

    @staticmethod
    def out_channels(in_channels: int) -> int:
        return 320 + 2 * 384 + 2 * 384 + 192


@takes_checkpoint
def se_inception_v3(
    weights: Any = None,
    progress: bool = True,
    *,
    reduction: int = 16,
    bias: bool = False,
    gate: str = "sigmoid",
    squeeze: str = "avg",
    min_hidden: int = 4,
    **kwargs: Any,
) -> Inception3:
    """Inception-v3 with 11 SE blocks, after ``Mixed_5b`` to ``Mixed_7c``; each is ``model.Mixed_5b.se`` and so on.

    Args:
        weights, progress: see :func:`senet.models.resnet.se_resnet`.
        reduction, bias, gate, squeeze, min_hidden: see :class:`~senet.models.se.SEBlock`.
        **kwargs: torchvision's own: ``num_classes``, ``aux_logits``, ``transform_input``, ``dropout``, ``init_weights`` (True
            unless given: torchvision's present default, without its warning that it will change).

    Returns:
        Takes pictures (N, 3, H, W) with sides of 75 pixels or more, 299 by design and at least 299 to train with the auxiliary
        head. Gives logits (N, num_classes). While training with ``aux_logits``, the default, gives torchvision's
        ``InceptionOutputs(logits, aux_logits)``, the latter from the head after ``Mixed_6e``.

    Raises:
        ValueError: an argument is out of its bounds.
    """
    se = partial(SEBlock, reduction=reduction, bias=bias, gate=gate, squeeze=squeeze, min_hidden=min_hidden)
    blocks = (SEInceptionA, SEInceptionB, SEInceptionC, SEInceptionD, SEInceptionE)
    modules = [Conv, *(partial(block, se=se) for block in blocks)]
    modules.append(partial(InceptionAux, conv_block=Conv))
    kwargs.setdefault("init_weights", True)
    return build(lambda **kw: Inception3(inception_blocks=modules, **kw), weights, progress, kwargs)
