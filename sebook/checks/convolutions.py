"""Checks on what a convolution does with channels, and on how far it sees."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .equations import numbers
from .verdict import Verdict, judge, outcome, shape


def convolution(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(x, v)``: one output channel, x (3, H, W) under v (3, 3, 3) -> (H - 2, W - 2), as ``conv2d`` without padding."""

    def right(x: Tensor, v: Tensor) -> Tensor:
        return F.conv2d(x[None], v[None])[0, 0]

    def apart(x: Tensor, v: Tensor) -> Tensor:
        return F.conv2d(x[None], v[:, None], groups=3)[0]

    slips = (
        (apart, "These are three maps, one of each input channel. One output channel is their sum."),
        (
            lambda x, v: apart(x, v).mean(0),
            "You averaged the three maps. A convolution sums them; a third would have to be learned.",
        ),
        (lambda x, v: apart(x, v).amax(0), "You took the largest of the three maps at each place. They are summed."),
        (lambda x, v: right(x, v.flip(1, 2)), "Your kernel is turned upside down, as in mathematics. Networks leave it as it is."),
        (lambda x, v: right(x, v.transpose(1, 2)), "Rows and columns of the kernel have changed places: the second dim is rows."),
        (lambda x, v: right(x, v[:1].expand_as(v)), "All channels got the first one's weights. Each has nine of its own: `v[c]`."),
        (lambda x, v: apart(x, v)[0], "That is what the first channel gives. Two more maps belong to the sum."),
        (lambda x, v: apart(x, v)[2], "Only the last channel is left: each round of the loop replaced the sum. Add to it."),
        (
            lambda x, v: right(x.mean(0, keepdim=True).expand_as(x), v),
            "You made the picture grey first. Channels differ: keep them.",
        ),
        (lambda x, v: right(x, v) / 9, "You averaged over the window. The nine products are summed."),
        (lambda x, v: right(x, v) / 27, "You averaged the 27 products. They are summed."),
        (
            lambda x, v: F.conv2d(x[None], v[None], padding=1)[0, 0],
            "You padded the picture. Without, the window fits at H - 2 by W - 2 places.",
        ),
        (lambda x, v: F.conv2d(x[None], v[None]), "The numbers are right. Take the picture and channel out: `[0, 0]`."),
        (lambda x, v: F.conv2d(x[None], v[None])[0], "The numbers are right, with a dim for the one channel. Take it out: `[0]`."),
        (
            lambda x, v: x[:, 1:-1, 1:-1] * v.sum((1, 2))[:, None, None],
            "You weighed the middle pixel only. Its neighbours count too.",
        ),
        (lambda x, v: F.conv2d(x, v), "`conv2d` wants pictures (N, 3, H, W) and kernels (out, 3, 3, 3): `x[None]` and `v[None]`."),
    )
    x, v = numbers(3, 6, 9), numbers(3, 3, 3, seed=1)
    trials = [(x, v), (numbers(3, 3, 3, seed=2), v), (x.double(), v.double())]
    praise = "Nine products a channel, three channels, one sum. What each channel gave to it can't be told any more."
    return judge(answer, right, trials, slips, "convolution(x, v)", praise)


def receptive_field(answer: Callable[[Sequence[int], Sequence[int]], int]) -> Verdict:
    """``answer(kernels, strides)``: side, in pixels, of what one unit sees after these convolutions, from first to last."""

    def right(kernels: Sequence[int], strides: Sequence[int]) -> int:
        side, step = 1, 1
        for kernel, stride in zip(kernels, strides, strict=True):
            side += (kernel - 1) * step
            step *= stride
        return side

    def late(kernels: Sequence[int], strides: Sequence[int]) -> int:
        side, step = 1, 1
        for kernel, stride in zip(kernels, strides, strict=True):
            step *= stride
            side += (kernel - 1) * step
        return side

    slips = (
        (lambda k, s: sum(k), "Windows overlap: the second adds to the first only what lies beyond it, two pixels and not three."),
        (lambda k, s: max(k), "Each convolution looks at what the one before has seen. Its window adds to that."),
        (lambda k, s: torch.tensor(k).prod().item(), "Windows overlap, so that they add up rather than multiply."),
        (lambda k, s: sum(k) - len(k), "You forgot the pixel in the middle, with which it begins: 1."),
        (lambda k, s: 1 + sum(side // 2 for side in k), "A window reaches out on both sides: it adds its side less one."),
        (
            lambda k, s: 1 + sum(side - 1 for side in k),
            "Right without strides. After a stride of 2, neighbours lie two pixels apart, and a window reaches twice as far.",
        ),
        (late, "A stride widens the steps of what comes after it. Its own window still counts in the steps before."),
        (
            lambda k, s: right(k[::-1], s[::-1]),
            "You went from the last convolution to the first. Strides act on what follows them.",
        ),
        (lambda k, s: right(k, s) ** 2, "That is how many pixels there are in it. Its side is asked for."),
    )
    trials = [((3,), (1,)), ((3, 3), (1, 1)), ((3, 5, 3), (1, 1, 1)), ((3, 3, 3, 3), (1, 2, 1, 2)), ((7, 3, 3), (2, 2, 1))]
    praise = "It grows by a few pixels per layer, and faster only after a stride. A squeeze sees the whole map at once."
    return judge(answer, right, trials, slips, "receptive_field(kernels, strides)", praise)


def blind_to_grey(kernel: Any) -> Verdict:
    """A kernel (3, 3, 3) that gives 0 on every grey picture (red = green = blue), but not on every picture."""
    v = outcome(lambda: torch.as_tensor(kernel).double())
    if not isinstance(v, Tensor) or v.shape != (3, 3, 3) or not v.isfinite().all():
        given = f"its shape is {shape(v)}" if isinstance(v, Tensor) else f"{type(kernel).__name__} came"
        return Verdict(False, f"Expected a tensor (3, 3, 3) of finite numbers, by channel, row and column; {given}.")
    if not v.any():
        return Verdict(False, "All weights are 0: it is blind to everything. It has to see colour.")
    by_place = v.sum(0)  # what a grey picture meets
    if by_place.abs().max() < 1e-6 * v.abs().max():
        return Verdict(True, "At each place the three weights cancel, so that only what differs between the channels is left.")
    if v.sum((1, 2)).abs().max() < 1e-6 * v.abs().max():
        return Verdict(
            False, "Each channel's nine weights sum to 0: it is blind to even ground, of any colour, and sees grey edges."
        )
    if v.sum().abs() < 1e-6 * v.abs().max():
        return Verdict(
            False, "The 27 weights sum to 0, so that even grey gives 0. A grey edge does not: let them cancel at each place."
        )
    if (v >= 0).all() or (v <= 0).all():
        return Verdict(False, "All weights have one sign, so that nothing can cancel. One channel has to count against another.")
    row, column = divmod(int(by_place.abs().argmax()), 3)
    return Verdict(
        False,
        f"At row {row + 1}, column {column + 1} the three weights sum to {by_place[row, column]:.3g}. Grey shows that; make it 0.",
    )
