"""Small versions of our networks, by builder and placement: as they are, fused, and without optimisation."""

import copy
import functools

import torch
from torch import Tensor, nn

from senet import se_resnet20
from senet.fusion import fuse
from senet.models.resnet import PLACEMENTS, SEBasicBlock, SEBottleneck, se_resnet
from senet.models.se import SEBlock
from tests.common import scramble

BUILDERS = {
    **{
        f"{block.__name__}, {placement}": (
            lambda block=block, placement=placement: se_resnet(block, [1, 1, 1, 1], num_classes=4, placement=placement)
        )
        for block in (SEBasicBlock, SEBottleneck)
        for placement in PLACEMENTS
    },
    "without SE": lambda: se_resnet(SEBottleneck, [1, 1, 1, 1], num_classes=4, stages=()),
    "se_resnet20": lambda: se_resnet20(num_classes=4),
    "by max": lambda: se_resnet(SEBasicBlock, [1, 1, 1, 1], num_classes=4, squeeze="max"),
}
STANDARD = "SEBottleneck, standard"


class PlainSE(SEBlock):
    def squeeze(self, u: Tensor) -> Tensor:
        return u.amax((2, 3)) if self.pool == "max" else u.mean((2, 3))

    def rescale(self, u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
        s = s[:, :, None, None]
        return u * s if shortcut is None else torch.addcmul(shortcut, u, s)


def unoptimised(model: nn.Module) -> nn.Module:
    plain = copy.deepcopy(model)
    for module in plain.modules():
        if type(module) is SEBlock:
            module.__class__ = PlainSE
        if isinstance(module, nn.ReLU):
            assert not module.inplace
    return plain


@functools.cache
def _made(name: str) -> nn.Module:
    torch.manual_seed(0)
    x = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    return scramble(BUILDERS[name](), x)


@functools.cache
def _fused(name: str) -> nn.Module:
    return fuse(_made(name))


def made(name: str, *, training: bool = False) -> nn.Module:
    return copy.deepcopy(_made(name)).train(training)


def as_it_is(name: str) -> nn.Module:
    return made(name)


def fused(name: str) -> nn.Module:
    return copy.deepcopy(_fused(name))


def replica(model: nn.Module) -> nn.Module:
    """As ``nn.DataParallel`` makes them: modules of their own, with the hooks and tensors of the original."""
    copies = {module: module._replicate_for_data_parallel() for module in model.modules()}
    for module, twin in copies.items():
        twin._modules = {name: copies[child] for name, child in module._modules.items()}
        twin._parameters = dict(module._parameters)
    return copies[model]


def run(model: nn.Module, x: Tensor, learning: bool) -> None:
    with torch.set_grad_enabled(learning):
        out = model(x)
    if learning:
        out.square().sum().backward()
