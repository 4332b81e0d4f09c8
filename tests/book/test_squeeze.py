"""The widget "Squeeze" on its published page: the maps that it computes squeeze to what torch says, wherever the object is."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from sebook.widgets import Squeeze

from .takeaway import taken
from .visits import opened

CHAPTER = "book/squeeze.html"


@pytest.fixture
def widget(page: Page, book_url: str) -> Locator:
    return opened(page, book_url + CHAPTER, "squeeze")


@pytest.fixture(scope="module")
def kernel() -> Squeeze:
    return Squeeze()


def z(widget: Locator) -> np.ndarray:
    return np.array(widget.locator("[data-channel]").evaluate_all("all => all.map((tile) => Number(tile.dataset.value))"))


def place(widget: Locator) -> tuple[int, int]:
    handle = widget.locator("[data-control=object]")
    return int(handle.get_attribute("data-right")), int(handle.get_attribute("data-down"))


def painted(widget: Locator) -> list[str]:
    return widget.locator("[data-channel] canvas").evaluate_all("all => all.map((canvas) => canvas.toDataURL())")


@pytest.mark.parametrize(
    ("object", "ground", "right", "down"), [("disc", "day", 0, 0), ("stripes", "night", 9, -6), ("cross", "day", -16, 3)]
)
def test_z_is_torchs(page: Page, book_url: str, kernel: Squeeze, object: str, ground: str, right: int, down: int):
    """Both ways to squeeze, with the view given by the address."""
    kernel.object, kernel.ground, kernel.right, kernel.down = object, ground, right, down
    view = f"squeeze.object={object}&squeeze.ground={ground}&squeeze.right={right}&squeeze.down={down}"
    widget = opened(page, f"{book_url}{CHAPTER}?{view}", "squeeze")
    for pool in ("avg", "max"):
        kernel.pool = pool
        widget.get_by_label("Squeeze by").select_option(pool)
        np.testing.assert_allclose(z(widget), kernel.z().numpy(), atol=1e-4)
        before = widget.locator("[data-channel]").evaluate_all("all => all.map((tile) => Number(tile.dataset.before))")
        np.testing.assert_allclose(before, kernel.z(middle=True).numpy(), atol=1e-4)


def test_an_object_is_dragged_and_the_means_stay(page: Page, widget: Locator):
    before, maps = z(widget), painted(widget)
    handle = widget.locator("[data-control=object]")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    pixel = box["width"] / 32
    page.mouse.move(box["x"] + 16.5 * pixel, box["y"] + 16.5 * pixel)
    page.mouse.down()
    page.mouse.move(box["x"] + 22.5 * pixel, box["y"] + 13.5 * pixel, steps=5)
    page.mouse.up()
    assert place(widget) == (6, -3)
    assert all(a != b for a, b in zip(maps, painted(widget), strict=True))
    np.testing.assert_allclose(z(widget), before, atol=0.02)
    expect(widget.locator(".senet-effect")).to_contain_text("changed by")
    widget.get_by_role("button", name="To the middle").click()
    assert place(widget) == (0, 0) and np.array_equal(z(widget), before)


def test_the_keyboard_moves_it_no_further_than_its_reach(page: Page, widget: Locator):
    widget.locator("[data-control=object]").focus()
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert place(widget) == (9, 1)
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    assert place(widget) == (16, 1)
    assert CHAPTER in page.url


def test_shuffling_leaves_z(widget: Locator):
    before, maps = z(widget), painted(widget)
    button = widget.get_by_role("button", name="Shuffle each map")
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert all(a != b for a, b in zip(maps, painted(widget), strict=True))
    np.testing.assert_allclose(z(widget), before, atol=1e-6)
    button.click()
    assert painted(widget) == maps


def test_two_discs_go_twice_as_far_by_the_mean_and_no_further_by_the_maximum(widget: Locator):
    found = {}
    for pool in ("avg", "max"):
        widget.get_by_label("Squeeze by").select_option(pool)
        for object in ("speck", "small-disc", "two-discs"):
            widget.get_by_label("Object", exact=True).select_option(object)
            found[pool, object] = z(widget)[0]
    empty, one, two = (found["avg", object] for object in ("speck", "small-disc", "two-discs"))
    assert (two - empty) / (one - empty) == pytest.approx(2, abs=0.1)
    assert found["max", "two-discs"] == pytest.approx(found["max", "small-disc"], rel=0.02)


def test_a_channel_and_a_ground_are_chosen(page: Page, widget: Locator):
    widget.locator("[data-channel='5'] canvas").click()
    expect(widget.get_by_label("Channel", exact=True)).to_have_value("5")
    widget.get_by_label("Channel", exact=True).select_option("2")
    expect(widget.locator("[data-channel='2']")).to_have_attribute("data-chosen", "")
    before = z(widget)
    widget.get_by_label("on", exact=True).select_option("night")
    assert abs(z(widget) - before).max() > 0.5
    expect(page).to_have_url(re.compile("squeeze.ground=night"))
    widget.get_by_role("button", name="Reset").click()
    assert np.array_equal(z(widget), before)


def test_nonsense_in_the_address_is_left(page: Page, book_url: str, kernel: Squeeze):
    nonsense = "squeeze.object=toString&squeeze.right=99&squeeze.pool=toString&squeeze.channel=-1&squeeze.shuffled=maybe"
    widget = opened(page, f"{book_url}{CHAPTER}?{nonsense}", "squeeze")
    kernel.object, kernel.ground, kernel.right, kernel.down, kernel.pool = "disc", "day", 0, 0, "avg"
    np.testing.assert_allclose(z(widget), kernel.z().numpy(), atol=1e-4)


def test_numbers_to_take_away(widget: Locator, kernel: Squeeze):
    widget.locator("[data-control=object]").press("Shift+ArrowRight")
    kernel.object, kernel.ground, kernel.right, kernel.down = (
        kernel._data["objects"][0]["id"],
        kernel._data["grounds"][0]["id"],
        8,
        0,
    )
    for pool, word in (("avg", "mean"), ("max", "maximum")):
        kernel.pool = pool
        widget.get_by_label("Squeeze by").select_option(pool)
        heads, rows = taken(widget, "the squeezes")
        assert heads == ["channel", word, f"{word}, object in the middle", "change"]
        z, middle = kernel.z().numpy(), kernel.z(middle=True).numpy()
        np.testing.assert_allclose(np.array(rows, float), np.stack([np.arange(len(z)), z, middle, z - middle], 1), atol=1e-4)
