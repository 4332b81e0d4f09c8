"""The widget "Padding" on its published page: gates and answers as Python has them, with zeros counted and without."""

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from sebook.widgets import Padding

from .visits import opened


@pytest.fixture(scope="module")
def kernel() -> Padding:
    return Padding("se_resnet_patchwork")


@pytest.fixture
def widget(page: Page, book_url: str) -> Locator:
    return opened(page, book_url + "book/frozen.html", "padding")


def gates(widget: Locator) -> np.ndarray:
    bars = widget.locator(".senet-padding-row rect[data-value]")
    return np.array(bars.evaluate_all("all => all.map((bar) => Number(bar.dataset.value))"))


def test_gates_are_pythons_and_a_mask_brings_them_back(widget: Locator, kernel: Padding):
    slider, said = widget.get_by_role("slider"), widget.locator(".senet-effect")
    widget.get_by_label("Block", exact=True).select_option("layer3.0.se")
    kernel.block = "layer3.0.se"
    slider.press("Home")
    alone = gates(widget)
    np.testing.assert_allclose(alone, kernel.gates(0), atol=1e-6)
    slider.press("End")
    np.testing.assert_allclose(gates(widget), kernel.gates(8), atol=1e-6)
    assert np.abs(gates(widget) - alone).mean() > 0.05
    expect(said).to_contain_text("64 × 64 pixels")
    widget.get_by_label("Squeeze", exact=True).select_option("picture")
    np.testing.assert_allclose(gates(widget), alone, atol=1e-3)
    expect(said).to_contain_text("are off by 0.000 on average")
