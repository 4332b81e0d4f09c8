"""Formula, code, shapes and figure of one step light up together: by pointer, by keyboard, and within their section only."""

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import without_scripts

PAGES = {"book/convolution.html": "u", "book/squeeze.html": "z", "book/excitation.html": "s", "book/rescale.html": "s"}


def step(page: Page, url: str) -> Locator:
    page.goto(url)
    return page.locator(".senet-step").first


def lit(scope: Page | Locator) -> dict[str, int]:
    """How many places are lit, by where they are."""
    return {kind: scope.locator(f"{kind} .senet-lit").count() for kind in ("math", "pre", ".senet-linked-figure")}


@pytest.mark.parametrize(("path", "key"), PAGES.items())
def test_a_focused_symbol_is_lit_everywhere_in_its_step_and_nowhere_else(page: Page, book_url: str, path: str, key: str):
    section = step(page, book_url + path)
    section.locator(f"button[data-key={key}]").focus()
    assert all(count > 0 for count in lit(section).values()), lit(section)
    assert page.locator(".senet-lit").count() == section.locator(".senet-lit").count()
    expect(section.locator(".senet-linked-said")).to_contain_text("in the formula; in the code: ")
    section.locator(f"button[data-key={key}]").blur()
    assert page.locator(".senet-lit").count() == 0


@pytest.mark.parametrize("where", ["math .senet-z", "pre .senet-z", ".senet-linked-figure [data-symbol=z]"])
def test_a_pointer_lights_it_from_wherever_it_is(page: Page, book_url: str, where: str):
    section = step(page, book_url + "book/squeeze.html")
    section.locator(where).first.hover()
    assert all(count > 0 for count in lit(section).values()), lit(section)
    assert section.locator("button.senet-lit").get_attribute("data-key") == "z"
    page.mouse.move(1, 1)
    assert page.locator(".senet-lit").count() == 0


def test_a_symbol_is_kept_by_enter_and_let_go_by_escape(page: Page, book_url: str):
    section = step(page, book_url + "book/squeeze.html")
    z, mean = (section.locator(f"button[data-key={key}]") for key in ("z", "mean"))
    z.press("Enter")
    expect(z).to_have_attribute("aria-pressed", "true")
    mean.hover()
    assert section.locator("button.senet-lit").get_attribute("data-key") == "mean"
    page.mouse.move(1, 1)
    z.focus()
    assert section.locator("button.senet-lit").get_attribute("data-key") == "z"
    page.keyboard.press("Escape")
    assert page.locator(".senet-lit").count() == 0
    expect(z).to_have_attribute("aria-pressed", "false")
    mean.click()
    expect(mean).to_have_attribute("aria-pressed", "true")
    mean.click()
    expect(mean).to_have_attribute("aria-pressed", "false")


@without_scripts
def test_without_a_script_a_step_is_whole(page: Page, book_url: str):
    section = step(page, book_url + "book/squeeze.html")
    assert section.locator("button.senet-chip").count() == 0
    assert section.locator(".senet-chips").inner_text().count("(N, C") == 2
    colours = {
        kind: section.locator(f"{kind} .senet-z").first.evaluate("e => getComputedStyle(e).color") for kind in ("math", "pre")
    }
    assert colours["math"] == colours["pre"]


def test_code_that_a_cell_printed_is_marked_too(page: Page, book_url: str):
    section = step(page, book_url + "book/squeeze.html")
    assert "def squeeze" in section.locator(".cell_output pre", has=page.locator(".senet-u")).inner_text()
