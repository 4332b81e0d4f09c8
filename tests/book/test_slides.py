"""Slides in a real browser: a storyboard to read anywhere, presented by keys, with widgets that work and a second window."""

import re

import pytest
from playwright.sync_api import Page, expect

from .built import HTML
from .conftest import DESKTOP, PHONE, without_scripts
from .visits import axe

SLIDES = "book/slides.html"
ORIGINS = ("book_url", "book_file_url")


def now(page: Page):
    return page.locator(".slide.now")


def present(page: Page, url: str, place: str = "cover") -> None:
    page.goto(f"{url}{SLIDES}?present#{place}")
    expect(now(page)).to_have_attribute("id", place)


def test_every_chapter_has_slides_of_its_own_text():
    """The numbers and words on a slide are also in its chapter."""
    text = (HTML / SLIDES).read_text("utf8")
    decks = dict(re.findall(r'<li><a href="#([\w-]+)-1">[^<]*</a>, (\d+) slides', text))
    chapters = [name for name in decks if (HTML / "book" / f"{name}.html").exists()]
    assert len(chapters) == len(decks) >= 8
    for name, count in decks.items():
        slides = re.findall(rf'<section class="slide" id="{name}-\d+".*?</section>', text, re.DOTALL)
        assert len(slides) == int(count) >= 3
        chapter = plain((HTML / "book" / f"{name}.html").read_text("utf8"))
        for paragraph in re.findall(
            r"<p>(.*?)</p>", "".join(re.sub(r"<details.*?</details>", "", s, flags=re.DOTALL) for s in slides), re.DOTALL
        ):
            assert plain(paragraph) in chapter, plain(paragraph)


def plain(text: str) -> str:
    text = re.sub(r'<a class="senet-term".*?>(.*?)</a>', r"\1", text, flags=re.DOTALL)  # in a chapter, words lead to the glossary
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).strip()


@pytest.mark.parametrize("origin", ORIGINS)
def test_slides_are_turned_by_keys(origin: str, page: Page, request: pytest.FixtureRequest):
    page.goto(request.getfixturevalue(origin) + SLIDES)
    assert page.locator(".slide:visible").count() == page.locator(".slide").count()
    page.keyboard.press("ArrowRight")  # nothing is presented yet
    page.keyboard.press("p")
    expect(page.locator(".slide:visible")).to_have_count(1)
    seen = []
    for key in ("ArrowRight", "Space", "PageDown", "ArrowLeft", "PageUp", "End", "ArrowRight", "Home"):
        page.keyboard.press(key)
        seen.append(page.locator(".slide").evaluate_all("all => all.findIndex((e) => e.classList.contains('now'))"))
    last = page.locator(".slide").count() - 1
    assert seen == [1, 2, 3, 2, 1, last, last, 0]
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status").filter(has_text="2 of")).to_be_visible()
    page.get_by_role("button", name="Contents").click()
    page.locator(".decks a").nth(1).click()
    expect(now(page)).to_have_attribute("id", re.compile("-1$"))
    page.keyboard.press("Escape")
    assert page.locator(".slide:visible").count() > 1


def test_a_slide_has_an_address(page: Page, book_url: str):
    present(page, book_url, "excitation-3")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("#excitation-4$"))
    page.reload()
    expect(now(page)).to_have_attribute("id", "excitation-4")


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_widget_works_on_its_slide_and_keeps_its_keys(origin: str, page: Page, request: pytest.FixtureRequest):
    url = request.getfixturevalue(origin)
    page.goto(url + SLIDES)
    place = page.locator(".slide:has(figure.senet-widget[data-senet='excitation'])").get_attribute("id")
    present(page, url, place)
    figure = now(page).locator("figure.senet-widget")
    expect(figure).to_have_attribute("data-live", "true")
    before = figure.locator(".senet-effect").inner_text()
    slide = figure.get_by_role("slider").last
    slide.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(now(page)).to_have_attribute("id", place)
    expect(figure.locator(".senet-effect")).not_to_have_text(before)


def test_questions_answer_on_slides(page: Page, book_url: str):
    page.goto(book_url + SLIDES)
    question = page.locator(".senet-question").first
    question.get_by_role("radio").first.check()
    expect(question.get_by_role("status")).to_have_text(re.compile(r"^(Yes|No)\. "))


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_speakers_window_shows_notes_and_leads(origin: str, page: Page, request: pytest.FixtureRequest):
    present(page, request.getfixturevalue(origin), "excitation-1")
    expect(now(page).locator(".speaker > *").nth(1)).to_be_hidden()  # folded for the room
    with page.expect_popup() as opened:
        page.keyboard.press("v")
    speaker = opened.value
    expect(now(speaker)).to_have_attribute("id", "excitation-1")
    expect(now(speaker).get_by_text("For teachers")).to_be_visible()
    expect(speaker.locator(".slides-next")).to_have_text(re.compile("^Next: "))
    expect(speaker.locator(".slides-clock")).to_have_text(re.compile(r"\d, 0 min so far$"))
    speaker.keyboard.press("ArrowRight")
    expect(now(page)).to_have_attribute("id", "excitation-2")
    page.keyboard.press("ArrowRight")
    expect(now(speaker)).to_have_attribute("id", "excitation-3")
    page.evaluate("window.postMessage({ senetSlide: 'cover' }, '*')")  # of a stranger: itself
    page.wait_for_timeout(100)
    expect(now(page)).to_have_attribute("id", "excitation-3")


def test_it_prints_a_slide_a_page_and_no_notes(page: Page, book_url: str):
    present(page, book_url, "excitation-2")
    page.emulate_media(media="print")
    assert page.locator(".slide:visible").count() == page.locator(".slide").count()
    assert page.locator(".slides-bar:visible, .speaker:visible").count() == 0
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) >= page.locator(".slide").count()


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", DESKTOP), ("dark", PHONE)])
def test_presenting_is_for_everybody(page: Page, book_url: str, viewport: dict[str, int]):
    present(page, book_url, "excitation-4")
    page.keyboard.press("n")
    for key in ("ArrowRight", "Home"):
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        page.keyboard.press(key)


@without_scripts
def test_without_a_script_all_is_there(page: Page, book_url: str):
    page.goto(book_url + SLIDES)
    assert page.locator(".slide:visible").count() == page.locator(".slide").count() > 20
    assert page.locator(".only-script:visible").count() == 0
    page.locator(".speaker summary").first.click()
    expect(page.get_by_text("For teachers").first).to_be_visible()
