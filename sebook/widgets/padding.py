""" "Padding": zeros beside a picture, and the gates of a network that squeezes over them, or over the picture alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from senet import pretrained
from senet.inside.recording import record

from ..pages import exhibits, page_svg
from ..shipping.padding import told
from .block import PICTURES
from .embedded import PictureWidget, chosen, row
from .fields import One, Whole
from .sets import Set

STEPS = 9  # from no zeros to as many rows and columns as the picture has
SQUEEZES = {"everything": "all pixels, zeros too", "picture": "the picture’s pixels"}


class Padding(PictureWidget):
    """Add zeros to the right of a picture and below it, and see every gate move.

    >>> Padding("se_resnet_patchwork", more=4, squeeze="picture")

    Attributes:
        picture: the id of one of ``pictures``.
        more: 0 to 8: how many eighths of the side are added.
        squeeze: over what: ``"everything"``, or the ``"picture"`` alone, by a mask.
        block: whose gates are drawn.

    Args:
        network: a name of :mod:`senet.pretrained`.
        pictures: ids of pictures in the network's gallery.

    Raises:
        ValueError: an unknown network or picture, or a trait out of its bounds (a ``ViewError``, also later on).
    """

    more = Whole(0, high=STEPS - 1)
    squeeze = One(tuple(SQUEEZES), unlike="is not a way to squeeze")
    block = One(Set("blocks"), unlike="is not a block of this network")

    def __init__(self, network: str = "se_resnet_patchwork", pictures: Sequence[str] = PICTURES[:4], **choices: Any) -> None:
        checkpoint = pretrained.get(network)
        shown = chosen(exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size), pictures)
        x = checkpoint.preprocessing(shown.pictures.images)
        model = pretrained.load(checkpoint, progress=False)
        side = x.shape[-1]
        data: dict[str, Any] = {
            "network": checkpoint.title,
            "side": side,
            "pictures": row(shown),
            "squeezes": SQUEEZES,
            "steps": [round(side * step / (STEPS - 1)) for step in range(STEPS)],
        }
        data["blocks"] = list(record(model, x[:1]).blocks)
        data["runs"] = {way: [_run(model, x, zeros, way, checkpoint.classes) for zeros in data["steps"]] for way in SQUEEZES}
        super().__init__("padding", data)
        self.choose(**choices)

    def gates(self, more: int | None = None) -> np.ndarray:
        """The gates of the chosen block, (C,), for so many eighths more, by default those chosen."""
        run = self._data["runs"][self.squeeze][self.more if more is None else more]
        return np.array(run["gates"][self.block][self._index])

    def figure(self) -> tuple[str, str]:
        s, alone = self.gates(), self.gates(0)
        figure = Figure(figsize=(7, 2), layout="constrained")
        axes, at = figure.subplots(), np.arange(len(s))
        axes.bar(at, s, color=page_svg.SYMBOLS["s"])
        axes.hlines(alone, at - 0.45, at + 0.45, color=page_svg.INK, lw=1.5)
        axes.set_ylim(0, 1)
        axes.set_xlabel("channel", fontsize=9, color=page_svg.INK)
        axes.set_ylabel("gate", fontsize=9, color=page_svg.INK)
        zeros, side = self._data["steps"][self.more], self._data["side"]
        caption = (
            f"{self.picture}, {side} × {side} pixels and {zeros} rows and columns of zeros, {self.block} squeezing "
            f"{SQUEEZES[self.squeeze]}: gates are off by {np.abs(s - alone).mean():.3f} on average. Lines: the picture alone."
        )
        return page_svg.to_svg(figure, caption), caption


def _run(model: torch.nn.Module, x: torch.Tensor, zeros: int, way: str, classes: Sequence[str]) -> dict[str, Any]:
    """Gates by block, and the answer with its probability, picture by picture."""
    wide = F.pad(x, (0, zeros, 0, zeros))
    if way == "picture":
        with told(model, F.pad(torch.ones_like(x[:, :1], dtype=torch.bool), (0, zeros, 0, zeros))):
            got = record(model, wide)
    else:
        got = record(model, wide)
    best = got.logits.softmax(1).max(1)
    return {
        "gates": {name: [[round(v, 4) for v in row] for row in block.excitation.tolist()] for name, block in got.blocks.items()},
        "answers": [[classes[k], round(p, 4)] for k, p in zip(best.indices.tolist(), best.values.tolist(), strict=True)],
    }
