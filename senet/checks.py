"""Self-checks for the book's exercises: a verdict on a learner's code, with a hint that names the misconception.

    checks.squeeze(my_squeeze)

A check is the right answer, inputs to try it on, and the slips that learners make, each with one or two sentences for those who
make it. :mod:`senet.verdict` does the comparing. No check raises for what a learner writes.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.inception import InceptionA, InceptionB

from .se import SEBlock
from .verdict import Verdict, judge, made, outcome, prepare, same, shape, unusable

__all__ = [
    "Verdict",
    "block",
    "called",
    "channels",
    "excitation",
    "inception",
    "insert",
    "open_gates",
    "parameters",
    "pixel_share",
    "rescale",
    "same_squeeze",
    "squeeze",
    "weights",
]

# --- squeeze -----------------------------------------------------------------------------------------------------------------


def squeeze(answer: Callable[[Tensor], Tensor]) -> Verdict:
    """``answer(u)``: equation 2 of the paper, U (N, C, H, W) -> z (N, C)."""
    u = _numbers(2, 5, 4, 7)
    slips = (
        (lambda u: u.sum((2, 3)), "That is the sum. It grows with the picture; divide by the number of pixels."),
        (lambda u: u.amax((2, 3)), "That is the largest value of each map. The paper tried it too, but its squeeze is the mean."),
        (lambda u: u.mean((2, 3), keepdim=True), "The numbers are right, but H and W are still there with size 1. z is (N, C)."),
        (lambda u: u.mean(1), "You averaged over the channels. They stay apart; it is the pixels that are averaged: dims 2 and 3."),
        (lambda u: u.mean(2), "You averaged over the rows only. A map has two directions: dims 2 and 3."),
        (lambda u: u.mean(3), "You averaged over the columns only. A map has two directions: dims 2 and 3."),
        (lambda u: u.mean((0, 2, 3)), "You averaged over the batch as well. Each picture keeps its own z."),
        (lambda u: u.mean((1, 2, 3)), "One number a picture came out. It has to be one number a channel: leave dim 1 alone."),
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
    return judge(answer, _mean, [(u,), (u[:1],), (u[:, :1],), *_as_stored(u)], slips, "squeeze(u)", "One number a channel.")


def same_squeeze(answer: Callable[[Tensor], Tensor]) -> Verdict:
    """``answer(u)``: maps unlike U (N, C, H, W) that have the same z."""
    u = _numbers(2, 5, 4, 7)
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
    z, wanted = _mean(got), _mean(u)
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
        (lambda h, w: 1 / h, "That is one pixel's share of a column. A map has columns, too."),
        (lambda h, w: 1 / w, "That is one pixel's share of a row. A map has several rows."),
        (lambda h, w: 1 / (h + w), "Count again: H rows of W pixels are H times W."),
        (lambda h, w: 1 / h**2, "Maps need not be square: H rows of W pixels."),
    )
    praise = "All pixels count alike, wherever they are."
    return judge(answer, lambda h, w: 1 / (h * w), [(4, 7), (8, 8), (1, 1)], slips, "pixel_share(height, width)", praise)


# --- excitation --------------------------------------------------------------------------------------------------------------


def excitation(answer: Callable[[Tensor, Tensor, Tensor], Tensor] | nn.Module) -> Verdict:
    """Equation 3, z (N, C) -> s (N, C): a function ``answer(z, w1, w2)``, or a module ``answer(z)`` with two ``Linear``.

    Weights are as ``Linear`` has them: W1 (C/r, C) and W2 (C, C/r). A module is copied first, and gets weights of the check's own.
    """
    channels, hidden, call, praise = 8, 4, "excitation(z, w1, w2)", "One weight a channel, each between 0 and 1."
    if isinstance(answer, nn.Module):
        module, call = outcome(copy.deepcopy, answer), "module(z)"
        if isinstance(module, Exception):
            return unusable(module, (), "copy.deepcopy(module)")
        layers = prepare(module.eval())
        if isinstance(layers, Verdict):
            return layers
        hidden, channels = layers[0].weight.shape[:2]

        def answer(z: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
            for layer, weight in zip(layers, (w1, w2), strict=True):
                layer.weight.data = weight.reshape(layer.weight.shape)
            return module(z)

    z, w1, w2 = _numbers(3, channels), _numbers(hidden, channels), _numbers(channels, hidden, seed=1)
    trials = [(z, w1, w2), (z[:1], w1, w2), (z.double(), w1.double(), w2.double())]

    def before(z: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
        return (z @ w1.T).relu() @ w2.T

    slips = (
        (
            lambda *a: before(*a).softmax(1),
            "Your weights of a picture sum to one: that is softmax. Channels must not compete: sigmoid.",
        ),
        (
            lambda *a: before(*a).softmax(0),
            "Softmax, and over the batch: one picture's gates depend on the others. Take the sigmoid.",
        ),
        (lambda z, w1, w2: (z @ w1.T @ w2.T).sigmoid(), "Without the ReLU between them, two matrices are one. Put it after W1."),
        (
            lambda *a: before(*a).sigmoid().sigmoid(),
            "The sigmoid is taken twice, so that no gate falls below one half. Once is enough.",
        ),
        (before, "The sigmoid is missing: these weights have no bounds."),
        (lambda *a: before(*a).relu(), "A ReLU stands where the sigmoid belongs. The paper tried it: worse than no SE at all."),
        (lambda *a: before(*a).tanh(), "That is tanh, from -1 to 1. A gate goes from 0 to 1: sigmoid."),
        (lambda z, w1, w2: ((z @ w1.T).sigmoid() @ w2.T).sigmoid(), "A sigmoid stands between W1 and W2. There it is ReLU."),
        (lambda z, w1, w2: ((z @ w1.T).sigmoid() @ w2.T).relu(), "ReLU and sigmoid have changed places."),
        (lambda *a: _flat(before(*a).sigmoid()), "All channels of a picture get one weight. Each channel has its own."),
        (lambda *a: before(*a).sigmoid().mean(1), "One weight a picture came out. Each channel has its own."),
        (lambda *a: before(*a).sigmoid() * a[0], "That is s times z. The weights are for the maps U; return s alone."),
        (lambda z, w1, w2: z @ w1, "W1 is (C/r, C), as `Linear` keeps it, so that z needs its transpose: `z @ w1.T`."),
        (lambda z, w1, w2: (z @ w1.T).relu() @ w2, "W2 is (C, C/r), as `Linear` keeps it: `hidden @ w2.T`."),
        (lambda z, w1, w2: w1 @ z, "z has one row a picture, so that it stands on the left: `z @ w1.T`."),
    )
    return judge(answer, _excite, trials, slips, call, praise)


def weights(answer: Callable[[int, int], int]) -> Verdict:
    """``answer(channels, reduction)``: how many weights W1 and W2 have together, without biases."""
    slips = (
        (lambda c, r: c * (c // r), "That is one of the two matrices. W2 is as large as W1."),
        (lambda c, r: 2 * c * c, "The hidden layer is narrower: C/r units, not C."),
        (lambda c, r: c * c, "The hidden layer is narrower than C, and there are two matrices."),
        (lambda c, r: 2 * c * (c // r) + c + c // r, "You counted biases. This block has none."),
        (lambda c, r: c + c // r, "A layer from C to C/r has a weight for each pair: multiply."),
        (lambda c, r: 2 * c * r, "r is how many times narrower the hidden layer is, not its width."),
        (lambda c, r: 2 * (c // r) ** 2, "Only the hidden side is C/r wide. The other is C."),
    )
    praise = "Two matrices, each C times C/r."
    trials = [(64, 16), (256, 8), (2048, 16)]
    return judge(answer, lambda c, r: 2 * c * (c // r), trials, slips, "weights(channels, reduction)", praise)


def open_gates(logits: Sequence[float] | Tensor) -> Verdict:
    """Three numbers whose sigmoids are: above 0.9, above 0.9, and below 0.1."""
    values = outcome(lambda: torch.as_tensor(logits).double())
    if not isinstance(values, Tensor) or values.shape != (3,) or not values.isfinite().all():
        return Verdict(False, "Give three finite numbers, as in `[0.0, 0.0, 0.0]`: one for each channel, before the sigmoid.")
    s = values.sigmoid()
    said = ", ".join(f"{gate:.2f}" for gate in s.tolist())
    if s[0] > 0.9 and s[1] > 0.9 and s[2] < 0.1:
        share = values.softmax(0)[:2].min().item()
        return Verdict(
            True, f"The gates are {said}. Softmax would leave one of the first two {share:.2f}: they share a sum of one."
        )
    if values.min() >= 0 and values.max() <= 1:
        return Verdict(False, f"These look like gates already. Before the sigmoid any number will do; of yours it makes {said}.")
    if s[2] >= 0.1 and values[2] >= 0:
        return Verdict(
            False, f"The gates are {said}. The third has to close: sigmoid falls below one half for negative numbers only."
        )
    return Verdict(False, f"The gates are {said}. The sigmoid passes 0.9 near 2.2, and 0.1 near -2.2.")


# --- the block ---------------------------------------------------------------------------------------------------------------


def rescale(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(u, s)``: equation 4, U (N, C, H, W) and s (N, C) -> (N, C, H, W)."""
    u, s = _numbers(2, 5, 4, 7), _numbers(2, 5, seed=1).sigmoid()
    slips = (
        (lambda u, s: u + s[:, :, None, None], "You added the weights. A gate multiplies."),
        (
            lambda u, s: u + u * s[:, :, None, None],
            "You added U to its product. The shortcut is the residual block's affair, not SE's.",
        ),
        (lambda u, s: u * _flat(s)[:, :, None, None], "Every channel got the same weight. Each has its own."),
        (lambda u, s: u * s.mean(0)[:, None, None], "All pictures got the same weights. Each picture has its own."),
        (lambda u, s: u * s[0][:, None, None], "All pictures got the first one's weights. Each picture has its own."),
        (lambda u, s: u * (1 - s)[:, :, None, None], "The gates are the wrong way round: 1 leaves a channel as it is."),
        (lambda u, s: (u * s[:, :, None, None]).sum((2, 3)), "The maps are gone. Rescale multiplies and sums nothing up."),
        (lambda u, s: s[:, :, None, None].expand_as(u), "These are the weights, spread over the maps. Multiply U by them."),
        (
            lambda u, s: u * s,
            "Broadcasting counts from the right, so that `u * s` lays s over H and W. Give s two more dims: `s[:, :, None, None]`.",
        ),
    )
    # In the first trial N = H and C = W: there `u * s` runs, and is wrong without a word.
    square = _numbers(2, 5, 2, 5)
    trials = [(square, s), (u, s), (u[:1], s[:1]), (u.double(), s.double())]
    return judge(answer, _rescale, trials, slips, "rescale(u, s)", "Every map times its own weight.")


def block(cls: Callable[[int, int], nn.Module]) -> Verdict:
    """``cls(channels, reduction)``: a whole SE block, U (N, C, H, W) -> (N, C, H, W)."""
    channels, reduction = 32, 8
    module = made(cls, "SE_Block(channels, reduction)", channels, reduction)
    if isinstance(module, Verdict):
        return module
    layers = prepare(module)
    if isinstance(layers, Verdict):
        return layers
    w1, w2 = (layer.weight.flatten(1) for layer in layers)
    hidden = len(w1)
    if hidden != channels // reduction:
        why = {
            reduction: "r is by how much the hidden layer is narrower, not how wide it is",
            channels // 16: "it looks as if 16 stood where `reduction` belongs",
            channels: "it is not narrower at all",
        }.get(hidden, f"C // r is {channels // reduction}")
        return Verdict(False, f"For C = {channels} and r = {reduction} the hidden layer has {hidden} units: {why}.")

    def gates(z: Tensor) -> Tensor:
        return _excite(z, w1, w2)

    def with_logits(gate: Callable[[Tensor], Tensor], pool: Callable[[Tensor], Tensor] = _mean) -> Callable[[Tensor], Tensor]:
        return lambda u: _rescale(u, gate((pool(u) @ w1.T).relu() @ w2.T))

    slips = (
        (lambda u: gates(_mean(u)), "These are the gates. The block gives back U, rescaled by them."),
        (lambda u: gates(_mean(u))[:, :, None, None], "These are the gates. The block gives back U, rescaled by them."),
        (lambda u: u + gates(_mean(u))[:, :, None, None], "You added the gates. They multiply."),
        (
            lambda u: u + _rescale(u, gates(_mean(u))),
            "You added U to its product. That shortcut belongs to the residual block around.",
        ),
        (lambda u: u, "U comes out as it went in: the gates are never multiplied in."),
        (with_logits(lambda x: x.softmax(1)), "Your gates sum to one: that is softmax. Channels must not compete: sigmoid."),
        (with_logits(lambda x: x), "The sigmoid is missing: these gates have no bounds."),
        (with_logits(lambda x: x.sigmoid().sigmoid()), "The sigmoid is taken twice, so that no gate falls below one half."),
        (with_logits(lambda x: _flat(x.sigmoid())), "Every channel got the same gate. Each has its own."),
        (with_logits(torch.sigmoid, lambda u: u.sum((2, 3))), "Your squeeze sums where it should average."),
        (with_logits(torch.sigmoid, lambda u: u.amax((2, 3))), "Your squeeze takes the largest value where it should average."),
        (
            with_logits(torch.sigmoid, lambda u: u.mean((0, 2, 3)).expand(len(u), -1)),
            "Your squeeze averages over the batch as well. Each picture has its own z.",
        ),
        (
            lambda u: _rescale(u, (_mean(u) @ w1.T @ w2.T).sigmoid()),
            "Without the ReLU between them, two layers are one. Put it in.",
        ),
        (lambda u: F.linear(u.mean((2, 3), keepdim=True), w1), "`Linear` wants (N, C): flatten what the pool gives."),
    )
    u = _numbers(2, channels, 4, 7)
    trials = [(u,), (u[:1],), (u.contiguous(memory_format=torch.channels_last),)]
    return judge(module, lambda u: _rescale(u, gates(_mean(u))), trials, slips, "block(u)", "Squeeze, excitation, rescale.")


def parameters(answer: Callable[[Sequence[int], Sequence[int], int], float]) -> Verdict:
    """``answer(blocks, channels, reduction)``: weights of all SE blocks of a network; blocks and output channels by stage."""

    def right(blocks, channels, r):
        return sum(2 * n * c * c / r for n, c in zip(blocks, channels, strict=True))

    slips = (
        (lambda n, c, r: right(n, c, r) / 2, "Each block has two matrices, W1 and W2."),
        (lambda n, c, r: right([1] * len(n), c, r), "A stage has several blocks, and each has an SE block of its own."),
        (lambda n, c, r: right(n, c, 1), "The reduction ratio is missing: the hidden layer has C/r units."),
        (lambda n, c, r: right(n, c, r * r), "Divided by r twice: only one side of each matrix is C/r wide."),
        (
            lambda n, c, r: right(n, c, r) + sum(a * (b + b / r) for a, b in zip(n, c, strict=True)),
            "You counted biases; leave them out.",
        ),
        (
            lambda n, c, r: right(n, [x / 4 for x in c], r),
            "You took `planes`. What comes out of a bottleneck is four times as wide.",
        ),
        (
            lambda n, c, r: 2 * sum(a * b for a, b in zip(n, c, strict=True)) / r,
            "C counts twice: a matrix has C times C/r weights.",
        ),
        (lambda n, c, r: 2 / r * sum(n) * sum(c) ** 2, "Square and multiply stage by stage, and then sum."),
    )
    trials = [((3, 4, 6, 3), (256, 512, 1024, 2048), 16), ((1, 2), (64, 128), 8)]
    return judge(answer, right, trials, slips, "parameters(blocks, channels, reduction)", "The wide last stage weighs most.")


# --- inside known networks ---------------------------------------------------------------------------------------------------


def insert(cls: Callable[..., nn.Module]) -> Verdict:
    """``cls(inplanes, planes, stride, downsample)``: torchvision's ``BasicBlock`` or ``Bottleneck`` with SE before the sum."""
    planes, expansion = 64, getattr(cls, "expansion", None)
    if not isinstance(cls, nn.Module) and expansion not in (1, 4):
        return Verdict(False, "Pass a class that inherits from torchvision's `BasicBlock` or `Bottleneck`.")
    out = planes * (expansion or 1)
    down = nn.Conv2d(planes, out, 1, stride=2, bias=False)
    return _insert(cls, out, planes) and _insert(cls, planes, planes, 2, down)


def _insert(cls: Callable[..., nn.Module], inplanes: int, planes: int, stride: int = 1, down: nn.Module | None = None) -> Verdict:
    module = made(cls, "SEBottleneck(inplanes, planes, stride, downsample)", inplanes, planes, stride, down)
    if isinstance(module, Verdict):
        return module
    own = ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"][: 6 if hasattr(module, "conv3") else 4]
    if missing := [name for name in own if not hasattr(module, name)]:
        return Verdict(False, f"`{missing[0]}` is gone. Call `super().__init__`, and keep torchvision's layers.")
    layers = prepare(module, known=own)
    if isinstance(layers, Verdict):
        return layers
    w1, w2 = (layer.weight.flatten(1) for layer in layers)
    steps = [nn.Sequential(getattr(module, conv), getattr(module, bn)) for conv, bn in zip(own[::2], own[1::2], strict=True)]
    x, out = _numbers(2, inplanes, 6, 8), steps[-1][0].out_channels
    if w1.shape[1] != out and isinstance(outcome(module, x.clone()), Exception):
        why = f" You gave it `planes`; the last convolution widens to planes * {out // planes}." if w1.shape[1] == planes else ""
        return Verdict(False, f"The SE block was made for {w1.shape[1]} channels, and {out} come to it.{why}")

    def se(u: Tensor) -> Tensor:
        return _rescale(u, _excite(_mean(u), w1, w2))

    def short(x: Tensor) -> Tensor:
        return x if down is None else down(x)

    def branch(x: Tensor, inside: Callable[[Tensor], Tensor] = lambda u: u) -> Tensor:
        for i, step in enumerate(steps):
            x = step(x.relu() if i else x)
            x = inside(x) if i == len(steps) - 2 else x
        return x

    slips = (
        (lambda x: (branch(x) + short(x)).relu(), "There is an SE block, but `forward` never calls it: the plain block's answer."),
        (
            lambda x: se(branch(x) + short(x)).relu(),
            "SE comes after the sum, so that the shortcut is rescaled too. Rescale, then add.",
        ),
        (lambda x: se((branch(x) + short(x)).relu()), "SE comes after sum and ReLU: the paper's POST. Rescale, then add."),
        (
            lambda x: (branch(x) + se(short(x))).relu(),
            "You rescaled the shortcut (the paper's Identity). Standard rescales the branch.",
        ),
        (
            lambda x: (branch(se(x)) + short(x)).relu(),
            "You rescaled what goes into the branch (the paper's PRE), not what comes out.",
        ),
        (
            lambda x: (branch(x, se) + short(x)).relu(),
            "SE sits behind an inner convolution (`planes` channels). Standard: behind the last.",
        ),
        (lambda x: se(branch(x)).relu(), "The shortcut is missing."),
        (lambda x: se(branch(x)) + short(x), "The last ReLU is missing, the one after the sum."),
        (lambda x: se(branch(x)).relu() + short(x), "ReLU comes after the sum, not before."),
        (
            lambda x: (se(branch(x).relu()) + short(x)).relu(),
            "There is a ReLU between the last norm and SE. The branch ends with its norm.",
        ),
        (lambda x: se(branch(x)) + x, "Where a stage begins, the shortcut is `self.downsample(x)`: x itself has another shape."),
    )

    def right(x: Tensor) -> Tensor:
        return (se(branch(x)) + short(x)).relu()

    return judge(module, right, [(x,), (x[:1],)], slips, "block(x)", "Rescaled before the branches are added.")


def inception(cls: Callable[..., nn.Module]) -> Verdict:
    """``cls(in_channels, pool_features)``: torchvision's ``InceptionA`` with one SE block over all its branches."""
    module = made(cls, "SEInceptionA(in_channels, pool_features)", 48, 16)
    if isinstance(module, Verdict):
        return module
    if not isinstance(module, InceptionA):
        return Verdict(False, "Inherit from torchvision's `InceptionA`, whose `_forward` gives the branches as a list.")
    layers = prepare(module, known=[name for name, _ in module.named_children() if name.startswith("branch")])
    if isinstance(layers, Verdict):
        return layers
    w1, w2 = (layer.weight.flatten(1) for layer in layers)
    x = _numbers(2, 48, 5, 6)

    def joined(x: Tensor) -> Tensor:
        return torch.cat(module._forward(x), 1)

    def se(u: Tensor) -> Tensor:
        return _rescale(u, _excite(_mean(u), w1, w2))

    out, made_for = joined(x).shape[1], w1.shape[1]
    if made_for != out and isinstance(outcome(module, x.clone()), Exception):
        why = {
            48: "That many go into the module; SE sits behind it.",
            out - 16: "The pooling branch adds `pool_features` to them.",
        }.get(made_for, "Sum up what each branch gives.")
        return Verdict(False, f"The SE block was made for {made_for} channels, and {out} come to it. {why}")
    slips = (
        (joined, "The SE block is there, but `forward` never calls it. This is the plain module's answer."),
        (lambda x: joined(se(x)), "SE comes before the branches here. In the paper it comes after them."),
        (lambda x: se(joined(x)) + joined(x), "You added the module's output again. Inception has no shortcut."),
        (module._forward, "These are the branches, side by side in a list. Join them by `torch.cat(..., 1)`, and rescale."),
        (lambda x: torch.cat(module._forward(x), 2), "Join the branches along the channels, dim 1."),
    )
    return judge(module, lambda x: se(joined(x)), [(x,), (x[:1],)], slips, "module(x)", "All branches, judged together.")


def channels(answer: Callable[[int], int]) -> Verdict:
    """``answer(in_channels)``: how many channels come out of torchvision's ``InceptionB``."""
    slips = (
        (lambda c: 384 + 96, "That is without the pooling branch, which hands on all the channels that it is given."),
        (lambda c: 768, "That fits one place of Inception-v3 only. The pooling branch hands on what comes in, so that it depends."),
        (lambda c: 384 + 64 + 96 + 96 + c, "You counted convolutions inside a branch. Only what each branch ends with is joined."),
        (lambda c: 384 + c, "A branch is missing, the one of two 3x3 convolutions."),
        (lambda c: 96 + c, "A branch is missing, the one of a single 3x3 convolution."),
        (lambda c: c, "What comes in also goes out by the pool, but two more branches stand beside it."),
    )
    praise = "Two branches have a width of their own, and the pool has its input's."
    with torch.device("meta"):  # torchvision's own answer: shapes alone, no arithmetic
        return judge(
            answer, lambda c: InceptionB(c)(torch.empty(1, c, 9, 9)).shape[1], [(288,), (64,)], slips, "channels(c)", praise
        )


def called(answer: Callable[[nn.Module, Tensor], Any]) -> Verdict:
    """``answer(model, x)``: names of the SE blocks (``SEBlock``) that run in ``model(x)``."""

    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.asleep, self.first, self.second = SEBlock(4), SEBlock(4), SEBlock(4)

        def forward(self, x: Tensor) -> Tensor:
            return self.first(self.second(x))

    model = Half()
    got = outcome(answer, model, torch.ones(1, 4, 3, 3))
    if (problem := unusable(got, (), "called(model, x)")) is not None:
        return problem
    names = outcome(set, got)
    if isinstance(names, Exception) or isinstance(got, str):
        return Verdict(False, f"A list of names is wanted, and {type(got).__name__} came.")
    if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
        return Verdict(False, "Your hooks are still in the model. Keep the handle that registering gives, and call its `remove()`.")
    if names == {"first", "second"}:
        return Verdict(True, "What ran, and not what was built.")
    if names == {"asleep", "first", "second"}:
        return Verdict(False, "These are the blocks that were built. One of them never runs: watch a forward.")
    if names == {"", "first", "second"} or any("." in name for name in names if isinstance(name, str)):
        return Verdict(False, "There are names among them of modules that are no SE block. Look at `isinstance(module, SEBlock)`.")
    if names == {"asleep"}:
        return Verdict(False, "That is the one that does not run. The others are wanted.")
    return Verdict(False, f"{sorted(map(str, names))} came; wanted are the names in `named_modules()` of the SE blocks that ran.")


# --- inputs, and the paper's equations ---------------------------------------------------------------------------------------


def _numbers(*shape: int, seed: int = 0) -> Tensor:
    """The same at every run, and drawn without touching the learner's own random numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + 0.3


def _as_stored(u: Tensor) -> list[tuple[Tensor]]:
    """Other layouts, dtypes and devices. "meta" has shapes and no values: any second device will do to find a forgotten one."""
    return [(u.contiguous(memory_format=torch.channels_last),), (u.double(),), (u.to("meta"),)]


def _mean(u: Tensor) -> Tensor:
    return u.mean((2, 3))


def _excite(z: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
    return ((z @ w1.T).relu() @ w2.T).sigmoid()


def _rescale(u: Tensor, s: Tensor) -> Tensor:
    return u * s[:, :, None, None]


def _flat(s: Tensor) -> Tensor:
    return s.mean(1, keepdim=True).expand_as(s)
