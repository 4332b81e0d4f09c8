"""Answers to the exercises of the chapter on frozen gates."""

import torch
from torch import nn

from sebook import checks


def doubled(norm, block):
    with torch.no_grad():
        for values in block.fc2.parameters():
            values.zero_()
        for values in norm.parameters():
            values.mul_(2)


def halved(norm, block):
    nn.init.zeros_(block.fc2.weight)
    nn.init.zeros_(block.fc2.bias)


def wide(norm, block, push=6.0):
    nn.init.zeros_(block.fc2.weight)
    nn.init.constant_(block.fc2.bias, push)


def weight_only(norm, block):
    halved(norm, block)
    with torch.no_grad():
        norm.weight.mul_(2)


def last_weight_only(norm, block):
    nn.init.zeros_(block.fc2.weight)
    with torch.no_grad():
        norm.weight.mul_(2)
        norm.bias.mul_(2)


def twice(norm, block):
    wide(norm, block, 100.0)
    with torch.no_grad():
        norm.weight.mul_(2)
        norm.bias.mul_(2)


RIGHT = [
    (checks.fold_after, lambda w, s: torch.einsum("oihw,i->oihw", w, s)),
    (checks.dead_units, lambda hidden: hidden.max(0).values == 0),
    (checks.dead_units, lambda hidden: ~hidden.bool().any(0)),
    (checks.identity_start, doubled),
]
WRONG = [
    (checks.fold_after, lambda w, s: w * s.view(-1, 1, 1, 1), "what it *reads*: dim 1"),
    (checks.fold_after, lambda w, s: w / s.view(-1, 1, 1), "You divided"),
    (checks.fold_after, lambda w, s: s * w, "met the kernel's columns"),
    (checks.fold_after, lambda w, s: w * s.sum() / len(s), "one factor"),
    (checks.fold_after, lambda w, s: s.view(-1, 1, 1) + w, "You added the gates"),
    (checks.fold_after, lambda w, s: w.clone(), "came back as it was"),
    (checks.dead_units, lambda h: (h <= 0).any(0), "silent for *some* picture"),
    (checks.dead_units, lambda h: h.bool().any(0), "units that live"),
    (checks.dead_units, lambda h: (h <= 0).all(1), "dim 0"),
    (checks.dead_units, lambda h: h.median(dim=0).values <= 0, "few pictures"),
    (checks.dead_units, lambda h: h.amax(0), "Compare it with 0"),
    (checks.dead_units, lambda h: torch.tensor([1]), "Say of each unit"),
    (checks.identity_start, lambda norm, block: None, "still depend on the picture"),
    (checks.identity_start, halved, "half as large"),
    (checks.identity_start, wide, "Nearly: the gates are"),
    (checks.identity_start, lambda norm, block: wide(norm, block, 100.0), "the sigmoid is flat"),
    (checks.identity_start, weight_only, "a weight *and* a bias"),
    (checks.identity_start, last_weight_only, "off by"),
    (checks.identity_start, twice, "twice as large"),
    (checks.identity_start, lambda norm, block: block.fc9, "AttributeError"),
    (checks.identity_start, lambda norm: None, "TypeError"),
]
