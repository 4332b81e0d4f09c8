"""Questions in a real browser: answered by keyboard and pointer, kept, taken along, and cleared."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import HTML, book_pages
from .test_shallow_deep import AXE

ASKS = [page for page in book_pages() if 'class="senet-question"' in (HTML / page).read_text("utf8")] or ["none"]
PROGRESS = "book/progress.html"


def questions(page: Page):
    return page.locator(".senet-question")


@pytest.mark.parametrize("asks", ASKS)
def test_every_question_replies_to_every_answer(page: Page, book_url: str, asks: str):
    """And one of them is right, said in words and by a mark."""
    page.goto(book_url + asks)
    assert questions(page).count() >= 1
    for question in questions(page).all():
        marks = []
        for label in question.locator("label").all():
            label.click()
            expect(question.get_by_role("status")).to_have_text(re.compile(r"^(Yes|No)\. \S"))
            marks.append(label.get_attribute("data-chosen"))
            assert question.locator("label[data-chosen]").count() == 1
        assert sorted(marks)[0] == "right" and marks.count("right") == 1
        assert question.locator("details").evaluate("el => !el.open")  # no reader is told unasked


def test_answers_are_kept_saved_brought_back_and_cleared(page: Page, book_url: str, tmp_path):
    page.goto(book_url + ASKS[0])
    first = questions(page).first
    name = first.get_attribute("data-question")
    first.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(first.get_by_role("radio").nth(1)).to_be_checked()
    assert page.url == book_url + ASKS[0]  # arrow keys turn no page from here
    page.reload()
    expect(first.get_by_role("radio").nth(1)).to_be_checked()
    expect(first.get_by_role("status")).to_have_text(re.compile(r"^(Yes|No)\. "))

    page.goto(book_url + PROGRESS)
    expect(page.get_by_text("1 question is answered")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my answers").click()
    file = tmp_path / "answers.json"
    download.value.save_as(file)
    assert json.loads(file.read_text()) == {name: 1}
    page.get_by_role("button", name="Clear them").click()
    expect(page.get_by_text("No question is answered yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 question is answered")).to_be_visible()
    page.get_by_role("button", name="Clear them").click()
    for bad in ("{", "[1]", "null"):
        (tmp_path / "bad.json").write_text(bad)
        page.locator("input[type=file]").set_input_files(tmp_path / "bad.json")
        expect(page.get_by_text("bad.json could not be read")).to_be_visible()
    (tmp_path / "odd.json").write_text(json.dumps({name: 0, "<img>": 1, "x": "y"}))
    page.locator("input[type=file]").set_input_files(tmp_path / "odd.json")
    expect(page.get_by_text("odd.json is read. 1 question is answered")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_answered_question_is_accessible(page: Page, book_url: str, theme: str):
    page.goto(book_url + ASKS[0])
    questions(page).first.locator("label").first.click()
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document.querySelector('.senet-question'))")
    assert not found["violations"], [violation["id"] for violation in found["violations"]]
