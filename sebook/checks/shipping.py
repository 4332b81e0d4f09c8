"""Checks on what becomes of a trained network's gates: folded away, put in, and found dead."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from senet.models.se import SEBlock

from .equations import numbers
from .verdict import Verdict, judge, outcome, unusable

CALL = "start(norm, block)"


def fold_after(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(weight, s)``: the weight (out, C, k, k) of the convolution after constant gates s (C,), with these folded in."""

    def right(weight: Tensor, s: Tensor) -> Tensor:
        return weight * s[:, None, None]

    slips = (
        (
            lambda w, s: w * s[:, None, None, None],
            "That scales what the convolution gives. The gates scale what it *reads*: dim 1.",
        ),
        (
            lambda w, s: w / s[:, None, None],
            "You divided. A map that was halved by its gate needs a weight that is halved in its place.",
        ),
        (
            lambda w, s: w * s,
            "Broadcasting counts from the right, so that s met the kernel's columns. Give it two more dimensions.",
        ),
        (lambda w, s: w * s.mean(), "All input channels got one factor. Each has its own gate."),
        (lambda w, s: w + s[:, None, None], "You added the gates. They are factors."),
        (lambda w, s: w, "The weight came back as it was."),
    )
    s = numbers(4, seed=1).sigmoid()
    # A square weight of as many outputs as inputs would hide the wrong dimension.
    trials = [(numbers(4, 4, 4, 4), s), (numbers(6, 4, 3, 3), s), (numbers(2, 4, 1, 1).double(), s.double())]
    praise = "Exact for any convolution: zeros at the border stay zeros, whatever they are multiplied by. The bias is not touched."
    return judge(answer, right, trials, slips, "fold_after(weight, s)", praise)


def dead_units(answer: Callable[[Tensor], Tensor]) -> Verdict:
    """``answer(hidden)``: which units after a ReLU, (N, units), fire for none of the N pictures: bool (units,)."""
    hidden = numbers(6, 5).relu()
    hidden[:, 1] = 0
    hidden[:, 4] = 0
    hidden[2, 4] = 3.0  # for one picture
    slips = (
        (lambda h: (h == 0).any(0), "These are silent for *some* picture. A dead unit is silent for all."),
        (lambda h: (h > 0).any(0), "These are the units that live. Turn it round."),
        (lambda h: (h == 0).all(1), "You went over the units of each picture. Go over the pictures of each unit: dim 0."),
        (
            lambda h: h.median(0).values == 0,
            "The median hides a unit that fires for few pictures. One picture is enough to be alive.",
        ),
        (lambda h: h.max(0).values, "That is how much each fires at most. Compare it with 0."),
        (
            lambda h: (h == 0).all(0).nonzero().flatten(),
            "Those are the numbers of the dead units. Say of each unit whether it is dead.",
        ),
    )
    praise = "On these pictures. Another picture may wake a unit, so that many pictures should be asked before one is cut."
    trials = [(hidden,), (hidden[:3].double(),)]
    return judge(answer, lambda h: (h <= 0).all(0), trials, slips, "dead_units(hidden)", praise)


def identity_start(answer: Callable[[nn.BatchNorm2d, SEBlock], Any]) -> Verdict:
    """``answer(norm, block)`` changes both so that ``block(norm(x))`` is what ``norm(x)`` was, and the block can learn at once."""
    torch.manual_seed(0)
    norm, block, x = nn.BatchNorm2d(8).eval(), SEBlock(8, 2, bias=True), numbers(3, 8, 4, 4)
    with torch.no_grad():
        norm.weight.copy_(numbers(8, seed=2))
        norm.bias.copy_(numbers(8, seed=3))
        expected = norm(x)
    theirs = copy.deepcopy(norm), copy.deepcopy(block)
    got = outcome(answer, *theirs)
    if isinstance(got, Exception):
        return unusable(got, (), CALL)
    for module, name in zip((norm, block), ("norm", "block"), strict=True):
        changed = theirs[0] if name == "norm" else theirs[1]
        if not isinstance(changed, type(module)):
            return Verdict(False, f"Change the {name} in place, and keep its class.")
    out = outcome(lambda: theirs[1](theirs[0](x)))
    if isinstance(out, Exception):
        return unusable(out, (), CALL)
    gates = theirs[1].excite(theirs[1].squeeze(expected)).detach()
    if not torch.allclose(out, expected, atol=1e-5):
        return Verdict(False, _off(out, expected, gates))
    loss = (theirs[1](theirs[0](x)) * numbers(3, 8, 4, 4, seed=5)).sum()
    (slope,) = torch.autograd.grad(loss, [theirs[1].fc2.weight])
    if not slope.abs().max() > 1e-3:
        return Verdict(
            False,
            "The answers stay, but nothing reaches the last layer: where gates are shut or wide open the sigmoid is flat. "
            "Begin where it is steepest, at 0, and let the norm make up for the factor.",
        )
    return Verdict(
        True,
        "sigmoid(0) is exactly 1/2, the norm doubles, and both are exact in floating point. The last layer learns in the first "
        "step, the first layer from the second step on.",
    )


def _off(out: Tensor, expected: Tensor, gates: Tensor) -> str:
    if torch.allclose(out, expected / 2, atol=1e-5):
        return "Everything is half as large as it was: the gates are 1/2, as sigmoid(0) is. What can make up for it?"
    if torch.allclose(out, 2 * expected, atol=1e-5):
        return "Everything is twice as large as it was: the norm is doubled, but the gates are 1. One of both is enough."
    if (gates > 0.98).all():
        return (
            f"Nearly: the gates are {gates.min():.4f} or more, but not 1, and there the sigmoid is flat, so that they learn slowly."
        )
    if (gates.std(0) > 1e-4).any():
        return "The gates still depend on the picture. With the last layer's weight *and* bias at zero they don't."
    return (
        f"The output is off by up to {(out - expected).abs().max():.3g}. "
        "A batch norm has a weight *and* a bias: both are part of what it gives."
    )
