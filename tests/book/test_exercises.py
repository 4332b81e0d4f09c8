"""Questions in a real browser: answered by keyboard and pointer, kept, taken along, and cleared."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import prose

from .built import HTML, book_pages
from .visits import axe

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
        assert question.locator("details").evaluate("el => !el.open")  # no reader sees it unasked


@pytest.mark.parametrize("file", prose.CHAPTERS)
def test_every_solution_was_run_and_found_right(file: str):
    """In the built page each solution that calls a check shows that check's praise, and none shows a hint."""
    solutions = [cell.source for cell in prose.cells(file) if "solution" in cell.metadata.get("tags", ())]
    _, *shown = re.split(r'<div class="cell[^"]*\btag_solution\b', (HTML / f"{file}.html").read_text("utf8"))
    assert len(shown) == len(solutions) > 0
    for source, after in zip(solutions, shown, strict=True):
        own = re.split(r'<div class="cell |<div class="senet-exercise', after)[0]  # up to the next cell or exercise
        verdicts = re.findall(r"<p><strong>(Right|Not yet)\.</strong> (.+?)</p>", own, re.DOTALL)
        assert [word for word, _ in verdicts] == ["Right"] * len(re.findall(r"^checks\.", source, re.MULTILINE)), source
        assert all(praise.strip() for _, praise in verdicts)


def stored(page: Page) -> dict[str, int]:
    return json.loads(page.evaluate("localStorage.getItem('senet-progress')") or "{}")


def bring(page: Page, file: Path, text: str) -> None:
    file.write_text(text)
    page.locator("input[type=file]").set_input_files(file)


def saved(page: Page, file: Path) -> dict[str, int]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my answers").click()
    download.value.save_as(file)
    return json.loads(file.read_text())


def status(page: Page):
    return page.locator("[data-senet-progress]").get_by_role("status")


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
    expect(status(page)).to_have_text(re.compile(r"^In this browser: [01] of \d+ questions right, 0 of \d+ exercises done\.$"))
    assert saved(page, tmp_path / "answers.json") == {name: 1}
    page.get_by_role("button", name="Clear them").click()
    expect(status(page)).to_have_text("Nothing is answered or done yet in this browser.")
    assert stored(page) == {}
    bring(page, tmp_path / "mine.json", (tmp_path / "answers.json").read_text())  # the round trip
    expect(status(page)).to_have_text(re.compile(r"^mine.json is read\. In this browser: "))
    assert stored(page) == {name: 1}
    page.get_by_role("button", name="Undo").click()
    assert stored(page) == {}
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()


def test_nothing_is_lost_by_a_bad_file(page: Page, book_url: str, tmp_path):
    page.goto(book_url + PROGRESS)
    mine = dict.fromkeys(page.locator("[data-item]").evaluate_all("all => all.slice(0, 3).map((e) => e.dataset.item)"), 1)
    bring(page, tmp_path / "mine.json", json.dumps(mine))
    expect(status(page)).to_have_text(re.compile("^mine.json is read"))
    bad = ["{", "[1]", "null", "{}", "", '"text"', json.dumps({"<img>": 1, "x": "y", "q-a": -1, "q-b": 1.5, "__proto__": 2})]
    for i, text in enumerate([*bad, json.dumps({"q-a": 1}) + " " * 1_000_001]):
        bring(page, tmp_path / f"bad{i}.json", text)
        expect(status(page)).to_have_text(re.compile(rf"^bad{i}.json could not be read \(.+\).*Nothing was changed\.$"))
        assert stored(page) == mine
    bring(page, tmp_path / "odd.json", json.dumps({next(iter(mine)): 0, "<img>": 1, "q-of-another-edition": 2}))
    expect(status(page)).to_have_text(re.compile("^odd.json is read.* 1 more are of another edition of the book; they are kept.$"))
    assert stored(page) == {**mine, next(iter(mine)): 0, "q-of-another-edition": 2}
    assert saved(page, tmp_path / "all.json") == stored(page)
    page.get_by_role("button", name="Undo").click()
    assert stored(page) == mine


def test_progress_is_told_chapter_by_chapter(page: Page, book_url: str):
    """Every question and exercise of the book is in the list, once, with a link to it and what became of it."""
    labels = [
        label
        for name in book_pages()
        for label in re.findall(
            r'data-question="([^"]+)"|<div class="[^"]*senet-exercise[^"]*" id="([^"]+)"', (HTML / name).read_text("utf8")
        )
    ]
    page.goto(book_url + PROGRESS)
    items = page.locator("[data-item]")
    listed = items.evaluate_all("all => all.map((e) => e.dataset.item)")
    assert len(listed) == len(set(listed)) and set(listed) == {question or exercise for question, exercise in labels}
    chapter = (
        page.locator("details.senet-chapter", has=page.locator("[data-kind=exercise]"))
        .filter(has=page.locator("[data-kind=question]"))
        .first
    )
    chapter.locator("summary").click()
    question, exercise = (chapter.locator(f"[data-kind={kind}]").first for kind in ("question", "exercise"))
    expect(chapter.locator(".senet-count")).to_have_text(re.compile(r"^: 0 of \d+ questions right, 0 of \d+ exercises done$"))

    exercise.get_by_role("link").click()
    page.wait_for_url("**#ex-*")
    label = page.url.partition("#")[2]
    done = page.locator(f"[id='{label}']").get_by_role("checkbox")
    assert done.evaluate("el => el.ariaLabel").startswith("I have done this: Exercise: ")
    done.focus()
    page.keyboard.press("Space")
    page.reload()
    expect(done).to_be_checked()
    page.goto(book_url + PROGRESS)
    expect(exercise).to_have_attribute("data-state", "done")
    expect(chapter.locator(".senet-count")).to_have_text(re.compile(", 1 of "))
    assert chapter.locator("progress").evaluate("el => el.value") == 1

    chapter.locator("summary").click()
    right = int(question.get_attribute("data-right"))
    question.get_by_role("link").click()
    page.wait_for_url("**#q-*")
    radios = page.locator(f"[data-question='{page.url.partition('#')[2]}']").get_by_role("radio")
    for answer, state in (((right + 1) % radios.count(), "wrong"), (right, "right")):
        radios.nth(answer).check()
        other = page.context.new_page()
        other.goto(book_url + PROGRESS)
        expect(other.locator(f"[data-item='{page.url.partition('#')[2]}']")).to_have_attribute("data-state", state)
        other.close()


def test_two_windows_keep_each_others_answers(page: Page, book_url: str):
    """What is answered in one is kept when the other answers, and is shown there."""
    page.goto(book_url + ASKS[0])
    other = page.context.new_page()
    other.goto(book_url + ASKS[0])
    questions(page).nth(0).get_by_role("radio").nth(1).check()
    expect(questions(other).nth(0).get_by_role("radio").nth(1)).to_be_checked()
    expect(questions(other).nth(0).get_by_role("status")).to_have_text(re.compile(r"^(Yes|No)\. "))
    questions(other).nth(1).get_by_role("radio").nth(0).check()
    assert sorted(stored(page).values()) == [0, 1]
    other.evaluate("localStorage.removeItem('senet-progress')")
    expect(questions(page).nth(0).get_by_role("radio").nth(1)).not_to_be_checked()


def test_a_storage_full_of_nonsense_is_no_hindrance(page: Page, book_url: str):
    page.goto(book_url + ASKS[0])
    name = questions(page).first.get_attribute("data-question")
    for nonsense in ("{", "[]", json.dumps({name: 99}), json.dumps({name: "1"})):
        page.evaluate("text => localStorage.setItem('senet-progress', text)", nonsense)
        page.reload()
        assert questions(page).first.locator("input:checked").count() == 0
        questions(page).first.get_by_role("radio").first.check()
        assert stored(page)[name] == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_answered_question_is_accessible(page: Page, book_url: str, theme: str):
    page.goto(book_url + ASKS[0])
    questions(page).first.locator("label").first.click()
    axe(page, ".senet-question")
    page.goto(book_url + PROGRESS)
    page.locator("details.senet-chapter").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    axe(page, "[data-senet-progress]")
