"""A small upscaler with two SE blocks, ours: it doubles a picture's sides and takes a colour cast away.

Its convolutions see three pixels far. What colour the light had, only the whole picture says, and only the gates can pass it on.
So a tile that is computed alone is lit in another way than its neighbour: a seam, on a small scale.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from senet.inside.recording import record
from senet.models.se import NoSE, SEBlock

from .tiles import in_tiles

CHANNELS, REDUCTION = 16, 2
REACH = 3  # pixels that its convolutions see on each side
DARKEST = 0.3  # of a colour's light, as much as a cast leaves at least


class Upscaler(nn.Module):
    """From pictures (N, 3, H, W) between 0 and 1 to maps (N, 12, H, W): the four pixels of each pixel, a colour after the other.

    Args:
        se: whether with SE blocks. Without them it is the twin to compare with.
    """

    def __init__(self, se: bool = True) -> None:
        super().__init__()
        self.conv1, self.se1 = nn.Conv2d(3, CHANNELS, 3, padding=1), _gate(se)
        self.conv2, self.se2 = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), _gate(se)
        self.conv3 = nn.Conv2d(CHANNELS, 12, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        u = self.se1(F.relu(self.conv1(x)))
        u = self.se2(F.relu(self.conv2(u)))
        return self.conv3(u)


def _gate(se: bool) -> nn.Module:
    return SEBlock(CHANNELS, REDUCTION, bias=True) if se else NoSE()


def given(photograph: Tensor, light: Tensor) -> Tensor:
    """What the upscaler gets of a photograph (N, 3, 2 H, 2 W): (N, 3, H, W), in a light whose colours are (N, 3, 1, 1)."""
    return F.avg_pool2d(photograph, 2) * light


def lights(count: int, generator: torch.Generator | None = None) -> Tensor:
    """Lights at random, (count, 3, 1, 1): each colour on its own, from ``DARKEST`` to 1, even on a logarithmic scale."""
    return torch.exp(math.log(DARKEST) * torch.rand(count, 3, 1, 1, generator=generator))


@torch.no_grad()
def gates(model: Upscaler, picture: Tensor) -> dict[str, Tensor]:
    """The gates of a picture (1, 3, H, W), by block: (1, 16) each."""
    return {name: block.excitation for name, block in record(model, picture).blocks.items()}


def upscaled(model: Upscaler, picture: Tensor, tiles: int = 1, given: Mapping[str, Tensor] | None = None) -> Tensor:
    """A picture (1, 3, H, W), twice as large: (1, 3, 2 H, 2 W).

    Args:
        model: the upscaler.
        picture: between 0 and 1. Its sides are the same, and a multiple of ``tiles``.
        tiles: how many in a row, and how many rows. A tile also sees the pixels around it that its convolutions reach.
        given: gates to use in the place of each tile's own, by block.
    """
    side = picture.shape[2] // tiles
    return F.pixel_shuffle(in_tiles(model, picture, side, margin=REACH, gates=given), 2)


@dataclass(frozen=True)
class Seam:
    """How far a picture that was made in tiles is from the one that was made as a whole, in grey levels (0 to 255).

    Attributes:
        off: the mean of that difference.
        across: how far the difference jumps from a pixel to the next where tiles meet.
        inside: how far it jumps elsewhere.
        most: its largest value.
    """

    off: float
    across: float
    inside: float
    most: float


def seam(made: Tensor, whole: Tensor, tiles: int) -> Seam:
    """Compare ``made`` with ``whole``, both (1, 3, H, W) between 0 and 1; values beyond are cut off, as on a screen."""
    far = 255 * (made.clamp(0, 1) - whole.clamp(0, 1))
    across, inside = [], []
    for steps in (far.diff(dim=3).abs(), far.diff(dim=2).abs().transpose(2, 3)):
        at = torch.arange(1, steps.shape[3] + 1) % (far.shape[3] // tiles) == 0
        across.append(steps[..., at].flatten())
        inside.append(steps[..., ~at].flatten())
    jump = float(torch.cat(across).mean()) if tiles > 1 else 0.0
    return Seam(float(far.abs().mean()), jump, float(torch.cat(inside).mean()), float(far.abs().max()))


def decibels(made: Tensor, clean: Tensor) -> float:
    """Peak signal-to-noise ratio of ``made`` (N, 3, H, W), against what it should be."""
    return float(-10 * torch.log10(F.mse_loss(made.clamp(0, 1), clean)))


def packed(model: Upscaler) -> str:
    """Its weights in 16 bits, as base64 text."""
    flat = torch.cat([value.flatten() for value in model.state_dict().values()])
    return base64.b64encode(flat.half().numpy().astype("<f2").tobytes()).decode("ascii")


def opened(text: str, se: bool = True) -> Upscaler:
    """The network of those weights.

    Raises:
        ValueError: they are another network's.
    """
    model, flat = Upscaler(se).eval(), torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32))
    state = model.state_dict()
    if len(flat) != (wanted := sum(value.numel() for value in state.values())):
        raise ValueError(f"{len(flat)} weights: this upscaler has {wanted}; train it again with python -m tools.upscaler")
    parts = flat.split([value.numel() for value in state.values()])
    model.load_state_dict({name: part.view_as(state[name]) for name, part in zip(state, parts, strict=True)})
    return model
