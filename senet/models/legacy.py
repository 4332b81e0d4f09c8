"""SE-ResNets as the authors' Caffe networks were built, for the weights that were converted from them.

Two things differ from :mod:`senet.models.resnet`, and neither changes a tensor's name or shape: where a stage begins, the stride
sits on the first 1x1 convolution of the bottleneck, not on the 3x3; and the stem's pool pads nothing, but lets its last window hang
over the edge. Weights of one kind would load into a network of the other with all keys matched, and give wrong answers; so the pool
carries a mark.
"""

from typing import Any

import torch
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from . import build, takes_checkpoint
from .resnet import se_resnet50, se_resnet101, se_resnet152


class CaffePool(nn.MaxPool2d):
    """Caffe's 3x3 pool of stride 2, which rounds its output's size up.

    The buffer is empty. It exists for its name in the state dict: with it, each kind of network
    refuses weights made for the other.
    """

    def __init__(self) -> None:
        super().__init__(kernel_size=3, stride=2, padding=0, ceil_mode=True)
        self.register_buffer("caffe", torch.empty(0))


def as_legacy(model: ResNet) -> ResNet:
    """Move the strides and replace the pool, in place: torchvision's bottleneck (v1.5) becomes that of the paper's networks (v1).

    Raises:
        ValueError: ``model`` has no bottlenecks, so that there is no 1x1 convolution to move a stride to.
    """
    for layer in (model.layer2, model.layer3, model.layer4):
        first = layer[0]
        if not isinstance(first, Bottleneck):
            raise ValueError(
                f"{type(first).__name__} has no first 1x1 convolution: only networks of 50 layers and more have a legacy form"
            )
        first.conv1.stride, first.conv2.stride = first.conv2.stride, first.conv1.stride
    model.maxpool = CaffePool()
    return model


@takes_checkpoint
def legacy_se_resnet50(weights: Any = None, progress: bool = True, *, bias: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-50 with its strides and pool as in Caffe. Arguments: :func:`~senet.models.resnet.se_resnet`; biases unless
    refused."""
    return build(lambda **kw: as_legacy(se_resnet50(bias=bias, **kw)), weights, progress, kwargs)


@takes_checkpoint
def legacy_se_resnet101(weights: Any = None, progress: bool = True, *, bias: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-101 with its strides and pool as in Caffe. Arguments: :func:`legacy_se_resnet50`."""
    return build(lambda **kw: as_legacy(se_resnet101(bias=bias, **kw)), weights, progress, kwargs)


@takes_checkpoint
def legacy_se_resnet152(weights: Any = None, progress: bool = True, *, bias: bool = True, **kwargs: Any) -> ResNet:
    """SE-ResNet-152 with its strides and pool as in Caffe. Arguments: :func:`legacy_se_resnet50`."""
    return build(lambda **kw: as_legacy(se_resnet152(bias=bias, **kw)), weights, progress, kwargs)
