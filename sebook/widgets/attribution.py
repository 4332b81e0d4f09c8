""" "Attribution": is a gate that is wide open an important one? A dot per channel, and the pixels that opened a gate."""

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.figure import Figure

from senet import pretrained
from senet.inside.recording import record

from ..pages import encoded, exhibits, gallery, page_svg
from .block import PICTURES
from .embedded import PictureWidget, chosen, row
from .fields import One, Whole
from .sets import Set

METHODS = ("ablation", "integrated", "conductance")
TITLES = {"ablation": "closing the gate", "integrated": "integrated gradients", "conductance": "conductance"}
GRID = 8  # windows along a side: what covering each of them does to a gate


class Attribution(PictureWidget):
    """Choose a picture, a block and a method, and see excitation against attribution: one dot per channel.

    >>> Attribution("se_resnet_patchwork", block="layer3.0.se", channel=12)

    Everything shown is computed by torch when the widget is made, for a few pictures, and travels with it: attributions to the
    class that the network names, of all gates, by three methods; and for each gate what covering a part of the picture does to it.

    Attributes:
        picture: the id of one of ``pictures``.
        block: the name of an SE block.
        method: one of ``METHODS``, see :func:`sebook.experiments.attribution.channels`.
        channel: the one that is pointed out, from 0.
        overlay: ``"on"`` to lay over the picture what opened the gate of ``channel``, ``"off"`` to see the picture alone.

    Args:
        network: a name of :mod:`senet.pretrained`.
        pictures: ids of pictures in the network's gallery.
        steps: of the integrals.

    Raises:
        ImportError: captum is not installed.
        ValueError: an unknown network or picture; or a trait out of its bounds (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built.
    """

    block = One(Set("blocks"), last=True, unlike="is not shown here")
    method = One(METHODS, unlike="is not shown here")
    channel = Whole(below=Set("channels"), by="block")
    overlay = One(("on", "off"), unlike="is not shown here")

    def __init__(
        self, network: str = "se_resnet_patchwork", pictures: Sequence[str] = PICTURES, *, steps: int = 32, **choices: Any
    ) -> None:
        from ..experiments.attribution import channels, opened  # needs captum, which the other widgets do without

        checkpoint = pretrained.get(network)
        shown = chosen(exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size), pictures)
        model, x = pretrained.load(checkpoint, progress=False), checkpoint.preprocessing(shown.pictures.images)
        recording = record(model, x)
        probability, target = recording.logits.softmax(1).max(1)
        known = gallery.describe(model, recording, shown)["network"]["blocks"]
        grids = opened(model, x, window=checkpoint.preprocessing.size // GRID)
        self._values = {
            name: {"s": recording.blocks[name].excitation}
            | {how: channels(model, x, target, name, method=how, steps=steps) for how in METHODS}
            for name in recording.blocks
        }
        blocks = []
        for about in known:
            found = {what: encoded.packed(values, "u2") for what, values in self._values[about["name"]].items()}
            found["opened"] = encoded.packed(grids[about["name"]], "u1")
            blocks.append({key: about[key] for key in ("name", "title", "channels")} | found)
        data = {
            "network": checkpoint.title,
            "grid": GRID,
            "pictures": [
                entry | {"answer": checkpoint.classes[int(answer)], "probability": float(share)}
                for entry, answer, share in zip(row(shown), target, probability, strict=True)
            ],
            "blocks": blocks,
        }
        channels_of = {about["name"]: about["channels"] for about in blocks}
        super().__init__("attribution", data, {"channels": channels_of})
        self.choose(**choices)
        if choices.get("channel") is None:
            self.channel = int(self._row("s").argmax())

    def _row(self, what: str) -> torch.Tensor:
        """(C,) of the picture and block in view."""
        return self._values[self.block][what][self._index]

    def figure(self) -> tuple[str, str]:
        s, found = self._row("s"), self._row(self.method)
        about = self._data["pictures"][self._index]
        figure = Figure(figsize=(6, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0, color=page_svg.INK, linewidth=0.8)
        axes.plot(s.numpy(), found.numpy(), "o", color=page_svg.SYMBOLS["s"], markersize=5, markeredgewidth=0)
        axes.set_xlabel("gate s")
        axes.set_ylabel(f"attribution by {TITLES[self.method]}, logits")
        caption = (
            f"{about['title']}, taken for {about['answer']}: each of the {len(s)} channels of {self.block} by its gate and by what "
            f"{TITLES[self.method]} attributes to it. The widest open gate is that of channel {int(s.argmax())}; the largest "
            f"attribution in size, that of channel {int(found.abs().argmax())}."
        )
        return page_svg.to_svg(figure, caption), caption
