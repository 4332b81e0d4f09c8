"""The two layers of an excitation as numbers: what a page needs to follow one channel from its z to its s.

Shapes: C channels of a block, h hidden units. On a page they are a script beside the gallery, fetched when a reader looks into a
channel. ``frontend/src/network/excitation-weights.ts`` reads them.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from senet import pretrained
from senet.inside.recording import BlockRecord, SEPoints, record, se_blocks

from .encoded import packed

FORMAT = 1  # as in frontend/src/network/excitation-weights.ts; counted up when an older page would misread what is written here
TOLERANCE = 1e-5  # of s, computed from the layers found, against the recorded one


class Layers(NamedTuple):
    """Two layers: ``s = sigmoid(w2 @ relu(w1 @ z + b1) + b2)``, all float32.

    Attributes:
        w1: (h, C), which narrows.
        b1: (h,).
        w2: (C, h), which widens.
        b2: (C,).
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor

    def excite(self, z: Tensor) -> Tensor:
        """z (N, C) -> s (N, C)."""
        return torch.sigmoid(torch.relu(z @ self.w1.T + self.b1) @ self.w2.T + self.b2)


def layers(points: SEPoints, recorded: BlockRecord) -> Layers | None:
    """The layers of an SE block, ours or another library's; None if it is not two layers, a ReLU and a sigmoid.

    How a block is built can't be read off its class alone. So its layers are guessed, and accepted only if they turn the recorded z
    into the recorded s.

    Args:
        points: of the block, as :func:`senet.inside.recording.se_blocks` gives them.
        recorded: what the block did, with its own gates.
    """
    both = [module for module in points.block.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    if len(both) != 2 or any(module.weight.flatten(2).shape[2:].numel() > 1 for module in both if isinstance(module, nn.Conv2d)):
        return None
    w1, w2 = (module.weight.detach().cpu().float().flatten(1) for module in both)
    if w1.shape != w2.shape[::-1]:
        return None
    b1, b2 = (torch.zeros(len(module.weight)) if module.bias is None else module.bias.detach().cpu().float() for module in both)
    found = Layers(w1, b1, w2, b2)
    z, s = recorded.squeeze.cpu().float(), recorded.excitation.cpu().float()
    return found if torch.allclose(found.excite(z), s, atol=TOLERANCE, rtol=0) else None


def grey(mean: tuple[float, float, float]) -> list[int]:
    """The colour of a patch that covers a part of a picture: the mean colour a network learned with, in whole steps to 255."""
    return [round(255 * value) for value in mean]


def build(network: str, out: str | Path) -> Path:
    """Write a shipped network's layers for its page: ``out/layers/<network>.js``; returns that path."""
    checkpoint = pretrained.get(network)
    model = pretrained.load(checkpoint, progress=False)
    size = checkpoint.preprocessing.size
    noise = torch.randint(0, 256, (4, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    points, recording = se_blocks(model), record(model, checkpoint.preprocessing(noise))
    found = [layers(points[name], block) for name, block in recording.blocks.items()]
    about = {"format": FORMAT, "grey": grey(checkpoint.preprocessing.mean), "blocks": [_packed(block) for block in found]}
    path = Path(out) / "layers" / f"{network}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(about, separators=(",", ":"))
    path.write_text(f"SENet.provide({json.dumps(f'layers/{network}')},{text});\n", encoding="utf-8")
    return path


def _packed(found: Layers | None) -> dict[str, Any] | None:
    """In 16-bit steps of the block's range: s differs by some 1e-5 from what the exact weights give."""
    if found is None:
        return None
    return {name: packed(values, "u2") for name, values in found._asdict().items()}
