"""What a page does where the browser, the reader's settings or the server take something away from it."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from .built import HTML
from .conftest import Guard, without_scripts
from .visits import FIGURES

NO_STORAGE = {
    "refused": "for (const name of ['localStorage', 'sessionStorage'])"
    " Object.defineProperty(window, name, { configurable: true, get() { throw new DOMException('no', 'SecurityError'); } });",
    "full": "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
}


@pytest.mark.parametrize("how", NO_STORAGE)
def test_storage_that_is_refused_or_full_stops_nothing(page: Page, book_url: str, how: str):
    page.add_init_script(NO_STORAGE[how])
    page.goto(f"{book_url}book/squeeze.html")
    root = page.locator("html")
    before = root.get_attribute("data-theme")
    for _ in range(3):  # auto, light, dark
        page.locator(".theme-switch-button:visible").first.click()
    page.locator(".theme-switch-button:visible").first.click()
    expect(root).not_to_have_attribute("data-theme", before)
    page.locator(".search-button:visible, .search-button-field:visible").first.click()
    expect(page.locator("input[type=search]:visible").first).to_be_focused()


@without_scripts
def test_a_page_without_scripts_has_colours(page: Page, book_url: str):
    for name in ("book/squeeze.html", "book/slides.html"):
        page.goto(book_url + name)
        assert page.locator("html").get_attribute("data-theme") == "light"
        text, sheet = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
        assert text != sheet and sheet != "rgba(0, 0, 0, 0)"


def test_a_script_that_the_server_sends_as_text_is_named(page: Page, book_url: str, guard: Guard):
    guard.allow("console: ")

    def as_text(route):
        answer = route.fetch()
        route.fulfill(response=answer, headers={"content-type": "text/plain", "x-content-type-options": "nosniff"})

    page.route("**/senet/page.js*", as_text)
    page.goto(f"{book_url}book/squeeze.html")
    said = page.get_by_role("alert").filter(has_text="text/javascript")
    expect(said).to_contain_text("page.js")
    assert page.locator(FIGURES).first.locator(".senet-static").is_visible()  # the picture is there all the same


@pytest.fixture(params=["book_url", "book_prefix_url"])
def beginning(request: pytest.FixtureRequest) -> Iterator[str]:
    return request.getfixturevalue(request.param)


def test_the_page_for_lost_readers_leads_to_the_book_wherever_it_is(page: Page, beginning: str, guard: Guard):
    guard.allow("404|console: Failed to load resource")
    lost = (HTML / "404.html").read_text("utf8")
    page.route("**/gone/*.html", lambda route: route.fulfill(status=404, body=lost, content_type="text/html"))
    page.goto(f"{beginning}gone/away.html")
    expect(page.locator("a[data-beginning]")).to_have_attribute("href", re.sub(r"^https?://[^/]+", "", beginning))


@pytest.mark.parametrize("word", ["constructor", "__proto__", "hasOwnProperty squeeze", "gate -constructor"])
def test_a_query_of_names_that_objects_have_is_answered(page: Page, book_url: str, word: str):
    page.goto(f"{book_url}search.html?q={quote(word)}")
    expect(page.locator("#search-results h2")).to_have_text(re.compile("Search Results", re.IGNORECASE))
    expect(page.locator(".search-summary")).to_have_text(re.compile(r"found|did not match", re.IGNORECASE))


def test_an_id_is_one_things_only():
    """But in Matplotlib's drawings, which name equal parts by their content."""
    for path in sorted((HTML / "book").glob("*.html")):
        text = re.sub(r"<(script|pre|svg)\b.*?</\1>", "", path.read_text("utf8"), flags=re.DOTALL)
        ids = re.findall(r'<(?!meta)[a-z][^<>]*\sid="([^"]+)"', text)
        assert sorted({one for one in ids if ids.count(one) > 1}) == [], path.name


def test_thousands_of_words_to_mark_do_not_hold_a_page(page: Page, book_url: str):
    words = "+".join(f"word{i}" for i in range(3000))
    page.goto(f"{book_url}book/glossary.html?highlight={words}&other=1")
    assert page.evaluate("location.search") == "?other=1"
    page.goto(f"{book_url}book/glossary.html?highlight=channel")
    expect(page.locator("span.highlighted").first).to_have_text(re.compile("channel", re.IGNORECASE))


@pytest.mark.parametrize("path", ["book/excitation", "book/explorer", "book/placement-and-cost"])
def test_text_that_a_reader_spaces_out_fits_a_narrow_page(page: Page, book_url: str, path: str):
    """The spacing that WCAG 1.4.12 names, 320 pixels wide."""
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{book_url}{path}.html")
    spaced = "line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important"
    page.add_style_tag(content=f"* {{ {spaced} }}")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
