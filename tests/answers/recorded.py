"""Answers to the exercises on recorded gates, on training and on studies."""

import math
from statistics import fmean, stdev

import torch
from scipy.stats import kendalltau, spearmanr, t
from torch import nn

from sebook import checks
from senet.inside.recording import record
from senet.models.se import SEBlock


def one_hot_share(gates, labels):
    """By a linear regression on the classes: its R²."""
    classes = nn.functional.one_hot(labels).to(gates.dtype)
    fitted = classes @ torch.linalg.lstsq(classes, gates).solution
    return 1 - (gates - fitted).square().sum(0) / (gates - gates.mean(0)).square().sum(0)


def within(gates, labels):
    return 1 - one_hot_share(gates, labels)


def classes_once(gates, labels):
    means = torch.stack([gates[labels == k].mean(0) for k in labels.unique()])
    return means.var(0) / gates.var(0)


def far(block):
    one, other = block.excitation
    return one - other


def blockwise(measure):
    return lambda recording: {name: measure(block) for name, block in recording.blocks.items()}


def frozen(gates):
    """An answer to ``freeze`` that puts ``gates(own gates)`` into the block."""
    return lambda model, x, name: record(model, x, gates={name: gates(record(model, x).blocks[name].excitation)}).logits


def all_frozen(model, x, name):
    return record(model, x, gates={n: b.excitation.mean(0) for n, b in record(model, x).blocks.items()}).logits


def overwriting(model, x, name):
    model.get_submodule(name).fc2.weight.data.zero_()
    return model(x)


def by_autograd(u, slope):
    with torch.enable_grad():
        s = torch.ones(*u.shape[:2], 1, 1, dtype=u.dtype, requires_grad=True)
        return torch.autograd.grad((u * s * slope).sum(), s)[0].flatten(1)


def groups(se, rest, chosen=lambda name, module: isinstance(module, SEBlock)):
    def answer(model, decay):
        inside = {id(p) for name, m in model.named_modules() if chosen(name, m) for p in m.parameters()}
        rates = {"se": se, "rest": decay if rest is None else rest}
        split = {
            "se": [p for p in model.parameters() if id(p) in inside],
            "rest": [p for p in model.parameters() if id(p) not in inside],
        }
        return [{"params": split[key], "weight_decay": rates[key]} for key in split]

    return answer


def interval(arm, standard, quantile=None, n=None):
    differences = [a - b for a, b in zip(arm, standard, strict=True)]
    n = n or len(differences)
    quantile = quantile or t.ppf(0.975, n - 1)
    return fmean(differences), quantile * stdev(differences) / math.sqrt(n)


def pairs(accuracies, errors):
    n, total = len(errors), 0
    for i in range(n):
        for j in range(i):
            total += math.copysign(1, (accuracies[i] - accuracies[j]) * (errors[j] - errors[i]))
    return total / (n * (n - 1) / 2)


RIGHT = [
    (checks.share, one_hot_share),
    (checks.distances, blockwise(lambda b: far(b).norm() / len(far(b)) ** 0.5)),
    (checks.distances, blockwise(lambda b: far(b).square().mean().sqrt().item())),
    (checks.freeze, frozen(lambda s: s.mean(0))),
    (checks.freeze, frozen(lambda s: s.mean(0, keepdim=True).expand_as(s))),
    (checks.gate_gradient, lambda u, g: torch.einsum("nchw,nchw->nc", u, g)),
    (checks.gate_gradient, by_autograd),
    (checks.decay_groups, groups(0.0, None)),
    (checks.paired, interval),
    (checks.order, pairs),
    (checks.last_stage, 192 / 307),
    (checks.order, lambda a, e: kendalltau(a, e).statistic * -1),
]

WRONG = [
    (checks.share, within, "share *within* classes"),
    (checks.share, lambda g, y: one_hot_share(g, y) / within(g, y), "Divide by both together"),
    (checks.share, lambda g, y: one_hot_share(g, y).sqrt(), "leave out the root"),
    (checks.share, lambda g, y: one_hot_share(g, y).mean(), "mean over the channels"),
    (checks.share, classes_once, "Each *picture* counts"),
    (checks.distances, blockwise(lambda b: far(b).square().mean()), "Its root is in the unit"),
    (checks.distances, blockwise(lambda b: far(b).norm()), "by its width alone"),
    (checks.distances, blockwise(lambda b: far(b).abs().mean()), "absolute differences"),
    (checks.distances, blockwise(lambda b: far(b).mean()), "cancel"),
    (checks.distances, blockwise(lambda b: (b.squeeze[0] - b.squeeze[1]).square().mean().sqrt()), "squeezed values z"),
    (checks.distances, lambda recording: 3.0, "Expected a dict"),
    (checks.distances, lambda recording: {"layer1.0.se": 0.1}, "one distance for each"),
    (checks.distances, blockwise(far), "one number"),
    (checks.freeze, frozen(lambda s: s), "Nothing was frozen"),
    (checks.freeze, lambda model, x, name: model(x), "Nothing was frozen"),
    (checks.freeze, frozen(lambda s: s.mean(1, keepdim=True).expand_as(s)), "averaged over the channels"),
    (checks.freeze, frozen(torch.ones_like), "gates of 1"),
    (checks.freeze, frozen(lambda s: s.mean().expand_as(s)), "a mean of its own"),
    (checks.freeze, all_frozen, "every block"),
    (checks.freeze, overwriting, "other weights now"),
    (checks.gate_gradient, lambda u, g: (u * g).mean((2, 3)), "averaged over the pixels"),
    (checks.gate_gradient, lambda u, g: g.sum((2, 3)), "a gate that is added"),
    (checks.gate_gradient, lambda u, g: u.mean((2, 3)) * g.mean((2, 3)), "product of means"),
    (checks.gate_gradient, lambda u, g: u * g, "one number per pixel"),
    (checks.decay_groups, groups(0.1, None), "still decays"),
    (checks.decay_groups, groups(0.0, None, lambda name, module: name.endswith("fc2")), "still decays"),
    (checks.decay_groups, groups(0.25, 0.0), "exchanged"),
    (checks.decay_groups, groups(0.0, 0.0), "instead of the one given"),
    (checks.decay_groups, lambda model, decay: [{"params": list(model[1].parameters()), "weight_decay": 0.0}], "in no group"),
    (checks.decay_groups, lambda model, decay: groups(0.0, None)(model, decay) * 2, "in two groups"),
    (checks.decay_groups, lambda model, decay: [{"params": list(model.parameters())}], 'no "weight_decay"'),
    (checks.decay_groups, lambda model, decay: 3, "Expected a list of dicts"),
    (checks.paired, lambda a, b: interval(b, a), "The sign is turned"),
    (checks.paired, lambda a, b: interval(a, b, 1.96), "1.96 is for many"),
    (checks.paired, lambda a, b: interval(a, b, 1), "standard error"),
    (checks.paired, lambda a, b: (interval(a, b)[0], interval(a, b)[1] * len(a) ** 0.5), "Their *mean* strays less"),
    (checks.order, lambda a, e: kendalltau(a, e).statistic, "The sign is turned"),
    (checks.order, lambda a, e: (pairs(a, e) + 1) / 2, "share of pairs"),
    (checks.last_stage, 115 / 307, "what is left"),
    (checks.last_stage, 100 * 192 / 307, "in percent"),
    (checks.last_stage, 3 / 16, "part of the blocks"),
    (checks.last_stage, 192 / 115, "divided by what is left"),
    (checks.last_stage, ..., "nothing here yet"),
    (checks.order, lambda a, e: -spearmanr(a, e).statistic, "Spearman"),
]
