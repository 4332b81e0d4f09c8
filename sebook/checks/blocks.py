"""Checks on rescale and on the whole block: U (N, C, H, W) -> (N, C, H, W)."""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .equations import excited, flat, numbers, rescaled, squeezed
from .verdict import Verdict, judge, made, prepare


def rescale(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(u, s)``: equation 4, U (N, C, H, W) and s (N, C) -> (N, C, H, W)."""
    u, s = numbers(2, 5, 4, 7), numbers(2, 5, seed=1).sigmoid()
    slips = (
        (lambda u, s: u + s[:, :, None, None], "You added the weights. A gate multiplies."),
        (
            lambda u, s: u + u * s[:, :, None, None],
            "You added U to its product. The shortcut is the residual block's affair, not SE's.",
        ),
        (lambda u, s: u * flat(s)[:, :, None, None], "Every channel got the same weight. Each has its own."),
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
    square = numbers(2, 5, 2, 5)
    trials = [(square, s), (u, s), (u[:1], s[:1]), (u.double(), s.double())]
    praise = "Every map times its own weight. A gate knows nothing of places: it turns all pixels of its map down alike."
    return judge(answer, rescaled, trials, slips, "rescale(u, s)", praise)


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
        return excited(z, w1, w2)

    def with_logits(gate: Callable[[Tensor], Tensor], pool: Callable[[Tensor], Tensor] = squeezed) -> Callable[[Tensor], Tensor]:
        return lambda u: rescaled(u, gate((pool(u) @ w1.T).relu() @ w2.T))

    slips = (
        (lambda u: gates(squeezed(u)), "These are the gates. The block gives back U, rescaled by them."),
        (lambda u: gates(squeezed(u))[:, :, None, None], "These are the gates. The block gives back U, rescaled by them."),
        (lambda u: u + gates(squeezed(u))[:, :, None, None], "You added the gates. They multiply."),
        (
            lambda u: u + rescaled(u, gates(squeezed(u))),
            "You added U to its product. That shortcut belongs to the residual block around.",
        ),
        (lambda u: u, "U comes out as it went in: the gates are never multiplied in."),
        (with_logits(lambda x: x.softmax(1)), "Your gates sum to one: that is softmax. Channels must not compete: sigmoid."),
        (with_logits(lambda x: x), "The sigmoid is missing: these gates have no bounds."),
        (with_logits(lambda x: x.sigmoid().sigmoid()), "The sigmoid is taken twice, so that no gate falls below one half."),
        (with_logits(lambda x: flat(x.sigmoid())), "Every channel got the same gate. Each has its own."),
        (with_logits(torch.sigmoid, lambda u: u.sum((2, 3))), "Your squeeze sums where it should average."),
        (with_logits(torch.sigmoid, lambda u: u.amax((2, 3))), "Your squeeze takes the largest value where it should average."),
        (
            with_logits(torch.sigmoid, lambda u: u.mean((0, 2, 3)).expand(len(u), -1)),
            "Your squeeze averages over the batch as well. Each picture has its own z.",
        ),
        (
            lambda u: rescaled(u, (squeezed(u) @ w1.T @ w2.T).sigmoid()),
            "Without the ReLU between them, two layers are one. Put it in.",
        ),
        (lambda u: F.linear(u.mean((2, 3), keepdim=True), w1), "`Linear` wants (N, C): flatten what the pool gives."),
    )
    u = numbers(2, channels, 4, 7)
    trials = [(u,), (u[:1],), (u.contiguous(memory_format=torch.channels_last),)]
    praise = "Squeeze, excitation, rescale. Only C is built in, so maps of any height and width go through it."
    return judge(module, lambda u: rescaled(u, gates(squeezed(u))), trials, slips, "block(u)", praise)


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
    trials = [((3, 4, 6, 3), (256, 512, 1024, 2048), 8), ((1, 2), (64, 128), 16)]  # with r = 16 first, (C / 4)² were C² / r
    praise = "The wide last stage weighs most: twice the channels make four times the weights."
    return judge(answer, right, trials, slips, "parameters(blocks, channels, reduction)", praise)


def last_stage(saved: float) -> Verdict:
    """A number: what part of SE's parameters SE-ResNet-50 saves without SE in its last stage."""
    blocks, channels = (3, 4, 6, 3), (256, 512, 1024, 2048)
    weights = [n * c * c for n, c in zip(blocks, channels, strict=True)]
    right = weights[-1] / sum(weights)
    if saved is Ellipsis:
        return Verdict(False, "There is nothing here yet: put a number in place of `...`.")
    try:
        value = float(saved)
    except (TypeError, ValueError):
        return Verdict(False, f"Expected a number between 0 and 1, one count divided by another; this is {type(saved).__name__}.")
    slips = (
        (1 - right, "That is what is left. What is saved is the rest of 1."),
        (100 * right, "That is in percent. As a part of 1 it is a hundredth of it."),
        (
            weights[-1] / sum(weights[:-1]),
            "You divided by what is left. Divide by all of SE's parameters, those of the last stage included.",
        ),
        (blocks[-1] / sum(blocks), "That is the part of the blocks. Those of the last stage are the widest: count parameters."),
        (1 / 4, "The four stages are unlike: C counts twice, and is largest in the last."),
        (
            blocks[-1] * channels[-1] / sum(n * c for n, c in zip(blocks, channels, strict=True)),
            "C counts twice: a matrix has C times C/r weights.",
        ),
        (2 * weights[-1] / 16, "That is a number of parameters. Divide it by all of SE's."),
    )
    if math.isclose(value, right, abs_tol=1e-3):
        return Verdict(True, "Three blocks of sixteen, and most of the parameters. Whether they earn them, only accuracy can tell.")
    for slip, hint in slips:
        if math.isclose(value, slip, rel_tol=1e-3):
            return Verdict(False, hint)
    return Verdict(False, "Count `se_parameters` of the network with SE everywhere, and of the one with SE in stages 1 to 3.")
