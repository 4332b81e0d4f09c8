"""What became of SE: a newer gate, and whether a count of gains is more than chance."""

import math
from collections.abc import Callable

from torch import Tensor

from .equations import numbers
from .verdict import Verdict, judge


def grn(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(u, gamma)``: the gates of global response normalisation, U (N, C, H, W) and gamma (C,) -> (N, C)."""

    def gates(z: Tensor, gamma: Tensor) -> Tensor:
        return 1 + gamma * z / z.mean(1, keepdim=True)

    def length(u: Tensor) -> Tensor:
        return u.square().sum((2, 3)).sqrt()

    slips = (
        (
            lambda u, g: gates(u.mean((2, 3)), g),
            "That squeezes by the mean, as SE does. GRN takes each map's length: the root of its sum of squares.",
        ),
        (lambda u, g: gates(u.square().sum((2, 3)), g), "That is the square of the length: the root is missing."),
        (lambda u, g: g * length(u) / length(u).mean(1, keepdim=True), "The 1 is missing: U itself is added to what gamma weighs."),
        (lambda u, g: 1 + g * length(u), "Each length has to be divided by the mean length of the picture's maps."),
        (
            lambda u, g: 1 + g * length(u) / length(u).sum(1, keepdim=True),
            "You divided by the sum of the lengths. It is their mean.",
        ),
        (
            lambda u, g: 1 + g * length(u) / length(u).mean(0, keepdim=True),
            "The mean goes over the channels (dim 1), and not over the pictures.",
        ),
        (lambda u, g: gates(length(u), g).sigmoid(), "There is no sigmoid: nothing bounds GRN's gate."),
        (lambda u, g: u * gates(length(u), g)[:, :, None, None], "Those are the rescaled maps. Return the gates alone, (N, C)."),
        (lambda u, g: 1 + length(u) / length(u).mean(1, keepdim=True), "gamma was not used."),
    )
    trials = [(numbers(2, 5, 4, 4), numbers(5, seed=1)), (numbers(3, 4, 4, 4), numbers(4, seed=2))]
    praise = "A squeeze, a comparison between channels, and a product. What is learned is one number per channel."
    return judge(answer, lambda u, g: gates(length(u), g), trials, slips, "grn(u, gamma)", praise)


def luck(answer: Callable[[int, int], float]) -> Verdict:
    """``answer(up, pairs)``: the chance that fair coins fall at least as unevenly as ``up`` of ``pairs``, on either side."""

    def tail(up: int, pairs: int) -> float:
        return sum(math.comb(pairs, k) for k in range(max(up, pairs - up), pairs + 1)) / 2**pairs

    def right(up: int, pairs: int) -> float:
        return min(1.0, 2 * tail(up, pairs))

    slips = (
        (tail, "That is one side. Coins can fall as unevenly the other way: double it."),
        (
            lambda up, pairs: math.comb(pairs, up) / 2**pairs,
            "That is the chance of exactly this many. Add those that are even more uneven.",
        ),
        (
            lambda up, pairs: 2 * math.comb(pairs, up) / 2**pairs,
            "Both sides are there, but only for exactly this many. Add the more uneven ones.",
        ),
        (lambda up, pairs: 2 * tail(up, pairs), "With as many up as down this passes 1, and no probability does."),
        (
            lambda up, pairs: 2 * (tail(up, pairs) - math.comb(pairs, max(up, pairs - up)) / 2**pairs),
            "This many itself also counts.",
        ),
        (lambda up, pairs: up / pairs, "That is the share that gained. How often would coins give such a share?"),
        (lambda up, pairs: 1 - right(up, pairs), "That is the chance of the opposite."),
    )
    # 7 of 14 tells who passes 1, 2 of 14 who looks at one side.
    return judge(
        answer,
        right,
        [(12, 14), (2, 14), (7, 14), (5, 5)],
        slips,
        "luck(up, pairs)",
        "Small: rare by luck. But pairs of one family are not fourteen coins.",
    )
