""" "Excitation": the two layers of one SE block with their own weights, number by number."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from ..pages import page_svg
from .block import PICTURES, BlockWidget, Changes, changes
from .fields import One
from .sets import Set

RULES = ("sigmoid", "softmax", "linear")
FARTHEST = 100.0  # that a z or a push may go


class Excitation(BlockWidget):
    """Choose a channel or a hidden unit and see its sum; move a z, push a gate, and see which gates follow.

    >>> Excitation("se_resnet_patchwork", picture="twins-1", rule="softmax")

    Attributes:
        picture: the id of one of ``pictures``.
        unit: what is looked at: ``"z3"``, ``"h1"`` (hidden unit) or ``"s3"``.
        rule: ``"sigmoid"``, the block as trained; ``"softmax"`` in the sigmoid's place; ``"linear"``, without the ReLU between.
        moved: z that are not the picture's own, ``"3:0.5,7:-1"``.
        pushed: what is added to a channel before sigmoid or softmax, in the same form.

    Args:
        network, block, pictures: see :class:`~sebook.widgets.block.BlockWidget`.

    Raises:
        ValueError: see there; or a trait out of its bounds (a ``ViewError``, also later on).
    """

    unit = One(Set("units"), "s0", unlike="is not in this block")
    rule = One(RULES)
    moved = Changes("channels", -FARTHEST, FARTHEST)
    pushed = Changes("channels", -FARTHEST, FARTHEST)

    def __init__(
        self, network: str = "se_resnet_patchwork", block: str | None = None, pictures: Sequence[str] = PICTURES, **choices: Any
    ) -> None:
        super().__init__(network, block, pictures, "excitation")
        self.choose(**choices)

    def _arrays(self) -> dict[str, Any]:
        w1, w2 = self._se.fc1.weight, self._se.fc2.weight
        return {"w1": w1.tolist(), "w2": w2.tolist(), "z": self._record.squeeze.tolist()}

    def _sets(self) -> dict[str, Any]:
        widths = {"s": self._se.channels, "h": self._se.fc1.out_features, "z": self._se.channels}
        return {**super()._sets(), "units": [f"{layer}{i}" for layer, width in widths.items() for i in range(width)]}

    def layers(self):
        """z (C), hidden (C/r) and s (C) as they are shown, computed by torch."""
        z = self._record.squeeze[self._index].clone()
        for channel, value in changes(self.moved, len(z), "moved", -FARTHEST, FARTHEST).items():
            z[channel] = value
        hidden = self._se.fc1(z)
        hidden = hidden if self.rule == "linear" else hidden.relu()
        logits = self._se.fc2(hidden)
        for channel, value in changes(self.pushed, len(z), "pushed", -FARTHEST, FARTHEST).items():
            logits[channel] += value
        s = logits.softmax(0) if self.rule == "softmax" else logits.sigmoid()
        return z.detach(), hidden.detach(), s.detach()

    def figure(self) -> tuple[str, str]:
        figure = Figure(figsize=(7, 3.6), layout="constrained")
        rows = zip(figure.subplots(3, 1), self.layers(), ("z", "hidden", "s"), ("z", None, "s"), strict=True)
        for axes, values, name, symbol in rows:
            axes.bar(range(len(values)), values.tolist(), color=page_svg.SYMBOLS.get(symbol, page_svg.INK), width=0.7)
            axes.axhline(0, color=page_svg.INK, linewidth=0.6)
            axes.set_ylabel(name, color=page_svg.INK, rotation=0, ha="right", va="center")
            axes.tick_params(colors=page_svg.INK, labelsize=7)
            axes.set_xticks(range(len(values)))
            axes.spines[:].set_visible(False)
        title = self._data["pictures"][self._index]["title"]
        caption = f"{title} in {self._record.name}: z of {self._se.channels} channels, {self._se.fc1.out_features} hidden units, s."
        return page_svg.to_svg(figure, caption), caption
