"""SE over a part of a picture: gates of tiles, of other sizes, of a few rows, and gates carried from the whole.

A convolution gives the same wherever its neighbourhood is the same. A gate doesn't: its squeeze is over all pixels that there are.
"""

import contextlib
from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from senet.arguments import at_least_one
from senet.inside.recording import record
from senet.models.se import SEBlock


@torch.no_grad()
def in_tiles(
    network: nn.Module,
    picture: Tensor,
    side: int,
    *,
    stride: int = 1,
    margin: int = 0,
    gates: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """Run a network on tiles of a picture, and put what it gives together.

    Args:
        network: from (1, 3, H, W) to maps (1, C, H / stride, W / stride).
        picture: (1, 3, H, W); H and W are multiples of ``side``.
        side: of a tile in pixels, a multiple of ``stride``.
        stride: pixels of the picture to one of the maps.
        margin: pixels around each tile that are computed too and thrown away, a multiple of ``stride``. With as many as the
            network's receptive field reaches, convolutions see what they see in the whole picture.
        gates: excitations to use instead of each tile's own, by block; those of the whole picture, for instance.

    Raises:
        ValueError: a side is not the multiple that it has to be.
    """
    at_least_one(side=side, stride=stride)
    height, width = picture.shape[2:]
    for name, value, of in (("H", height, side), ("W", width, side), ("side", side, stride), ("margin", margin, stride)):
        if value % of:
            raise ValueError(f"{name}={value} is not a multiple of {of}: cut the picture, or choose another side")
    put = None
    for top in range(0, height, side):
        for left in range(0, width, side):
            # To the picture's edge and not beyond, so that its own zero padding stays where it is.
            above, before = min(margin, top), min(margin, left)
            tile = picture[:, :, top - above : top + side + margin, left - before : left + side + margin]
            maps = network(tile) if gates is None else record(network, tile, gates=gates).logits
            n, y, x = side // stride, above // stride, before // stride
            if put is None:
                put = maps.new_empty(1, maps.shape[1], height // stride, width // stride)
            at = top // stride, left // stride
            put[:, :, at[0] : at[0] + n, at[1] : at[1] + n] = maps[:, :, y : y + n, x : x + n]
    return put


def seam(maps: Tensor, whole: Tensor, every: int) -> tuple[float, float]:
    """How far maps made in tiles differ from the whole's, and how much of that is a step across the seams.

    Args:
        maps, whole: (1, C, H, W).
        every: columns and rows from seam to seam.

    Returns:
        The mean difference as a share of the whole's standard deviation; and the mean step of that difference from one pixel to
        the next across a seam, over the mean step elsewhere.
    """
    far = maps - whole
    steps = far.diff(dim=3).abs().mean((0, 1, 2)), far.diff(dim=2).abs().mean((0, 1, 3))
    across, elsewhere = [], []
    for step in steps:
        at = torch.arange(1, len(step) + 1) % every == 0
        across.append(step[at])
        elsewhere.append(step[~at])
    ordinary = torch.cat(elsewhere).mean()
    over = float(torch.cat(across).mean() / ordinary) if ordinary > 0 else 1.0
    return float(far.abs().mean() / whole.std()), over


@contextlib.contextmanager
def over_rows(model: nn.Module, rows: int) -> Iterator[None]:
    """Within, each SE block squeezes for each row of its maps over that row and its neighbours, ``rows`` in all.

    That is all that a machine can do if it computes a picture row by row and keeps few rows (Vosco and others' Tiled SE). A gate
    then differs from row to row.

    Raises:
        ValueError: ``rows`` is even, so that no row is in the middle.
    """
    at_least_one(rows=rows)
    if rows % 2 == 0:
        raise ValueError(f"rows={rows} is even: with {rows + 1} a row has as many above it as below")

    def by_rows(block: SEBlock, u: Tensor, shortcut: Tensor | None = None) -> Tensor:
        z = u.mean(3, keepdim=True)
        # At the edges over the rows that there are.
        z = F.avg_pool2d(z, (rows, 1), stride=1, padding=(rows // 2, 0), count_include_pad=False)
        s = block.excite(z[..., 0].transpose(1, 2)).transpose(1, 2)[..., None]  # (N, C, H, 1)
        return u * s if shortcut is None else u * s + shortcut

    blocks = [module for module in model.modules() if isinstance(module, SEBlock)]
    for block in blocks:
        block.forward = by_rows.__get__(block)  # on the object, over its class's own
    try:
        yield
    finally:
        for block in blocks:
            del block.forward
