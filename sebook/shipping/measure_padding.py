"""How far zeros beside a picture move the gates, and how far when the network knows where they are."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from senet.images import Pictures
from senet.inside.recording import record

from . import price
from .padding import told

SHARES = (0.125, 0.25, 0.5, 1.0)  # of a side, added to the right and below


def measure(model: nn.Module, pictures: Pictures, preprocess: price.Preprocess) -> dict[str, Any]:
    """Gates and answers with zeros added, plainly and with a mask.

    Returns:
        ``pictures``, how many; ``side``, in pixels; ``spread``, by gate the standard deviation over pictures, averaged over
        channels; and ``shares``, by the share of the side that is added. There, ``shift`` is the mean absolute change, by gate;
        ``changed`` the share of answers that change, ``mean`` with ``half`` of its 95 % interval; ``changed_elsewhere`` the same
        with the gates held as for the picture alone, so that only the last pool and the borders act; and with the mask,
        ``told`` is the largest change of a gate, and ``told_changed`` the share of answers that change.
    """
    x = preprocess(pictures.images)
    plain = record(model, x)
    spread = {name: block.excitation.std(0).mean().item() for name, block in plain.blocks.items()}
    side = x.shape[-1]
    shares = {}
    for share in SHARES:
        more = round(side * share)
        wide = F.pad(x, (0, more, 0, more))
        mask = F.pad(torch.ones_like(x[:, :1], dtype=torch.bool), (0, more, 0, more))
        padded = record(model, wide)
        held = record(model, wide, gates={name: block.excitation for name, block in plain.blocks.items()})
        with told(model, mask):
            knowing = record(model, wide)
        moved = {
            name: (padded.blocks[name].excitation - block.excitation).abs().mean().item() for name, block in plain.blocks.items()
        }
        off = max((knowing.blocks[name].excitation - block.excitation).abs().max().item() for name, block in plain.blocks.items())
        elsewhere, changed = (_share(got.logits, plain.logits) for got in (held, padded))
        shares[str(share)] = {
            "shift": moved,
            "changed": changed,
            "changed_elsewhere": elsewhere,
            "told": off,
            "told_changed": (knowing.logits.argmax(1) != plain.logits.argmax(1)).double().mean().item(),
        }
    return {"pictures": len(pictures), "side": side, "spread": spread, "shares": shares}


def _share(got: Tensor, plain: Tensor) -> dict[str, float]:
    changed = (got.argmax(1) != plain.argmax(1)).double()
    return {"mean": changed.mean().item(), "half": 1.96 * changed.std().item() / len(changed) ** 0.5}
