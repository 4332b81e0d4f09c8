""" "Rescale": the maps of one SE block before and after their gates, and the sum with the shortcut."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from torch import Tensor

from ..pages import encoded, page_svg
from .block import PICTURES, BlockWidget, Changes, changes
from .fields import Whole
from .sets import Set


class Rescale(BlockWidget):
    """Set a channel's gate and see its map follow, and no other.

    >>> Rescale("se_resnet_patchwork", channel=3, gates="3:0,5:1")

    Attributes:
        picture: the id of one of ``pictures``.
        channel: the one that is shown large, from 0.
        gates: gates that are not the block's own, ``"3:0,5:1"``: channel and value, from 0 to 1.

    Args:
        network, block, pictures: see :class:`~sebook.widgets.block.BlockWidget`. Maps travel with 8 bits a value: three pictures
            of 16 channels and 32 x 32 pixels weigh about 100 KB.

    Raises:
        ValueError: see there; or a trait out of its bounds (a ``ViewError``, also later on).
    """

    channel = Whole(below=Set("channels"))
    gates = Changes("channels", 0, 1)

    def __init__(
        self, network: str = "se_resnet_patchwork", block: str | None = None, pictures: Sequence[str] = PICTURES[:3], **choices: Any
    ) -> None:
        super().__init__(network, block, pictures, "rescale")
        self.choose(**choices)

    def _arrays(self) -> dict[str, Any]:
        if self._shortcut is None:
            raise ValueError(f"block={self._record.name!r} adds no shortcut of its own: choose one in a residual block")
        maps = self._record.maps
        both = {"u": maps, "shortcut": self._shortcut}
        packed = {name: [encoded.packed(values, "u1") for values in tensor] for name, tensor in both.items()}
        return {"size": list(maps.shape[2:]), "s": self._record.excitation.tolist(), **packed}

    def gate_values(self) -> Tensor:
        """s (C), with the reader's own where they set one."""
        s = self._record.excitation[self._index].clone()
        for channel, value in changes(self.gates, len(s), "gates", 0, 1).items():
            s[channel] = value
        return s

    def figure(self) -> tuple[str, str]:
        s, u, shortcut = self.gate_values(), self._record.maps[self._index], self._shortcut[self._index]
        c, titles = self.channel, ("u", "s · u", "shortcut", "ReLU of the sum")
        after = u[c] * s[c]
        shown = (u[c], after, shortcut[c], (after + shortcut[c]).relu())
        far = max(float(values.abs().max()) for values in shown) or 1.0
        figure = Figure(figsize=(7, 2), layout="constrained")
        for axes, values, title in zip(figure.subplots(1, 4), shown, titles, strict=True):
            axes.imshow(values.numpy(), cmap="PuOr", vmin=-far, vmax=far)
            axes.set_title(title, fontsize=9, color=page_svg.INK)
            axes.set_axis_off()
        picture = self._data["pictures"][self._index]["title"]
        caption = (
            f"{picture}, channel {c} of {self._record.name}: its map, the map times its gate {float(s[c]):.3f}, shortcut, sum."
        )
        return page_svg.to_svg(figure, caption), caption
