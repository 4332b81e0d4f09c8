"""Further wrong answers, so that three misconceptions of each check are tested; and what they change, which is right."""

import torch
from torch import nn
from torchvision.models.inception import InceptionA
from torchvision.models.resnet import BasicBlock, Bottleneck

from sebook import checks
from senet.models.se import SEBlock

from .block import with_se


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


def ran(change, leave=False):
    """The names of the blocks that ran, and how ``change`` spoils them; with ``leave`` the hooks stay."""

    def called(model, x):
        names, handles = [], []
        for name, module in model.named_modules():
            if isinstance(module, SEBlock):
                handles.append(module.register_forward_hook(lambda *_, name=name: names.append(name)))
        model(x)
        for handle in () if leave else handles:
            handle.remove()
        return change(names, model)

    return called


RIGHT = [
    (checks.inception, SEInception),
    (checks.insert, bottleneck(lambda branch, se, short: (se(branch) + short).relu())),
    *((checks.insert, with_se(base, lambda out, planes: out)) for base in (BasicBlock, Bottleneck)),
    (checks.called, ran(lambda names, model: names)),
]
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
    *((checks.insert, base, "no SE block in it yet") for base in (BasicBlock, Bottleneck)),
    (checks.insert, with_se(Bottleneck, lambda out, planes: planes), "You gave it `planes`"),
    *(
        (checks.insert, with_se(base, lambda out, planes: out, place="sum"), "SE comes after the sum")
        for base in (BasicBlock, Bottleneck)
    ),
    (checks.insert, bottleneck(lambda branch, se, short: (branch + short).relu()), "`forward` never calls it"),
    (checks.insert, bottleneck(lambda branch, se, short: (branch + se(short)).relu()), "You rescaled the shortcut"),
    (checks.insert, bottleneck(lambda branch, se, short: se(branch).relu()), "The shortcut is missing"),
    (checks.insert, bottleneck(lambda branch, se, short: se(branch) + short), "The last ReLU is missing"),
    (checks.called, ran(lambda names, model: ["asleep"]), "does not run"),
    (checks.called, ran(lambda names, model: ["asleep", *names]), "the blocks that were built"),
    (checks.called, ran(lambda names, model: [*names, ""]), "modules that are not SE blocks"),
    (checks.called, ran(lambda names, model: names[0]), "Expected a list of names"),
    (checks.called, ran(lambda names, model: names, leave=True), "hooks are still"),
    (checks.called, lambda m, x: [n for n, b in m.named_modules() if isinstance(b, SEBlock)], "the blocks that were built"),
]
