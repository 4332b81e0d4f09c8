"""Relatives of SE: other ways to squeeze, to excite, and to choose."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..relatives import eca_size as size_of
from .equations import numbers
from .verdict import Verdict, judge


def eca(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(z, w)``: ECA's excitation, z (N, C) and the k weights of its convolution (k odd) -> s (N, C)."""

    def along(z: Tensor, w: Tensor, **how: int) -> Tensor:
        return F.conv1d(z[:, None], w[None, None], **how)[:, 0]

    def beyond(z: Tensor, w: Tensor, mode: str) -> Tensor:
        return along(F.pad(z[:, None], (len(w) // 2,) * 2, mode=mode)[:, 0], w)

    def right(z: Tensor, w: Tensor) -> Tensor:
        return along(z, w, padding=len(w) // 2).sigmoid()

    slips = (
        (lambda z, w: along(z, w, padding=len(w) // 2), "The sigmoid is missing: these gates have no bounds."),
        (
            lambda z, w: along(z, w, padding=len(w) // 2).softmax(1),
            "That is softmax: neighbours share, and channels compete for a sum of one. Take the sigmoid.",
        ),
        (lambda z, w: along(z, w).sigmoid(), "The channels at the ends are lost. Pad with k // 2 zeros on each side."),
        (lambda z, w: right(z, w.flip(0)), "The weights are reversed: PyTorch's convolution does not flip its kernel."),
        (lambda z, w: beyond(z, w, "circular").sigmoid(), "The first and the last channel became neighbours. Pad with zeros."),
        (lambda z, w: beyond(z, w, "replicate").sigmoid(), "The channels at the ends were repeated. Pad with zeros."),
        (lambda z, w: right(z.T.contiguous(), w).T, "You convolved along the pictures of the batch. Neighbours are channels."),
        (
            lambda z, w: right(z, w)[:, None],
            "The numbers are right, but a dim of size 1 is left from the convolution. s is (N, C).",
        ),
        (lambda z, w: right(z, w) * z, "That is s times z. The gates are for the maps; return s alone."),
        (lambda z, w: right(z.relu(), w), "There is a ReLU too many: ECA has one layer, and nothing before it."),
        (lambda z, w: (z * w.sum()).sigmoid(), "Each channel heard itself k times. Its neighbours are what ECA adds."),
        (lambda z, w: z.sigmoid(), "The weights were not used."),
    )
    trials = [
        (numbers(3, 7), numbers(3, seed=1)),
        (numbers(1, 8), numbers(5, seed=1)),
        (numbers(2, 6).double(), numbers(3, seed=2).double()),
    ]
    return judge(
        answer,
        right,
        trials,
        slips,
        "eca(z, w)",
        "k weights for all channels, where SE has two for each pair of channel and hidden unit.",
    )


def eca_size(answer: Callable[[int], int]) -> Verdict:
    """``answer(channels)``: ECA's k at gamma = 2, b = 1: (log2 C + 1) / 2 rounded down, plus 1 if that is even."""

    def odd(t: int) -> int:
        return t if t % 2 else t + 1

    slips = (
        (lambda c: odd(int(math.log2(c) / 2)), "b is missing: one is added to the logarithm before it is halved."),
        (lambda c: int((math.log2(c) + 1) / 2), "Not odd for every C. An even kernel has no middle: take the next odd number."),
        (lambda c: odd(int((math.log(c) + 1) / 2)), "That is the natural logarithm. It is to base 2."),
        (lambda c: odd(int((math.log10(c) + 1) / 2)), "That is the logarithm to base 10. It is to base 2."),
        (
            lambda c: int((math.log2(c) + 1) / 2) - (int((math.log2(c) + 1) / 2) + 1) % 2,
            "Even numbers go up to the next odd one, not down.",
        ),
        (lambda c: odd(int(math.log2(c) / 2 + 1)), "The 1 is added before the halving, not after it."),
        (lambda c: odd(int(math.log2(c)) + 1), "The halving is missing: gamma is 2."),
        (lambda c: (math.log2(c) + 1) / 2, "A kernel's size is a whole, odd number: round down, and up to an odd one."),
    )
    praise = "The logarithm is slow: even in a wide layer a gate hears few neighbours."
    # In this order: the first tells other logarithms, the second rounding down, the third the missing b from each other.
    return judge(answer, size_of, [(16384,), (16,), (128,), (64,), (256,), (2048,)], slips, "eca_size(channels)", praise)


def spatial_squeeze(answer: Callable[[Tensor], Tensor]) -> Verdict:
    """``answer(u)``: CBAM's spatial squeeze, U (N, C, H, W) -> (N, 2, H, W): mean over the channels, then their maximum."""
    slips = (
        (
            lambda u: torch.stack([u.mean((2, 3)), u.amax((2, 3))], 1),
            "You squeezed the pixels, as SE does. Here the channels go and the pixels stay: dim 1.",
        ),
        (lambda u: torch.stack([u.amax(1), u.mean(1)], 1), "Mean and maximum have changed places: the mean comes first."),
        (lambda u: u.mean(1, keepdim=True), "That is the mean alone. The maximum goes beside it."),
        (lambda u: u.amax(1, keepdim=True), "That is the maximum alone. The mean goes beside it."),
        (
            lambda u: torch.stack([u.mean(1), u.amax(1)], 0),
            "They are stacked in front of the batch. Stack them on dim 1, where channels are.",
        ),
        (lambda u: torch.cat([u.mean(1), u.amax(1)], 1), "They lie one below the other in H. Stack them on a dim of their own."),
        (lambda u: torch.stack([u.sum(1), u.amax(1)], 1), "That is the sum. Divide by the number of channels: the mean."),
        (lambda u: u.mean(1) + u.amax(1), "You added them. They stay apart; the convolution after them weighs them."),
        (lambda u: torch.stack([u.mean(1), u.abs().amax(1)], 1), "That is the largest size. The maximum keeps its sign."),
    )
    trials = [(numbers(2, 5, 4, 7),), (numbers(1, 3, 4, 4),), (numbers(2, 5, 4, 7).double(),)]
    praise = "SE the other way: the channels go and the places stay. Its gates can say where, and no longer what."
    return judge(answer, lambda u: torch.stack([u.mean(1), u.amax(1)], 1), trials, slips, "spatial_squeeze(u)", praise)


def select(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(logits, maps)``: SK's choice, (N, M, C) and (N, M, C, H, W) of M branches -> (N, C, H, W)."""

    def weighed(maps: Tensor, s: Tensor) -> Tensor:
        return (maps * s[..., None, None]).sum(1)

    slips = (
        (
            lambda a, u: weighed(u, a.softmax(2)),
            "Softmax over the channels: they compete, and the branches don't. It goes over the branches: dim 1.",
        ),
        (lambda a, u: weighed(u, a.softmax(0)), "Softmax over the pictures of the batch. It goes over the branches: dim 1."),
        (
            lambda a, u: weighed(u, a.sigmoid()),
            "With sigmoids both branches may be wide open. A choice shares a sum of one: softmax over the branches.",
        ),
        (lambda a, u: weighed(u, a), "The softmax over the branches is missing."),
        (lambda a, u: u * a.softmax(1)[..., None, None], "The branches are weighed, and now have to be added: dim 1."),
        (lambda a, u: weighed(u, a.softmax(1)) / u.shape[1], "You averaged. The gates sum to one already: add."),
        (lambda a, u: u.sum(1), "The branches are added as they are: the logits were not used."),
        (
            lambda a, u: weighed(u, F.one_hot(a.argmax(1), a.shape[1]).movedim(-1, 1).to(u)),
            "That is the winner alone. Nothing could be learned through it; weigh the branches by softmax.",
        ),
    )
    trials = [(numbers(2, 2, 5), numbers(2, 2, 5, 3, 4, seed=1)), (numbers(1, 3, 4), numbers(1, 3, 4, 2, 2, seed=1))]
    praise = "Softmax, where the unit has to choose: what one branch gains, the others lose. Between channels that was the fault."
    return judge(answer, lambda a, u: weighed(u, a.softmax(1)), trials, slips, "select(logits, maps)", praise)
