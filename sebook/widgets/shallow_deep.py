""" "Shallow and deep": what an early and a late SE block make of one picture, channel by channel."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from senet import pretrained
from senet.images import Pictures

from ..pages import page_svg, plots
from .base import ProbeWidget
from .fields import One, Picture, Text, Whole
from .gates_text import gates_from
from .sets import Set

ORDERS = ("index", "excitation", "difference")
SCALES = ("fitted", "full")
COMPARISONS = ("predicted", "true", "all", "none")
NO_BLOCK = "is not an SE block of this network"


class ShallowDeep(ProbeWidget):
    """Choose a picture and see the excitations of two SE blocks side by side, over the class mean, and the prediction.

    >>> ShallowDeep("se_resnet20_cifar10", picture="cat-1")
    >>> ShallowDeep(model, pictures, preprocess=preprocess)  # one of yours

    All traits work both ways: set one and the widget follows, use the widget and the trait has what the reader chose.

    Attributes:
        picture: position of the picture, from 0. Its id also works.
        shallow: name of an SE block, as in ``model.named_modules()``; the first unless given.
        deep: name of the other one; the last unless given.
        order: of the channels: ``"index"``, ``"excitation"`` (largest first) or ``"difference"`` (furthest above the mean first).
        compare: whose mean the gates are drawn over: ``"predicted"`` or ``"true"`` class, ``"all"`` classes, ``"none"``, or a
            class's name.
        scale: of the charts' axis: ``"fitted"`` to what the gates of both blocks use, or ``"full"``, from 0 to 1.
        shallow_channel: the channel held in the chart of ``shallow``, None for none.
        deep_channel: the same for ``deep``.
        gates: set by hand: ``"layer1.0.se:12=0;layer4.1.se:0-255=1"``, blocks with channels and values; empty for none.

    Args:
        model, pictures, preprocess, classes, means: see :class:`~sebook.widgets.base.ProbeWidget`.

    Raises:
        ValueError: see :class:`~sebook.widgets.base.ProbeWidget`; or a trait out of its bounds (a ``ViewError``, also later on).
    """

    picture = Picture()
    shallow = One(Set("blocks"), unlike=NO_BLOCK)
    deep = One(Set("blocks"), last=True, unlike=NO_BLOCK)
    order = One(ORDERS, without=("index", "excitation"))
    compare = One((*COMPARISONS, Set("classes")), "predicted", without=("none",))
    scale = One(SCALES)
    shallow_channel = Whole(None, below=Set("channels"), none=True, by="shallow", bound=True)
    deep_channel = Whole(None, below=Set("channels"), none=True, by="deep", bound=True)
    gates = Text("gates", lambda widget, text, _: gates_from(text, widget._blocks), channels=Set("channels"))

    def __init__(
        self,
        model: str | pretrained.Checkpoint | nn.Module,
        pictures: Pictures | Iterable[Any] | None = None,
        *,
        preprocess: Callable[[Tensor], Tensor] | None = None,
        classes: Sequence[str] | None = None,
        means: Mapping[str, Tensor] | None = None,
        **choices: Any,
    ) -> None:
        super().__init__(model, pictures, preprocess=preprocess, classes=classes, means=means, _widget="shallow-deep")
        self.choose(**choices)

    def figure(self) -> tuple[str, str]:
        answer = self.probe(self.picture, gates_from(self.gates, self._blocks))
        shown, likeliest = self._gallery["pictures"][self.picture], self._likeliest(answer.logits[0])
        behind = self._behind(likeliest[0][0], shown["label"])
        blocks = self._gallery["network"]["blocks"]
        titles = {block["name"]: block["title"] for block in blocks}
        sides = {
            f"{word}: {titles[name]}": (answer.blocks[name].excitation[0], self._mean(name, behind))
            for word, name in (("Shallow", self.shallow), ("Deep", self.deep))
        }
        caption = (
            f"{shown['title']}: taken for {likeliest[0][0]}, {likeliest[0][1]:.1%}. Excitation s of each channel in two blocks"
        )
        caption += f"; the line is the mean of {behind}." if behind else "."
        ranges = [block["range"] for block in blocks if block["name"] in (self.shallow, self.deep)]
        extent = (0.0, 1.0) if self.scale == "full" else (min(low for low, _ in ranges), max(high for _, high in ranges))
        drawn = plots.shallow_deep(self._pixels[self.picture], likeliest, sides, extent, title=shown["title"])
        return page_svg.to_svg(drawn, caption), caption

    def _behind(self, predicted: str, label: int | None) -> str | None:
        """What the mean under the excitations is over, in words; None for nothing."""
        classes = self._gallery["network"]["classes"]
        if self._means is None or self.compare == "none" or (self.compare == "true" and label is None):
            return None
        return {"predicted": predicted, "true": classes[label or 0], "all": "all classes"}.get(self.compare, self.compare)

    def _mean(self, block: str, behind: str | None) -> Tensor | None:
        if behind is None:
            return None
        means = torch.as_tensor(self._means[block])
        classes = self._gallery["network"]["classes"]
        return means[classes.index(behind)] if behind in classes else means.mean(0)
