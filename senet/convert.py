"""Others' weights for our networks: names renamed, 1x1 convolutions made Linear, and a refusal of all that does not fit.

A state dict that fits is one whose every key and shape is that of one network here. That is not enough to know the network by:
timm's and the legacy networks have the same shapes and another arithmetic (see :mod:`senet.legacy`). Hence the caller names the
source, and a source is known by names that no other has.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from . import legacy, resnet

SE_WEIGHT = re.compile(r"\.se\.fc[12]\.weight$")


@dataclass(frozen=True)
class Source:
    """How one library writes an SE-ResNet down.

    Attributes:
        names: (pattern, replacement) to go from its keys to ours. Each has to occur: by them a source is recognised.
        ndim: dimensions of its SE weights, 4 where the layers are 1x1 convolutions, 2 where they are Linear.
        networks: what its networks are here, by the name of the constructor.
    """

    names: tuple[tuple[str, str], ...]
    ndim: int
    networks: Mapping[str, Callable[..., nn.Module]]


def _networks(constructors: tuple[Callable[..., nn.Module], ...], **arguments: Any) -> dict[str, Callable[..., nn.Module]]:
    return {make.__name__: partial(make, **arguments) for make in constructors}


ALL = (resnet.se_resnet18, resnet.se_resnet34, resnet.se_resnet50, resnet.se_resnet101, resnet.se_resnet152)
SOURCES = {
    # timm rounds hidden widths to multiples of 8, which for these networks is the same as at least 8.
    "timm": Source((), 4, _networks((*ALL, resnet.se_resnext50_32x4d), bias=True, min_hidden=8)),
    # timm's legacy_seresnet50 to 152, which are Cadene's. Its 18 and 34 rectify once more before SE: no network here does.
    "legacy": Source(
        ((r"^layer0\.", ""), (r"\.se_module\.", ".se."), (r"^last_linear\.", "fc.")),
        4,
        _networks((legacy.legacy_se_resnet50, legacy.legacy_se_resnet101, legacy.legacy_se_resnet152)),
    ),
    "moskomule": Source(((r"\.se\.fc\.0\.", ".se.fc1."), (r"\.se\.fc\.2\.", ".se.fc2.")), 2, _networks(ALL, min_hidden=1)),
}


def convert(state_dict: Mapping[str, Tensor], source: str, architecture: str | None = None) -> dict[str, Tensor]:
    """Rewrite the weights of another library's SE-ResNet for ours.

    Args:
        state_dict: its keys and tensors, as that library's ``state_dict()`` gives them. Any number of classes. Batch norm's
            ``num_batches_tracked`` may be absent, as in files older than PyTorch 0.4.1.
        source: ``"timm"`` (``seresnet18`` to ``152``, ``seresnext50_32x4d``), ``"legacy"`` (timm's ``legacy_seresnet50`` to
            ``152``, and Cadene's ``se_resnet``), or ``"moskomule"``.
        architecture: the constructor that the result has to fit, such as ``"se_resnet50"``; None takes whichever does. For timm
            call it with ``bias=True`` (and 18 and 34 layers with ``min_hidden=8``), for moskomule with ``bias=False``, for legacy
            use :mod:`senet.legacy`.

    Returns:
        A state dict for that constructor's network, whose tensors may share memory with what came in.

    Raises:
        ValueError: an unknown source, or a state dict that is no network of that source; the message names keys and shapes.
    """
    if source not in SOURCES:
        raise ValueError(f"source={source!r} is unknown: choose one of {', '.join(map(repr, SOURCES))}")
    origin = SOURCES[source]
    if architecture is not None and architecture not in origin.networks:
        raise ValueError(f"architecture={architecture!r} is none of {source!r}: choose one of {', '.join(origin.networks)}")

    for pattern, _ in origin.names:
        if not any(re.search(pattern, key) for key in state_dict):
            raise ValueError(f"no key matches {pattern!r}, as in {source!r}: is that the source? Its keys: {_some(state_dict)}")
    converted = {}
    for key, tensor in state_dict.items():
        for pattern, replacement in origin.names:
            key = re.sub(pattern, replacement, key)
        if SE_WEIGHT.search(key):
            if tensor.ndim != origin.ndim:
                raise ValueError(f"{key} has shape {tuple(tensor.shape)}, but {source!r} has {origin.ndim} dimensions there")
            tensor = tensor.flatten(1) if tensor.shape[2:].numel() == 1 else tensor
        if key in converted:
            raise ValueError(f"two keys become {key!r}: this is no state dict of {source!r}")
        converted[key] = tensor

    classes = len(converted["fc.weight"]) if "fc.weight" in converted else 1000
    candidates = {name: make for name, make in origin.networks.items() if architecture in (None, name)}
    misfits = {}
    for name, make in candidates.items():
        wanted = _wanted(make, classes)
        misfits[name] = _misfit(converted, wanted)
        if not misfits[name]:
            # A count that only a batch norm without momentum reads. Where the file has none, none had been counted.
            zeros = {key: torch.zeros_like(like, device="cpu") for key, like in wanted.items() if key not in converted}
            return converted | zeros
    nearest = min(misfits, key=lambda name: len(misfits[name]))
    raise ValueError(
        f"this state dict fits no network of source {source!r} ({', '.join(candidates)}). Against {nearest}: "
        f"{_some(misfits[nearest])}"
    )


def _wanted(make: Callable[..., nn.Module], classes: int) -> dict[str, Tensor]:
    with torch.device("meta"):  # names and shapes, no memory
        return make(num_classes=classes).state_dict()


def _misfit(got: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    """What keeps ``got`` from being ``wanted``, a line each; nothing if it fits."""
    required = {key for key, like in wanted.items() if not key.endswith("num_batches_tracked") and like.numel()}
    lines = [f"{key} is missing" for key in wanted if key in required and key not in got]
    lines += [f"{key} is unknown" for key in got if key not in wanted]
    return lines + [
        f"{key} is {tuple(got[key].shape)}, not {tuple(like.shape)}"
        for key, like in wanted.items()
        if key in got and got[key].shape != like.shape
    ]


def _some(lines: Any, most: int = 4) -> str:
    lines = list(lines)
    return "; ".join(lines[:most]) + (f"; and {len(lines) - most} more" if len(lines) > most else "")
