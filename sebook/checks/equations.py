"""What the checks try answers on, and the paper's equations that they compare with."""

import torch
from torch import Tensor


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """The same at every run, and drawn without touching the learner's own random numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + 0.3


def as_stored(u: Tensor) -> list[tuple[Tensor]]:
    """U in another layout, dtype and device. "meta" has shapes but no values, enough to catch code that forgets the device."""
    return [(u.contiguous(memory_format=torch.channels_last),), (u.double(),), (u.to("meta"),)]


def squeezed(u: Tensor) -> Tensor:
    """Equation 2: U (N, C, H, W) -> z (N, C)."""
    return u.mean((2, 3))


def excited(z: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
    """Equation 3: z (N, C) -> s (N, C)."""
    return ((z @ w1.T).relu() @ w2.T).sigmoid()


def rescaled(u: Tensor, s: Tensor) -> Tensor:
    """Equation 4: U (N, C, H, W), s (N, C) -> (N, C, H, W)."""
    return u * s[:, :, None, None]


def flat(s: Tensor) -> Tensor:
    """Every gate of a picture set to that picture's mean gate: (N, C) -> (N, C)."""
    return s.mean(1, keepdim=True).expand_as(s)
