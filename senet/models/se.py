"""The squeeze-and-excitation block: squeeze, excite (which computes the gates) and rescale, each callable alone.

Hu, Shen, Albanie, Sun, Wu: *Squeeze-and-Excitation Networks*, arXiv 1709.01507. Section 3 has the three equations; section 6
the ablations that the options here repeat. Shapes: N pictures, C channels, H x W pixels.
"""

from torch import Tensor, nn

from ..arguments import at_least_one, one_of
from .rescale import mean_of_maps, pooled_where, rescale

GATES = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    # Not in the paper's ablation, but in its argument: channels that compete for a sum of one. Dim 1 is the channels'.
    "softmax": lambda: nn.Softmax(dim=1),
}
SQUEEZES = ("avg", "max")


class SEBlock(nn.Module):
    r"""Recalibrate channels by what the whole picture holds.

    .. math:: z_c = \frac{1}{HW} \sum_{i,j} u_c(i, j), \qquad s = \sigma(W_2\, \delta(W_1 z)), \qquad \tilde x_c = s_c\, u_c

    (equations 2, 3 and 4 of the paper; :math:`\delta` is ReLU).

    Args:
        channels: C, the channels of the maps U that come in and go out.
        reduction: r, by which the hidden layer is narrower than C.
        bias: give the two fully connected layers biases. The paper's ablations have none; the authors' released networks and
            timm's have them.
        gate: what bounds the excitation: ``"sigmoid"`` (the paper's choice), ``"tanh"``, ``"relu"`` (both worse there), or
            ``"softmax"``, which forbids two channels to be emphasised at once.
        squeeze: what becomes of a channel's H x W values: ``"avg"``, their mean, or ``"max"``.
        min_hidden: the least width of the hidden layer. One rule for every C: C // r, but at least ``min_hidden``, and never more
            than C. With the default no network of the paper changes (its narrowest C is 64), and a 32x32 network's 16 channels
            keep 4 hidden units at r = 16 rather than one through which nothing but a common scale could pass.

    Raises:
        ValueError: an argument is out of its bounds; the message names value, bound and remedy.
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        *,
        bias: bool = False,
        gate: str = "sigmoid",
        squeeze: str = "avg",
        min_hidden: int = 4,
    ) -> None:
        super().__init__()
        at_least_one(channels=channels, reduction=reduction, min_hidden=min_hidden)
        one_of(GATES, gate=gate)
        one_of(SQUEEZES, squeeze=squeeze)
        hidden = hidden_width(channels, reduction, min_hidden)
        self.channels = int(channels)
        self.reduction = int(reduction)
        self.pool = squeeze
        self.fc1 = nn.Linear(self.channels, hidden, bias=bias)  # W1: C -> C/r
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden, self.channels, bias=bias)  # W2: C/r -> C
        self.gate = GATES[gate]()

    def squeeze(self, u: Tensor, mask: Tensor | None = None) -> Tensor:
        """One number for each channel's map: (N, C, H, W) -> z (N, C).

        A batch of pictures padded to one size gives its ``mask`` (N, 1, H, W),
        true where a picture is: only those pixels count.
        """
        if mask is not None:
            return pooled_where(u, mask, self.pool)
        return u.amax((2, 3)) if self.pool == "max" else mean_of_maps(u)

    def excite(self, z: Tensor) -> Tensor:
        """One weight per channel, from all of z: (N, C) -> s (N, C)."""
        return self.gate(self.fc2(self.relu(self.fc1(z))))

    def rescale(
        self,
        u: Tensor,
        s: Tensor,
        shortcut: Tensor | None = None,
    ) -> Tensor:
        """Each map times its weight: (N, C, H, W), (N, C) -> (N, C, H, W).

        A residual block gives its ``shortcut``, to be added in the same pass.
        """
        return rescale(u, s[:, :, None, None], shortcut)  # s * u + shortcut

    def forward(
        self,
        u: Tensor,
        shortcut: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """U (N, C, H, W) recalibrated; plus ``shortcut``, if it is given."""
        z = self.squeeze(u) if mask is None else self.squeeze(u, mask)
        return self.rescale(u, self.excite(z), shortcut)

    def extra_repr(self) -> str:
        return f"C={self.channels}, r={self.reduction}, squeeze={self.pool}"


class NoSE(nn.Module):
    """In place of an SE block: passes U on, so that a residual block needs only one forward."""

    def forward(self, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        return u if shortcut is None else u + shortcut


def hidden_width(channels: int, reduction: int, min_hidden: int = 4) -> int:
    """Width of the hidden layer: C // r, at least ``min_hidden``, at most C. Never 0."""
    return int(min(channels, max(channels // reduction, min_hidden)))
