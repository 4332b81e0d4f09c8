"""Eight bits, tiles and runtimes: gates on a few levels, and a squeeze over a few rows."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .equations import numbers, squeezed
from .verdict import Verdict, judge


def fake_quant(answer: Callable[[Tensor, int], Tensor]) -> Verdict:
    """``answer(s, bits)``: gates between 0 and 1, each at the nearest of 2**bits levels, of which 0 and 1 are the ends."""

    def levels(s: Tensor, steps: int) -> Tensor:
        return torch.round(s * steps) / steps

    slips = (
        (
            lambda s, bits: levels(s, 2**bits),
            "Count the levels from 0 to 1: there are 2**bits + 1 of them, one too many for the bits.",
        ),
        (
            lambda s, bits: torch.round(s * 2**bits).clamp(max=2**bits - 1) / 2**bits,
            "No gate can be fully open: the highest level lies below 1. Spread the levels so that 1 is one of them.",
        ),
        (
            lambda s, bits: torch.floor(s * 2**bits).clamp(max=2**bits - 1) / 2**bits,
            "That cuts off instead of rounding, and no gate can be fully open.",
        ),
        (
            lambda s, bits: torch.floor(s * (2**bits - 1)) / (2**bits - 1),
            "That cuts off: every gate gets smaller. Round to the nearest level.",
        ),
        (
            lambda s, bits: torch.round(s * (2**bits - 1)),
            "Those are the whole numbers that would be stored. Scale them back to gates.",
        ),
        (lambda s, bits: levels(s, bits), "You took bits for steps. A number of n bits has 2**n levels."),
        (lambda s, bits: torch.round(s, decimals=bits), "Those are decimal places. A bit has two values, and not ten."),
        (
            lambda s, bits: s.min() + levels((s - s.min()) / (s.max() - s.min()), 2**bits - 1) * (s.max() - s.min()),
            "Your range is that of these gates. Take 0 to 1, so that a gate's level does not depend on its neighbours.",
        ),
        (lambda s, bits: s, "The gates came back as they were."),
    )
    s = numbers(3, 40).sigmoid()
    s[0, 0], s[1, 1] = 0, 1
    # Three bits first: with one, several slips look alike.
    trials = [(s, 3), (s, 1), (s[:1].double(), 8), (s, 4)]
    praise = "Both ends are levels: a shut gate stays shut, and an open one open. Torch's eager quantisation can't do the latter."
    return judge(answer, lambda s, bits: levels(s, 2**bits - 1), trials, slips, "fake_quant(s, bits)", praise)


def row_squeeze(answer: Callable[[Tensor, int], Tensor]) -> Verdict:
    """``answer(u, rows)``: for each row of U (N, C, H, W), the mean over it and its neighbours, ``rows`` in all: (N, C, H)."""

    def pooled(z: Tensor, rows: int, whole: bool = False) -> Tensor:
        return F.avg_pool2d(z[..., None], (rows, 1), 1, (rows // 2, 0), count_include_pad=whole)[..., 0]

    def behind(u: Tensor, rows: int) -> Tensor:
        z = u.mean(3)
        return torch.stack([z[:, :, max(0, y - rows + 1) : y + 1].mean(2) for y in range(z.shape[2])], 2)

    slips = (
        (lambda u, rows: squeezed(u), "That is SE's squeeze: one number for the whole map. Here each row has its own."),
        (
            lambda u, rows: pooled(u.mean(3), rows, True),
            "At the edges you counted rows of zeros that do not exist. Divide by the rows that there are.",
        ),
        (lambda u, rows: pooled(u.mean(2), rows), "Your windows run over columns. Rows are dim 2 of (N, C, H, W)."),
        (lambda u, rows: u.mean(3), "Each row was squeezed alone. Its neighbours also count."),
        (behind, "Your window ends at the row. It should reach as far below it as above."),
        (
            lambda u, rows: F.avg_pool2d(u.mean(3)[..., None], (rows, 1), 1)[..., 0],
            "The rows at the edges are lost. They get the mean over the rows that there are.",
        ),
        (
            lambda u, rows: F.avg_pool2d(u.mean(3)[..., None], (rows, 1), rows)[..., 0],
            "Those are tiles beside each other. A window moves by one row at a time.",
        ),
        (
            lambda u, rows: u[:, :, :rows].mean((2, 3)),
            "That squeezes the first rows alone. Each row needs a window of its own.",
        ),
        (
            lambda u, rows: F.avg_pool2d(u, (rows, 1), 1, (rows // 2, 0), count_include_pad=False),
            "The columns are still there. A row of the squeeze is one number: also average over the width.",
        ),
    )
    trials = [(numbers(2, 3, 8, 5), 3), (numbers(1, 2, 6, 6), 5), (numbers(2, 3, 4, 7).double(), 1), (numbers(1, 2, 4, 3), 7)]
    praise = "Only `rows` rows have to be kept in memory. With as many on both sides as the map has, it is SE's squeeze again."
    return judge(answer, lambda u, rows: pooled(u.mean(3), rows), trials, slips, "row_squeeze(u, rows)", praise)
