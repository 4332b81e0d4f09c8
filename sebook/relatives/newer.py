"""Newer relatives of SE, in its place and with its three steps, shortcut included.

============================  ==========  =======================================
class                         arXiv       by
============================  ==========  =======================================
:class:`GRN`                  2301.00808  Woo, Debnath, Hu, Chen, Liu, Kweon, Xie
:class:`SimAM`                ICML 2021   Yang, Zhang, Li, Xie
:class:`CoordinateAttention`  2103.02907  Hou, Zhou, Feng
:class:`FrequencySE`          2012.11879  Qin, Zhang, Wu, Li (FcaNet)
============================  ==========  =======================================
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from senet.arguments import at_least_one
from senet.models.rescale import rescale
from senet.models.se import SEBlock, hidden_width


class GRN(nn.Module):
    """Global response normalisation, of ConvNeXt V2: the length of a map takes its mean's place.

    A channel's gate is ``1 + gamma * n``, where n is the length of its map over the mean length of
    all; ``beta`` is added to every pixel. Both begin at zero, so that nothing changes at first.
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        at_least_one(channels=channels)
        self.eps = eps
        self.gamma = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def squeeze(self, u: Tensor) -> Tensor:
        # Where a map is zero everywhere, its length has no derivative; PyTorch's norm gives 0.
        return torch.linalg.vector_norm(u, dim=(2, 3))

    def excite(self, z: Tensor) -> Tensor:
        return 1 + self.gamma * z / (z.mean(1, keepdim=True) + self.eps)

    def rescale(self, u: Tensor, s: Tensor, shortcut: Tensor | None = None) -> Tensor:
        out = rescale(u, s[:, :, None, None], shortcut)
        return out + self.beta[:, None, None]

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        return self.rescale(u, self.excite(self.squeeze(u)), shortcut)


class SimAM(nn.Module):
    """A gate for every pixel of every channel, without a weight: pixels that differ from their map's mean stand out.

    Args:
        channels: C; nothing depends on it.
        evenness: added to the variance (the paper's lambda), so that pixels of a flat map don't stand out.
    """

    def __init__(self, channels: int, evenness: float = 1e-4) -> None:
        super().__init__()
        self.evenness = evenness

    def squeeze(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of each map, (N, C, 1, 1)."""
        return u.mean((2, 3), keepdim=True), u.var((2, 3), keepdim=True)

    def excite(self, u: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
        mean, variance = z
        return ((u - mean).square() / (4 * (variance + self.evenness)) + 0.5).sigmoid()

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        return rescale(u, self.excite(u, self.squeeze(u)), shortcut)


class CoordinateAttention(nn.Module):
    """A gate for each row and one for each column of each channel; a pixel is weighed by both.

    The squeeze goes along one axis at a time, so that the gates know where. Both share the layer
    that narrows.

    Args:
        channels: C, in and out.
        reduction: r of the hidden layer, which has at least 8 channels, as in the authors' code.
    """

    def __init__(self, channels: int, reduction: int = 32) -> None:
        super().__init__()
        hidden = hidden_width(channels, reduction, 8)
        self.narrow = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.BatchNorm2d(hidden), nn.Hardswish())
        self.rows, self.columns = nn.Conv2d(hidden, channels, 1), nn.Conv2d(hidden, channels, 1)

    def squeeze(self, u: Tensor) -> Tensor:
        """Means of all rows, and then of all columns: (N, C, H + W, 1)."""
        return torch.cat([u.mean(3, keepdim=True), u.mean(2)[..., None]], 2)

    def excite(self, z: Tensor, height: int) -> tuple[Tensor, Tensor]:
        """Of the rows (N, C, H, 1), and of the columns (N, C, 1, W)."""
        z = self.narrow(z)
        down, across = z[:, :, :height], z[:, :, height:].transpose(2, 3)
        return self.rows(down).sigmoid(), self.columns(across).sigmoid()

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        rows, columns = self.excite(self.squeeze(u), u.shape[2])
        return rescale(u, rows * columns, shortcut)


class FrequencySE(SEBlock):
    """FcaNet's SE: each group of channels is squeezed by a cosine wave of its own, and not by the mean, the flattest of them.

    Of the paper's choices this is the lowest frequencies ("LF"), on maps pooled to 7 x 7.

    Args:
        channels: C, in and out.
        reduction: the reduction ratio, r.
        waves: how many; with 1, only the mean is left, times 7 as in the authors' code.
    """

    side = 7

    def __init__(self, channels: int, reduction: int = 16, *, waves: int = 16, min_hidden: int = 4) -> None:
        super().__init__(channels, reduction, min_hidden=min_hidden)
        at_least_one(waves=waves)
        if channels % waves:
            raise ValueError(f"waves={waves} don't share {channels} channels evenly: give a divisor of {channels}")
        both = [(i, j) for i in range(self.side) for j in range(self.side)]
        lowest = sorted(both, key=lambda at: (at[0] ** 2 + at[1] ** 2, at))[:waves]
        maps = torch.stack([torch.outer(_wave(i, self.side), _wave(j, self.side)) for i, j in lowest])
        self.register_buffer("basis", maps.repeat_interleave(channels // waves, 0), persistent=False)

    def squeeze(self, u: Tensor, mask: Tensor | None = None) -> Tensor:
        """Each channel's map, weighed by its group's wave and summed: (N, C, H, W) -> z (N, C)."""
        if mask is not None:
            raise ValueError("FrequencySE takes no mask: its waves lie over the whole map")
        return (F.adaptive_avg_pool2d(u, self.side) * self.basis).sum((2, 3))


def _wave(frequency: int, length: int) -> Tensor:
    """One row of the orthonormal discrete cosine transform (DCT-II)."""
    places = torch.arange(length) + 0.5
    return (math.pi * frequency / length * places).cos() * math.sqrt((2 if frequency else 1) / length)
