"""Answers to the exercises on the block and on its first chapters."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.resnet import Bottleneck

from sebook import checks
from senet.models.se import SEBlock


class Block(nn.Module):
    """As the blog has it: pool, two layers, product."""

    def __init__(self, c: int, r: int = 16) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(c, c // r, bias=False), nn.ReLU(), nn.Linear(c // r, c, bias=False), nn.Sigmoid())

    def forward(self, u):
        n, c = u.shape[:2]
        return u * self.fc(self.pool(u).view(n, c)).view(n, c, 1, 1)


class Convolutions(nn.Module):
    """The same by 1x1 convolutions, in place."""

    def __init__(self, c: int, r: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(c, c // r, 1), nn.Conv2d(c // r, c, 1)

    def forward(self, u):
        return torch.sigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(u, 1))))) * u


def variant(change):
    """``Block`` with its forward replaced."""
    return type("Changed", (Block,), {"forward": change})


def fixed_ratio(c, r):
    return Block(c, 16)


def in_place(u):
    u[:] = u - u.mean()
    return u.mean((2, 3))


def by_hand(x, v):
    _, height, width = x.shape
    u = x.new_zeros(height - 2, width - 2)
    for i in range(height - 2):
        for j in range(width - 2):
            u[i, j] = (x[:, i : i + 3, j : j + 3] * v).sum()
    return u


def with_se(base, width, place="residual"):
    """``base`` with SE of ``width(out channels, planes)`` before the sum, or after it."""

    class Learner(base):
        def __init__(self, inplanes, planes, stride=1, downsample=None):
            super().__init__(inplanes, planes, stride, downsample)
            self.se = Block(width(planes * base.expansion, planes), 4)

        def forward(self, x):
            shortcut = x if self.downsample is None else self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            if base is Bottleneck:
                out = self.bn3(self.conv3(self.relu(out)))
            out = self.se(out) + shortcut if place == "residual" else self.se(out + shortcut)
            return self.relu(out)

    return Learner


RIGHT = [
    (checks.squeeze, lambda u: F.adaptive_avg_pool2d(u, 1).flatten(1)),
    (checks.squeeze, lambda u: torch.einsum("nchw->nc", u) / u[0, 0].numel()),
    (checks.squeeze, SEBlock(8).squeeze),
    (checks.same_squeeze, lambda u: u.flip(3)),
    (checks.same_squeeze, lambda u: u.roll((1, 2), (2, 3))),
    (checks.same_squeeze, lambda u: u.mean((2, 3), keepdim=True).expand_as(u)),
    (checks.pixel_share, lambda h, w: (h * w) ** -1),
    (checks.masked_squeeze, lambda u, m: torch.stack([a[:, b.bool()].mean(1) for a, b in zip(u, m, strict=True)])),
    (checks.convolution, by_hand),
    (checks.convolution, lambda x, v: torch.einsum("chwij,cij->hw", x.unfold(1, 3, 1).unfold(2, 3, 1), v)),
    (checks.receptive_field, lambda k, s: 1 + sum((k[i] - 1) * math.prod(s[:i]) for i in range(len(k)))),
    (checks.blind_to_grey, torch.stack([torch.eye(3), -2 * torch.eye(3), torch.eye(3)])),
    (checks.excitation, lambda z, w1, w2: torch.sigmoid(F.linear(F.relu(F.linear(z, w1)), w2))),
    (checks.excitation, nn.Sequential(nn.Linear(8, 2, bias=False), nn.ReLU(), nn.Linear(2, 8, bias=False), nn.Sigmoid())),
    (checks.weights, lambda c, r: c * (c // r) + (c // r) * c),
    (checks.open_gates, [3, 4.0, -5]),
    (checks.rescale, lambda u, s: torch.einsum("nchw,nc->nchw", u, s)),
    (checks.block, Block),
    (checks.block, Convolutions),
    (checks.block, SEBlock),
    (checks.parameters, lambda n, c, r: 2 / r * sum(a * b**2 for a, b in zip(n, c, strict=True))),
    (checks.channels, lambda c: 480 + c),
]

WRONG = [
    (checks.squeeze, lambda u: u.sum(dim=[-1, -2]), "That is the sum"),
    (checks.squeeze, lambda u: u.flatten(2).max(2).values, "largest value"),
    (checks.squeeze, lambda u: F.adaptive_avg_pool2d(u, 1), "still there with size 1"),
    (checks.squeeze, lambda u: u.mean(dim=1), "averaged over the channels"),
    (checks.squeeze, in_place, "writes into its input"),
    (checks.squeeze, lambda u: None, "end with `return`"),
    (checks.squeeze, lambda u: u.meen(), "AttributeError"),
    (checks.squeeze, 3, "Pass the function"),
    (checks.same_squeeze, lambda u: u, "the same maps"),
    (checks.same_squeeze, lambda u: u.flip(1), "moved whole channels"),
    (checks.same_squeeze, lambda u: u + 1, "z changed by up to 1.000"),
    (checks.pixel_share, lambda h, w: 1, "if z were the sum"),
    (checks.masked_squeeze, lambda u, m: u.mean((2, 3)), "padding is averaged in"),
    (checks.masked_squeeze, lambda u, m: (u * m.unsqueeze(1)).mean((2, 3)), "all of H times W"),
    (checks.masked_squeeze, lambda u, m: (u * m[:, None]).sum((2, 3)) / m.sum((1, 2)), "lie along the channels"),
    (checks.masked_squeeze, lambda u, m: (u * m).sum((2, 3)) / m.sum((1, 2))[:, None], "lay over a channel"),
    (checks.convolution, lambda x, v: F.conv2d(x[None], v[:, None], groups=3)[0], "three maps"),
    (checks.convolution, lambda x, v: by_hand(x, v.flip(1, 2)), "upside down"),
    (checks.convolution, lambda x, v: by_hand(x, v) / 3, "averaged the three maps"),
    (checks.convolution, lambda x, v: by_hand(x, v[:1].expand(3, 3, 3)), "first one's weights"),
    (checks.convolution, lambda x, v: F.conv2d(x[None], v[None], padding="same")[0, 0], "padded the picture"),
    (checks.receptive_field, lambda k, s: 3 * len(k), "Windows overlap"),
    (checks.receptive_field, lambda k, s: sum(i - 1 for i in k) + 1, "Right without strides"),
    (checks.receptive_field, lambda k, s: math.prod(k), "add up rather than multiply"),
    (checks.receptive_field, lambda k, s: sum(i - 1 for i in k), "pixel in the middle"),
    (checks.blind_to_grey, torch.zeros(3, 3, 3), "blind to everything"),
    (checks.blind_to_grey, torch.ones(3, 3, 3), "one sign"),
    (checks.blind_to_grey, torch.tensor([[[-1.0, 0, 1]] * 3] * 3), "sees grey edges"),
    (checks.blind_to_grey, torch.stack([torch.eye(3), -torch.eye(3).flip(0), 0 * torch.eye(3)]), "cancel at each place"),
    (checks.blind_to_grey, torch.zeros(3, 3), r"(3, 3)"),
    (checks.excitation, lambda z, a, b: F.softmax(F.relu(z @ a.T) @ b.T, dim=-1), "that is softmax"),
    (checks.excitation, lambda z, a, b: torch.sigmoid(z @ a.T @ b.T), "Without the ReLU"),
    (checks.excitation, lambda z, a, b: F.relu(z @ a.T) @ b.T, "sigmoid is missing"),
    (checks.excitation, lambda z, a, b: torch.sigmoid(F.relu(z @ a) @ b), "needs its transpose"),
    (checks.excitation, nn.Sequential(nn.Linear(8, 2), nn.ReLU(), nn.Linear(2, 8), nn.Softmax(1)), "that is softmax"),
    (checks.excitation, nn.Sequential(nn.Linear(8, 8), nn.Sigmoid()), "Two fully connected layers"),
    (checks.weights, lambda c, r: c * c // r, "one of the two matrices"),
    (checks.open_gates, [0.95, 0.95, 0.05], "look like gates already"),
    (checks.open_gates, "abc", "three finite numbers"),
    (checks.rescale, lambda u, s: u * s, "Broadcasting counts from the right"),
    (checks.rescale, lambda u, s: u.mul_(s[..., None, None]), "writes into its input"),
    (checks.block, fixed_ratio, "as if 16 stood where"),
    (checks.block, Block(32, 8), "Pass the class itself"),
    (checks.block, variant(lambda self, u: self.fc(self.pool(u).flatten(1))), "These are the gates"),
    (
        checks.block,
        variant(lambda self, u: u + u * self.fc(self.pool(u).flatten(1))[..., None, None]),
        "belongs to the residual block",
    ),
    (checks.block, variant(lambda self, u: u * self.fc(u.amax((2, 3)))[..., None, None]), "largest value where it should average"),
    (checks.parameters, lambda n, c, r: sum(2 * b * b / r for b in c), "several blocks"),
    (checks.channels, lambda c: 768, "one place of Inception-v3 only"),
]
