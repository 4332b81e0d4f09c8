"""The networks: the squeeze-and-excitation block, and what is built with it.

Here: how a constructor makes a network and fills it from a checkpoint, whose arguments it takes.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from .se import SEBlock


def build(make: Callable[..., nn.Module], weights: Any, progress: bool, kwargs: dict[str, Any]) -> nn.Module:
    """Call ``make(**kwargs)`` and fill it from ``weights``, whose classes set ``num_classes``."""
    if weights is None:
        return make(**kwargs)
    if not hasattr(weights, "get_state_dict"):
        raise ValueError(
            f"weights={weights!r} is not a checkpoint: pass senet.pretrained.get(name), or call senet.pretrained.load(name)"
        )
    classes = len(weights.meta["categories"])
    if kwargs.setdefault("num_classes", classes) != classes:
        raise ValueError(
            f"num_classes={kwargs['num_classes']} does not fit weights for {classes} classes: "
            "leave num_classes out, and replace model.fc afterwards"
        )
    model = make(**kwargs)
    model.load_state_dict(weights.get_state_dict(progress=progress))
    return model


def takes_checkpoint(constructor: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``constructor`` take the arguments of a checkpoint given as ``weights``.

    Weights fit one network only. So arguments that the caller leaves out come from the checkpoint.
    Other values, or another constructor, raise ``ValueError`` before anything is fetched. Weights
    without ``arguments``, such as torchvision's, are not checked.
    """
    signature = inspect.signature(constructor)

    @functools.wraps(constructor)
    def filled(*args: Any, **kwargs: Any) -> nn.Module:
        given = signature.bind_partial(*args, **kwargs).arguments
        given |= given.pop("kwargs", {})
        weights = given.get("weights")
        if hasattr(weights, "arguments"):
            _compare(constructor.__name__, given, weights, _defaults(signature))
            given = {**weights.arguments, **given}
        return constructor(**given)

    return filled


def _defaults(signature: inspect.Signature) -> dict[str, Any]:
    parameters = {**inspect.signature(SEBlock).parameters, **signature.parameters}
    return {"placement": "standard"} | {name: one.default for name, one in parameters.items()}


def _compare(name: str, given: Mapping[str, Any], weights: Any, defaults: Mapping[str, Any]) -> None:
    wanted = ", ".join(f"{key}={value!r}" for key, value in weights.arguments.items())
    belong = f"these weights belong to {weights.architecture}({wanted})"
    if name != weights.architecture:
        raise ValueError(f"{belong}, not to {name}: call that, or senet.pretrained.load")
    known = {**defaults, **weights.arguments}
    for key in given.keys() & known.keys() - {"weights", "progress"}:
        if _as_json(given[key]) != _as_json(known[key]):
            raise ValueError(f"{belong}, not with {key}={given[key]!r}: leave {key} out")


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
