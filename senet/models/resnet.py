"""SE-ResNet-18 to 152 and SE-ResNeXt-50: torchvision's ResNet with an SE block in every residual block.

The networks are plain ``torchvision.models.ResNet`` objects; only their blocks are ours, and those are torchvision's own with a
new ``forward``. Whatever holds for torchvision's ResNet holds here. That includes where the stride sits: on the 3x3 convolution
of a bottleneck (known as v1.5), whereas the paper's Caffe networks had it on the first 1x1.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from ..arguments import one_of, some_of
from . import build, takes_checkpoint
from .se import NoSE, SEBlock

PLACEMENTS = ("standard", "pre", "post", "identity", "3x3")
STAGES = (1, 2, 3, 4)  # torchvision's layer1 .. layer4; the paper calls them 2 to 5 (its SE_2_3 is layer1, third block)
STAGE_OF_PLANES = {64: 1, 128: 2, 256: 3, 512: 4}


class _WithSE:
    """What both residual blocks share: one SE block, and where it sits (section 6.4 of the paper, figure 5).

    ========  ==============================================  ===========================================
    where     computes                                        the SE block's channels
    ========  ==============================================  ===========================================
    standard  relu(x + SE(F(x)))                              what the block returns
    pre       relu(x + F(SE(x)))                              what the block takes in
    post      SE(relu(x + F(x)))                              what the block returns
    identity  relu(SE(x) + F(x))                              what the block returns (after a projection)
    3x3       SE inside F, after the (first) 3x3 convolution  that convolution's: in a bottleneck, 4 times fewer
    ========  ==============================================  ===========================================
    """

    def __init__(
        self,
        inplanes: int,
        planes: int,
        *args: Any,
        se: Callable[[int], nn.Module] | None = SEBlock,
        placement: str = "standard",
        **kwargs: Any,
    ) -> None:
        super().__init__(inplanes, planes, *args, **kwargs)
        one_of(PLACEMENTS, placement=placement)
        inside, after = self.conv1.out_channels, planes * self.expansion  # a bottleneck's conv1 and conv2 are equally wide
        channels = {"pre": inplanes, "3x3": inside}.get(placement, after)
        self.placement = placement if se else "none"
        self.se = se(channels) if se else NoSE()
        self.relu = nn.ReLU()  # not in place: what a hook keeps of a batch norm or of SE stays true
        # Submodules are listed in the order in which they run.
        last = "conv3" if hasattr(self, "conv3") else "conv2"
        if behind := {"pre": "conv1", "3x3": last}.get(self.placement):
            names = [name for name, _ in self.named_children()]
            for name in names[names.index(behind) : names.index("se")]:
                module = getattr(self, name)
                delattr(self, name)
                setattr(self, name, module)

    def forward(self, x: Tensor) -> Tensor:
        out = self.residual(self.se(x) if self.placement == "pre" else x)
        shortcut = x if self.downsample is None else self.downsample(x)
        if self.placement == "standard":
            out = self.se(out, shortcut)  # rescale and add
        elif self.placement == "identity":
            out = self.se(shortcut, out)
        else:
            out = out + shortcut
        out = self.relu(out)
        return self.se(out) if self.placement == "post" else out


class SEBasicBlock(_WithSE, BasicBlock):
    """Two 3x3 convolutions and an SE block, for the 18- and 34-layer networks.

    Takes the arguments of torchvision's ``BasicBlock``, and:

    Args:
        se: makes an SE block for a number of channels; None leaves it out.
        placement: one of ``PLACEMENTS``.
    """

    def residual(self, x: Tensor) -> Tensor:
        out = self.bn1(self.conv1(x))
        if self.placement == "3x3":
            out = self.se(out)
        out = self.conv2(self.relu(out))
        return self.bn2(out)


class SEBottleneck(_WithSE, Bottleneck):
    """1x1, 3x3 and 1x1 convolutions and an SE block, for 50 layers and more. Arguments as for :class:`SEBasicBlock`.

    The last convolution widens to ``planes * 4`` channels, so that is what an SE block after it must be made for; one made for
    ``planes`` fits after the 3x3 convolution alone.
    """

    def residual(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.placement == "3x3":
            out = self.se(out)
        out = self.conv3(self.relu(out))
        return self.bn3(out)


def se_resnet(
    block: type[SEBasicBlock | SEBottleneck],
    layers: list[int],
    weights: Any = None,
    progress: bool = True,
    *,
    reduction: int = 16,
    bias: bool = False,
    gate: str = "sigmoid",
    squeeze: str = "avg",
    min_hidden: int = 4,
    placement: str = "standard",
    stages: Iterable[int] = STAGES,
    **kwargs: Any,
) -> ResNet:
    """A torchvision ``ResNet`` whose blocks carry SE; :func:`se_resnet18` and its siblings call this.

    Args:
        block: :class:`SEBasicBlock` or :class:`SEBottleneck`.
        layers: blocks in each of the four stages.
        weights: an entry of :mod:`senet.pretrained` (``pretrained.get(name)``), or any object with torchvision's
            ``get_state_dict(progress=...)`` and ``meta["categories"]``; None starts from random weights.
        progress: show the download's progress.
        reduction, bias, gate, squeeze, min_hidden: see :class:`~senet.models.se.SEBlock`.
        placement: where in the residual block; one of ``PLACEMENTS``.
        stages: which of the stages 1 to 4 carry SE; ``()`` gives the plain ResNet.
        **kwargs: torchvision's own: ``num_classes``, ``zero_init_residual``, ``groups``, ``width_per_group``,
            ``replace_stride_with_dilation``, ``norm_layer``.

    Returns:
        Takes pictures (N, 3, H, W), gives logits (N, num_classes).

    Raises:
        ValueError: an argument is out of its bounds.
    """
    one_of(PLACEMENTS, placement=placement)
    stages = some_of(STAGES, stages=stages)

    se = partial(SEBlock, reduction=reduction, bias=bias, gate=gate, squeeze=squeeze, min_hidden=min_hidden)

    def make(inplanes: int, planes: int, *args: Any, **more: Any) -> nn.Module:
        inside = se if STAGE_OF_PLANES[planes] in stages else None
        return block(inplanes, planes, *args, se=inside, placement=placement, **more)

    make.expansion = block.expansion  # all that ResNet wants of a block beyond a call

    def network(**options: Any) -> ResNet:
        model = ResNet(make, layers, **options)
        model.relu = nn.ReLU()  # as in the blocks: not in place
        return model

    return build(network, weights, progress, kwargs)


@takes_checkpoint
def se_resnet18(weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-18. Arguments: :func:`se_resnet`."""
    return se_resnet(SEBasicBlock, [2, 2, 2, 2], weights, progress, **kwargs)


@takes_checkpoint
def se_resnet34(weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-34. Arguments: :func:`se_resnet`."""
    return se_resnet(SEBasicBlock, [3, 4, 6, 3], weights, progress, **kwargs)


@takes_checkpoint
def se_resnet50(weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-50: 28,071,976 parameters, 28,088,024 with ``bias=True``. Arguments: :func:`se_resnet`."""
    return se_resnet(SEBottleneck, [3, 4, 6, 3], weights, progress, **kwargs)


@takes_checkpoint
def se_resnet101(weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-101. Arguments: :func:`se_resnet`."""
    return se_resnet(SEBottleneck, [3, 4, 23, 3], weights, progress, **kwargs)


@takes_checkpoint
def se_resnet152(weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-152. Arguments: :func:`se_resnet`."""
    return se_resnet(SEBottleneck, [3, 8, 36, 3], weights, progress, **kwargs)


@takes_checkpoint
def se_resnext50_32x4d(weights: Any = None, progress: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNeXt-50 of 32 groups, 4 channels wide each. Arguments: :func:`se_resnet`."""
    shape = {"groups": 32, "width_per_group": 4}
    for name, value in shape.items():
        if kwargs.setdefault(name, value) != value:
            raise ValueError(f"{name}={kwargs[name]} is not this network's {value}: use se_resnet50 for other widths")
    return se_resnet(SEBottleneck, [3, 4, 6, 3], weights, progress, **kwargs)
