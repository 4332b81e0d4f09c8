""" "Segmenter": another's network finds the person in a picture, the reader's camera too, with gates alive, frozen or open."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from skimage import data as photographs

from senet.images.picture import open_picture, square

from .. import collection
from ..network_files.onnx_network import OnnxNetwork
from ..pages import encoded, page_svg
from ..wild import segmenter
from .embedded import EmbeddedWidget
from .fields import One
from .sets import Set

HOW = {"own": "its own", "frozen": "frozen at their means", "ones": "all at 1"}
PERSON = 0.5  # the mask is the pixels above
QUALITY = 75  # of the pictures in the page, WebP


class Segmenter(EmbeddedWidget):
    """Where a network of 250 kB sees a person, with its ten gates computed, frozen at their means, or all at 1.

    >>> Segmenter(picture="cat", gates="frozen")

    On a page the network itself runs once the reader asks for it, on pictures of theirs and on their camera.

    Attributes:
        picture: ``"astronaut"``, ``"cameraman"`` or ``"cat"``.
        gates: a key of ``HOW``.

    Args:
        means: the gates' means by gate's name, as ``data/results/wild-stories.json`` has them.
        path: the network as ONNX (:func:`sebook.wild.segmenter.write`); fetched where it isn't given.

    Raises:
        CheckpointError: the network can't be fetched.
        ImportError: onnx or onnxruntime is not installed.
        ValueError: the means are those of another network.
    """

    picture = One(Set("pictures"))
    gates = One(list(HOW))

    def __init__(self, means: dict[str, list[float]], path: Path | None = None, **traits: Any) -> None:
        network = OnnxNetwork(path or segmenter.cached())
        found = network.anatomy.gates
        if {gate.name: gate.channels for gate in found} != {name: len(values) for name, values in means.items()}:
            raise ValueError("means: these are not the gates of this network, so name each with as many means as it has channels")
        frozen = {gate.name: np.float32(means[gate.name]) for gate in found}
        ones = {name: np.ones_like(values) for name, values in frozen.items()}
        self._shown, self._answers, pictures = {}, {}, []
        for id, (title, image) in _pictures().items():
            url, pixels = encoded.photograph(image, QUALITY)
            self._shown[id] = pixels
            pictures.append({"id": id, "title": title, "alt": f"A photograph: {title}", "url": url})
            for how, given in {"own": None, "frozen": frozen, "ones": ones}.items():
                reading = network.run(segmenter.planes(pixels[None]), given)
                self._answers[id, how] = reading.outputs[0][0, 0] > PERSON, [row[0] for row in reading.excitation.values()]
        data = {
            "network": "selfie_segmentation",
            "side": segmenter.SIDE,
            "pictures": pictures,
            "gates": [{"channels": gate.channels, "same": gate.same} for gate in found],
            "means": _packed(list(frozen.values())),
            "recorded": {
                id: {how: {"runs": runs(self._answers[id, how][0]), "gates": _packed(self._answers[id, how][1])} for how in HOW}
                for id in self._shown
            },
        }
        super().__init__("segmenter", data)
        self.choose(**traits)

    def mask(self) -> np.ndarray:
        """Where the network sees the person: bool (256, 256)."""
        return self._answers[self.picture, self.gates][0]

    def excitations(self) -> list[np.ndarray]:
        """The ten gates as they are used: (C,) each."""
        return self._answers[self.picture, self.gates][1]

    def figure(self) -> tuple[str, str]:
        mask, gates = self.mask(), self.excitations()
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        picture, rows = figure.subplots(1, 2, width_ratios=(1, 1.6))
        dimmed = np.where(mask[..., None], self._shown[self.picture], self._shown[self.picture] // 4)
        picture.imshow(dimmed[::2, ::2], interpolation="none")  # half as many pixels do for a still
        picture.set_axis_off()
        for i, s in enumerate(gates):
            rows.plot([s.min(), s.max()], [i, i], color=page_svg.SYMBOLS["s"], linewidth=4, alpha=0.4, solid_capstyle="butt")
            rows.plot(s.mean(), i, "o", color=page_svg.SYMBOLS["s"], markersize=5)
        rows.set_yticks(range(len(gates)), [f"gate {i}" for i in range(1, len(gates) + 1)], fontsize=9, color=page_svg.INK)
        rows.set_ylim(len(gates) - 0.4, -0.6)
        rows.set_xlim(-0.01, 1.01)
        rows.set_xticks([0, 0.5, 1])
        rows.set_xlabel("each gate’s channels, from the least to the most; dot: their mean", fontsize=9)
        rows.spines[:].set_visible(False)
        rows.tick_params(length=0)
        caption = (
            f"{next(each['title'] for each in self._data['pictures'] if each['id'] == self.picture)}; gates: {HOW[self.gates]}. "
            f"The network takes {mask.mean():.0%} of the picture for a person."
        )
        return page_svg.to_svg(figure, caption), caption


def _pictures() -> dict[str, tuple[str, Image.Image]]:
    cat = next(each for each in collection.described() if each["title"] == "a tabby cat")
    named = {
        "astronaut": ("Eileen Collins, astronaut", Image.fromarray(photographs.astronaut())),
        "cameraman": ("a man with a camera", Image.fromarray(photographs.camera()).convert("RGB")),
        "cat": (f"{cat['title']} ({cat['author']}, {cat['licence']})", open_picture(collection.folder() / cat["file"])),
    }
    return {id: (title, square(image, segmenter.SIDE)) for id, (title, image) in named.items()}


def _packed(rows: list[np.ndarray]) -> dict[str, Any]:
    return encoded.packed(torch.from_numpy(np.concatenate(rows)), "u2")


def runs(mask: np.ndarray) -> list[int]:
    """A mask, row by row, as lengths: so many pixels outside, so many inside, and so on."""
    flat = np.concatenate([[False], mask.ravel(), [not mask.ravel()[-1]]])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    return np.diff(ends, prepend=0).tolist()
