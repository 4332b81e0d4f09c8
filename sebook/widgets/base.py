"""What all widgets share: a network, pictures, answers computed in torch, and a figure for where there is no kernel.

A notebook shows an output in the richest form it can. In a live kernel that is the widget's view, which has every answer from
:meth:`ProbeWidget.probe`. On a published page it is the text/html, a static figure that the page's script takes over; and where
there is no script either, on GitHub for instance, it is that figure as it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import traitlets
from PIL import Image
from torch import Tensor, nn

from senet import pretrained
from senet.images import Pictures, from_pil
from senet.inside.recording import BlockRecord, Recording, record, se_blocks

from ..pages import exhibits, gallery
from .fields import Picture, ViewError
from .given import open_pictures
from .sets import quoted
from .view import View, camel, compact

MOST_AT_FIRST = 64  # pictures that are run at once when a widget is made, to see how far the gates go


class ProbeWidget(View):
    """A widget that asks a network about pictures.

    Args:
        model: the name of a checkpoint (:mod:`senet.pretrained`), a checkpoint, or a network with SE blocks.
        pictures: what to choose from: :class:`~senet.images.Pictures`, or one or several pictures as paths, Pillow pictures or
            bytes in arrays (:func:`~sebook.widgets.given.open_pictures`). A checkpoint has a gallery of its own.
        preprocess: uint8 (N, 3, H, W), or one Pillow picture, to what the network takes. A checkpoint has its own; a network of
            yours needs one.
        classes: what each logit stands for; by default the checkpoint's, or those of ``pictures``.
        means: class-mean excitations by block, (K, C), as
            ``sebook.experiments.profiles.profile(...).mean``; a shipped checkpoint has them.

    Raises:
        ValueError: no SE blocks, an unknown name, or an argument that is missing or does not fit the others.
        FileNotFoundError: the widgets' scripts have not been built.
    """

    _gallery = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        model: str | pretrained.Checkpoint | nn.Module,
        pictures: Pictures | Iterable[Any] | str | Path | Image.Image | None = None,
        *,
        preprocess: Callable[[Tensor], Tensor] | None = None,
        classes: Sequence[str] | None = None,
        means: Mapping[str, Tensor] | None = None,
        **traits: Any,
    ) -> None:
        checkpoint = None if isinstance(model, nn.Module) else _checkpoint(model)
        self._module = pretrained.load(checkpoint) if checkpoint else model
        se_blocks(self._module)  # says so if there are none
        self._preprocess = preprocess or (checkpoint and checkpoint.preprocessing)
        if self._preprocess is None:
            raise ValueError(
                "preprocess is missing: a network of yours needs the function that turns uint8 (N, 3, H, W) into what it was "
                "trained on, such as pretrained.get(name).preprocessing or `lambda x: x / 255`"
            )
        shown = _exhibits(pictures, checkpoint, classes)
        self._pixels = shown.pictures.images
        self._network = checkpoint.name if checkpoint and pictures is None else None  # that has a recorded gallery on pages
        first = self._record(self._pixels[:MOST_AT_FIRST])
        if (outputs := first.logits.shape[-1]) != len(shown.pictures.classes):
            raise ValueError(f"classes has {len(shown.pictures.classes)} names, and the network {outputs} outputs: name each")
        if means is None and checkpoint and checkpoint.file is not None:
            means = gallery.class_means(checkpoint)
        about = gallery.about(checkpoint) if checkpoint else {"title": type(model).__name__}
        described = gallery.describe(self._module, first, shown, means=means, **about)
        if means is not None:
            gallery.add_fixed(described, self._record(self._pixels[:MOST_AT_FIRST], gates=gallery.average(means)).logits)
        self._means = means
        super().__init__(_gallery=described, **traits)
        self.on_msg(self._hear)

    # ---- answers

    def probe(self, picture: int, gates: Mapping[str, Tensor] | None = None) -> Recording:
        """Run the network on picture number ``picture``: logits (1, K), and per SE block z and s, each (1, C).

        Args:
            picture: position among the pictures, from 0.
            gates: excitations to override, by block name: (C,), NaN leaves a channel's own.
        """
        if not 0 <= picture < len(self._pixels):
            raise ViewError(f"picture={picture} is not among the {len(self._pixels)} pictures: choose 0 to {len(self._pixels) - 1}")
        return self._record(self._pixels[picture : picture + 1], gates=gates)

    def _record(self, pixels: Tensor, **options: Any) -> Recording:
        x = self._prepared(pixels.to(next(self._module.parameters()).device))
        recording = record(self._module, x, device="cpu", **options)
        if not isinstance(recording.logits, Tensor) or recording.logits.ndim != 2:
            got = tuple(recording.logits.shape) if isinstance(recording.logits, Tensor) else type(recording.logits).__name__
            raise ValueError(
                f"{type(self._module).__name__} answers with {got}, not with logits (N, K): wrap it in a module that returns those"
            )
        # NumPy and the page know float32, and no bfloat16.
        blocks = {name: _in_float32(block) for name, block in recording.blocks.items()}
        return Recording(recording.logits.float(), blocks)

    def _prepared(self, pixels: Tensor) -> Tensor:
        """What the network takes, also by a transform for one Pillow picture at a time, as timm's are."""
        try:
            return self._preprocess(pixels)
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            try:
                pictures = map(Image.fromarray, pixels.permute(0, 2, 3, 1).cpu().numpy())
                return torch.stack([self._preprocess(picture) for picture in pictures]).to(pixels.device)
            except Exception:
                raise ValueError(
                    f"preprocess fails on uint8 {tuple(pixels.shape)}: {error}. It has to turn that into what the network takes"
                ) from error

    def _hear(self, _widget: Any, message: Mapping[str, Any], _buffers: Any) -> None:
        """{ask, picture, gates} in; {answer} with float32 buffers back: logits, then z and s of each block."""
        if not isinstance(message, Mapping) or "ask" not in message:
            return
        try:
            gates = {
                name: torch.tensor([np.nan if value is None else value for value in values])
                for name, values in (message.get("gates") or {}).items()
            }
            arrays = self._answer(message, gates)
        except Exception as error:  # the reader sees it in the widget; here it would vanish into a log
            self.send({"answer": message["ask"], "error": str(error)})
            return
        buffers = [array.detach().to("cpu", torch.float32).numpy().astype("<f4").tobytes() for array in arrays]
        self.send({"answer": message["ask"]}, buffers)

    def _answer(self, message: Mapping[str, Any], gates: Mapping[str, Tensor]) -> list[Tensor]:
        """What is sent back; a widget that asks for more than answers has more to say here."""
        answer = self.probe(message["picture"], gates)
        return [answer.logits, *(values for block in answer.blocks.values() for values in (block.squeeze, block.excitation))]

    # ---- where there is no kernel

    def state(self) -> dict[str, Any]:
        """The view as the page's script wants it: one value for each field, pictures by their ids."""
        state = {}
        for name, field in self.fields().items():
            value = getattr(self, name)
            if isinstance(field, Picture) and value is not None:
                value = self.known["pictures"][value]
            state[field.address or camel(name)] = value
        return state

    def _on_page(self) -> dict[str, str | None]:
        written = {"state": compact(self.state()), "fields": compact(self._fields)}
        return {"senet": self._widget, "network": self._network, **written}

    # ---- what the fields speak of

    @property
    def known(self) -> dict[str, Any]:
        network = self._gallery["network"]
        return {
            "pictures": [picture["id"] for picture in self._gallery["pictures"]],
            "blocks": list(self._blocks),
            "channels": self._blocks,
            "classes": network["classes"],
            "means": self._means is not None,
        }

    def _likeliest(self, logits: Tensor) -> list[tuple[str, float]]:
        """The likeliest classes of one picture's ``logits``, at most five, each with its share."""
        classes = self._gallery["network"]["classes"]
        shares, top = logits.softmax(0).topk(min(5, len(classes)))
        return [(classes[k], share) for k, share in zip(top.tolist(), shares.tolist(), strict=True)]

    @property
    def _blocks(self) -> dict[str, int]:
        """Channels by block name, in forward order."""
        return {block["name"]: block["channels"] for block in self._gallery["network"]["blocks"]}


def _in_float32(block: BlockRecord) -> BlockRecord:
    z = None if block.squeeze is None else block.squeeze.float()
    return replace(block, squeeze=z, excitation=block.excitation.float())


def _checkpoint(model: Any) -> pretrained.Checkpoint:
    if isinstance(model, pretrained.Checkpoint):
        return model
    if isinstance(model, str):
        return pretrained.get(model)
    raise ValueError(f"model={type(model).__name__} is not a network: pass a torch module, or one of {quoted(pretrained.names())}")


def _exhibits(
    pictures: Pictures | Iterable[Any] | str | Path | Image.Image | None,
    checkpoint: pretrained.Checkpoint | None,
    classes: Sequence[str] | None,
) -> exhibits.Exhibits:
    """The checkpoint's gallery, or the reader's own pictures."""
    if pictures is None:
        if checkpoint is None:
            raise ValueError("pictures is missing: a network of yours needs some, as senet.images.Pictures or Pillow pictures")
        return exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size)
    if not isinstance(pictures, Pictures):
        size = checkpoint.preprocessing.size if checkpoint else 224
        pictures = from_pil(open_pictures(pictures), size)
    if len(pictures) == 0:
        raise ValueError("pictures is empty: give at least one")
    classes = classes or (checkpoint.classes if checkpoint else pictures.classes)
    if not classes:
        raise ValueError("classes is missing: name what each of the network's outputs stands for")
    return exhibits.own(pictures, classes)
