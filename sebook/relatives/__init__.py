"""Relatives of the SE block: what each changes about squeeze, excitation or rescale, and nothing else of it.

Each is as short as it can be on top of :class:`~senet.models.se.SEBlock`, and has its three steps by the same names, so that they
can be compared side by side. All but :class:`SelectiveKernel` take an SE block's place, and take a shortcut as it does.

========================  ==========  ====================================
class                     arXiv       by
========================  ==========  ====================================
:class:`ECA`              1910.03151  Wang, Wu, Zhu, Li, Zuo, Hu
:class:`CBAM`             1807.06521  Woo, Park, Lee, Kweon
:class:`GatherExcite`     1810.12348  Hu, Shen, Albanie, Sun, Vedaldi
:class:`SCSE`             1803.02579  Roy, Navab, Wachinger
:class:`SelectiveKernel`  1903.06586  Li, Wang, Hu, Yang
========================  ==========  ====================================
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from senet.arguments import at_least_one
from senet.models.rescale import mean_of_maps, pooled_where, rescale
from senet.models.se import SEBlock, hidden_width


class ECA(SEBlock):
    """Efficient channel attention: a gate listens to neighbouring channels.

    One short convolution along the channels takes the place of both layers.

    Args:
        channels: C, in and out.
        size: of the convolution, odd; by default as the paper derives it.
    """

    def __init__(self, channels: int, size: int | None = None) -> None:
        super().__init__(channels)
        del self.fc1, self.relu, self.fc2
        self.gates = channels
        size = eca_size(channels) if size is None else size
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def excite(self, z: Tensor) -> Tensor:
        """A weight per channel, from its neighbours' z: (N, C) -> (N, C)."""
        return self.gate(self.conv(z[:, None])).flatten(1)


def eca_size(channels: int, gamma: int = 2, b: int = 1) -> int:
    """How many neighbours a gate of ECA hears: the odd number at or next above ``(log2(C) + b) / gamma``, rounded down first."""
    at_least_one(channels=channels)
    size = int(abs((math.log2(channels) + b) / gamma))
    return size if size % 2 else size + 1


class ChannelGate(SEBlock):
    """CBAM's first half: SE that squeezes twice, by mean and by maximum.

    The same two layers excite both.
    """

    def squeeze(self, u: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean and maximum of each map: (N, C, H, W) -> (N, 2, C)."""
        if mask is None:
            return torch.stack([mean_of_maps(u), u.amax((2, 3))], 1)
        both = [pooled_where(u, mask, pool) for pool in ("avg", "max")]
        return torch.stack(both, 1)

    def excite(self, z: Tensor) -> Tensor:
        """The gate of both results' sum: (N, 2, C) -> s (N, C)."""
        return self.gate(self.fc2(self.relu(self.fc1(z))).sum(1))


class SpatialGate(nn.Module):
    """SE the other way, as in CBAM: one gate per pixel.

    Squeezed over the channels, excited by a convolution.
    """

    def __init__(self, size: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, size, padding=size // 2, bias=False)

    def squeeze(self, u: Tensor) -> Tensor:
        return torch.stack([u.mean(1), u.amax(1)], 1)

    def excite(self, z: Tensor) -> Tensor:
        return self.conv(z).sigmoid()

    def rescale(
        self,
        u: Tensor,
        s: Tensor,
        shortcut: Tensor | None = None,
    ) -> Tensor:
        return rescale(u, s, shortcut)

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        return self.rescale(u, self.excite(self.squeeze(u)), shortcut)


class CBAM(nn.Module):
    """Convolutional block attention: which channels, and then where."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.channel, self.space = ChannelGate(channels, reduction), SpatialGate()

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        return self.space(self.channel(u), shortcut)


class GatherExcite(SEBlock):
    """Gather and excite without weights.

    A pixel's gate is the sigmoid of the mean around it.

    Args:
        channels: C, in and out.
        extent: how far around, in pixels; 0 for the whole map, which is SE
            with nothing between squeeze and sigmoid.
    """

    def __init__(self, channels: int, extent: int = 4) -> None:
        super().__init__(channels)
        del self.fc1, self.relu, self.fc2
        self.extent = extent

    def squeeze(self, u: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean around each place of a coarser grid: z (N, C, h, w)."""
        if mask is not None:
            raise ValueError("gather-excite takes no mask")
        if self.extent == 0:
            return mean_of_maps(u)[:, :, None, None]
        size, step = 2 * self.extent - 1, self.extent
        return F.avg_pool2d(
            u,
            size,
            step,
            padding=size // 2,
            count_include_pad=False,
        )

    def excite(self, z: Tensor) -> Tensor:
        """Each mean by itself becomes a gate: s (N, C, h, w)."""
        return self.gate(z)

    def rescale(
        self,
        u: Tensor,
        s: Tensor,
        shortcut: Tensor | None = None,
    ) -> Tensor:
        """Each pixel times the gate of the grid's nearest place."""
        spread = F.interpolate(s, u.shape[2:])  # over its neighbourhood
        return rescale(u, spread, shortcut)


class PixelGate(nn.Module):
    """The spatial half of scSE.

    A weighted sum over the channels squeezes; its sigmoid is the gate.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1, bias=False)

    def squeeze(self, u: Tensor) -> Tensor:
        return self.conv(u)

    def excite(self, z: Tensor) -> Tensor:
        return z.sigmoid()

    def rescale(self, u: Tensor, s: Tensor) -> Tensor:
        return u * s

    def forward(self, u: Tensor) -> Tensor:
        return self.rescale(u, self.excite(self.squeeze(u)))


class SCSE(nn.Module):
    """Concurrent SE: maps rescaled by channel, and by pixel, added."""

    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        self.channel = SEBlock(channels, reduction)
        self.space = PixelGate(channels)

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        return self.channel(u, shortcut) + self.space(u)


class SelectiveKernel(nn.Module):
    """SK unit, in the place of a 3x3 convolution.

    Branches see near and far, and gates choose between them. The gates of
    one channel share a sum of one: here the softmax is right, since the unit
    has to choose.

    Args:
        channels: C, in and out.
        reduction: r; the hidden layer has at least 32 units, the paper's L.
        stride: of the branches.
        branches: how many; the m-th convolves with dilation m.
        groups: of the branches' convolutions.
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        *,
        stride: int = 1,
        branches: int = 2,
        groups: int = 32,
    ) -> None:
        super().__init__()
        self.channels = channels
        hidden = hidden_width(channels, reduction, 32)
        self.fc1 = nn.Linear(channels, hidden, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, branches * channels, bias=False)
        dilations = range(1, branches + 1)
        self.branches = nn.ModuleList(
            [_branch(channels, stride, groups, d) for d in dilations],
        )

    def split(self, x: Tensor) -> Tensor:
        """x by every branch: (N, C, H, W) -> (N, branches, C, H, W)."""
        return torch.stack([branch(x) for branch in self.branches], 1)

    def squeeze(self, u: Tensor) -> Tensor:
        return mean_of_maps(u.sum(1))

    def excite(self, z: Tensor) -> Tensor:
        logits = self.fc2(self.norm(self.fc1(z)).relu())
        return logits.unflatten(1, (-1, self.channels)).softmax(1)

    def rescale(self, u: Tensor, s: Tensor) -> Tensor:
        return (u * s[..., None, None]).sum(1)

    def forward(self, x: Tensor) -> Tensor:
        u = self.split(x)
        return self.rescale(u, self.excite(self.squeeze(u)))


def _branch(channels: int, stride: int, groups: int, dilation: int) -> nn.Sequential:
    """Dilated, a 3x3 sees as far as a 5x5."""
    conv = nn.Conv2d(channels, channels, 3, stride, dilation, dilation, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
