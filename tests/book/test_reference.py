"""Notation, glossary, numbers and the package's reference in the built book; and what appears where a reader points at a word."""

import copy
import importlib
import re
import zlib
from functools import cache

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page, expect

from tests import prose
from tests.book.built import HTML, book_pages
from tests.book.conftest import PHONE
from tests.book.visits import axe
from tests.test_reference import ENTRIES, ROOT, book_api

from .conftest import without_scripts

API_PAGES = [f"book/api/{path.stem}" for path in sorted((ROOT / book_api.FOLDER).glob("*.md"))]
CHAPTER = "book/excitation.html"


@cache
def soup(file: str) -> BeautifulSoup:
    return BeautifulSoup((HTML / f"{file}.html").read_text("utf8"), "html.parser")


def article(file: str) -> BeautifulSoup:
    return soup(file).select_one("article")


@pytest.mark.parametrize("file", prose.PAGES)
def test_no_formula_has_a_symbol_that_the_notation_lacks(file: str):
    """Add it to book/notation.yml. Functions' names (log, max) have more than one letter."""
    unknown = []
    for leaf in article(file).select("math mi"):
        name = leaf.get_text()
        explained = (
            leaf.has_attr("data-entry") or leaf.find_parent(attrs={"data-entry": True}) or leaf.find_parent(class_="senet-entries")
        )
        if name.isalpha() and len(name) == 1 and not explained:
            unknown.append(f"{name} in {leaf.find_parent('math').annotation.get_text()}")
    assert unknown == []


@pytest.mark.parametrize("file", prose.CHAPTERS)
def test_nothing_is_used_before_it_was_introduced(file: str):
    """By the order of _toc.yml. book/notation.yml names the chapter that introduces an entry."""
    body = str(article(file))
    used = [ENTRIES[key] for key in dict.fromkeys(re.findall(r'data-entry="([\w-]+)"', body))]
    assert used, "no word and no symbol of the notation"
    here = prose.PAGES.index(file)
    early = [e.id for e in used if e.introduced and prose.PAGES.index(f"book/{e.introduced}") > here]
    assert early == []


@pytest.mark.parametrize("file", prose.CHAPTERS)
def test_a_chapter_lists_what_it_uses(file: str):
    """Each link and each symbol has its entry at the page's end, and a link says so to a screen reader."""
    page = article(file)
    keys = {node["data-entry"] for node in page.select("[data-entry]")}
    listed = {node["id"].removeprefix("entry-") for node in page.select(".senet-used [id^='entry-']")}
    assert keys == listed
    for link in page.select("a.senet-term"):
        assert link["aria-describedby"] == f"entry-{link['data-entry']}"
        assert not link.find_parent(["a", "label", "button", "h1", "h2", "h3", "summary"])
    assert len(page.select("a.senet-term")) == len({link["data-entry"] for link in page.select("a.senet-term")}), "once a page"


@pytest.mark.parametrize("file", prose.PAGES)
def test_nothing_was_left_unresolved(file: str):
    text = copy.copy(article(file))
    assert text.select(".problematic, .system-message, span.xref.myst, span.std-ref:not(a span), .pending_xref") == []
    for code in text.select("pre, code"):
        code.extract()
    assert not re.search(r"\{[\w:-]+\}`|\bglue:|\?\?\?", text.get_text())


@pytest.mark.parametrize("file", prose.PAGES)
def test_every_figure_has_words(file: str):
    for image in article(file).select("img"):
        assert (image.get("alt") or "").strip(), str(image)[:200]
    for drawing in article(file).select("svg"):
        label = drawing.get("aria-label") or drawing.get("aria-labelledby") or drawing.find("title") or drawing.get("aria-hidden")
        owner = drawing.find_parent("figure")
        assert label or (owner and owner.find("figcaption")) or drawing.find_parent(attrs={"aria-hidden": "true"}), str(drawing)[
            :200
        ]


def test_all_public_names_are_in_the_inventory():
    lines = zlib.decompress((HTML / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode().splitlines()
    known = {line.split()[0] for line in lines if " py:" in line}
    for module in book_api.modules(ROOT):
        assert module in known
        assert {f"{module}.{name}" for name in book_api.own_names(module)} <= known


def own_docstring(name: str) -> str | None:
    """Of ``senet.models.se.SEBlock.excite``: what its class says itself, and not what it inherits."""
    module, kind, method = name.rsplit(".", 2)
    value = vars(getattr(importlib.import_module(module), kind))[method]
    return getattr(value, "__func__", value).__doc__


@pytest.mark.parametrize("file", API_PAGES)
def test_what_the_reference_says_of_a_name_was_written_for_it(file: str):
    """Not for what it overrides: torch's words on `forward`, or SE's on a step that a relative takes otherwise."""
    entries = {term["id"]: term.find_parent("dl") for term in article(file).select("dl.py > dt[id]")}
    assert entries
    borrowed = []
    for name, entry in entries.items():
        said = entry.find("dd", recursive=False).get_text(" ", strip=True)
        if {"method", "property"} & set(entry["class"]) and said and not own_docstring(name):
            borrowed.append(name)
        if re.match(r"Alias for field number|Define the computation performed", said):
            borrowed.append(name)
    assert borrowed == []


def test_a_named_tuple_says_what_its_fields_are():
    seen = 0
    for term in (term for file in API_PAGES for term in article(file).select("dl.class > dt")):
        module, name = term["id"].rsplit(".", 1)
        kind, said = getattr(importlib.import_module(module), name), term.find_parent("dl").get_text(" ", strip=True)
        for field in kind._fields if issubclass(kind, tuple) else ():
            assert re.search(rf"\b{field}\b( \([^–]+\))? – \S+", said), f"{name}.{field}"
            seen += 1
    assert seen >= 14


def test_chapters_lead_to_the_reference():
    links = [a["href"] for file in prose.CHAPTERS for a in article(file).select("a[href*='api/']")]
    assert any("senet.inside.recording.record" in link for link in links)
    assert any("senet.models.se.SEBlock" in link for link in links)


# ---- pointing at a word


@pytest.fixture
def chapter(page: Page, book_url: str) -> Page:
    page.goto(book_url + CHAPTER)
    page.wait_for_load_state("networkidle")
    return page


def test_pointing_shows_an_entry_that_can_be_pointed_at(chapter: Page):
    word, tip = chapter.locator("a.senet-term").first, chapter.locator(".senet-tip")
    expect(tip).to_be_hidden()
    word.hover()
    expect(tip).to_be_visible()
    said = chapter.locator(f"#entry-{word.get_attribute('data-entry')}").text_content()
    assert " ".join(said.split()) in " ".join(tip.text_content().split())
    tip.hover()  # WCAG 1.4.13: it can be reached, and stays
    chapter.wait_for_timeout(400)
    expect(tip).to_be_visible()
    chapter.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_a_symbol_in_a_formula_is_told(chapter: Page):
    chapter.locator("div.math:not(.senet-linked *) [data-entry='r']").first.hover()  # within a step, its own figure tells
    expect(chapter.locator(".senet-tip")).to_contain_text("reduction ratio")


def test_focus_shows_it_and_escape_puts_it_away(chapter: Page):
    word, tip = chapter.locator("a.senet-term").first, chapter.locator(".senet-tip")
    chapter.keyboard.press("Tab")  # the browser then shows focus as for a keyboard
    word.focus()
    expect(tip).to_be_visible()
    chapter.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    assert word.evaluate("e => e === document.activeElement")  # dismissed without moving focus
    target = word.evaluate("e => e.href")
    chapter.keyboard.press("Enter")
    chapter.wait_for_url(target)


def test_a_finger_is_told_first_and_led_on_from_there(browser, book_url: str):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(book_url + CHAPTER)
    page.locator("a.senet-term").first.tap()
    tip = page.locator(".senet-tip")
    expect(tip).to_be_visible()
    assert page.url.endswith(CHAPTER)
    box = tip.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    tip.locator("a").tap()
    page.wait_for_url("**/glossary.html#term-*")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_while_it_shows(chapter: Page, theme: str):
    chapter.locator(".senet-used > summary").click()
    chapter.locator("a.senet-term").first.hover()
    expect(chapter.locator(".senet-tip")).to_be_visible()
    axe(chapter)


@without_scripts
def test_the_entries_are_there_without_a_script(page: Page, book_url: str):
    page.goto(book_url + CHAPTER)
    page.locator(".senet-used > summary").click()
    expect(page.locator("#entry-gate")).to_be_visible()


def test_it_works_from_a_folder(page: Page, book_file_url: str):
    page.goto(book_file_url + CHAPTER)
    page.locator("a.senet-term").first.hover()
    expect(page.locator(".senet-tip")).to_be_visible()


def test_pages_that_use_no_word_load_no_script():
    loading = {page for page in book_pages() if "notation.js" in (HTML / page).read_text("utf8")}
    assert CHAPTER in loading and "book/bibliography.html" not in loading and "book/progress.html" not in loading


@pytest.mark.parametrize("file", ["book/notation", "book/glossary", "book/numbers", "book/api/models", "book/api/weights"])
def test_reference_pages_fit_a_phone_and_are_accessible(page: Page, book_url: str, file: str):
    page.set_viewport_size(PHONE)
    page.goto(f"{book_url}{file}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    axe(page)
