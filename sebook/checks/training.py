"""Checks on training: the gradient that reaches a gate, and which weights decay."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from senet.models.se import SEBlock

from .equations import numbers
from .verdict import Verdict, judge, outcome, unusable


def gate_gradient(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(u, slope)``: the loss's slope in s (N, C), from U and the loss's slope in the rescaled maps, both (N, C, H, W)."""
    u, slope = numbers(2, 5, 4, 7), numbers(2, 5, 4, 7, seed=1)
    slips = (
        (lambda u, g: (u * g).mean((2, 3)), "You averaged over the pixels. Each pixel feels the gate in full: sum."),
        (
            lambda u, g: g.sum((2, 3)),
            "That is the slope of a gate that is added. It is multiplied: each pixel counts by its value in U.",
        ),
        (lambda u, g: u.sum((2, 3)), "The slope of the loss is missing: a pixel counts by how much the loss cares for it."),
        (lambda u, g: u * g, "That is one number per pixel. A gate acts on all pixels of its map: sum over them."),
        (
            lambda u, g: u.mean((2, 3)) * g.mean((2, 3)),
            "A product of means is not the mean of products. Multiply pixel by pixel first.",
        ),
        (
            lambda u, g: u.sum((2, 3)) * g.sum((2, 3)),
            "A product of sums is not the sum of products. Multiply pixel by pixel first.",
        ),
        (lambda u, g: (u * g).sum((0, 2, 3)), "You summed over the pictures as well. Each picture has gates of its own."),
        (lambda u, g: (u * g).sum(1), "You summed over the channels. They stay apart: sum over dims 2 and 3."),
        (lambda u, g: (u * g).sum((2, 3), keepdim=True), "The numbers are right, but H and W are still there with size 1."),
    )
    praise = "All pixels of a map teach its gate, added up. A map that is zero everywhere teaches it nothing."
    return judge(
        answer,
        lambda u, g: (u * g).sum((2, 3)),
        [(u, slope), (u.double(), slope.double())],
        slips,
        "gate_gradient(u, slope)",
        praise,
    )


def decay_groups(answer: Callable[[nn.Module, float], Iterable[Mapping[str, Any]]]) -> Verdict:
    """``answer(model, decay)``: groups for an optimizer, with no weight decay on the SE blocks and ``decay`` on all else."""
    model, decay = nn.Sequential(nn.Conv2d(3, 8, 3), SEBlock(8, 2), nn.Sequential(SEBlock(8, 2), nn.Conv2d(8, 4, 1))), 0.25
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    inside = {id(p) for module in model.modules() if isinstance(module, SEBlock) for p in module.parameters()}
    got = outcome(lambda *a: [dict(group, params=list(group["params"])) for group in answer(*a)], model, decay)
    if isinstance(got, TypeError) and not callable(answer):
        return Verdict(False, "Pass the function itself, and don't call it: it is called here, as `decay_groups(model, decay)`.")
    if isinstance(got, Exception) and not isinstance(outcome(answer, copy.deepcopy(model), decay), Exception):
        return Verdict(False, 'Expected a list of dicts, each with "params" and "weight_decay", as `torch.optim.SGD` takes them.')
    if (problem := unusable(got, (), "decay_groups(model, decay)")) is not None:
        return problem
    given = [(id(p), group.get("weight_decay")) for group in got for p in group["params"]]
    if any(key not in names for key, _ in given):
        return Verdict(False, 'Something in "params" is not a parameter of the model.')
    if len({key for key, _ in given}) < len(given):
        return Verdict(False, "A parameter is in two groups. An optimizer refuses that: each belongs to one.")
    if missing := [name for key, name in names.items() if key not in dict(given)]:
        return Verdict(False, f"`{missing[0]}` is in no group, and would never be trained.")
    rates = dict(given)
    if any(rate is None for rate in rates.values()):
        return Verdict(False, 'A group has no "weight_decay": the optimizer would take one for all. Say it in each group.')
    wanted = {key: 0.0 if key in inside else decay for key in names}
    if rates == wanted:
        return Verdict(
            True, "The convolutions are held as before. The gates' weights are free: decay would pull every gate to one half."
        )
    if all(rates[key] == (decay if key in inside else 0.0) for key in names):
        return Verdict(False, "The two are exchanged: it is the SE blocks that go without decay.")
    wrong = next(key for key in names if rates[key] != wanted[key])
    if wrong in inside:
        return Verdict(
            False,
            f"`{names[wrong]}` belongs to an SE block and still decays. Find the blocks by `isinstance(module, SEBlock)`: both "
            "of their layers count, wherever in the model they are.",
        )
    return Verdict(
        False, f"`{names[wrong]}` is not part of an SE block, and has a decay of {rates[wrong]} instead of the one given."
    )
