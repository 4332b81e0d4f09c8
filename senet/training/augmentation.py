"""Random changes of training pictures: shifts, mirror images, and crops that are scaled."""

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(
    images: Tensor,
    shift: int,
    flip: bool,
    generator: torch.Generator,
    share: tuple[int, int] = (0, 1),
) -> Tensor:
    """Move each picture by up to ``shift`` pixels and mirror half of them, at random: uint8 (N, 3, H, W) to the same.

    ``share`` says which part of a batch ``images`` are, of how many equal ones. Numbers are drawn for the whole batch, so that the
    parts together are what one process would have made of it.

    All pictures are cut in one indexing step. Its result lies in memory as (N, H, W, 3), which is just what a channels-last
    network wants.
    """
    n, _, height, width = images.shape
    rank, size = share
    padded = F.pad(images, (shift,) * 4)
    top, left = torch.randint(2 * shift + 1, (2, n * size, 1), generator=generator).chunk(size, 1)[rank]
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    if flip:
        mirrored = torch.rand(n * size, 1, generator=generator).chunk(size)[rank] < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    which = torch.arange(n)[:, None, None]
    return padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cut(
    images: Tensor,
    zoom: float,
    side: int,
    generator: torch.Generator,
    share: tuple[int, int] = (0, 1),
) -> Tensor:
    """Cut a random part out of each picture and scale it: float (N, 3, H, W) to (N, 3, side, side).

    Width and height each keep a share of their own, drawn evenly from ``zoom`` to 1, and so a picture is also stretched a little.
    ``share`` as for :func:`augment`.
    """
    n, (rank, size) = len(images), share
    drawn, place = (torch.rand(n * size, 2, generator=generator).chunk(size)[rank] for _ in range(2))
    keep = zoom + (1 - zoom) * drawn  # of width and height, which a grid counts from -1 to 1
    centre = (1 - keep) * (2 * place - 1)
    theta = torch.cat([torch.diag_embed(keep), centre[:, :, None]], 2).to(images.device)
    grid = F.affine_grid(theta, [n, 3, side, side], align_corners=False)
    scaled = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    return scaled.contiguous(memory_format=torch.channels_last)
