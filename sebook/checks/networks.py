"""Checks on SE inside known networks: ResNet and Inception."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.inception import InceptionA, InceptionB

from senet.models.se import SEBlock

from .equations import excited, numbers, rescaled, squeezed
from .verdict import Verdict, judge, made, outcome, prepare, unusable


def insert(cls: Callable[..., nn.Module]) -> Verdict:
    """``cls(inplanes, planes, stride, downsample)``: torchvision's ``BasicBlock`` or ``Bottleneck`` with SE before the sum."""
    planes, expansion = 64, getattr(cls, "expansion", None)
    if not isinstance(cls, nn.Module) and expansion not in (1, 4):
        return Verdict(False, "Pass a class that inherits from torchvision's `BasicBlock` or `Bottleneck`.")
    out = planes * (expansion or 1)
    down = nn.Conv2d(planes, out, 1, stride=2, bias=False)
    return _insert(cls, out, planes) and _insert(cls, planes, planes, 2, down)


def _insert(cls: Callable[..., nn.Module], inplanes: int, planes: int, stride: int = 1, down: nn.Module | None = None) -> Verdict:
    module = made(cls, "SEBottleneck(inplanes, planes, stride, downsample)", inplanes, planes, stride, down)
    if isinstance(module, Verdict):
        return module
    own = ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"][: 6 if hasattr(module, "conv3") else 4]
    if missing := [name for name in own if not hasattr(module, name)]:
        return Verdict(False, f"`{missing[0]}` is gone. Call `super().__init__`, and keep torchvision's layers.")
    layers = prepare(module, known=own)
    if isinstance(layers, Verdict):
        return layers
    w1, w2 = (layer.weight.flatten(1) for layer in layers)
    steps = [nn.Sequential(getattr(module, conv), getattr(module, bn)) for conv, bn in zip(own[::2], own[1::2], strict=True)]
    x, out = numbers(2, inplanes, 6, 8), steps[-1][0].out_channels
    if w1.shape[1] != out and isinstance(outcome(module, x.clone()), Exception):
        why = f" You gave it `planes`; the last convolution widens to planes * {out // planes}." if w1.shape[1] == planes else ""
        return Verdict(False, f"The SE block was made for {w1.shape[1]} channels, and {out} come to it.{why}")

    def se(u: Tensor) -> Tensor:
        return rescaled(u, excited(squeezed(u), w1, w2))

    def short(x: Tensor) -> Tensor:
        return x if down is None else down(x)

    def branch(x: Tensor, inside: Callable[[Tensor], Tensor] = lambda u: u) -> Tensor:
        for i, step in enumerate(steps):
            x = step(x.relu() if i else x)
            x = inside(x) if i == len(steps) - 2 else x
        return x

    slips = (
        (lambda x: (branch(x) + short(x)).relu(), "There is an SE block, but `forward` never calls it: the plain block's answer."),
        (
            lambda x: se(branch(x) + short(x)).relu(),
            "SE comes after the sum, so that the shortcut is rescaled too. Rescale, then add.",
        ),
        (lambda x: se((branch(x) + short(x)).relu()), "SE comes after sum and ReLU: the paper's POST. Rescale, then add."),
        (
            lambda x: (branch(x) + se(short(x))).relu(),
            "You rescaled the shortcut (the paper's Identity). Standard rescales the branch.",
        ),
        (
            lambda x: (branch(se(x)) + short(x)).relu(),
            "You rescaled what goes into the branch (the paper's PRE), not what comes out.",
        ),
        (
            lambda x: (branch(x, se) + short(x)).relu(),
            "SE follows an inner convolution (`planes` channels). In the standard placement it follows the last.",
        ),
        (lambda x: se(branch(x)).relu(), "The shortcut is missing."),
        (lambda x: se(branch(x)) + short(x), "The last ReLU is missing, the one after the sum."),
        (lambda x: se(branch(x)).relu() + short(x), "ReLU comes after the sum, not before."),
        (
            lambda x: (se(branch(x).relu()) + short(x)).relu(),
            "There is a ReLU between the last norm and SE. The branch ends with its norm.",
        ),
        (lambda x: se(branch(x)) + x, "Where a stage begins, the shortcut is `self.downsample(x)`: x itself has another shape."),
    )

    def right(x: Tensor) -> Tensor:
        return (se(branch(x)) + short(x)).relu()

    praise = "Rescaled before the branches are added: the gates weigh what is new, and the shortcut passes untouched."
    return judge(module, right, [(x,), (x[:1],)], slips, "block(x)", praise)


def inception(cls: Callable[..., nn.Module]) -> Verdict:
    """``cls(in_channels, pool_features)``: torchvision's ``InceptionA`` with one SE block over all its branches."""
    module = made(cls, "SEInceptionA(in_channels, pool_features)", 48, 16)
    if isinstance(module, Verdict):
        return module
    if not isinstance(module, InceptionA):
        return Verdict(False, "Inherit from torchvision's `InceptionA`, whose `_forward` gives the branches as a list.")
    layers = prepare(module, known=[name for name, _ in module.named_children() if name.startswith("branch")])
    if isinstance(layers, Verdict):
        return layers
    w1, w2 = (layer.weight.flatten(1) for layer in layers)
    x = numbers(2, 48, 5, 6)

    def joined(x: Tensor) -> Tensor:
        return torch.cat(module._forward(x), 1)

    def se(u: Tensor) -> Tensor:
        return rescaled(u, excited(squeezed(u), w1, w2))

    out, made_for = joined(x).shape[1], w1.shape[1]
    if made_for != out and isinstance(outcome(module, x.clone()), Exception):
        why = {
            48: "That many go into the module; SE comes after it.",
            out - 16: "The pooling branch adds `pool_features` to them.",
        }.get(made_for, "Sum up what each branch gives.")
        return Verdict(False, f"The SE block was made for {made_for} channels, and {out} come to it. {why}")
    slips = (
        (joined, "The SE block is there, but `forward` never calls it. This is the plain module's answer."),
        (lambda x: joined(se(x)), "SE comes before the branches here. In the paper it comes after them."),
        (lambda x: se(joined(x)) + joined(x), "You added the module's output again. Inception has no shortcut."),
        (module._forward, "These are the branches, side by side in a list. Join them by `torch.cat(..., 1)`, and rescale."),
        (lambda x: torch.cat(module._forward(x), 2), "Join the branches along the channels, dim 1."),
    )
    praise = "All branches, judged together: the gate of one branch hears what the others found."
    return judge(module, lambda x: se(joined(x)), [(x,), (x[:1],)], slips, "module(x)", praise)


def channels(answer: Callable[[int], int]) -> Verdict:
    """``answer(in_channels)``: how many channels come out of torchvision's ``InceptionB``."""
    slips = (
        (lambda c: 384 + 96, "That is without the pooling branch, which hands on all the channels that it is given."),
        (lambda c: 768, "That fits one place of Inception-v3 only. The pooling branch hands on what comes in, so that it depends."),
        (lambda c: 384 + 64 + 96 + 96 + c, "You counted convolutions inside a branch. Only what each branch ends with is joined."),
        (lambda c: 384 + c, "A branch is missing, the one of two 3x3 convolutions."),
        (lambda c: 96 + c, "A branch is missing, the one of a single 3x3 convolution."),
        (lambda c: c, "What comes in also goes out by the pool, but there are two more branches beside it."),
    )
    praise = "Two branches have a width of their own, and the pool has its input's. So SE's width depends on what comes in."
    with torch.device("meta"):  # torchvision's own answer: shapes alone, no arithmetic
        return judge(
            answer, lambda c: InceptionB(c)(torch.empty(1, c, 9, 9)).shape[1], [(288,), (64,)], slips, "channels(c)", praise
        )


def called(answer: Callable[[nn.Module, Tensor], Any]) -> Verdict:
    """``answer(model, x)``: names of the SE blocks (``SEBlock``) that run in ``model(x)``."""

    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.asleep, self.first, self.second = SEBlock(4), SEBlock(4), SEBlock(4)

        def forward(self, x: Tensor) -> Tensor:
            return self.first(self.second(x))

    model = Half()
    got = outcome(answer, model, torch.ones(1, 4, 3, 3))
    if (problem := unusable(got, (), "called(model, x)")) is not None:
        return problem
    names = outcome(set, got)
    if isinstance(names, Exception) or isinstance(got, str):
        return Verdict(False, f"Expected a list of names, and {type(got).__name__} came back.")
    if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
        return Verdict(False, "Your hooks are still in the model. Keep the handle that registering gives, and call its `remove()`.")
    if names == {"first", "second"}:
        return Verdict(True, "What ran, and not what was built. A count of parameters would not have told the two apart.")
    if names == {"asleep", "first", "second"}:
        return Verdict(False, "These are the blocks that were built. One of them never runs: watch a forward.")
    if names == {"", "first", "second"} or any("." in name for name in names if isinstance(name, str)):
        return Verdict(
            False, "Some of these names belong to modules that are not SE blocks. Look at `isinstance(module, SEBlock)`."
        )
    if names == {"asleep"}:
        return Verdict(False, "That is the one that does not run. Name the others.")
    return Verdict(False, f"{sorted(map(str, names))} came; wanted are the names in `named_modules()` of the SE blocks that ran.")
