"""The explorer as its tests see and operate it, and what torch says of a picture."""

from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from senet import pretrained
from senet.inside.recording import record

from .live import READY, started
from .shallow_deep import NETWORK

CHAPTER = "book/explorer.html"


class Explorer:
    """The widget as a reader has it before them."""

    def __init__(self, page: Page, url: str) -> None:
        page.emulate_media(reduced_motion="reduce")
        page.goto(url)
        self.page = page
        self.el = page.locator("figure[data-senet=explorer]").first
        self.el.scroll_into_view_if_needed()
        expect(self.el).to_have_attribute("data-live", "true", timeout=READY)

    def idle(self) -> None:
        expect(self.el.locator("[aria-busy]")).to_have_count(0, timeout=READY)

    def radio(self, title: str) -> Locator:
        return self.el.get_by_role("radio", name=title, exact=True)

    def choose(self, title: str) -> None:
        self.radio(title).locator("..").click()
        self.idle()

    def select(self, label: str) -> Locator:
        return self.el.get_by_label(label, exact=True)

    def column(self, block: str) -> Locator:
        return self.el.locator(f".senet-strip[data-block='{block}']")

    def gates(self, block: str, side: int = 0) -> np.ndarray:
        """Of a strip, by channel."""
        return np.array(self.strips(block).nth(side).get_attribute("data-values").split(), float)

    def strips(self, block: str) -> Locator:
        """One for each picture."""
        return self.column(block).locator(".senet-inks > span")

    def plot(self, side: str) -> Locator:
        return self.el.get_by_role("slider", name=f"Channels of the {side} block")

    def open(self) -> list[str]:
        return self.el.locator(".senet-side").evaluate_all("all => all.map((e) => e.dataset.block)")

    def detail(self) -> Locator:
        return self.el.get_by_role("group", name="The chosen channel")

    def chosen(self) -> tuple[str, int | None]:
        block, channel = self.detail().evaluate("e => [e.dataset.block, e.dataset.channel ?? null]")
        return block, None if channel is None else int(channel)

    def run(self) -> None:
        self.el.get_by_role("button", name="Run the network").click()
        started(self)
        self.idle()

    def likeliest(self) -> list[tuple[str, float]]:
        rows = self.el.locator(".senet-likeliest li").evaluate_all("rows => rows.map((row) => ({...row.dataset}))")
        return [(row["class"], float(row["logit"])) for row in rows]

    def query(self) -> dict[str, str]:
        self.page.wait_for_timeout(500)  # the address follows after a while
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query, keep_blank_values=True).items()}

    def agrees(self, recording) -> None:
        self.idle()
        for name, block in recording.blocks.items():
            np.testing.assert_allclose(self.gates(name), block.excitation[0].numpy(), atol=1e-4, rtol=0)
        logits = recording.logits[0].numpy()
        for (name, logit), k in zip(self.likeliest(), np.argsort(-logits)[:5], strict=True):
            assert name == pretrained.get(NETWORK).classes[k]
            assert logit == pytest.approx(logits[k], abs=1e-3)


def said(image: Image.Image, gates=None, **options):
    checkpoint = pretrained.get(NETWORK)
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
    return record(pretrained.load(checkpoint), checkpoint.preprocessing(pixels), gates=gates, **options)
