"""Checks on gates as others' networks have them: gates that became switches, and one gate for a picture that comes in tiles."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from senet.models.se import SEBlock

from .equations import numbers
from .inside import _wrapped
from .verdict import Verdict, judge

Tiles = list[Tensor]


def switches(answer: Callable[[Tensor], Tensor]) -> Verdict:
    """``answer(s)``: which channels of gates (N, C) are exactly 0 for every input, or exactly 1 for every input: bool (C,)."""
    s = numbers(6, 7).sigmoid()
    s[:, 1], s[:, 4] = 0, 1
    s[:, 2] = torch.tensor([0.0, 1, 0, 0, 1, 1])  # it moves, from end to end
    s[:, 5] = 0.3  # it stays, and is at no end
    s[3, 0] = 1
    s[2] = torch.tensor([0.0, 0, 0, 1, 1, 0.3, 1])  # one input at whose gates all are at an end, or nearly

    def right(s: Tensor) -> Tensor:
        return (s == 0).all(0) | (s == 1).all(0)

    ends = "That channel moves: it is 0 for some inputs and 1 for others. A switch is at one end for all."
    slips = (
        (lambda s: ((s == 0) | (s == 1)).all(0), ends),
        (lambda s: ((s == 0) | (s == 1)).any(0), "At an end for *some* input is not enough. A switch is there for all."),
        (lambda s: (s == s[:1]).all(0), "That finds gates that stay where they are. A switch is also at 0 or at 1."),
        (lambda s: (s == 0).all(0), "These are the closed ones. A gate that is always 1 is a switch as well."),
        (lambda s: (s == 1).all(0), "These are the open ones. A gate that is always 0 is a switch as well."),
        (lambda s: (s == 0).all(1) | (s == 1).all(1), "You looked along the channels. Look along the inputs: dim 0."),
        (lambda s: right(s).sum(), "That is how many. Say of each channel whether it is one: bool (C,)."),
        (lambda s: ~right(s), "Inverted: these are the others."),
    )
    praise = "A sigmoid never gets there. A hard sigmoid does, and then the layer after it could do without the gate."
    return judge(answer, right, [(s,), (s.double(),)], slips, "switches(s)", praise)


def tiled(answer: Callable[[SEBlock, Tiles], Tiles]) -> Verdict:
    """``answer(block, tiles)``: a picture's tiles, (N, C, H, w) of any widths, rescaled as the block rescales the whole."""
    block = SEBlock(6, 2)
    for seed, parameter in enumerate(block.parameters()):
        parameter.data = 2 * numbers(*parameter.shape, seed=seed)
    block.eval().requires_grad_(False)
    u = numbers(2, 6, 4, 12) + torch.linspace(-1, 2, 12)
    trials = [(list(u.split(widths, 3)),) for widths in ((6, 6), (7, 4, 1), (12,))]
    means, unlike = (
        _mean_of_means,
        "Tiles differ in width, and each of your means counts the same. Sum all pixels, then divide once.",
    )
    slips: tuple[tuple[Any, str], ...] = (
        (lambda tiles: [block(tile) for tile in tiles], "Each tile was squeezed by itself: that is where seams come from."),
        (lambda tiles: _rescaled(block, tiles, block.excite(means(tiles))), unlike),
        (
            lambda tiles: _rescaled(block, tiles, torch.stack([block.excite(block.squeeze(tile)) for tile in tiles]).mean(0)),
            "You averaged the tiles' gates. Average what is squeezed: excitation bends, so the mean of gates is another number.",
        ),
        (lambda tiles: _rescaled(block, tiles, block.excite(block.squeeze(tiles[0]))), "These are the first tile's gates for all."),
        (lambda tiles: _rescaled(block, tiles, _whole(tiles)), "You multiplied by z. Excitation is missing: `block.excite(z)`."),
        (lambda tiles: block(torch.cat(tiles, 3)), "That is the whole picture again. Give the tiles back, as a list."),
        (
            lambda tiles: _rescaled(block, tiles, block.excite(sum(tile.sum((2, 3)) for tile in tiles))),
            "That is the sum over the pixels. Divide it by how many there are.",
        ),
    )
    praise = "Two passes: the first squeezes all tiles, the second rescales each by the same gates."
    mine = _wrapped(answer, lambda tiles: answer(block, tiles))

    def right(tiles: Tiles) -> Tiles:
        return _rescaled(block, tiles, block.excite(_whole(tiles)))

    return judge(mine, right, trials, slips, "tiled(block, tiles)", praise)


def _whole(tiles: Sequence[Tensor]) -> Tensor:
    return sum(tile.sum((2, 3)) for tile in tiles) / sum(tile.shape[2] * tile.shape[3] for tile in tiles)


def _mean_of_means(tiles: Sequence[Tensor]) -> Tensor:
    return torch.stack([tile.mean((2, 3)) for tile in tiles]).mean(0)


def _rescaled(block: SEBlock, tiles: Sequence[Tensor], s: Tensor) -> Tiles:
    return [block.rescale(tile, s) for tile in tiles]
