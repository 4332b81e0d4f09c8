"""Interventions: what a network answers when some of its gates are changed.

    intervene(model, images, {"layer4.2.se": zero([3, 5])})     # two channels of one gate
    intervene(model, images, {"*": freeze(record(model, many))})  # every gate at its mean over many pictures

A change is a function from a gate's own values (N, C) to others, so that any other function will do,
and the same changes work where :func:`senet.record` takes ``gates=``.
"""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from .recording import Recording, record, se_blocks

Change = Callable[[Tensor], Tensor]
Channels = Sequence[int] | None


class PerGate(dict):
    """Changes that differ from gate to gate, by name."""


def intervene(
    model: nn.Module,
    images: Tensor,
    changes: Mapping[str, Any],
    *,
    maps: bool = False,
) -> Recording:
    """Run ``model`` with some gates changed, and record it.

    Args:
        model: any eager network with gates, as for :func:`senet.record`.
        images: (N, ...), as for :func:`senet.record`.
        changes: by gate, or by a pattern such as ``"layer4.*"`` or ``"*"``: one of the functions here,
            a function (N, C) -> (N, C), or values (C,) or (N, C), where NaN leaves a channel alone.
        maps: keep what each gate multiplies.

    Raises:
        ValueError: a name or pattern fits no gate, or a gate has no such channel.
    """
    names = list(se_blocks(model, images))
    gates: dict[str, Any] = {}
    for pattern, change in changes.items():
        fitting = [name for name in names if name == pattern or fnmatchcase(name, pattern)]
        if not fitting:
            raise ValueError(f"changes: {pattern!r} fits no gate of this model: choose among {', '.join(names)}")
        for name in fitting:
            gates[name] = _one(change, name) if isinstance(change, PerGate) else change
    return record(model, images, maps=maps, gates=gates)


def set_to(values: float | Tensor, channels: Channels = None) -> Change:
    """One number for all channels, or values (C,) or (N, C); with ``channels``, a value for each of those."""
    return _changing(lambda s, at: torch.as_tensor(values, dtype=s.dtype, device=s.device).expand_as(s[:, at]), channels)


def zero(channels: Channels = None) -> Change:
    """Closed: the channel's maps are zero."""
    return set_to(0.0, channels)


def clamp(low: float, high: float, channels: Channels = None) -> Change:
    """No lower than ``low`` and no higher than ``high``."""
    if low > high:
        raise ValueError(f"low={low} has to be at most high={high}")
    return _changing(lambda s, at: s[:, at].clamp(low, high), channels)


def mean(channels: Channels = None) -> Change:
    """The mean over the pictures of this batch: a gate keeps its size, and tells nothing about a single picture."""
    return _changing(lambda s, at: s[:, at].mean(0, keepdim=True).expand_as(s[:, at]), channels)


def resample(seed: int = 0, channels: Channels = None) -> Change:
    """The gate of another picture of this batch, drawn from ``seed``: no picture keeps its own."""

    def drawn(s: Tensor, at: Any) -> Tensor:
        if len(s) < 2:
            raise ValueError("resample needs two pictures or more: with one there is no other to take gates from")
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(s), generator=generator)
        others = torch.empty_like(order)
        others[order] = order.roll(1)  # each takes its neighbour's in a random circle
        return s[others.to(s.device)][:, at]

    return _changing(drawn, channels)


def freeze(recording: Recording, picture: int | None = None, channels: Channels = None) -> PerGate:
    """The gates of a recording, for one of its pictures or averaged over all, whatever the network sees now."""
    values = {name: block.excitation for name, block in recording.blocks.items()}
    fixed = {name: s.mean(0) if picture is None else s[picture] for name, s in values.items()}
    return PerGate({name: set_to(s if channels is None else s[list(channels)], channels) for name, s in fixed.items()})


def _changing(new: Callable[[Tensor, Any], Tensor], channels: Channels) -> Change:
    def change(s: Tensor) -> Tensor:
        at = slice(None) if channels is None else list(channels)
        if channels is not None and not all(0 <= channel < s.shape[1] for channel in at):
            raise ValueError(f"channels={at} have to be between 0 and {s.shape[1] - 1}, the gate's last")
        changed = s.clone()
        changed[:, at] = new(s, at)
        return changed

    return change


def _one(changes: PerGate, name: str) -> Change:
    if name not in changes:
        raise ValueError(f"{name!r} is not in the recording to freeze by, which has {', '.join(changes)}: record the same network")
    return changes[name]
