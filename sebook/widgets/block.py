"""What the widgets on the inside of one SE block share: their data travels with them, since one block is small."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from senet import pretrained
from senet.inside.recording import Recording, record
from senet.models.se import SEBlock

from ..pages import exhibits
from .embedded import PictureWidget, chosen, row
from .fields import Text, ViewError
from .sets import Set, quoted

PICTURES = ("disc-1", "square-1", "stripes-1", "ember-1", "night-1", "twins-1")  # as unlike each other as the gallery allows


class BlockWidget(PictureWidget):
    """One SE block of a shipped network and a few pictures of its gallery.

    Args:
        network: a name of :mod:`senet.pretrained`.
        block: the block's name in ``named_modules()``; the first one by default.
        pictures: ids of pictures in the network's gallery.

    Raises:
        ValueError: an unknown network, block or picture, or a block that is not ``senet.SEBlock`` as in the paper's equations.
        FileNotFoundError: the widgets' scripts have not been built.
    """

    def __init__(self, network: str, block: str | None, pictures: Sequence[str], widget: str) -> None:
        checkpoint = pretrained.get(network)
        shown = chosen(exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size), pictures)
        model = pretrained.load(checkpoint, progress=False)
        self._recording, shortcuts = _run(model, checkpoint.preprocessing(shown.pictures.images))
        blocks = self._recording.blocks
        name = next(iter(blocks)) if block is None else block
        if name not in blocks:
            raise ValueError(f"block={name!r} is not an SE block of {network}: choose one of {quoted(list(blocks))}")
        self._se, self._record, self._shortcut = model.get_submodule(name), blocks[name], shortcuts.get(name)
        if not isinstance(self._se, SEBlock) or self._se.fc1.bias is not None or not isinstance(self._se.gate, nn.Sigmoid):
            raise ValueError(f"block={name!r} is not equation 3: it needs two layers without biases, and a sigmoid")
        data = {
            "network": checkpoint.title,
            "block": name,
            "pictures": row(shown),
            **self._arrays(),
        }
        super().__init__(widget, data, self._sets())

    def _arrays(self) -> dict[str, Any]:
        """What the front end computes with. Each widget knows its own."""
        raise NotImplementedError

    def _sets(self) -> dict[str, Any]:
        """What the fields speak of, beside the data."""
        return {"channels": self._se.channels}


class Changes(Text):
    """Values by channel that are not the block's own, as ``"3:0.5,7:-1"``."""

    def __init__(self, channels: str, low: float, high: float) -> None:
        super().__init__("changes", self._read, channels=Set(channels), low=low, high=high)
        self.low, self.high = low, high

    def _read(self, widget: Any, text: str, name: str) -> dict[int, float]:
        return changes(text, widget.known["channels"], name, self.low, self.high)


def changes(text: str, channels: int, name: str, low: float, high: float) -> dict[int, float]:
    """``"3:0.5,7:-1"`` as {3: 0.5, 7: -1.0}: values by channel, as an address holds them.

    Raises:
        ViewError: another form, a channel that is not there, or a value below ``low`` or above ``high``.
    """
    try:
        pairs = [part.split(":") for part in text.split(",") if part]
        found = {int(channel): float(value) for channel, value in pairs}
    except ValueError:
        raise ViewError(f"{name}={text!r} has to look like '3:0.5,7:0.1': channel, colon, value") from None
    for channel, value in found.items():
        if not 0 <= channel < channels or not low <= value <= high:
            raise ViewError(f"{name}={text!r}: channels go from 0 to {channels - 1}, values from {low:g} to {high:g}")
    return found


def _run(model: nn.Module, x: Tensor) -> tuple[Recording, Mapping[str, Tensor]]:
    """A recording with maps, and what each SE block was given to add: (N, C, H, W)."""
    shortcuts: dict[str, Tensor] = {}

    def keep(name: str):
        def hook(_module: nn.Module, arguments: tuple) -> None:
            if len(arguments) > 1 and isinstance(arguments[1], Tensor):
                shortcuts[name] = arguments[1].detach()

        return hook

    handles = [m.register_forward_pre_hook(keep(name)) for name, m in model.named_modules() if isinstance(m, SEBlock)]
    try:
        with torch.inference_mode():
            return record(model, x, maps=True), shortcuts
    finally:
        for handle in handles:
            handle.remove()
