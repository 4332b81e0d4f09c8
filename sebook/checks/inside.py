"""Looking inside: what a gate was worth, whether attributions add up, and whether two orders agree."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from senet.inside.recording import record
from senet.models.cifar import small_resnet

from .equations import numbers
from .verdict import Verdict, judge

BLOCK = "layer2.0.se"


def closing(answer: Callable[[nn.Module, Tensor, str, int, int], Tensor]) -> Verdict:
    """``answer(model, x, block, channel, target)``: by how much the target's logit falls when one gate is closed: (N,)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = small_resnet((1, 1), (8, 16), num_classes=5).eval()
    count = 16

    def logits(x: Tensor, gates: Tensor | None = None) -> Tensor:
        return record(model, x, gates=None if gates is None else {BLOCK: gates}).logits

    def one(channel: int, value: float, others: float = torch.nan) -> Tensor:
        gates = torch.full((count,), others)
        gates[channel] = value
        return gates

    def lost(x: Tensor, c: int, t: int, gates: Tensor) -> Tensor:
        return (logits(x) - logits(x, gates))[:, t]

    slips = (
        (
            lambda x, c, t: lost(x, c, t, one(c, 0)).abs(),
            "You took the size. The sign says whether the gate spoke for the class or against.",
        ),
        (
            lambda x, c, t: -lost(x, c, t, one(c, 0)),
            "The sign is reversed. What the gate was worth is the whole less what is left.",
        ),
        (lambda x, c, t: logits(x, one(c, 0))[:, t], "That is what is left. Subtract it from the logit with the gate as it was."),
        (
            lambda x, c, t: (logits(x).softmax(1) - logits(x, one(c, 0)).softmax(1))[:, t],
            "These are probabilities, which also move when another class does. Take the logits.",
        ),
        (
            lambda x, c, t: lost(x, c, t, torch.zeros(count)),
            "You closed all gates of the block. NaN leaves a channel its own gate.",
        ),
        (lambda x, c, t: lost(x, c, t, one(c, 0, 1.0)), "You opened the other gates wide. NaN leaves a channel its own gate."),
        (lambda x, c, t: lost(x, c, t, one(c, 1)), "A gate of 1 is wide open. Closed is 0."),
        (
            lambda x, c, t: lost(x, c, t, one(t, 0)),
            "You closed the gate with the class's number. Channel and class are counted apart.",
        ),
        (lambda x, c, t: logits(x) - logits(x, one(c, 0)), "One number for each class came. Only the target's was asked for."),
    )
    x = numbers(3, 3, 16, 16)
    # One gate for and one against, or a size could not be told from a difference, nor that from its opposite.
    speaks, against = (
        next(c for c in range(count) if (sign * lost(x, c, t, one(c, 0)) > 0).all()) for sign, t in ((1, 1), (-1, 4))
    )
    call = "closing(model, x, block, channel, target)"
    mine = _wrapped(answer, lambda x, c, t: answer(model, x, BLOCK, c, t))
    praise = "Above 0 the gate spoke for the class; below 0, against it. How far it is open does not tell which."
    return judge(mine, lambda x, c, t: lost(x, c, t, one(c, 0)), [(x, speaks, 1), (x[:1], against, 4)], slips, call, praise)


def gap(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(attributions, whole, closed)``: (N, C), (N,), (N,) -> (N,), the sum less what it promises to be."""
    slips = (
        (lambda a, w, c: a.sum(0), "You summed over the pictures. Each picture's channels sum for themselves: dim 1."),
        (lambda a, w, c: a.sum(1), "That is the sum. How far is it from the difference of the two logits?"),
        (lambda a, w, c: a.sum(1) - w, "The baseline is missing: attributions sum to a difference, and not to the logit."),
        (lambda a, w, c: a.sum(1) - (c - w), "The difference is reversed: it is the logit less the baseline's."),
        (lambda a, w, c: (w - c) - a.sum(1), "Reversed: take the sum less what it promises, so that too large a sum is above 0."),
        (lambda a, w, c: a.mean(1) - (w - c), "The channels' attributions are summed, and not averaged."),
        (
            lambda a, w, c: a.abs().sum(1) - (w - c),
            "With their sizes they no longer sum to anything: what speaks against must count below 0.",
        ),
        (lambda a, w, c: a.sum() - (w - c).sum(), "One number came for all pictures. Each has its own."),
    )
    trials = [(numbers(3, 6), numbers(3, seed=1), numbers(3, seed=2)), (numbers(1, 4), numbers(1, seed=1), numbers(1, seed=2))]
    praise = "Near 0: the method kept its promise. Otherwise take more steps, and only then believe single channels."
    return judge(answer, lambda a, w, c: a.sum(1) - (w - c), trials, slips, "gap(attributions, whole, closed)", praise)


def rank_correlation(answer: Callable[[Tensor, Tensor], Any]) -> Verdict:
    """``answer(a, b)``: Spearman's rank correlation of two rows (C,) without ties: one number."""

    def correlation(a: Tensor, b: Tensor) -> Tensor:
        a, b = a.double() - a.double().mean(), b.double() - b.double().mean()
        return (a * b).sum() / (a.square().sum() * b.square().sum()).sqrt()

    def ranks(a: Tensor) -> Tensor:
        return a.argsort().argsort()

    slips = (
        (correlation, "That is the correlation of the values. One far value decides it; correlate their ranks."),
        (
            lambda a, b: correlation(a.argsort(), b.argsort()),
            "`argsort` says who comes first, second, third. The place of each comes by a second `argsort` of that.",
        ),
        (lambda a, b: -correlation(ranks(a), ranks(b)), "One row is ranked from the top and the other from the bottom."),
        (lambda a, b: correlation(ranks(a), b), "Only the first row is ranked."),
        (lambda a, b: correlation(a, ranks(b)), "Only the second row is ranked."),
        (
            lambda a, b: ((ranks(a) - ranks(a).double().mean()) * (ranks(b) - ranks(b).double().mean())).mean(),
            "That is the ranks' covariance. Divide by both deviations, so that it lies between -1 and 1.",
        ),
        (lambda a, b: correlation(ranks(a.abs()), ranks(b.abs())), "You took sizes. Whether signs count is for the caller to say."),
        (
            lambda a, b: (ranks(a) == ranks(b)).double().mean(),
            "Those are the channels of equal rank. Near misses should also count.",
        ),
    )
    # One row goes by powers, so that values and ranks correlate differently.
    trials = [
        (numbers(9), numbers(9, seed=1) ** 5),
        (numbers(6, seed=2), -numbers(6, seed=2)),
        (numbers(12, seed=3), numbers(12, seed=4) ** 3),
    ]
    mine = _wrapped(answer, lambda a, b: _number(answer(a, b)))
    praise = "Only the order counts, so that no single large value can make a correlation by itself."
    return judge(mine, lambda a, b: correlation(ranks(a), ranks(b)), trials, slips, "rank_correlation(a, b)", praise)


def _wrapped(answer: Any, call: Callable[..., Any]) -> Any:
    """``call``, which calls ``answer``; ``answer`` itself where it cannot be called, so that the verdict can say so."""
    return call if callable(answer) else answer


def _number(value: Any) -> Any:
    return torch.as_tensor(value).double() if isinstance(value, Tensor | float | int) or hasattr(value, "__float__") else value
