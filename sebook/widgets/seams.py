""" "Seams": a photograph in coloured light, made twice as large in tiles, whose gates are their own, the whole's, or none."""

import json
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from senet import pretrained
from senet.images.picture import open_picture, square

from .. import collection
from ..pages import encoded, exhibits, page_svg
from ..shipping import upscaler
from ..shipping.upscaler import Seam
from .embedded import PictureWidget
from .fields import One

SIDE = 144  # pixels of what the network gets
TILES = (1, 2, 3, 4)
HOW = {"own": "each tile’s own", "whole": "the whole picture’s", "none": "none: a network without SE"}
LIGHTS = {
    "evening": ("of the evening", (1.0, 0.68, 0.4)),
    "water": ("under water", (0.36, 0.8, 0.72)),
    "dim": ("dim", (0.4, 0.4, 0.4)),
    "white": ("white", (1.0, 1.0, 1.0)),
}
PICTURES = ("a honey bee", "an arch in Paris", "mountains in Spain")
QUALITY = 70  # of the pictures in the page, WebP


class Seams(PictureWidget):
    """Upscale a photograph in tiles, and see where they meet; then give them the whole picture's gates.

    >>> Seams(picture="an-arch-in-paris", tiles=3, gates="whole")

    Attributes:
        picture: ``"a-honey-bee"``, ``"an-arch-in-paris"`` or ``"mountains-in-spain"``.
        light: a key of ``LIGHTS``.
        tiles: 1 to 4 in a row, and as many rows.
        gates: a key of ``HOW``.

    Raises:
        ValueError: a trait out of its bounds (a ``ViewError``, also later on).
    """

    light = One(list(LIGHTS), unlike="is not a light here")
    tiles = One(list(TILES), 2, unlike="is not a number of tiles in a row here")
    gates = One(list(HOW), unlike="is not a choice of gates")

    def __init__(
        self,
        picture: str | None = None,
        light: str | None = None,
        tiles: int | None = None,
        gates: str | None = None,
    ) -> None:
        path = pretrained.get("se_resnet_patchwork").file.parent / "results/upscaler.json"
        weights = json.loads(path.read_text("utf8"))["weights"]
        self._model, self._twin = upscaler.opened(weights["se"]), upscaler.opened(weights["twin"], se=False)
        self._shown, pictures = {}, []
        for title in PICTURES:
            entry = next(each for each in collection.described() if each["title"] == title)
            image = square(open_picture(collection.folder() / entry["file"]), 2 * SIDE)
            url, pixels = encoded.photograph(image, QUALITY)
            id = exhibits.slug(title)
            self._shown[id] = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
            credited = f"{title} ({entry['author']}, {entry['licence']})"
            pictures.append({"id": id, "title": credited, "alt": f"A photograph: {title}", "url": url})
        data: dict[str, Any] = {
            "side": SIDE,
            "pictures": pictures,
            "lights": [{"id": id, "title": title, "colours": colours} for id, (title, colours) in LIGHTS.items()],
            "tiles": list(TILES),
            "gates": HOW,
            "shapes": {"channels": upscaler.CHANNELS, "hidden": self._model.se1.fc1.out_features},
            "weights": weights,
        }
        super().__init__("seams", data)
        self.choose(picture=picture, light=light, tiles=tiles, gates=gates)

    def photograph(self) -> Tensor:
        """The chosen one: (1, 3, 288, 288) between 0 and 1."""
        return self._shown[self.picture]

    def small(self) -> Tensor:
        """What the network gets of it, in the chosen light: (1, 3, 144, 144)."""
        return upscaler.given(self.photograph(), torch.tensor(LIGHTS[self.light][1]).view(1, 3, 1, 1))

    def made(self) -> Tensor:
        """The picture in tiles, as chosen: (1, 3, 288, 288)."""
        if self.gates == "none":
            return upscaler.upscaled(self._twin, self.small(), self.tiles)
        given = upscaler.gates(self._model, self.small()) if self.gates == "whole" else None
        return upscaler.upscaled(self._model, self.small(), self.tiles, given)

    def whole(self) -> Tensor:
        """The same without tiles."""
        return upscaler.upscaled(self._twin if self.gates == "none" else self._model, self.small())

    def seam(self) -> Seam:
        """How far the two are apart, in grey levels, and how far that jumps where tiles meet."""
        return upscaler.seam(self.made(), self.whole(), self.tiles)

    def away(self) -> float:
        """How far the picture in tiles is from the photograph on average, in grey levels."""
        return upscaler.seam(self.made(), self.photograph(), 1).off

    def figure(self) -> tuple[str, str]:
        drawn = Figure(figsize=(2.7, 2.7), layout="constrained")
        axes = drawn.subplots()
        small = self.made()[..., ::3, ::3]  # a third of the pixels does for a still
        axes.imshow(np.asarray(small[0].clamp(0, 1).permute(1, 2, 0)), interpolation="none")
        axes.set_axis_off()
        seam, title = self.seam(), self._data["pictures"][self._index]["title"]
        caption = (
            f"{title}, taken in a light: {LIGHTS[self.light][0]}; restored and made twice as large in {self.tiles**2} tiles. "
            f"Gates: {HOW[self.gates]}. Where tiles meet, the difference from the whole jumps by {seam.across:.2f} grey levels, "
            f"elsewhere by {seam.inside:.2f}."
        )
        return page_svg.to_svg(drawn, caption), caption
