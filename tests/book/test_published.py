"""The book as the web finds it: titles, addresses, cards, a map, moved pages, and no link that leads nowhere."""

import re
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page

from tools import links

from .conftest import HTML, book_pages

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import book_published  # noqa: E402

BASE = book_published.published_at(yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["repository"]["url"])
PLAIN = ("index.html", "404.html")  # with no chapter in them


def test_no_link_is_broken():
    assert links.broken(HTML, BASE) == []


def test_the_link_checker_sees(tmp_path: Path):
    first = '<p id="x"><a href="b.html#there">1</a><a href="b.html#gone">2</a><a href="#x">3</a><img src="no.png">'
    second = '<p id="there"><a href="https://elsewhere.org/">4</a><a href="/book/a.html">5</a><a href="/a.html">6</a>'
    (tmp_path / "a.html").write_text(first)
    (tmp_path / "b.html").write_text(second)
    found = links.broken(tmp_path, "https://owner.github.io/book/")
    pairs = [(page, target) for page, target, _ in found]
    assert pairs == [("a.html", "b.html#gone"), ("a.html", "no.png"), ("b.html", "/a.html")]


def test_a_page_says_what_it_is(page_path: str):
    text = (HTML / page_path).read_text("utf8")
    assert re.search(r"<title>[^<]{4,}</title>", text)
    if page_path in PLAIN or 'http-equiv="refresh"' in text:
        return
    if page_path != "search.html":  # which Sphinx gives no address
        assert f'<link rel="canonical" href="{BASE}{page_path}"' in text
    assert f'<meta property="og:image" content="{BASE}_static/card.png" />' in text
    assert re.search(r'<meta property="og:title" content="[^"]+" />', text)
    if (HTML / "_sources" / page_path).with_suffix(".ipynb").exists() or page_path == "book/index.html":
        description = re.search(r'<meta name="description" content="([^"]+)" />', text)
        assert 40 <= len(description[1]) <= 200
    for name in book_published.SHOWN:
        assert re.search(rf"{name} \d+\.\d+", text[text.index("book-versions") :])


def test_titles_are_told_apart():
    texts = [(HTML / path).read_text("utf8") for path in book_pages() if path not in PLAIN]
    titles = [re.search("<title>(.*?)</title>", text, re.DOTALL)[1] for text in texts]
    assert len(set(titles)) == len(titles)


def test_the_map_names_every_page():
    named = {element.text for element in ET.parse(HTML / "sitemap.xml").iter() if element.tag.endswith("loc")}
    pages = [path for path in book_pages() if path not in (*PLAIN, "search.html", "genindex.html")]
    moved = book_published.redirects((ROOT / book_published.REDIRECTS).read_text("utf8"))
    assert named == {BASE + path for path in pages if path not in moved}
    assert f"Sitemap: {BASE}sitemap.xml" in (HTML / "robots.txt").read_text("utf8")
    assert (HTML / ".nojekyll").exists()


def test_the_card_has_the_size_that_is_asked_for():
    data = (HTML / "_static" / "card.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1200, 630)
    assert 10_000 < len(data) < 300_000


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/squeeze-excite/senet-book", "https://squeeze-excite.github.io/senet-book/"),
        ("https://github.com/Owner/Name.git", "https://owner.github.io/Name/"),
        ("https://github.com/owner/owner.github.io", "https://owner.github.io/"),
    ],
)
def test_the_address_comes_from_the_repositorys(repository: str, address: str):
    assert book_published.published_at(repository) == address


def test_another_kind_of_address_is_refused():
    with pytest.raises(ValueError, match="write https://github.com/owner/name"):
        book_published.published_at("https://example.org/owner/name")


def test_a_redirect_stays_in_the_book():
    assert book_published.redirects("book/old.html: book/index.html#top") == {"book/old.html": "book/index.html#top"}
    assert book_published.redirects("{}") == {}
    for moved in ("old.html: https://elsewhere.org", "../old.html: book/index.html", "/old.html: book/index.html"):
        with pytest.raises(Exception, match="leaves the book"):
            book_published.redirects(moved)


def test_paper_shows_the_text_and_nothing_to_press(page: Page, book_url: str):
    page.emulate_media(media="print")
    page.goto(book_url + "book/shallow-and-deep.html")
    for hidden in (".article-header-buttons", ".bd-sidebar-primary", ".prev-next-area", ".copybtn"):
        assert page.locator(f"{hidden}:visible").count() == 0, hidden
    assert page.locator("h1:visible").count() == 1  # the theme has one of its own for paper
