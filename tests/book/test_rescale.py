"""The widget "Rescale" on its published page: gates and maps against torch, one channel moved and no other."""

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from sebook.widgets import Rescale

from .takeaway import taken
from .visits import opened

CHAPTER = "book/rescale.html"


@pytest.fixture(scope="module")
def kernel() -> Rescale:
    return Rescale("se_resnet_patchwork")


@pytest.fixture
def widget(page: Page, book_url: str) -> Locator:
    return opened(page, book_url + CHAPTER, "rescale")


def gates(widget: Locator) -> np.ndarray:
    return np.array(widget.locator("[data-channel]").evaluate_all("all => all.map((tile) => Number(tile.dataset.value))"))


def means(widget: Locator) -> list[float]:
    stages = widget.locator("[data-stage]")
    return stages.evaluate_all("all => all.map((canvas) => Number(canvas.dataset.mean))")


def tiles(widget: Locator) -> list[str]:
    return widget.locator("[data-channel] canvas").evaluate_all("all => all.map((canvas) => canvas.toDataURL())")


def test_gates_and_maps_are_torchs(widget: Locator, kernel: Rescale):
    u, shortcut = kernel._record.maps, kernel._shortcut
    step = max(float(t.max() - t.min()) for t in (u, shortcut)) / 255
    for i, picture in enumerate(kernel._data["pictures"]):
        widget.get_by_role("radio", name=picture["title"], exact=True).locator("..").click()
        s = kernel._record.excitation[i]
        np.testing.assert_allclose(gates(widget), s.numpy(), atol=1e-5)
        for c in (0, 7):
            widget.get_by_label("Channel", exact=True).select_option(str(c))
            after = u[i, c] * s[c]
            truth = [float(t.mean()) for t in (u[i, c], after, shortcut[i, c], (after + shortcut[i, c]).relu())]
            np.testing.assert_allclose(means(widget), truth, atol=step)


def test_one_gate_moves_one_map(widget: Locator):
    widget.get_by_label("Channel", exact=True).select_option("3")
    before, painted = gates(widget), tiles(widget)
    widget.get_by_role("slider").press("End")
    after, repainted = gates(widget), tiles(widget)
    assert after[3] == 1
    assert [c for c in range(len(before)) if before[c] != after[c]] == [3]
    assert [c for c in range(len(before)) if painted[c] != repainted[c]] == [3]
    widget.get_by_role("button", name="Off").press("Enter")
    assert means(widget)[1] == 0
    widget.get_by_role("button", name="The block’s own").click()
    assert np.array_equal(gates(widget), before)


def test_a_tile_is_chosen_by_a_tap(widget: Locator):
    widget.locator("[data-channel='5']").click()
    expect(widget.get_by_label("Channel", exact=True)).to_have_value("5")


def test_numbers_to_take_away(widget: Locator, kernel: Rescale):
    widget.get_by_label("Channel", exact=True).select_option("2")
    widget.get_by_role("button", name="Off").click()
    heads, rows = taken(widget, "the channels")
    assert heads == ["channel", "gate s", "the block’s own s", "mean before", "mean after"]
    own, u = kernel._record.excitation[0].numpy(), kernel._record.maps[0].mean((1, 2)).numpy()
    s = np.where(np.arange(len(own)) == 2, 0, own)
    step = float(kernel._record.maps.max() - kernel._record.maps.min()) / 255  # what a map is stored in
    np.testing.assert_allclose(np.array(rows, float), np.stack([np.arange(len(own)), s, own, u, s * u], 1), atol=step)
    np.testing.assert_allclose(np.array(rows, float)[:, 1:3], np.stack([s, own], 1), atol=1e-5)
