"""The explorer's two questions to a gate, in code: what depends on it, and which part of the picture opened it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from senet.inside.recording import record
from senet.models.cifar import small_resnet

from .equations import numbers
from .inside import _wrapped
from .verdict import Verdict, judge

BLOCK, CHANNELS = "layer2.0.se", 16


def decisive_gate(answer: Callable[[nn.Module, Tensor, str], Any]) -> Verdict:
    """``answer(model, x, block)``: the channel of the gate on which the network's answer for one picture depends most.

    Closing that gate alone lowers the probability of the predicted class more than closing any other gate does.
    """
    model = _network()

    def probabilities(x: Tensor, gates: Tensor | None = None) -> Tensor:
        pictures = x if gates is None else x.expand(len(gates), -1, -1, -1)
        return record(model, pictures, gates=None if gates is None else {BLOCK: gates}).logits.softmax(1)

    def one(value: float, others: float = torch.nan) -> Tensor:
        return torch.full((CHANNELS, CHANNELS), others).fill_diagonal_(value)

    def left(x: Tensor, gates: Tensor) -> Tensor:  # of the class that the network names; one number for each gate
        return probabilities(x, gates)[:, probabilities(x)[0].argmax()]

    def own(x: Tensor) -> Tensor:
        return record(model, x).blocks[BLOCK].excitation[0]

    def right(x: Tensor) -> int:
        return int(left(x, one(0)).argmin())

    slips = (
        (
            lambda x: int(left(x, one(0)).argmax()),
            "Closing that gate makes the network more sure. Look for the one without which the probability is *lowest*.",
        ),
        (
            lambda x: int(own(x).argmax()),
            "That is the gate that is widest open. How far it is open does not say how much depends on it: close it and look.",
        ),
        (lambda x: int(own(x).argmin()), "That gate is nearly closed already. Close each gate in turn, and look at the answer."),
        (
            lambda x: int(left(x, one(1)).argmin()),
            "You opened the gates, one after the other. A gate of 1 is wide open; closed is 0.",
        ),
        (
            lambda x: int(left(x, one(torch.nan, 0.0)).argmin()),
            "You closed all gates but one. NaN leaves a channel its own gate: give NaN to the others.",
        ),
        (
            lambda x: int(probabilities(x, one(0)).amax(1).argmin()),
            "You followed the class that wins each time. Stay with the class that the network names with its own gates.",
        ),
        (
            lambda x: int(probabilities(x, one(0))[:, 0].argmin()),
            "You followed class 0. Take the class that the network names: `logits.argmax(1)`.",
        ),
        (lambda x: left(x, one(0)), "All probabilities came. Wanted is the number of the channel with the lowest: `argmin`."),
        (
            lambda x: left(x, one(0)).min().item(),
            "That is the probability that is left. Wanted is the number of the channel: `argmin` instead of `min`.",
        ),
    )
    mine = _channel(answer, lambda x: answer(model, x, BLOCK))
    call = "decisive_gate(model, x, block)"
    praise = "Of all the block's gates, the answer depends most on that one. It need not be the one that is widest open."
    # The first picture tells every slip from the others (a test sees to that), the second tells a lucky guess.
    return judge(mine, right, [(numbers(1, 3, 16, 16, seed=seed),) for seed in (50, 51)], slips, call, praise)


def occlusion(answer: Callable[[nn.Module, Tensor, str, int, int], Tensor]) -> Verdict:
    """``answer(model, x, block, channel, side)``: the gate with each square of the picture covered, (H / side, W / side)."""
    model = _network()

    def gate(x: Tensor, c: int) -> Tensor:
        return record(model, x).blocks[BLOCK].excitation[:, c]

    def covered(x: Tensor, side: int, value: float = 0.0, keep: bool = False) -> Tensor:
        """A picture for each square: that square covered; with ``keep`` all but that square."""
        rows, columns = x.shape[2] // side, x.shape[3] // side
        hole = torch.ones(rows * columns, 1, *x.shape[2:], dtype=torch.bool)
        for k in range(rows * columns):
            top, left = side * (k // columns), side * (k % columns)
            hole[k, :, top : top + side, left : left + side] = False
        return torch.where(hole != keep, x, torch.tensor(value))

    def grid(values: Tensor, x: Tensor, side: int) -> Tensor:
        return values.view(x.shape[2] // side, x.shape[3] // side)

    def right(x: Tensor, c: int, side: int) -> Tensor:
        return grid(gate(covered(x, side), c), x, side)

    def never_lifted(x: Tensor, c: int, side: int) -> Tensor:
        single = covered(x, side)
        seen = torch.ones_like(single[:1], dtype=torch.bool)
        values = []
        for picture in single:
            seen &= picture == x
            values.append(gate(torch.where(seen, x, torch.tensor(0.0)), c))
        return grid(torch.cat(values), x, side)

    def drop(x: Tensor, c: int, side: int) -> Tensor:
        return gate(x, c) - right(x, c, side)

    slips = (
        (
            never_lifted,
            "The patches were never lifted again: each time one square more is covered. Begin with a fresh `x.clone()`.",
        ),
        (
            lambda x, c, side: right(x, c, side).T,
            "Rows and columns have changed places: the first dimension runs downwards.",
        ),
        (drop, "That is what covering takes away. Wanted is the gate itself, with the square covered."),
        (lambda x, c, side: -drop(x, c, side), "That is the change. Wanted is the gate itself, with the square covered."),
        (
            lambda x, c, side: grid(gate(covered(x, side, 1.0), c), x, side),
            "You covered with 1, which is a bright patch. In a prepared picture, 0 is the mean colour.",
        ),
        (
            lambda x, c, side: grid(gate(covered(x, side, keep=True), c), x, side),
            "You covered everything *but* the square. Cover the square, and leave the rest.",
        ),
        (
            lambda x, c, side: right(x, c, side).flatten(),
            "The numbers are right, but in one row. Give them the shape: `view`.",
        ),
        (
            lambda x, c, side: grid(record(model, covered(x, side)).blocks[BLOCK].squeeze[:, c], x, side),
            "These are the squeezed values z. The gates are `block.excitation`.",
        ),
        (
            lambda x, c, side: grid(record(model, covered(x, side)).blocks[BLOCK].excitation.mean(1), x, side),
            "You averaged over the channels. One channel's gate was asked for.",
        ),
    )
    mine = _wrapped(answer, lambda x, c, side: answer(model, x, BLOCK, c, side))
    call = "occlusion(model, x, block, channel, side)"
    praise = "Where it lies below the gate as it was, what you covered had opened it."
    tall = numbers(1, 3, 24, 16)  # taller than wide: rows can't be taken for columns
    return judge(mine, right, [(numbers(1, 3, 16, 16), 3, 4), (tall, 5, 8)], slips, call, praise)


def _network() -> nn.Module:
    """Two SE blocks whose gates differ from channel to channel, and move with the picture."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = small_resnet((1, 1), (8, CHANNELS), num_classes=5).eval()
    se = model.get_submodule(BLOCK)
    for seed, layer in enumerate((se.fc1, se.fc2)):
        layer.weight.data = 3 * numbers(*layer.weight.shape, seed=seed) - 0.6
    model.fc.weight.data *= 10  # or the probabilities would hardly tell one gate from another
    return model


def _channel(answer: Any, call: Callable[[Tensor], Any]) -> Any:
    """``call``, with a channel as an int, in whatever form it came; what can't be called stays, so that the judge can say so."""

    def as_int(x: Tensor) -> Any:
        got = call(x)
        whole = isinstance(got, Tensor) and got.numel() == 1 and not got.is_floating_point()
        return int(got) if whole else got

    return _wrapped(answer, as_int)
