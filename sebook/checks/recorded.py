"""Checks on gates as they were recorded: how class-specific they are, how far apart two pictures lie, what freezing does."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from senet.inside.recording import BlockRecord, Recording, record, se_blocks
from senet.models.se import SEBlock

from .equations import numbers
from .verdict import Verdict, judge, outcome, same, unusable


def share(answer: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """``answer(gates, labels)``: the share of each channel's variance that lies between classes, (N, C) and (N,) -> (C,)."""
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2, 2])  # classes of unlike size: a plain mean over classes is another number
    gates = (numbers(9, 5) + torch.tensor([0.0, 2.0, -1.0])[labels, None] * numbers(5, seed=1)).sigmoid()

    def centres(gates: Tensor, labels: Tensor) -> Tensor:  # each picture's class mean: (N, C)
        return torch.stack([gates[labels == label].mean(0) for label in labels])

    def between(gates: Tensor, labels: Tensor) -> Tensor:
        return centres(gates, labels).var(0, correction=0)

    def right(gates: Tensor, labels: Tensor) -> Tensor:
        return between(gates, labels) / gates.var(0, correction=0)

    def class_means(gates: Tensor, labels: Tensor) -> Tensor:  # (classes, C)
        return torch.stack([gates[labels == label].mean(0) for label in labels.unique()])

    slips = (
        (lambda g, y: 1 - right(g, y), "That is the share *within* classes. The share between them is what is left of 1."),
        (
            lambda g, y: right(g, y) / (1 - right(g, y)),
            "You divided what is between classes by what is within. Divide by both together, so that it ends at 1.",
        ),
        (lambda g, y: right(g, y).sqrt(), "That is a ratio of standard deviations. The share is of variances: leave out the root."),
        (lambda g, y: right(g, y).mean(), "This gives the mean over the channels. First give one number per channel."),
        (
            lambda g, y: class_means(g, y).var(0, correction=0) / g.var(0, correction=0),
            "Each class counted once. Each *picture* counts: a class with more pictures has more weight.",
        ),
        (
            lambda g, y: class_means(g, y).var(0) / g.var(0),
            "Each class counted once. Each *picture* counts: a class with more pictures has more weight.",
        ),
        (
            lambda g, y: centres(g, y).var(1, correction=0) / g.var(1, correction=0),
            "You took variances over the channels. They are over the pictures: dim 0.",
        ),
        (between, "That is the variance between classes. Divide it by the whole variance of the gate."),
    )
    praise = "0 where the class tells nothing, 1 where it tells all. Whether the gate moves at all, the share does not say."
    return judge(answer, right, [(gates, labels), (gates.double(), labels)], slips, "share(gates, labels)", praise)


def distances(answer: Callable[[Recording], Mapping[str, float]]) -> Verdict:
    """``answer(recording)``: how far apart the gates of two pictures are, as block -> root mean square difference."""
    recording = _two_pictures()
    got = outcome(answer, recording)
    if (problem := unusable(got, (), "distances(recording)")) is not None:
        return problem
    if not isinstance(got, Mapping):
        return Verdict(False, f"Expected a dict, block -> distance, and {type(got).__name__} came back.")
    if list(got) != list(recording.blocks):
        return Verdict(False, "Give one distance for each of `recording.blocks`, under the block's own name and in their order.")
    values = [outcome(float, value) for value in got.values()]
    if any(isinstance(value, Exception) for value in values):
        return Verdict(False, "Each block's distance is to be one number: take the mean over its channels.")

    def by(measure: Callable[[BlockRecord], Tensor]) -> list[float]:
        return [measure(block).item() for block in recording.blocks.values()]

    def far(block: BlockRecord) -> Tensor:
        return block.excitation[0] - block.excitation[1]

    if same(values, by(lambda b: far(b).square().mean().sqrt())):
        return Verdict(True, "Blocks of any width can be compared by it, since it is a mean over channels.")
    slips = (
        (lambda b: far(b).square().mean(), "That is the mean of the squares. Its root is in the unit of a gate."),
        (
            lambda b: far(b).square().sum().sqrt(),
            "You summed over the channels: a wide block is then far apart by its width alone.",
        ),
        (
            lambda b: far(b).norm() / len(far(b)),
            "Take the mean *before* the root: divide the sum of squares by the number of channels.",
        ),
        (
            lambda b: far(b).abs().mean(),
            "That is the mean of the absolute differences. Square them, take the mean, and then the root.",
        ),
        (lambda b: far(b).mean(), "Differences of both signs cancel. Square them before you take the mean."),
        (lambda b: far(b).mean().abs(), "Differences of both signs cancel. Square them before you take the mean."),
        (
            lambda b: (b.squeeze[0] - b.squeeze[1]).square().mean().sqrt(),
            "These are the squeezed values z. The gates are `block.excitation`.",
        ),
    )
    for slip, hint in slips:
        if same(values, by(slip)):
            return Verdict(False, hint)
    return Verdict(
        False, f"For {next(iter(got))} it is {by(lambda b: far(b).square().mean().sqrt())[0]:.4f}, and {values[0]:.4f} came."
    )


def freeze(answer: Callable[[nn.Module, Tensor, str], Tensor]) -> Verdict:
    """``answer(model, images, block)``: the logits with the gates of ``block`` alone at their mean over the pictures."""
    model, images = _small_network(), numbers(3, 4, 6, 6)
    first, last = se_blocks(model)
    name = first
    before = {key: value.clone() for key, value in model.state_dict().items()}
    got = outcome(answer, model, images, name)
    if any(not torch.equal(value, before[key]) for key, value in model.state_dict().items()):
        return Verdict(False, "The network has other weights now. Leave them: `record` takes gates for one run.")
    if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
        return Verdict(False, "Your hooks are still on the network. Remove them, or let `record` do it.")
    if (problem := unusable(got, (images,), "freeze(model, images, block)")) is not None:
        return problem
    own = {block: entry.excitation for block, entry in record(model, images).blocks.items()}

    def run(**gates: Any) -> Tensor:
        return record(model, images, gates={block.replace("_", "."): values for block, values in gates.items()}).logits

    if same(got, run(**{name: own[name].mean(0)})):
        return Verdict(
            True, "The channels are still weighed, but no longer by the picture. What that costs is what its look was worth here."
        )
    slips = (
        (own[name], "Nothing was frozen: each picture still has its own gates."),
        (own[name].mean(1, keepdim=True).expand_as(own[name]), "You averaged over the channels. Average over the pictures: dim 0."),
        (torch.ones_like(own[name]), "These are gates of 1. Frozen gates stay at their mean over the pictures."),
        (torch.zeros_like(own[name]), "These are gates of 0, so that the branch is silent. Frozen gates stay at their mean."),
        (own[name].mean().expand_as(own[name]), "One number stands for all channels. Each channel keeps a mean of its own."),
        (own[name][:1].expand_as(own[name]), "These are the first picture's gates for all. Take the mean over the pictures."),
    )
    for gates, hint in slips:
        if same(got, run(**{name: gates})):
            return Verdict(False, hint)
    if same(got, run(**{block: gates.mean(0) for block, gates in own.items()})):
        return Verdict(False, "You froze every block. Freeze the one that is asked for.")
    if same(got, run(**{last: own[last].mean(0)})):
        return Verdict(False, "You froze another block. Freeze the one that is asked for, by its name.")
    return Verdict(False, "These are not the logits with that block's gates at their mean: `record(..., gates={block: mean})`.")


def _two_pictures() -> Recording:
    blocks = {}
    for depth, (name, channels) in enumerate({"layer1.0.se": 4, "layer2.0.se": 9}.items(), start=1):
        z = numbers(2, channels, seed=depth)
        blocks[name] = BlockRecord(name, depth, z, numbers(2, channels, seed=depth + 9).sigmoid())
    return Recording(numbers(2, 3), blocks)


def _small_network() -> nn.Module:
    """Two SE blocks with weights of the check's own, and logits that depend on both."""
    model = nn.Sequential(SEBlock(4, 1), nn.Tanh(), SEBlock(4, 1), nn.Flatten(), nn.Linear(4 * 36, 3))
    for seed, parameter in enumerate(model.parameters()):
        parameter.data = numbers(*parameter.shape, seed=seed)
    return model.eval()
