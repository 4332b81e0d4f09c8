"""The page "Should I add SE?": each menu leads to the words that Python wrote for it."""

import pytest
from playwright.sync_api import Page, expect

from sebook.widgets.advice import QUESTIONS, advise

from .conftest import DESKTOP, PHONE
from .visits import axe, opened


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", DESKTOP)])
def test_answers_lead_to_advice(page: Page, book_url: str, viewport: dict[str, int]):
    widget = opened(page, book_url + "book/should-i-add-se.html?advice.where=gpu", "advice")
    chosen = ["residual", "scratch", "nothing", "gpu"]
    for at, (question, answers) in enumerate(QUESTIONS.values()):
        chosen[at] = list(answers)[-1]
        widget.get_by_label(question).select_option(chosen[at])
        for words in advise(*chosen).values():
            expect(widget.locator(".senet-advice")).to_contain_text(words)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    axe(page, "figure[data-senet=advice]")
    table = page.locator(".pst-scrollable-table-container").first
    scrolls = table.evaluate("box => box.scrollWidth > box.clientWidth")
    assert (table.get_attribute("data-more") is not None) == scrolls  # a table that goes on says so
    table.evaluate("box => box.scrollTo(box.scrollWidth, 0)")
    expect(table).not_to_have_attribute("data-more", "")
