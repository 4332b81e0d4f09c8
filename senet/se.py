"""The squeeze-and-excitation block: three named steps, each callable alone.

Hu, Shen, Albanie, Sun, Wu: *Squeeze-and-Excitation Networks*, arXiv 1709.01507. Section 3 has the three equations; section 6
the ablations that the options here repeat. Shapes: N pictures, C channels, H x W pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .rescale import rescale, sum_over

torch.fx.wrap("rescale")  # one step to a tracer by the name that it has here, too
torch.fx.wrap("sum_over")

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
        self.channels = channels
        self.reduction = reduction
        self.pool = squeeze
        self.fc1 = nn.Linear(channels, hidden, bias=bias)  # W1: C -> C/r
        self.relu = nn.ReLU()  # not in place: z and W1 z stay readable for whoever looks inside
        self.fc2 = nn.Linear(hidden, channels, bias=bias)  # W2: C/r -> C
        self.gate = GATES[gate]()

    def squeeze(self, u: Tensor) -> Tensor:
        """One number for each channel's map: (N, C, H, W) -> z (N, C)."""
        return u.amax((2, 3)) if self.pool == "max" else mean_of_maps(u)

    def excite(self, z: Tensor) -> Tensor:
        """One weight a channel, from all of z: (N, C) -> s (N, C)."""
        return self.gate(self.fc2(self.relu(self.fc1(z))))

    def rescale(
        self,
        u: Tensor,
        s: Tensor,
        shortcut: Tensor | None = None,
    ) -> Tensor:
        """Each map times its weight: (N, C, H, W), (N, C) -> (N, C, H, W).

        Plus ``shortcut``, of U's shape, if it is given.
        """
        s = s[:, :, None, None]  # one weight for all pixels of a map
        return rescale(u, s, shortcut)  # u * s (+ shortcut, in one pass)

    def forward(
        self,
        u: Tensor,
        shortcut: Tensor | None = None,
        overwrite: bool = False,
    ) -> Tensor:
        """U (N, C, H, W) recalibrated; plus ``shortcut``, if it is given.

        ``overwrite`` says that nobody reads U afterwards: the sum may take
        its place, and does where neither gradients nor a hook need U
        (:func:`senet.rescale.sum_over`).
        """
        s = self.excite(self.squeeze(u))
        if overwrite and shortcut is not None and not self.watched():
            return sum_over(u, s[:, :, None, None], shortcut)
        return self.rescale(u, s, shortcut)

    def watched(self) -> bool:
        """Whether hooks look at U, z or the result, as a recording's do."""
        hooks = 0
        if not torch.jit.is_scripting():
            for module in (self, self.fc1):
                hooks += len(module._forward_pre_hooks) + len(module._forward_hooks)
        return hooks > 0

    def extra_repr(self) -> str:
        return f"C={self.channels}, r={self.reduction}, squeeze={self.pool}"


class NoSE(nn.Module):
    """Stands where an SE block would, and lets U pass, so that a residual block needs no second forward."""

    def forward(self, u: Tensor, shortcut: Tensor | None = None, overwrite: bool = False) -> Tensor:
        if shortcut is None:
            return u
        return sum_over(u, None, shortcut) if overwrite else u + shortcut


@torch.fx.wrap  # one step to a tracer: the choice below is made when it runs
def mean_of_maps(u: Tensor) -> Tensor:
    """Equation 2: (N, C, H, W) -> (N, C), in the dtype of U, for any H x W."""
    learns = torch.is_grad_enabled() and u.requires_grad
    if u.dtype == torch.float16 or (u.dtype != torch.bfloat16 and not learns):
        return u.mean((2, 3))  # float16 in any case: a sum of 56 x 56 values may pass 65504, its largest
    if _pools(u) and not learns:
        return F.avg_pool2d(u, u.shape[2:]).flatten(1)
    # PyTorch's mean gives the same, slower: on a CPU it first makes a float32 copy of bfloat16 maps (7 times the time), and its
    # gradient is written out as H x W equal values, where a sum's is one value, expanded without a copy.
    return u.sum((2, 3)) / (u.shape[2] * u.shape[3])


def _pools(u: Tensor) -> bool:
    # An average pool over the whole window takes half the sum's time on a CPU where maps are bfloat16, channels-last, and of
    # several pictures, which are what it shares out among threads. Elsewhere it is up to 20 times slower or, in float32, less
    # exact: it adds up one by one. And its gradient is written out.
    if torch.jit.is_scripting() or torch.compiler.is_compiling():  # a compiler makes its own choice
        return False
    several = u.shape[0] > 1 and u.device.type == "cpu" and u.dtype == torch.bfloat16
    return several and u.is_contiguous(memory_format=torch.channels_last) and not u.is_contiguous()


def hidden_width(channels: int, reduction: int, min_hidden: int = 4) -> int:
    """Width of the hidden layer: C // r, at least ``min_hidden``, at most C. Never 0."""
    return min(channels, max(channels // reduction, min_hidden))


def at_least_one(**numbers: int) -> None:
    """Raise ``ValueError`` for the first of ``numbers`` that is not a whole number from 1 up."""
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}={value!r} has to be a whole number of at least 1")


def some_of(choices, **named) -> None:
    """Raise ``ValueError`` for the first of ``named`` that is no collection, or holds what is not among ``choices``."""
    for name, values in named.items():
        if isinstance(values, int | str):
            raise ValueError(f"{name}={values!r} has to be a collection: write ({values!r},)")
        for value in values:
            one_of(choices, **{name.removesuffix("s"): value})


def one_of(choices, **named) -> None:
    """Raise ``ValueError`` for the first of ``named`` that is not among ``choices``."""
    for name, value in named.items():
        if value not in choices:
            raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(map(repr, choices))}")
