"""What the files of tests of kept tensors share: networks, their unoptimised copies, and what hooks see of both."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from senet import se_resnet20
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


def made(name: str, *, training: bool = False) -> nn.Module:
    torch.manual_seed(0)
    x = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    return scramble(BUILDERS[name](), x).train(training)


def tensors(values) -> list[Tensor]:
    return [value for value in torch.utils._pytree.tree_leaves(values) if isinstance(value, Tensor)]


class Kept:
    """Everything that hooks on all modules see, unchanged and as a copy made at once."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Tensor, Tensor]] = []

    def keep(self, name: str, values) -> None:
        for value in tensors(values):
            self.seen.append((name, value, value.detach().clone()))

    def on(self, model: nn.Module) -> Iterator:
        for name, module in model.named_modules():
            if name:
                yield module.register_forward_pre_hook(lambda module, args, name=name: self.keep(f"{name} in", args))
                yield module.register_forward_hook(lambda module, args, out, name=name: self.keep(f"{name} out", (args, out)))

    def compare(self, other: "Kept") -> None:
        assert len(self.seen) == len(other.seen) > 0
        for (name, value, then), (reference, _, expected) in zip(self.seen, other.seen, strict=True):
            assert name == reference
            assert torch.equal(value, then), f"{name} was overwritten"
            assert torch.equal(value, expected), f"{name} differs"


def run(model: nn.Module, x: Tensor, learning: bool) -> None:
    with torch.set_grad_enabled(learning):
        out = model(x)
    if learning:
        out.square().sum().backward()
