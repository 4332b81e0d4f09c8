"""Others' weights for our networks: names changed, 1x1 convolutions made Linear, and whatever does not fit refused.

A state dict fits if all its keys and shapes are those of one network here. They do not tell which network it is: timm's and the
legacy networks have the same shapes but compute differently (see :mod:`senet.models.legacy`). So the caller names the source,
and each source is checked by names that no other has.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from .. import agreement
from ..arguments import one_of
from ..models import legacy, resnet
from ..models.se import SEBlock

SE_WEIGHT = re.compile(r"(^|\.se\.)fc[12]\.weight$")
# Where training scripts put a state dict.
WRAPPERS = ("state_dict", "model_state_dict", "model", "model_ema", "state_dict_ema", "ema")


@dataclass(frozen=True)
class Source:
    """How one library writes an SE-ResNet down.

    Attributes:
        names: (pattern, replacement) pairs from its keys to ours. Each has to match a key: that is how a source is recognised.
        ndim: dimensions of its SE weights, 4 where the layers are 1x1 convolutions, 2 where they are Linear.
        networks: by name, the constructor here for each of its networks, and the arguments for it.
    """

    names: tuple[tuple[str, str], ...]
    ndim: int
    networks: Mapping[str, tuple[Callable[..., nn.Module], Mapping[str, Any]]]


class Converted(dict[str, Tensor]):
    """A state dict, and the network that it is for: ``architecture``, called with ``arguments``.

    ``difference`` is how far that network's answers are from the original's, in float64, relative to the largest; None if there
    was no original to run.
    """

    architecture: str
    arguments: dict[str, Any]
    difference: float | None = None


def _networks(
    constructors: tuple[Callable[..., nn.Module], ...], **arguments: Any
) -> dict[str, tuple[Callable[..., nn.Module], Mapping[str, Any]]]:
    return {make.__name__: (make, arguments) for make in constructors}


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
    # The block of many tutorials: Sequential(Linear, ReLU, Linear, Sigmoid), c // r hidden units. Alone, or in a ResNet.
    "SE_Block": Source(
        ((r"(^|\.se\.)(?:fc|excitation)\.0\.", r"\1fc1."), (r"(^|\.se\.)(?:fc|excitation)\.2\.", r"\1fc2.")),
        2,
        _networks((*ALL, SEBlock), min_hidden=1),
    ),
}


def convert(weights: nn.Module | Mapping[str, Any], source: str, architecture: str | None = None) -> Converted:
    """Rewrite the weights of another library's SE-ResNet for ours.

    Args:
        weights: the other library's network, or its state dict, with any number of classes. The usual wrappings of a state dict
            come off: a dictionary with one of ``WRAPPERS``, or a common start of all keys, such as ``module.``. Batch norm's
            ``num_batches_tracked`` may be missing, as in files older than PyTorch 0.4.1.
        source: ``"timm"`` (``seresnet18`` to ``152``, ``seresnext50_32x4d``), ``"legacy"`` (timm's ``legacy_seresnet50`` to
            ``152``, and Cadene's ``se_resnet``), ``"moskomule"``, or ``"SE_Block"``: a tutorial's block with the layers
            ``fc`` or ``excitation`` = Sequential(Linear, ReLU, Linear, Sigmoid), alone or in such a ResNet.
        architecture: the constructor that the result has to fit, such as ``"se_resnet50"``; None takes whichever does.

    Returns:
        ``it``, a state dict for ``ARCHITECTURES[it.architecture](**it.arguments)``. Its tensors may share memory with ``weights``.
        If ``weights`` is a network, both networks are run on a batch of noise in float64, and ``it.difference`` says how far
        their answers differ.

    Raises:
        ValueError: an unknown source; weights that are not a network of that source (the message names keys and shapes); or a
            network that has such weights but computes something else.
    """
    one_of(SOURCES, source=source)
    origin = SOURCES[source]
    if architecture is not None and architecture not in origin.networks:
        raise ValueError(f"architecture={architecture!r} is none of {source!r}: choose one of {', '.join(origin.networks)}")
    converted = _renamed(_unwrapped(weights), source)
    candidates = {name: network for name, network in origin.networks.items() if architecture in (None, name)}
    misfits = {}
    for name, (make, arguments) in candidates.items():
        arguments = _arguments(converted, make, arguments, source)
        if arguments is None:
            continue
        wanted = _wanted(make, **arguments)
        misfits[name] = _misfit(converted, wanted)
        if not misfits[name]:
            # A count that only a batch norm without momentum reads. Where the file has none, none had been counted.
            zeros = {key: torch.zeros_like(like, device="cpu") for key, like in wanted.items() if key not in converted}
            result = Converted(converted | zeros)
            result.architecture, result.arguments = name, arguments
            if isinstance(weights, nn.Module):
                result.difference = _checked(weights, make(**arguments), result, source)
            return result
    nearest = min(misfits, key=lambda name: len(misfits[name]))
    raise ValueError(
        f"this state dict fits no network of source {source!r} ({', '.join(candidates)}). Against {nearest}: "
        f"{_some(misfits[nearest])}"
    )


def _unwrapped(weights: Any) -> Mapping[str, Tensor]:
    """The state dict in ``weights``."""
    inside = weights
    while not (isinstance(inside, Mapping) and all(isinstance(value, Tensor) for value in inside.values())):
        if isinstance(inside, nn.Module):
            inside = inside.state_dict()
        elif isinstance(inside, Mapping) and (name := next((name for name in WRAPPERS if name in inside), None)):
            inside = inside[name]
        else:
            held = f" with {_some(map(repr, inside))}" if isinstance(inside, Mapping) else ""
            raise ValueError(
                f"weights is a {type(weights).__name__}{held}, and no state dict is in it: pass model.state_dict(), a network, or "
                f"a dictionary with {' or '.join(map(repr, WRAPPERS))}"
            )
    if "n_averaged" in inside:  # torch.optim.swa_utils.AveragedModel
        inside = {key: value for key, value in inside.items() if key != "n_averaged"}
    # Wrappers write module., model., _orig_mod., backbone. and the like before every key. A network has several parts, but a
    # block alone has one.
    while len(first := {key.partition(".")[0] for key in inside}) == 1 and not first & {"fc", "excitation"}:
        if not all("." in key for key in inside):
            break
        inside = {key.partition(".")[2]: value for key, value in inside.items()}
    return inside


def _renamed(state_dict: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    origin = SOURCES[source]
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
            raise ValueError(f"two keys become {key!r}: this is not a state dict of {source!r}")
        converted[key] = tensor
    return converted


def _arguments(
    converted: Mapping[str, Tensor],
    make: Callable[..., nn.Module],
    arguments: Mapping[str, Any],
    source: str,
) -> dict[str, Any] | None:
    """What ``make`` has to be called with for these shapes; None if it makes something of another kind."""
    alone = "fc1.weight" in converted
    if alone != (make is SEBlock):
        return None
    if not alone:
        arguments = {**arguments, "num_classes": len(converted["fc.weight"]) if "fc.weight" in converted else 1000}
    if source != "SE_Block":
        return dict(arguments)
    firsts = [tensor for key, tensor in converted.items() if re.search(r"(^|\.se\.)fc1\.weight$", key)]
    widest = max(firsts, key=lambda weight: weight.shape[1])  # where c // r was rounded least
    hidden, channels = widest.shape
    arguments = {**arguments, "reduction": max(1, channels // max(1, hidden)), "bias": any("fc1.bias" in key for key in converted)}
    return arguments | ({"channels": channels} if alone else {})


def _checked(theirs: nn.Module, ours: nn.Module, converted: Mapping[str, Tensor], source: str) -> float:
    ours.load_state_dict(converted)
    images = agreement.noise(theirs)
    if images is None:  # a block alone
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(2, ours.channels, 8, 8, dtype=torch.float64, generator=generator)
    expected = agreement.answers(agreement.in_float64(theirs), images)
    off = agreement.difference(expected, agreement.answers(agreement.in_float64(ours), images))
    if not off <= agreement.LARGEST:
        raise ValueError(
            f"this {type(theirs).__name__} has the weights of {source!r}, but computes something else: the answers differ by "
            f"{off:.1e} of the largest. Which source is it from?"
        )
    return off


@cache
def _wanted(make: Callable[..., nn.Module], **arguments: Any) -> Mapping[str, Tensor]:
    with torch.device("meta"):  # names and shapes, no memory
        return make(**arguments).state_dict()


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
