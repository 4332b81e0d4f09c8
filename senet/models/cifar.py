"""ResNet-20 to 110 for small pictures, with and without SE.

He et al., *Deep Residual Learning*, arXiv 1512.03385, section 4.2: a 3x3 stem, three stages of n basic blocks at 16, 32 and 64
channels (6n + 2 layers), and shortcuts without parameters. The SE paper's CIFAR networks (its section 5.2) put an SE block into
each of those blocks.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..arguments import at_least_one, one_of, some_of
from . import build, takes_checkpoint
from .resnet import PLACEMENTS, SEBasicBlock
from .se import SEBlock


class PadShortcut(nn.Module):
    """The shortcut where a stage begins (option A of He et al.): every other pixel, and zeros for the channels that are new."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.before = new_channels // 2
        self.after = new_channels - new_channels // 2
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        # F.pad counts from the last dimension: width, height, then channels.
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.before, self.after))


class SmallResNet(nn.Sequential):
    """A ResNet that begins with a 3x3 convolution, for pictures of 32 or 64 pixels: (N, 3, H, W) to logits (N, num_classes).

    Args:
        layers: blocks in each stage; every stage but the first halves height and width.
        widths: channels of each stage.
        num_classes: length of the logits.
        se: makes an SE block for a number of channels; None leaves SE out.
        placement: where in a block; one of ``resnet.PLACEMENTS``.
        stages: which stages carry SE, counted from 1; None for all.
        stem_stride: 2 halves the picture at once: a quarter of the arithmetic, for 64 pixels and more.
        zero_init_residual: begin with every residual branch at zero (Goyal et al., arXiv 1706.02677).

    Raises:
        ValueError: an argument is out of its bounds.
    """

    def __init__(
        self,
        layers: Sequence[int] = (3, 3, 3),
        widths: Sequence[int] = (16, 32, 64),
        num_classes: int = 10,
        *,
        se: Callable[[int], nn.Module] | None = SEBlock,
        placement: str = "standard",
        stages: Iterable[int] | None = None,
        stem_stride: int = 1,
        zero_init_residual: bool = False,
    ) -> None:
        super().__init__()
        if len(layers) != len(widths) or not layers:
            raise ValueError(f"layers={tuple(layers)} and widths={tuple(widths)} need one entry a stage: give both the same length")
        if list(widths) != sorted(widths):
            raise ValueError(f"widths={tuple(widths)} narrow somewhere: zero-padded shortcuts can only widen, so let them grow")
        for blocks, width in zip(layers, widths, strict=True):
            at_least_one(layers=blocks, widths=width)
        at_least_one(num_classes=num_classes, stem_stride=stem_stride)
        one_of(PLACEMENTS, placement=placement)
        every_stage = range(1, len(layers) + 1)
        stages = some_of(every_stage, stages=every_stage if stages is None else stages)

        self.conv1 = nn.Conv2d(3, widths[0], 3, stride=stem_stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU()
        channels = widths[0]
        for stage, blocks, width in zip(every_stage, layers, widths, strict=True):
            layer = nn.Sequential()
            for i in range(blocks):
                stride = 2 if stage > 1 and i == 0 else 1
                same = stride == 1 and channels == width
                shortcut = None if same else PadShortcut(width - channels, stride)
                inside = se if stage in stages else None
                layer.append(SEBasicBlock(channels, width, stride, shortcut, se=inside, placement=placement))
                channels = width
            self.add_module(f"layer{stage}", layer)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(channels, num_classes)

        # As torchvision's ResNet begins: He et al., arXiv 1502.01852, by the fan of the way back.
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif zero_init_residual and isinstance(module, SEBasicBlock):
                nn.init.zeros_(module.bn2.weight)


@takes_checkpoint
def small_resnet(
    layers: Sequence[int] = (3, 3, 3),
    widths: Sequence[int] = (16, 32, 64),
    weights: Any = None,
    progress: bool = True,
    *,
    reduction: int | None = 16,
    bias: bool = False,
    gate: str = "sigmoid",
    squeeze: str = "avg",
    min_hidden: int = 4,
    **kwargs: Any,
) -> SmallResNet:
    """A :class:`SmallResNet` by plain values, as a checkpoint's provenance records them.

    Args:
        layers, widths: see :class:`SmallResNet`.
        weights, progress: see :func:`senet.models.resnet.se_resnet`.
        reduction: r; None leaves SE out.
        bias, gate, squeeze, min_hidden: see :class:`~senet.models.se.SEBlock`.
        **kwargs: the others of :class:`SmallResNet`: ``num_classes``, ``placement``, ``stages``, ``stem_stride``,
            ``zero_init_residual``.
    """
    se = partial(SEBlock, reduction=reduction, bias=bias, gate=gate, squeeze=squeeze, min_hidden=min_hidden)
    inside = None if reduction is None else se
    return build(lambda **kw: SmallResNet(layers, widths, se=inside, **kw), weights, progress, kwargs)


def _of_depth(
    depth: int,
    reduction: int | None,
    weights: Any,
    progress: bool,
    kwargs: dict[str, Any],
) -> SmallResNet:
    n = (depth - 2) // 6
    make = inspect.unwrap(small_resnet)  # the weights' arguments were those of the caller
    return make((n, n, n), weights=weights, progress=progress, reduction=reduction, **kwargs)


@takes_checkpoint
def resnet20(weights: Any = None, progress: bool = True, **kwargs: Any) -> SmallResNet:
    """ResNet-20 without SE. Arguments: :func:`small_resnet`."""
    return _of_depth(20, None, weights, progress, kwargs)


@takes_checkpoint
def resnet32(weights: Any = None, progress: bool = True, **kwargs: Any) -> SmallResNet:
    """ResNet-32 without SE. Arguments: :func:`small_resnet`."""
    return _of_depth(32, None, weights, progress, kwargs)


@takes_checkpoint
def resnet56(weights: Any = None, progress: bool = True, **kwargs: Any) -> SmallResNet:
    """ResNet-56 without SE. Arguments: :func:`small_resnet`."""
    return _of_depth(56, None, weights, progress, kwargs)


@takes_checkpoint
def resnet110(weights: Any = None, progress: bool = True, **kwargs: Any) -> SmallResNet:
    """ResNet-110 without SE. Arguments: :func:`small_resnet`."""
    return _of_depth(110, None, weights, progress, kwargs)


@takes_checkpoint
def se_resnet20(weights: Any = None, progress: bool = True, *, reduction: int = 16, **kwargs: Any) -> SmallResNet:
    """SE-ResNet-20. Arguments: :func:`small_resnet`."""
    return _of_depth(20, reduction, weights, progress, kwargs)


@takes_checkpoint
def se_resnet32(weights: Any = None, progress: bool = True, *, reduction: int = 16, **kwargs: Any) -> SmallResNet:
    """SE-ResNet-32. Arguments: :func:`small_resnet`."""
    return _of_depth(32, reduction, weights, progress, kwargs)


@takes_checkpoint
def se_resnet56(weights: Any = None, progress: bool = True, *, reduction: int = 16, **kwargs: Any) -> SmallResNet:
    """SE-ResNet-56. Arguments: :func:`small_resnet`."""
    return _of_depth(56, reduction, weights, progress, kwargs)


@takes_checkpoint
def se_resnet110(weights: Any = None, progress: bool = True, *, reduction: int = 16, **kwargs: Any) -> SmallResNet:
    """SE-ResNet-110. Arguments: :func:`small_resnet`."""
    return _of_depth(110, reduction, weights, progress, kwargs)
