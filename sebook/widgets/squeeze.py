""" "Squeeze": move an object over a picture; the maps of a network's first SE block move along, and their means stay."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from senet import pretrained
from senet.images import patchwork
from senet.images.picture import Preprocessing
from senet.inside.recording import record
from senet.models.cifar import SmallResNet
from senet.models.se import SEBlock

from ..pages import encoded, page_svg
from .embedded import EmbeddedWidget, pixels
from .fields import Flag, One, Whole
from .sets import Set

POOLS = ("avg", "max")
BLOCK = "layer1.0.se"  # the first: three convolutions from the pixels, few enough to be computed while a hand moves
REACH = patchwork.SIZE // 2  # pixels that an object can go each way: half of it leaves the picture

# id: title, then shape, texture, hue and places as patchwork.layer wants them.
OBJECTS: Mapping[str, tuple] = {
    "disc": ("a disc", "disc", "plain", 0.33, (0.0, 0.0, 0.42)),
    "two-discs": ("two small discs", "disc", "plain", 0.33, (-0.42, 0.0, 0.28), (0.42, 0.0, 0.28)),
    "small-disc": ("one small disc", "disc", "plain", 0.33, (0.0, 0.0, 0.28)),
    "stripes": ("a striped square", "square", "stripes", 0.6, (0.0, 0.0, 0.45)),
    "cross": ("a red cross", "cross", "plain", 0.02, (0.0, 0.0, 0.5)),
    "speck": ("a speck", "disc", "plain", 0.02, (-0.03, 0.03, 0.055)),
}
GROUNDS = {"day": "light ground", "night": "dark ground"}


class Squeeze(EmbeddedWidget):
    """Drag an object over a picture and see the maps of an SE block, and one number of each.

    >>> Squeeze(object="stripes", right=8, down=-3, pool="max")

    Maps are computed as the reader drags: in the page by the network's own first three convolutions, here by torch.

    Attributes:
        object: a key of ``OBJECTS``.
        ground: ``"day"`` or ``"night"``.
        right: how far right of the middle the object is, in pixels, from ``-REACH`` to ``REACH``.
        down: how far below the middle it is, likewise.
        pool: ``"avg"``, the paper's squeeze, or ``"max"``.
        channel: the one shown large, from 0.
        shuffled: whether the pixels of each map are shuffled before they are squeezed.

    Args:
        network: a name of :mod:`senet.pretrained`, or a :class:`~senet.models.cifar.SmallResNet` of yours for 32x32 pictures.
        preprocessing: that of a network of yours.

    Raises:
        ValueError: another kind of network, or an unknown name; a trait out of its bounds is a ``ViewError``, also later on.
    """

    object = One(Set("objects"))
    ground = One(Set("grounds"))
    right = Whole(low=-REACH, high=REACH, unlike="is too far")
    down = Whole(low=-REACH, high=REACH, unlike="is too far")
    pool = One(POOLS)
    channel = Whole(below=Set("channels"))
    shuffled = Flag(False)

    def __init__(
        self,
        network: str | SmallResNet = "se_resnet_patchwork",
        *,
        preprocessing: Preprocessing | None = None,
        **traits: Any,
    ) -> None:
        title = type(network).__name__
        if isinstance(network, str):
            checkpoint = pretrained.get(network)
            title, preprocessing, network = checkpoint.title, checkpoint.preprocessing, pretrained.load(checkpoint, progress=False)
        if preprocessing is None or preprocessing.size != patchwork.SIZE:
            raise ValueError("preprocessing is missing, or not for 32x32 pictures: a network of yours needs its own")
        self._model, self._preprocessing = network.eval(), preprocessing
        layers = first_layers(network)
        self._grounds = {id: patchwork.ground(id) for id in GROUNDS}
        self._layers = {id: patchwork.layer(*made_of) for id, (_, *made_of) in OBJECTS.items()}
        data = {
            "network": title,
            "block": BLOCK,
            "size": patchwork.SIZE,
            "reach": REACH,
            "mean": list(preprocessing.mean),
            "std": list(preprocessing.std),
            "layers": [
                {"weights": encoded.packed(w, "f4"), "bias": encoded.packed(b, "f4"), "relu": relu} for w, b, relu in layers
            ],
            "grounds": [{"id": id, "title": title, "pixels": pixels(self._grounds[id])} for id, title in GROUNDS.items()],
            "objects": [{"id": id, "title": OBJECTS[id][0], "pixels": pixels(self._layers[id])} for id in OBJECTS],
        }
        super().__init__("squeeze", data, {"channels": len(layers[-1][1])})
        self.choose(**traits)

    def scene(self, *, middle: bool = False) -> Tensor:
        """The picture as it is, or with its object in the middle: uint8 (3, 32, 32)."""
        right, down = (0, 0) if middle else (self.right, self.down)
        return patchwork.laid(self._grounds[self.ground], self._layers[self.object], right, down)

    def maps(self, *, middle: bool = False) -> Tensor:
        """U of the picture: (C, 32, 32), by the network itself."""
        with torch.inference_mode():
            x = self._preprocessing(self.scene(middle=middle)[None])
            return record(self._model, x, maps=True).blocks[BLOCK].maps[0]

    def z(self, *, middle: bool = False) -> Tensor:
        """What ``pool`` leaves of the maps: (C,)."""
        maps = self.maps(middle=middle)
        return maps.mean((1, 2)) if self.pool == "avg" else maps.amax((1, 2))

    def figure(self) -> tuple[str, str]:
        u, z, before = self.maps(), self.z().numpy(), self.z(middle=True).numpy()
        c, far = self.channel, float(u[self.channel].abs().max()) or 1.0
        word = "mean" if self.pool == "avg" else "maximum"
        figure = Figure(figsize=(7.2, 2.3), layout="constrained")
        picture, map, bars = figure.subplots(1, 3, width_ratios=(1, 1, 2))
        picture.imshow(self.scene().permute(1, 2, 0).numpy())
        picture.set_title("picture", fontsize=9, color=page_svg.INK)
        map.imshow(u[c].numpy(), cmap="PuOr", vmin=-far, vmax=far)
        map.set_title(f"map of channel {c}", fontsize=9, color=page_svg.SYMBOLS["u"])
        for axes in (picture, map):
            axes.set_axis_off()
        where = np.arange(len(z))
        bars.bar(where, z, color=page_svg.SYMBOLS["z"])
        bars.hlines(before, where - 0.45, where + 0.45, color=page_svg.INK, lw=1.5)
        bars.axhline(0, color=page_svg.INK, lw=0.7)
        bars.set_title(f"z: the {word} of each map; lines: with the object in the middle", fontsize=9, color=page_svg.INK)
        bars.set_xlabel("channel", fontsize=9, color=page_svg.INK)
        caption = (
            f"{OBJECTS[self.object][0]} on {GROUNDS[self.ground]}, {self.right} pixels right and {self.down} down of the middle. "
            f"The {word} of map {c} is {z[c]:.3f}; with the object in the middle it is {before[c]:.3f}."
        )
        return page_svg.to_svg(figure, caption), caption


def first_layers(network: nn.Module) -> list[tuple[Tensor, Tensor, bool]]:
    """The way from the pixels to the first SE block: weights and bias of each convolution, and whether a ReLU follows.

    Each batch norm is folded into the convolution before it, which changes nothing but the count of steps.

    Raises:
        ValueError: no :class:`~senet.models.cifar.SmallResNet`, one without SE in its first block, or a stem of another stride.
    """
    first = network.layer1[0] if isinstance(network, SmallResNet) else None
    if not isinstance(getattr(first, "se", None), SEBlock) or network.conv1.stride != (1, 1) or first.placement != "standard":
        raise ValueError(
            "network has to be a SmallResNet with stride 1 in its stem and SE in its first block, in the standard place"
        )
    pairs = ((network.conv1, network.bn1, True), (first.conv1, first.bn1, True), (first.conv2, first.bn2, False))
    return [(*nn.utils.fusion.fuse_conv_bn_weights(*_folding(conv, norm)), relu) for conv, norm, relu in pairs]


def _folding(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple:
    bias = None if conv.bias is None else conv.bias.detach()
    return (conv.weight.detach(), bias, norm.running_mean, norm.running_var, norm.eps, norm.weight.detach(), norm.bias.detach())
