"""The widget "Eight bits": what is recorded, and both networks run in the page, against PyTorch and ONNX Runtime in Python."""

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from sebook.shipping import in_page, plain
from sebook.widgets import EightBits
from senet import pretrained, record

from .live import READY, encoded, picture
from .visits import opened

BLOCK = "layer3.2.se"  # the last: whatever goes wrong before it arrives here


@pytest.fixture(scope="module")
def kernel() -> EightBits:
    return EightBits(block=BLOCK)


def shown(widget: Locator) -> tuple[np.ndarray, np.ndarray]:
    """The gates in float and in 8 bits, as the dots have them."""
    dots = widget.locator(".senet-scatter-dots circle").evaluate_all(
        "all => all.map(({ dataset: d }) => [Number(d.value), Number(d.difference)])"
    )
    exact, off = np.array(dots).T
    return exact, exact + off


def test_recorded_and_computed_gates_are_pythons(page: Page, book_url: str, kernel: EightBits):
    widget = opened(page, book_url + "book/int8.html", "eight-bits")
    widget.get_by_label("Block", exact=True).select_option(BLOCK)
    said, own = widget.locator(".senet-effect"), widget.get_by_role("group", name="Your own picture")
    expect(said.first).to_contain_text("Recorded when this book was built")
    expect(widget.locator(".senet-scatter-dots circle")).to_have_count(len(kernel.gates()[0]))  # the block's own are drawn
    for mine, theirs in zip(shown(widget), kernel.gates(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    bars = widget.locator(".senet-eight-side rect").evaluate_all("all => all.map((bar) => Number(bar.dataset.value))")
    errors = [np.abs(np.subtract(*kernel.gates(each["name"]))).mean() for each in kernel._data["blocks"]]
    np.testing.assert_allclose(bars, errors, atol=1e-6)

    own.get_by_role("button", name="Run the network in this page").click()  # both
    expect(own).to_have_attribute("data-engine", "ready", timeout=READY)
    expect(said.first).to_contain_text("Computed in this page")
    for mine, theirs in zip(shown(widget), kernel.gates(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-3)

    image = picture((32, 32), seed=3)  # one that nothing was recorded for
    own.locator("input[type=file]").set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": encoded(image)})
    expect(widget.locator("canvas[aria-label^='mine.png.']")).to_be_visible(timeout=READY)
    exact, rounded, classes = asked(image)
    for mine, theirs in zip(shown(widget), (exact, rounded), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-3)
    expect(said.first).to_contain_text(f"In float: {classes[0]},")
    expect(said.first).to_contain_text(f"In 8 bits: {classes[1]},")
    widget.get_by_role("radio").first.check(force=True)
    expect(widget.locator("canvas[aria-label^='mine.png.']")).to_have_count(0)


def asked(image: Image.Image) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The block's gates by PyTorch and by ONNX Runtime, and what each network names."""
    checkpoint, file = pretrained.get(in_page.NETWORK), in_page.file()
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    x = checkpoint.preprocessing(pixels)
    recording = record(pretrained.load(checkpoint, progress=False), x)
    logits, *gates = plain.answers(file, x.numpy(), plain.parts(file).excitations)
    at = list(recording.blocks).index(BLOCK)
    classes = [checkpoint.classes[int(each.argmax())] for each in (recording.logits.numpy()[0], logits[0])]
    return recording.blocks[BLOCK].excitation[0].numpy(), gates[at].ravel(), classes
