"""What the widgets on the inside of one SE block share: their data travels with them, since one block is small."""

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import torch
import traitlets
from PIL import Image
from torch import Tensor, nn

from .. import gallery, pretrained
from ..recording import Recording, record
from ..se import SEBlock
from .base import STATIC, ViewError, _listed

PICTURES = ("disc-1", "square-1", "stripes-1", "ember-1", "night-1", "twins-1")  # as unlike each other as the gallery allows


class BlockWidget(anywidget.AnyWidget):
    """One SE block of a shipped network and a few pictures of its gallery.

    Args:
        network: a name of :mod:`senet.pretrained`.
        block: the block's name in ``named_modules()``; the first one by default.
        pictures: ids of pictures in the network's gallery.

    Raises:
        ValueError: an unknown network, block or picture, or a block that is not ``senet.SEBlock`` as in the paper's equations.
        FileNotFoundError: the widgets' scripts have not been built.
    """

    _esm = STATIC / "widget.js" if (STATIC / "widget.js").exists() else ""
    _css = STATIC / "widgets.css" if (STATIC / "widgets.css").exists() else ""
    _widget = traitlets.Unicode("").tag(sync=True)
    _data = traitlets.Dict().tag(sync=True)
    _names = traitlets.List().tag(sync=True)  # of the traits that are the reader's choices
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(self, network: str, block: str | None, pictures: Sequence[str], widget: str, names: Sequence[str]) -> None:
        if not self._esm:
            raise FileNotFoundError(f"{STATIC / 'widget.js'} is missing: run `make book`, or `npm run build` in frontend/")
        checkpoint = pretrained.get(network)
        shown = gallery.exhibits(checkpoint.classes, checkpoint.preprocessing.size)
        if not pictures or not set(pictures) <= set(shown.ids):
            raise ValueError(f"pictures={list(pictures)!r}: choose one or more of {_listed(shown.ids, 60)}")
        chosen = [shown.ids.index(picture) for picture in pictures]
        pixels = shown.pictures.images[chosen]
        model = pretrained.load(checkpoint, progress=False)
        self._recording, shortcuts = _run(model, checkpoint.preprocessing(pixels))
        blocks = self._recording.blocks
        name = next(iter(blocks)) if block is None else block
        if name not in blocks:
            raise ValueError(f"block={name!r} is no SE block of {network}: choose one of {_listed(list(blocks))}")
        self._se, self._record, self._shortcut = model.get_submodule(name), blocks[name], shortcuts.get(name)
        if not isinstance(self._se, SEBlock) or self._se.fc1.bias is not None or not isinstance(self._se.gate, nn.Sigmoid):
            raise ValueError(f"block={name!r} is not equation 3: it needs two layers without biases, and a sigmoid")
        data = {
            "network": checkpoint.title,
            "block": name,
            "pictures": [
                {"id": shown.ids[i], "title": shown.pictures.titles[i], "alt": shown.alts[i], "url": _url(shown.pictures.images[i])}
                for i in chosen
            ],
            **self._arrays(),
        }
        super().__init__(_data=data, _widget=widget, _names=list(names))
        self.picture = pictures[0]

    def _arrays(self) -> dict[str, Any]:
        """What the front end computes with. Each widget knows its own."""
        raise NotImplementedError

    def figure(self) -> tuple[str, str]:
        """The view as it is now: an inline SVG, and a sentence that says what it shows. Each widget draws its own."""
        raise NotImplementedError

    @property
    def _index(self) -> int:
        return [picture["id"] for picture in self._data["pictures"]].index(self.picture)

    @traitlets.validate("picture")
    def _a_picture(self, proposal: Any) -> str:
        ids = [picture["id"] for picture in self._data["pictures"]]
        if proposal.value not in ids:
            raise ViewError(f"picture={proposal.value!r} is not shown here: choose one of {_listed(ids)}")
        return proposal.value

    def state(self) -> dict[str, str]:
        return {name: str(getattr(self, name)) for name in self._names}

    def _repr_html_(self) -> str:
        svg, caption = self.figure()
        known = {"senet": self._widget, "state": json.dumps(self.state()), "data": json.dumps(self._data, separators=(",", ":"))}
        written = "".join(f' data-{name}="{html.escape(value)}"' for name, value in known.items())
        static = f'<div class="senet-static">{svg}<figcaption>{html.escape(caption)}</figcaption></div>'
        return f'<figure class="senet-widget"{written}>{static}</figure>'

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/html": self._repr_html_()}, metadata


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


def _url(picture: Tensor) -> str:
    """uint8 (3, H, W) as a lossless data URL."""
    file = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).cpu().numpy()).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
