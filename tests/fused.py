"""What the files of tests of `fuse` share: a small network to fuse, what a report says, and a comparison."""

import torch
from torch import Tensor
from torchvision.models.resnet import ResNet

from senet.models.resnet import SEBottleneck, se_resnet

EARLY, SUM = "squeezed before", "the addition after it done in the same pass"


def bottlenecks(**kwargs) -> ResNet:
    return se_resnet(SEBottleneck, [1, 2, 1, 1], num_classes=5, **kwargs)


def close(got: Tensor, expected: Tensor, digits: float) -> None:
    torch.testing.assert_close(got, expected, rtol=0, atol=digits * max(1.0, expected.abs().max().item()))
