"""Checks on gates as others' networks have them: hidden units that are dead, and one gate for a picture that comes in tiles."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from senet.models.se import SEBlock

from .equations import numbers
from .inside import _number, _wrapped
from .verdict import Verdict, judge

Tiles = list[Tensor]


def dead_units(answer: Callable[[Tensor], int]) -> Verdict:
    """``answer(hidden)``: how many hidden units fire for no picture, of what comes out of the ReLU: (N, hidden) -> a number."""
    hidden = numbers(5, 12).relu()
    hidden[:, [1, 6, 7]] = 0  # of the others, some are 0 for a few pictures
    hidden[2] = 0  # and one picture fires none
    few = hidden.clone()
    few[:, 7] = torch.tensor([0, 0, 0, 1e-4, 0])  # it fires once, and little

    slips = (
        (lambda h: (h > 0).any(0).sum(), "These are the units that do fire. Count the others."),
        (lambda h: (h == 0).any(0).sum(), "You counted units that are silent for some picture. A dead one is silent for all."),
        (lambda h: (h == 0).sum(), "These are zeros, of all pictures together. Count units: one that is 0 everywhere counts once."),
        (lambda h: (h == 0).all(1).sum(), "You looked along the units: these are pictures. Look along dim 0."),
        (lambda h: (h == 0).all(0).double().mean(), "That is a share. Count them."),
        (lambda h: (h.mean(0) < 0.01).sum(), "A small mean is not silence: a unit that fires once, and little, is alive."),
    )
    trials = [(hidden,), (few,), (hidden.double(),)]
    praise = "On other pictures a unit may wake: say how many you looked at."
    mine = _wrapped(answer, lambda h: _number(answer(h)))
    return judge(
        mine,
        lambda h: _number((h == 0).all(0).sum()),
        trials,
        [(lambda h, slip=slip: _number(slip(h)), hint) for slip, hint in slips],
        "dead_units(hidden)",
        praise,
    )


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
