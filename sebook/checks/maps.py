"""Checks on maps and on squeeze: U (N, C, H, W) -> z (N, C)."""

from collections.abc import Callable

import torch
from torch import Tensor

from .equations import as_stored, numbers, squeezed
from .verdict import Verdict, judge, outcome, same, shape, unusable


def squeeze(answer: Callable[[Tensor], Tensor]) -> Verdict:
    """``answer(u)``: equation 2 of the paper, U (N, C, H, W) -> z (N, C)."""
    u = numbers(2, 5, 4, 7)
    slips = (
        (lambda u: u.sum((2, 3)), "That is the sum. It grows with the picture; divide by the number of pixels."),
        (lambda u: u.amax((2, 3)), "That is the largest value of each map. The paper tried it too, but its squeeze is the mean."),
        (lambda u: u.mean((2, 3), keepdim=True), "The numbers are right, but H and W are still there with size 1. z is (N, C)."),
        (lambda u: u.mean(1), "You averaged over the channels. They stay apart; it is the pixels that are averaged: dims 2 and 3."),
        (lambda u: u.mean(2), "You averaged over the rows only. A map has two directions: dims 2 and 3."),
        (lambda u: u.mean(3), "You averaged over the columns only. A map has two directions: dims 2 and 3."),
        (lambda u: u.mean((0, 2, 3)), "You averaged over the batch as well. Each picture keeps its own z."),
        (lambda u: u.mean((1, 2, 3)), "This gives one number per picture. It has to be one number per channel: leave dim 1 alone."),
        (lambda u: u.mean(), "One number came out for everything. Tell `mean` which dims to average: 2 and 3."),
        (lambda u: u.sum((2, 3)) / u.shape[2] ** 2, "You divided by H times H. Maps need not be square: it is H times W."),
        (lambda u: u.sum((2, 3)) / u.shape[3] ** 2, "You divided by W times W. Maps need not be square: it is H times W."),
        (
            lambda u: u.reshape(len(u), -1, u.shape[1]).mean(1),
            "Your reshape cut the memory into other pieces than maps. The channel comes before the pixels: (N, C, H * W).",
        ),
        (
            lambda u: u.mean((2, 3), keepdim=True).squeeze(),
            "A batch of one picture, or one channel, lost a dim: `squeeze()` drops all of size 1. Name the dims 2 and 3.",
        ),
        (
            lambda u: u.view(*u.shape[:2], -1).mean(2),
            "`view` fails on maps that lie otherwise in memory (channels last). `reshape` takes them, and so does `mean((2, 3))`.",
        ),
    )
    praise = "One number per channel, whatever the size of the map. Where things were is lost."
    return judge(answer, squeezed, [(u,), (u[:1],), (u[:, :1],), *as_stored(u)], slips, "squeeze(u)", praise)


def same_squeeze(answer: Callable[[Tensor], Tensor]) -> Verdict:
    """``answer(u)``: maps unlike U (N, C, H, W) that have the same z."""
    u = numbers(2, 5, 4, 7)
    given = u.clone()
    got = outcome(answer, given)
    if (problem := unusable(got, (u,), "same_squeeze(u)")) is not None:
        return problem
    if not same(given, u):
        return Verdict(False, "Your code writes into its input, which others still need. Begin with `u.clone()`.")
    if got.shape != u.shape:
        return Verdict(False, f"Maps of shape {shape(u)} went in and {shape(got)} came out. Keep the shape.")
    if torch.allclose(got, u):
        return Verdict(False, "These are the same maps. Change them, and keep the mean of each.")
    z, wanted = squeezed(got), squeezed(u)
    if same(z, wanted):
        return Verdict(True, "Other maps, the same z: squeeze knows how much, and not where.")
    if same(z.sort(1).values, wanted.sort(1).values):
        return Verdict(False, "You moved whole channels. Then z moves with them; shuffle the pixels within each map.")
    if same(z.sort(0).values, wanted.sort(0).values):
        return Verdict(False, "You moved whole pictures within the batch. Each picture has to keep its own z.")
    return Verdict(False, f"z changed by up to {(z - wanted).abs().max():.3f}. Move values about; don't make new ones.")


def pixel_share(answer: Callable[[int, int], float]) -> Verdict:
    """``answer(height, width)``: by how much z_c grows when one pixel of u_c grows by 1."""
    slips = (
        (lambda h, w: 1, "That would be so if z were the sum. It is the mean of all pixels."),
        (lambda h, w: h * w, "That is how many pixels there are. One of so many has a share of one over that."),
        (lambda h, w: 1 / h, "That is one pixel's share of a column. A map also has columns."),
        (lambda h, w: 1 / w, "That is one pixel's share of a row. A map has several rows."),
        (lambda h, w: 1 / (h + w), "Count again: H rows of W pixels are H times W."),
        (lambda h, w: 1 / h**2, "Maps need not be square: H rows of W pixels."),
    )
    praise = "All pixels count alike, wherever they are. So on the way back the gradient is also spread evenly over the map."
    return judge(answer, lambda h, w: 1 / (h * w), [(4, 7), (8, 8), (1, 1)], slips, "pixel_share(height, width)", praise)


def masked_squeeze(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(u, mask)``: z (N, C) of maps U (N, C, H, W) that were padded: the mask (N, H, W) is 1 on pixels and 0 on padding."""

    def right(u: Tensor, mask: Tensor) -> Tensor:
        return (u * mask[:, None]).sum((2, 3)) / mask.sum((1, 2))[:, None]

    slips = (
        (lambda u, m: squeezed(u), "The padding is averaged in. Leave out what the mask says is none of the picture."),
        (lambda u, m: squeezed(u * m[:, None]), "You divided by all of H times W. Divide by how many pixels the mask leaves."),
        (lambda u, m: (u * m[:, None]).sum((2, 3)), "That is the sum over the pixels. Divide by how many the mask leaves."),
        (
            lambda u, m: (u * m[:, None]).sum((2, 3)) / m.sum(),
            "You divided by the pixels of the whole batch. Each picture has its own count.",
        ),
        (
            lambda u, m: (u * m[:, None]).sum((2, 3)) / m.sum((1, 2)).max(),
            "You divided by the largest picture's count. Each has its own.",
        ),
        (
            lambda u, m: u.sum((2, 3)) / m.sum((1, 2))[:, None],
            "The count is right, but the padding is summed in. Multiply by the mask.",
        ),
        (
            lambda u, m: (u * m[:, None]).sum((2, 3)) / m.sum((1, 2)),
            "Counts (N,) lie along the channels there: broadcasting counts from the right. Give them a dim: `[:, None]`.",
        ),
        (
            lambda u, m: (u * m).sum((2, 3)) / m.sum((1, 2))[:, None],
            "The mask lacks the channels' dim, so that each picture's lay over a channel: `mask[:, None]` is (N, 1, H, W).",
        ),
        (
            lambda u, m: (u * m[:, None]).sum((2, 3), keepdim=True) / m.sum((1, 2))[:, None, None, None],
            "The numbers are right, but H and W are still there with size 1. z is (N, C).",
        ),
        (lambda u, m: (u * m[:, None]).amax((2, 3)), "That is the largest value. The squeeze is the mean."),
    )
    u = numbers(3, 3, 4, 6)  # N = C: there a dim forgotten makes no noise
    mask = torch.zeros(3, 4, 6)
    for picture, (height, width) in enumerate(((4, 6), (2, 5), (3, 3))):
        mask[picture, :height, :width] = 1
    trials = [(u, mask), (numbers(3, 5, 4, 6, seed=1), mask), (u[:1], mask[:1]), (u.double(), mask.double())]
    praise = "Each picture's own pixels, and no others. With its padding, a small picture would seem to hold less of everything."
    return judge(answer, right, trials, slips, "masked_squeeze(u, mask)", praise)
