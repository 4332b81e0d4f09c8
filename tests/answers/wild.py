"""Answers to the exercises of the chapter on SE in the wild."""

import torch

from sebook import checks


def by_hand(block, tiles):
    count = sum(tile[0, 0].numel() for tile in tiles)
    s = block.excite(torch.stack([tile.flatten(2).sum(2) for tile in tiles]).sum(0) / count)
    return [tile * s[..., None, None] for tile in tiles]


def averaged(block, tiles, gates: bool):
    z = [block.squeeze(tile) for tile in tiles]
    s = torch.stack([block.excite(each) for each in z]).mean(0) if gates else block.excite(torch.stack(z).mean(0))
    return [block.rescale(tile, s) for tile in tiles]


RIGHT = [
    (checks.switches, lambda s: (s.amax(0) == 0) | (s.amin(0) == 1)),
    (checks.tiled, by_hand),
]
WRONG = [
    (checks.switches, lambda s: ((s == 0) + (s == 1)).all(0), "for some inputs and 1 for others"),
    (checks.switches, lambda s: ((s == 0) | (s == 1)).any(0), "for *some* input"),
    (checks.switches, lambda s: s.amax(0) == s.amin(0), "stay where they are"),
    (checks.switches, lambda s: s.amax(0) == 0, "These are the closed ones"),
    (checks.switches, lambda s: s.amin(0) == 1, "These are the open ones"),
    (checks.switches, lambda s: (s.amax(1) == 0) | (s.amin(1) == 1), "along the inputs"),
    (checks.switches, lambda s: ((s.amax(0) == 0) | (s.amin(0) == 1)).sum(), "how many"),
    (checks.switches, lambda s: (s.amax(0) > 0) & (s.amin(0) < 1), "Inverted"),
    (checks.tiled, lambda block, tiles: [block(tile) for tile in tiles], "where seams come from"),
    (checks.tiled, lambda block, tiles: block(torch.cat(tiles, 3)), "the whole picture again"),
    (checks.tiled, lambda block, tiles: averaged(block, tiles, gates=False), "each of your means counts the same"),
    (checks.tiled, lambda block, tiles: averaged(block, tiles, gates=True), "You averaged the tiles' gates"),
]
