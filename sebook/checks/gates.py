"""Checks on excitation: z (N, C) -> s (N, C)."""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from .equations import excited, flat, numbers
from .verdict import Verdict, judge, outcome, prepare, unusable


def excitation(answer: Callable[[Tensor, Tensor, Tensor], Tensor] | nn.Module) -> Verdict:
    """Equation 3, z (N, C) -> s (N, C): a function ``answer(z, w1, w2)``, or a module ``answer(z)`` with two ``Linear``.

    Weights are as ``Linear`` has them: W1 (C/r, C) and W2 (C, C/r). A module is copied first, and gets weights of the check's own.
    """
    channels, hidden, call = 8, 4, "excitation(z, w1, w2)"
    praise = "One weight per channel, each between 0 and 1. Each depends on all channels, by way of a few hidden units."
    if isinstance(answer, nn.Module):
        module, call = outcome(copy.deepcopy, answer), "module(z)"
        if isinstance(module, Exception):
            return unusable(module, (), "copy.deepcopy(module)")
        layers = prepare(module.eval())
        if isinstance(layers, Verdict):
            return layers
        hidden, channels = layers[0].weight.shape[:2]

        def answer(z: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
            for layer, weight in zip(layers, (w1, w2), strict=True):
                layer.weight.data = weight.reshape(layer.weight.shape)
            return module(z)

    z, w1, w2 = numbers(3, channels), numbers(hidden, channels), numbers(channels, hidden, seed=1)
    trials = [(z, w1, w2), (z[:1], w1, w2), (z.double(), w1.double(), w2.double())]

    def before(z: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
        return (z @ w1.T).relu() @ w2.T

    slips = (
        (
            lambda *a: before(*a).softmax(1),
            "Your weights of a picture sum to one: that is softmax. Channels must not compete: sigmoid.",
        ),
        (
            lambda *a: before(*a).softmax(0),
            "Softmax, and over the batch: one picture's gates depend on the others. Take the sigmoid.",
        ),
        (lambda z, w1, w2: (z @ w1.T @ w2.T).sigmoid(), "Without the ReLU between them, two matrices are one. Put it after W1."),
        (
            lambda *a: before(*a).sigmoid().sigmoid(),
            "The sigmoid is taken twice, so that no gate falls below one half. Once is enough.",
        ),
        (before, "The sigmoid is missing: these weights have no bounds."),
        (lambda *a: before(*a).relu(), "A ReLU is where the sigmoid belongs. The paper tried it: worse than no SE at all."),
        (lambda *a: before(*a).tanh(), "That is tanh, from -1 to 1. A gate goes from 0 to 1: sigmoid."),
        (lambda z, w1, w2: ((z @ w1.T).sigmoid() @ w2.T).sigmoid(), "A sigmoid is between W1 and W2. ReLU belongs there."),
        (lambda z, w1, w2: ((z @ w1.T).sigmoid() @ w2.T).relu(), "ReLU and sigmoid have changed places."),
        (lambda *a: flat(before(*a).sigmoid()), "All channels of a picture get one weight. Each channel has its own."),
        (lambda *a: before(*a).sigmoid().mean(1), "This gives one weight per picture. Each channel has its own."),
        (lambda *a: before(*a).sigmoid() * a[0], "That is s times z. The weights are for the maps U; return s alone."),
        (lambda z, w1, w2: z @ w1, "W1 is (C/r, C), as `Linear` keeps it, so that z needs its transpose: `z @ w1.T`."),
        (lambda z, w1, w2: (z @ w1.T).relu() @ w2, "W2 is (C, C/r), as `Linear` keeps it: `hidden @ w2.T`."),
        (lambda z, w1, w2: w1 @ z, "z has one row per picture, so it goes on the left: `z @ w1.T`."),
    )
    return judge(answer, excited, trials, slips, call, praise)


def weights(answer: Callable[[int, int], int]) -> Verdict:
    """``answer(channels, reduction)``: how many weights W1 and W2 have together, without biases."""
    slips = (
        (lambda c, r: c * (c // r), "That is one of the two matrices. W2 is as large as W1."),
        (lambda c, r: 2 * c * c, "The hidden layer is narrower: C/r units, not C."),
        (lambda c, r: c * c, "The hidden layer is narrower than C, and there are two matrices."),
        (lambda c, r: 2 * c * (c // r) + c + c // r, "You counted biases. This block has none."),
        (lambda c, r: c + c // r, "A layer from C to C/r has a weight for each pair: multiply."),
        (lambda c, r: 2 * c * r, "r is how many times narrower the hidden layer is, not its width."),
        (lambda c, r: 2 * (c // r) ** 2, "Only the hidden side is C/r wide. The other is C."),
    )
    praise = "Two matrices, each C times C/r. Twice the channels make four times the weights, so wide stages pay most."
    trials = [(64, 16), (256, 8), (2048, 16)]
    return judge(answer, lambda c, r: 2 * c * (c // r), trials, slips, "weights(channels, reduction)", praise)


def open_gates(logits: Sequence[float] | Tensor) -> Verdict:
    """Three numbers whose sigmoids are: above 0.9, above 0.9, and below 0.1."""
    values = outcome(lambda: torch.as_tensor(logits).double())
    if not isinstance(values, Tensor) or values.shape != (3,) or not values.isfinite().all():
        return Verdict(False, "Give three finite numbers, as in `[0.0, 0.0, 0.0]`: one for each channel, before the sigmoid.")
    s = values.sigmoid()
    said = ", ".join(f"{gate:.2f}" for gate in s.tolist())
    if s[0] > 0.9 and s[1] > 0.9 and s[2] < 0.1:
        share = values.softmax(0)[:2].min().item()
        return Verdict(
            True, f"The gates are {said}. Softmax would leave one of the first two {share:.2f}: they share a sum of one."
        )
    if values.min() >= 0 and values.max() <= 1:
        return Verdict(False, f"These look like gates already. Before the sigmoid any number will do; of yours it makes {said}.")
    if s[2] >= 0.1 and values[2] >= 0:
        return Verdict(
            False, f"The gates are {said}. The third has to close: sigmoid falls below one half for negative numbers only."
        )
    return Verdict(False, f"The gates are {said}. The sigmoid passes 0.9 near 2.2, and 0.1 near -2.2.")
