"""Without motion, in the reader's own colours, and without a script; what every page has to do of it is in test_pages.py."""

import pytest
from playwright.sync_api import Page, expect

from .built import HTML
from .conftest import without_scripts
from .shallow_deep import CHAPTER, Widget
from .visits import FIGURES


def test_nothing_moves_for_those_who_asked(page: Page, book_url: str):
    """With reduced motion, no transition and no animation runs while controls are used."""
    widget = Widget(page, book_url + CHAPTER)  # which asks for reduced motion
    watch = "window.moves = 0; for (const kind of ['transitionrun', 'animationstart']) addEventListener(kind, () => moves++, true);"
    page.evaluate(watch)
    for radio in widget.el.get_by_role("radio").all()[1:4]:
        radio.locator("..").click()
    widget.el.get_by_role("combobox").last.select_option(index=1)
    page.wait_for_timeout(200)
    assert page.evaluate("moves") == 0
    assert widget.el.evaluate("(e) => e.getAnimations({ subtree: true }).length") == 0


def test_colours_of_the_readers_own(page: Page, book_url: str):
    """The charts, what is chosen, and the focus are drawn in the system's colours."""
    page.emulate_media(forced_colors="active")
    widget = Widget(page, book_url + CHAPTER)
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    paint = (
        "(e) => { const s = getComputedStyle(e); return [s.stroke, s.fill, s.backgroundColor, s.outlineStyle, s.outlineColor]; }"
    )
    canvas = page.evaluate("getComputedStyle(document.body).backgroundColor")
    mean = widget.plot("shallow").locator("path").first.evaluate(paint)
    assert mean[0] not in ("none", canvas)
    select = widget.el.get_by_role("combobox").first
    select.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    focused = page.evaluate(f"({paint})(document.activeElement)")
    assert focused[3] != "none"
    assert focused[4] != canvas
    checked = widget.el.locator(".senet-thumbs input:checked").evaluate(paint)
    assert checked[3] != "none"


@pytest.mark.parametrize("page_of", [CHAPTER, "book/index.html"])
@without_scripts
def test_without_a_script(page: Page, book_url: str, page_of: str):
    """Text, formulas, and a figure of every widget with a sentence that says what it shows."""
    page.goto(book_url + page_of)
    assert page.locator("article h1:visible, article math:visible").count() >= 2
    for figure in page.locator(FIGURES).all():
        assert figure.locator("svg").bounding_box()["height"] > 100
        assert len(figure.locator("figcaption").inner_text()) > 40


def test_the_page_about_it_is_there():
    assert (HTML / "book" / "accessibility.html").exists()


def test_the_figure_of_the_block_plays_pauses_and_ends_still(page: Page, book_url: str):
    """By its own button; the last map is dimmed by its gate before and after, and elsewhere a press ends the motion."""
    page.goto(book_url + "book/rescale.html")
    figure = page.locator(".senet-block")
    shown = "figure => getComputedStyle([...figure.querySelectorAll('.dimmed')].at(-1)).opacity"
    still = figure.evaluate(shown)
    figure.get_by_role("button", name="Play").press("Enter")
    assert figure.evaluate(shown) == "0"
    figure.get_by_role("button", name="Pause").click()
    states = "figure => figure.getAnimations({ subtree: true }).map((one) => one.playState)"
    assert set(figure.evaluate(states)) == {"paused"}
    figure.get_by_role("button", name="Play").click()
    figure.evaluate("figure => figure.getAnimations({ subtree: true }).forEach((one) => one.finish())")
    expect(figure).not_to_have_attribute("data-playing", "on")
    assert figure.evaluate(shown) == still
    figure.get_by_role("button", name="Play").click()
    page.get_by_role("heading", level=1).click()
    expect(figure).not_to_have_attribute("data-playing", "on")
    page.emulate_media(reduced_motion="reduce")
    expect(figure.get_by_role("button")).to_be_hidden()
