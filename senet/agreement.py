"""How far two networks differ that should compute the same: on one batch, in float64."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

LARGEST = 1e-6  # float64 has 16 digits, and a deep network with random weights uses up to half


def in_float64(model: nn.Module) -> nn.Module:
    """A copy of ``model`` in evaluation mode, on the CPU."""
    return copy.deepcopy(model).eval().cpu().double()


def noise(model: nn.Module) -> Tensor | None:
    """Two small noise pictures for a network that begins with a convolution; None for any other."""
    convolutions = (module for module in model.modules() if isinstance(module, nn.Conv2d))
    if (first := next(convolutions, None)) is None:
        return None
    size = 64 if first.in_channels <= 4 else 8  # a part of a network gets many channels
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, first.in_channels, size, size, generator=generator, dtype=torch.float64)


@torch.no_grad()
def answers(model: Callable[..., Any], images: Tensor) -> list[Tensor]:
    """Every floating-point tensor in what ``model`` returns for ``images``."""
    leaves = tree_leaves(model(images.double().cpu()))
    return [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.is_floating_point()]


def difference(expected: list[Tensor], got: list[Tensor]) -> float:
    """The largest absolute difference, relative to the largest value that was expected."""
    if [x.shape for x in expected] != [x.shape for x in got]:
        return float("inf")
    largest = max(x.abs().max().item() for x in expected if x.numel())
    pairs = zip(expected, got, strict=True)
    return max((x - y).abs().max().item() for x, y in pairs if x.numel()) / (largest or 1.0)
