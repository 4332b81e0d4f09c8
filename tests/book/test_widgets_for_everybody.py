"""The widgets of whole chapters as they open: none is wider than a phone, and axe finds nothing in either theme."""

import pytest
from playwright.sync_api import Page

from .conftest import DESKTOP, PHONE, without_scripts
from .visits import axe, opened

CHAPTERS = {
    "convolution": "book/convolution.html",
    "cost": "book/placement-and-cost.html",
    "excitation": "book/excitation.html",
    "rescale": "book/rescale.html",
    "squeeze": "book/squeeze.html",
}
IN_FIREFOX_TOO = ("excitation", "rescale")


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)])
@pytest.mark.parametrize(
    ("browser", "key"),
    [*(("chromium", key) for key in CHAPTERS), *(("firefox", key) for key in IN_FIREFOX_TOO)],
    indirect=["browser"],
    scope="session",
)
def test_for_everybody(page: Page, book_url: str, viewport: dict[str, int], key: str):
    opened(page, book_url + CHAPTERS[key], key)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    axe(page, f"figure[data-senet={key}]")


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
@pytest.mark.parametrize(("path", "key"), [("book/shallow-and-deep.html", "profiles"), ("book/what-if.html", "curves")])
def test_charts_with_their_numbers_open(page: Page, book_url: str, viewport: dict[str, int], path: str, key: str):
    widget = opened(page, book_url + path, key)
    widget.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    axe(page, f"figure#{key}")


@pytest.mark.parametrize("path", ["book/placement-and-cost.html", "book/relatives.html"])
@pytest.mark.parametrize("viewport", [PHONE])
@without_scripts
def test_a_table_without_scripts_fits_the_smallest_phone(page: Page, book_url: str, path: str):
    page.goto(book_url + path)
    tables = page.locator(".senet-static > table")
    assert tables.count() > 0
    for table in tables.all():
        assert table.bounding_box()["width"] <= table.locator("..").bounding_box()["width"] + 0.5
