""" "Attribution": is a gate that is wide open an important one? A dot per channel, and the pixels that opened a gate."""

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.figure import Figure

from senet import pretrained
from senet.inside.recording import record

from ..pages import encoded, exhibits, gallery, page_svg
from .block import PICTURES
from .embedded import EmbeddedWidget, chosen, row
from .fields import One, Whole
from .sets import Set, quoted

METHODS = ("ablation", "integrated", "conductance")
TITLES = {"ablation": "closing the gate", "integrated": "integrated gradients", "conductance": "conductance"}
GRID = 8  # windows along a side: what covering each of them does to a gate
IMAGENET = "se_resnet18_slim_imagenet100"
# What a network shows where nothing else is asked for: its pictures, and its blocks, None for all. Two photographs with all eight
# blocks of the network for ImageNet-100 would be 145 kB and half a minute of a core, so it has the last block of each stage.
SHOWN: dict[str, tuple[Sequence[str], Sequence[str] | None]] = {
    "se_resnet_patchwork": (PICTURES, None),
    IMAGENET: (("a-tabby-cat", "a-german-shepherd"), [f"layer{stage}.1.se" for stage in (1, 2, 3, 4)]),
}


class Attribution(EmbeddedWidget):
    """Choose a picture, a block and a method, and see excitation against attribution: one dot per channel.

    >>> Attribution("se_resnet_patchwork", block="layer3.0.se", channel=12)
    >>> photographs = "se_resnet18_slim_imagenet100"
    >>> Attribution("se_resnet_patchwork", others=[photographs])

    Everything shown is computed by torch when the widget is made, for a few pictures, and travels with it: attributions to the
    class that the network names, of all gates, by three methods; and for each gate what covering a part of the picture does to it.

    Attributes:
        network: the name of one of the networks.
        picture: the id of one of its pictures.
        block: the name of an SE block.
        method: one of ``METHODS``, see :func:`sebook.experiments.attribution.channels`.
        channel: the one that is pointed out, from 0.
        answers: what the networks say of their pictures, by network: the class's name and its probability.
        values: all numbers, by network, block, and ``"s"`` or method: (pictures, C).
        overlay: ``"on"`` to lay over the picture what opened the gate of ``channel``, ``"off"`` to see the picture alone.

    Args:
        network: a name of :mod:`senet.pretrained`; by default the one for Patchwork.
        pictures: ids of pictures in the network's gallery; by default those of :data:`SHOWN`.
        others: names of more networks to choose from, each with the pictures and blocks of :data:`SHOWN`.
        steps: of the integrals.

    Raises:
        ImportError: captum is not installed.
        ValueError: an unknown network or picture, or a network of which :data:`SHOWN` has no pictures; or a trait out of its
            bounds (a ``ViewError``, also later on).
        FileNotFoundError: the widgets' scripts have not been built.
    """

    network = One(Set("networks"), unlike="is not shown here")
    picture = One(Set("pictures"), by="network", unlike="is not shown here")
    block = One(Set("blocks"), last=True, by="network", unlike="is not shown here")
    method = One(METHODS, unlike="is not shown here")
    channel = Whole(below=Set("channels"), by=("network", "block"))
    overlay = One(("on", "off"), unlike="is not shown here")

    def __init__(
        self,
        network: str | None = None,
        pictures: Sequence[str] | None = None,
        *,
        others: Sequence[str] = (),
        steps: int = 32,
        **choices: Any,
    ) -> None:
        self.values: dict[str, dict[str, dict[str, torch.Tensor]]] = {}
        networks, first = {}, network or next(iter(SHOWN))
        for name in dict.fromkeys((first, *others)):
            usual, blocks = SHOWN.get(name, (None, None))
            given = pictures if name == first and pictures is not None else usual
            if given is None:
                raise ValueError(f"network={name!r} has no pictures here: pass pictures, or choose one of {quoted(list(SHOWN))}")
            networks[name], self.values[name] = _computed(pretrained.get(name), given, blocks, steps)
        self.answers = {
            name: [(each["answer"], each["probability"]) for each in about["pictures"]] for name, about in networks.items()
        }
        known = {
            "pictures": {name: [each["id"] for each in about["pictures"]] for name, about in networks.items()},
            "blocks": {name: [each["name"] for each in about["blocks"]] for name, about in networks.items()},
            "channels": {name: {each["name"]: each["channels"] for each in about["blocks"]} for name, about in networks.items()},
        }
        super().__init__("attribution", {"grid": GRID, "networks": networks}, known)
        self.choose(network=first, **choices)
        if choices.get("channel") is None:
            self.channel = int(self._row("s").argmax())

    @property
    def _index(self) -> int:
        return self.known["pictures"][self.network].index(self.picture)

    def _row(self, what: str) -> torch.Tensor:
        """(C,) of the picture and block in view."""
        return self.values[self.network][self.block][what][self._index]

    def figure(self) -> tuple[str, str]:
        s, found = self._row("s"), self._row(self.method)
        about = self._data["networks"][self.network]["pictures"][self._index]
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


def _computed(
    checkpoint: pretrained.Checkpoint, pictures: Sequence[str], blocks: Sequence[str] | None, steps: int
) -> tuple[dict[str, Any], dict[str, dict[str, torch.Tensor]]]:
    """What the front end shows of one network, and the same numbers as tensors: by block and method, (pictures, C)."""
    from ..experiments.attribution import channels, opened  # needs captum, which the other widgets do without

    shown = chosen(exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size), pictures)
    model, x = pretrained.load(checkpoint, progress=False), checkpoint.preprocessing(shown.pictures.images)
    recording = record(model, x)
    probability, target = recording.logits.softmax(1).max(1)
    values = {
        name: {"s": recording.blocks[name].excitation}
        | {how: channels(model, x, target, name, method=how, steps=steps) for how in METHODS}
        for name in blocks or recording.blocks
    }
    grids = opened(model, x, window=checkpoint.preprocessing.size // GRID)
    about = []
    for known in gallery.describe(model, recording, shown)["network"]["blocks"]:
        if (name := known["name"]) in values:
            found = {what: encoded.packed(each, "u2") for what, each in values[name].items()}
            about.append(
                {key: known[key] for key in ("name", "title", "channels")} | found | {"opened": encoded.packed(grids[name], "u1")}
            )
    entries = zip(row(shown), target.tolist(), probability.tolist(), strict=True)
    answered = [entry | {"answer": checkpoint.classes[k], "probability": share} for entry, k, share in entries]
    return {"title": checkpoint.title, "pictures": answered, "blocks": about}, values
