"""The network in the reader's browser as its tests operate it: started, given pictures, and compared with torch."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from senet import pretrained
from senet.inside.recording import record

from .built import HTML, PATIENCE
from .shallow_deep import NETWORK, Widget

LIVE = HTML / "_static" / "senet" / "live"
READY = PATIENCE


def own(widget: Widget):
    return widget.el.get_by_role("group", name="Your own picture")


def run(widget: Widget):
    return own(widget).get_by_role("button", name="Run the network")


def started(widget: Widget) -> None:
    expect(own(widget)).to_have_attribute("data-engine", "ready", timeout=READY)


def answered(widget: Widget, name: str) -> None:
    """Wait for the answer to a picture of the reader's: the network is ready before it has looked at one."""
    expect(widget.radio(name)).to_be_checked(timeout=READY)
    expect(widget.el.locator(".senet-title")).to_have_text(name)


def picture(size=(32, 32), seed=0, mode="RGB") -> Image.Image:
    """Coloured clouds, nowhere the same: any fault in cropping, turning or scaling shows."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def give(widget: Widget, data: bytes, name: str = "mine.png", kind: str = "image/png") -> None:
    own(widget).locator("input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": data})


def runs(widget: Widget) -> None:
    """Worker and WebAssembly start, and answer for a picture of the reader's own."""
    give(widget, encoded(picture()))
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked(timeout=60_000)


def answers(image: Image.Image, network: str = NETWORK):
    """Torch's, for a picture of exactly the network's size."""
    checkpoint = pretrained.get(network)
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
    return record(pretrained.load(checkpoint), checkpoint.preprocessing(pixels))


def shows(widget: Widget, recording, atol: float = 1e-4, network: str = NETWORK) -> None:
    for name in ("shallow", "deep"):
        block = recording.blocks[widget.block(name)]
        np.testing.assert_allclose(widget.values(name), block.excitation[0].numpy(), atol=atol, rtol=0)
        np.testing.assert_allclose([d["squeeze"] for d in widget.dots(name)], block.squeeze[0].numpy(), atol=atol, rtol=0)
    logits = recording.logits[0].numpy()
    classes = pretrained.get(network).classes
    for (label, logit, _), k in zip(widget.likeliest(), np.argsort(-logits)[:5], strict=True):
        assert label == classes[k]
        assert logit == pytest.approx(logits[k], abs=10 * atol)
