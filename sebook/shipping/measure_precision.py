"""Gates in 16 bits: how far they are off, where a sum in float16 would overflow, and what the batch has to do with it."""

import copy
from typing import Any

import torch
from torch import nn

from senet.images import Pictures
from senet.inside.recording import record

from ..experiments.linear_probe import wilson
from . import price

LARGEST = 65504.0  # in float16


def measure(model: nn.Module, pictures: Pictures, preprocess: price.Preprocess) -> dict[str, Any]:
    """The gates of one network in three number formats.

    Returns:
        ``gates``, by name: ``float16`` and ``bfloat16`` (``largest`` and ``mean`` absolute difference from float32, and ``half``
        of the mean's 95 % interval over the pictures), and ``headroom``, the factor by which maps could grow before a sum over
        pixels in float16 overflows. ``answers``, by format: the share that changes, with its 95 % interval. ``batch``, by
        format: the largest difference between a gate of a picture alone and the same gate in a batch of all.
    """
    x = preprocess(pictures.images)
    with torch.no_grad():
        plain = record(model, x, maps=True)
        result: dict[str, Any] = {"pictures": len(pictures), "gates": {}, "answers": {}, "batch": {}}
        for name, block in plain.blocks.items():
            sums = block.maps.sum((2, 3)).abs().max().item()
            result["gates"][name] = {"largest_map": block.maps.abs().max().item(), "headroom": LARGEST / sums}
        for kind in (torch.float32, torch.float16, torch.bfloat16):
            word = str(kind).removeprefix("torch.")
            narrow = copy.deepcopy(model).to(kind)
            got = record(narrow, x.to(kind))
            alone = [record(narrow, x[i : i + 1].to(kind)) for i in range(len(x))]
            result["batch"][word] = max(
                (one.blocks[name].excitation[0] - block.excitation[i]).abs().max().item()
                for i, one in enumerate(alone)
                for name, block in got.blocks.items()
            )
            if kind != torch.float32:
                changed = int((got.logits.argmax(1) != plain.logits.argmax(1)).sum())
                result["answers"][word] = wilson(changed, len(pictures))._asdict()
                for name, block in got.blocks.items():
                    off = (block.excitation.float() - plain.blocks[name].excitation).abs()
                    half = 1.96 * off.mean(1).std().item() / len(off) ** 0.5
                    result["gates"][name][word] = {"largest": off.max().item(), "mean": off.mean().item(), "half": half}
    return result
