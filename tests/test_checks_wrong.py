"""Each check names at least three misconceptions, each by a hint of its own: what other files of tests do not show already."""

import importlib
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models.inception import InceptionA
from torchvision.models.resnet import BasicBlock, Bottleneck

from sebook import checks
from senet.models.se import SEBlock

from .common import names_the_slip
from .test_checks import with_se


class SEInception(InceptionA):
    """Right, for what follows to be wrong in one respect."""

    width = 64 + 64 + 96

    def __init__(self, in_channels, pool_features):
        super().__init__(in_channels, pool_features)
        self.se = SEBlock(self.width + pool_features, min_hidden=4)

    def forward(self, x):
        return self.se(torch.cat(self._forward(x), 1))


def inception(forward=SEInception.forward, width=SEInception.width):
    return type("Changed", (SEInception,), {"forward": forward, "width": width})


def each_branch(in_channels, pool_features):
    module = InceptionA(in_channels, pool_features)
    module.blocks = nn.ModuleList(SEBlock(c, min_hidden=4) for c in (64, 64, 96, pool_features))
    return module


class OwnForward(Bottleneck):
    """A bottleneck with SE whose forward is given by ``way``: (the branch, the SE block, the shortcut) -> what comes out."""

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__(inplanes, planes, stride, downsample)
        self.se = SEBlock(planes * 4, 4)

    def forward(self, x):
        out = self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))
        return type(self).way(self.bn3(self.conv3(out)), self.se, x if self.downsample is None else self.downsample(x))


def bottleneck(way):
    return type("Changed", (OwnForward,), {"way": staticmethod(way)})


def ran(change):
    """The names of the blocks that ran, and how ``change`` spoils them."""

    def called(model, x):
        names, handles = [], []
        for name, module in model.named_modules():
            if isinstance(module, SEBlock):
                handles.append(module.register_forward_hook(lambda *_, name=name: names.append(name)))
        model(x)
        for handle in handles:
            handle.remove()
        return change(names, model)

    return called


WRONG = [
    (checks.pixel_share, lambda h, w: h * w, "how many pixels there are"),
    (checks.pixel_share, lambda h, w: 1 / h, "share of a column"),
    (checks.pixel_share, lambda h, w: 1 / (h + w), "H rows of W pixels are H times W"),
    (checks.weights, lambda c, r: 2 * c * c, "narrower: C/r units"),
    (checks.weights, lambda c, r: 2 * c * (c // r) + c + c // r, "counted biases"),
    (checks.weights, lambda c, r: 2 * c * r, "how many times narrower"),
    (checks.open_gates, [3.0, 3.0, 1.0], "The third has to close"),
    (checks.open_gates, [3.0, 1.0, -3.0], "passes 0.9 near 2.2"),
    (checks.rescale, lambda u, s: u + s[:, :, None, None], "You added the weights"),
    (checks.rescale, lambda u, s: u * (1 - s)[:, :, None, None], "the wrong way round"),
    (checks.rescale, lambda u, s: u * s.mean(0)[:, None, None], "All pictures got the same weights"),
    (checks.parameters, lambda n, c, r: sum(a * b * b / r for a, b in zip(n, c, strict=True)), "has two matrices"),
    (checks.parameters, lambda n, c, r: sum(2 * a * b * b for a, b in zip(n, c, strict=True)), "reduction ratio is missing"),
    (checks.parameters, lambda n, c, r: sum(2 * a * (b / 4) ** 2 / r for a, b in zip(n, c, strict=True)), "You took `planes`"),
    (checks.channels, lambda c: 480, "without the pooling branch"),
    (checks.channels, lambda c: 384 + c, "A branch is missing, the one of two"),
    (checks.channels, lambda c: 96 + c, "A branch is missing, the one of a single"),
    (checks.inception, InceptionA, "no SE block in it yet"),
    (checks.inception, each_branch, "not one in each branch"),
    (checks.inception, lambda in_channels, pool_features: nn.Identity(), "Inherit from torchvision's `InceptionA`"),
    (checks.inception, inception(width=48 - 16), "That many go into the module"),
    (checks.inception, inception(width=64 + 64 + 96 - 16), "The pooling branch adds `pool_features`"),
    (checks.inception, inception(lambda self, x: torch.cat(self._forward(x), 1)), "`forward` never calls it"),
    (checks.inception, inception(lambda self, x: self._forward(x)), "side by side in a list"),
    (checks.insert, BasicBlock, "no SE block in it yet"),
    (checks.insert, with_se(Bottleneck, lambda out, planes: planes), "You gave it `planes`"),
    (checks.insert, with_se(Bottleneck, lambda out, planes: out, place="sum"), "SE comes after the sum"),
    (checks.insert, bottleneck(lambda branch, se, short: (branch + short).relu()), "`forward` never calls it"),
    (checks.insert, bottleneck(lambda branch, se, short: (branch + se(short)).relu()), "You rescaled the shortcut"),
    (checks.insert, bottleneck(lambda branch, se, short: se(branch).relu()), "The shortcut is missing"),
    (checks.insert, bottleneck(lambda branch, se, short: se(branch) + short), "The last ReLU is missing"),
    (checks.called, ran(lambda names, model: ["asleep"]), "does not run"),
    (checks.called, ran(lambda names, model: ["asleep", *names]), "the blocks that were built"),
    (checks.called, ran(lambda names, model: [*names, ""]), "modules that are not SE blocks"),
    (checks.called, ran(lambda names, model: names[0]), "Expected a list of names"),
]


@pytest.mark.parametrize(("check", "answer", "names"), WRONG, ids=lambda value: getattr(value, "__name__", None))
def test_misconceptions_are_named(check, answer, names):
    names_the_slip(check, answer, names)


def test_the_untouched_answer_is_right():
    """What is changed above is right without the change, so the checks above report the change alone."""
    assert checks.inception(SEInception), checks.inception(SEInception)
    assert checks.insert(bottleneck(lambda branch, se, short: (se(branch) + short).relu()))
    assert checks.called(ran(lambda names, model: names))


def test_every_check_names_three_misconceptions():
    """Over all files of tests, by hints that differ."""
    told: dict[str, set[str]] = {name: set() for name in checks.__all__ if name != "Verdict"}
    here = Path(__file__).parent
    for path in (*here.glob("test_checks*.py"), here / "test_wild.py"):
        for check, _, hint, *_ in getattr(importlib.import_module(f".{path.stem}", __package__), "WRONG", []):
            told[check.__name__].add(hint)
    assert {name: len(hints) for name, hints in told.items() if len(hints) < 3} == {}
