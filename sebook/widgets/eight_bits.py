""" "EightBits": a network in 8 bits beside the same in float, gate by gate, on a photograph or a picture of the reader's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from senet import pretrained
from senet.inside.recording import record

from ..pages import encoded, exhibits, gallery, page_svg
from ..shipping import in_page, plain
from .embedded import PictureWidget, chosen, row
from .fields import One, Whole
from .sets import Set

PICTURES = (
    *("a-tabby-cat", "a-german-shepherd", "a-kingfisher"),
    *("chelsea-the-cat", "model-of-a-space-shuttle", "a-cup-of-coffee"),  # no network here knows the last two
)


class EightBits(PictureWidget):
    """Choose a picture and a block, and see by how much each gate differs in 8 bits from the gate in float.

    >>> EightBits(block="layer3.2.se", channel=7)

    The network is :data:`sebook.shipping.in_page.NETWORK`. On a page both networks run once the reader asks for them, on pictures
    of theirs too.

    Attributes:
        picture: the id of one of ``pictures``.
        block: the name of an SE block.
        channel: the one that is pointed out, from 0.

    Args:
        pictures: ids of photographs in the network's gallery.

    Raises:
        ImportError: onnx or onnxruntime is not installed.
        ValueError: an unknown picture, or a trait out of its bounds (a ``ViewError``, also later on).
    """

    block = One(Set("blocks"), unlike="is not a block of this network")
    channel = Whole(below=Set("channels"), by="block")

    def __init__(self, pictures: Sequence[str] = PICTURES, **traits: Any) -> None:
        checkpoint = pretrained.get(in_page.NETWORK)
        way = checkpoint.preprocessing
        shown = chosen(exhibits.photographs(way.size, checkpoint.classes), pictures)
        x = way(shown.pictures.images)
        recording, file = record(pretrained.load(checkpoint, progress=False), x), in_page.file()
        logits, *rounded = plain.answers(file, x.numpy(), plain.parts(file).excitations)
        names = list(recording.blocks)
        exact = [recording.blocks[name].excitation.numpy() for name in names]
        rounded = [gates.reshape(len(gates), -1) for gates in rounded]
        self._pairs = dict(zip(names, zip(exact, rounded, strict=True), strict=True))
        self._answers = [[checkpoint.classes[k] for k in each.argmax(1)] for each in (recording.logits.numpy(), logits)]
        steps = in_page.steps(file)
        data = {
            "title": checkpoint.title,
            "network": checkpoint.name,
            "file": in_page.NAME,
            "side": way.size,
            "way": {"mean": way.mean, "std": way.std},
            "classes": checkpoint.classes,
            "pictures": row(shown),
            "blocks": [
                {"name": name, "title": gallery.titled(name), "channels": gates.shape[1], "step": step}
                for name, gates, step in zip(names, exact, steps, strict=True)
            ],
            "float": _recorded(recording.logits.numpy(), exact),
            "eight": _recorded(logits, rounded),
        }
        channels = {name: gates.shape[1] for name, gates in zip(names, exact, strict=True)}
        super().__init__("eight-bits", data, {"channels": channels})
        self.choose(**traits)

    def gates(self, block: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The picture's gates in float and in 8 bits, (C,) each, of a block, by default the chosen one."""
        exact, rounded = self._pairs[block or self.block]
        return exact[self._index], rounded[self._index]

    def figure(self) -> tuple[str, str]:
        about = self._data["pictures"][self._index]
        step = next(each["step"] for each in self._data["blocks"] if each["name"] == self.block)
        exact, rounded = self.gates()
        figure = Figure(figsize=(6, 4.6), layout="constrained")
        dots, bars = figure.subplots(2, 1, height_ratios=(2, 1))
        for level in (-step / 2, step / 2):
            dots.axhline(level, color=page_svg.INK, linewidth=0.8, linestyle=(0, (4, 3)))
        dots.axhline(0, color=page_svg.INK, linewidth=0.8)
        dots.plot(exact, rounded - exact, "o", color=page_svg.SYMBOLS["s"], markersize=5, markeredgewidth=0)
        dots.set_xlabel(f"gate s in float, {self.block}")
        dots.set_ylabel("in 8 bits, less that")
        off = [np.abs(np.subtract(*self.gates(name))).mean() for name in self._pairs]
        at = range(1, len(off) + 1)
        bars.bar(at, off, color=page_svg.SYMBOLS["s"])
        bars.set_xticks(at)
        bars.set_xlabel("SE block, from shallow to deep")
        bars.set_ylabel("mean error")
        answers = [each[self._index] for each in self._answers]
        caption = (
            f"{about['title']}: {answers[0]} in float, {answers[1]} in 8 bits. Gates of {self.block} are off by "
            f"{np.abs(rounded - exact).mean():.3f} on average. Dashed: half a step of 8 bits, {step / 2:.4f}."
        )
        return page_svg.to_svg(figure, caption), caption


def _recorded(logits: np.ndarray, gates: list[np.ndarray]) -> dict[str, Any]:
    """As ``Told`` in frontend/src/widgets/eight-bits-networks.ts reads it: (N, K), and all blocks' gates side by side, (N, ...)."""
    beside = torch.from_numpy(np.concatenate(gates, 1))
    return {"logits": encoded.packed(torch.from_numpy(logits), "f4"), "gates": encoded.packed(beside, "f4")}
