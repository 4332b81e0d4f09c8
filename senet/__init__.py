"""Squeeze-and-excitation networks in PyTorch, and what it takes to look inside them. The package of the book *Squeeze & Excite*.

Read ``models`` first: the block, and the networks that are built with it. ``images`` and ``pretrained`` have what to give them and
trained weights, ``inside`` what they compute on the way, ``training`` the loop, and ``fusion`` makes a trained network fast.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# A name is imported when it is first used: `python -m senet preflight` has to start where PyTorch cannot be imported.
_NAMES = {
    "fusion": ("fuse",),
    "inside.finding": ("anatomy",),
    "inside.intervening": ("intervene",),
    "inside.recording": ("record",),
    "models.cifar": ("resnet20", "resnet32", "resnet56", "resnet110", "se_resnet20", "se_resnet32", "se_resnet56", "se_resnet110"),
    "models.inception": ("se_inception_v3",),
    "models.resnet": ("se_resnet18", "se_resnet34", "se_resnet50", "se_resnet101", "se_resnet152", "se_resnext50_32x4d"),
    "models.se": ("SEBlock",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
