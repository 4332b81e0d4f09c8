"""The book as the web finds it: titles, addresses, cards, a map, moved pages, and no link that leads nowhere."""

import re
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page

from tools import links

from .built import HTML, book_pages

ROOT = Path(__file__).parents[2]
import book_history  # noqa: E402
import book_published  # noqa: E402

BASE = book_published.published_at(yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["repository"]["url"])
PLAIN = ("index.html", "404.html")  # with no chapter in them
VARIES = {  # from one build of a commit to the next
    "an address in memory": r"\bat 0x[0-9a-f]{6,}",
    "a random id": r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b",
    "a time of day": r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d",
    "a folder of the machine": r"(?<![\w.])/(?:tmp|root|home/\w+)/",
}


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


def test_nothing_in_the_pages_varies_from_build_to_build():
    files = [path for kind in ("*.html", "*.js", "*.txt", "*.xml") for path in HTML.glob(kind)] + [*HTML.rglob("book/**/*.html")]
    texts = {path.relative_to(HTML).as_posix(): path.read_text("utf8") for path in files}
    assert len(texts) > 40
    found = [(name, what) for name, text in texts.items() for what, form in VARIES.items() if re.search(form, text)]
    assert found == []


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


def test_the_guide_for_programs_names_every_chapter():
    """llms.txt: a title, what the book is about, and parts with links that lead somewhere."""
    text = (HTML / "llms.txt").read_text("utf8")
    assert re.match(r"# .+\n\n> .+\n\n## ", text)
    links = re.findall(r"^- \[[^\]]+\]\(([^)]+)\)", text, re.MULTILINE)
    assert all((HTML / link.removeprefix(BASE)).exists() for link in links)
    sources = {path.stem for path in (ROOT / "book").glob("*.ipynb")}
    assert sources <= {Path(link).stem for link in links}


def test_every_page_says_when_it_changed_and_leads_to_changes_and_licences():
    known = book_history.last_changes(ROOT)
    for path in book_pages():
        text = (HTML / path).read_text("utf8")
        if 'class="book-foot"' not in text:
            assert path in (*PLAIN, "book/slides.html") or 'http-equiv="refresh"' in text
            continue
        foot = text[text.index('class="book-foot"') :].split("</p>")[0]
        for target in re.findall(r'href="([^"]+)"', foot):
            assert (HTML / path).parent.joinpath(target).resolve().exists() or target == "#"
        assert "Changes" in foot and "Errata" in foot and "Third-party notices" in foot
        source = next((known[name] for kind in ("md", "ipynb") if (name := str(Path(path).with_suffix(f".{kind}"))) in known), None)
        assert bool(source) == ("<time" in foot)


def test_others_licences_are_with_their_work():
    """Of all that LICENCES.md names as part of a built book."""
    text = (HTML / "third-party.txt").read_text("utf8")
    for name in (
        "onnxruntime-web",
        "@mediapipe/selfie_segmentation",
        "d3-array",
        "@observablehq/plot",
        "Temml",
        "Sphinx",
        "pydata-sphinx-theme",
        "sphinx-book-theme",
    ):
        assert re.search(rf"^=+\n{re.escape(name)}\b", text, re.MULTILINE), name
    for name in ("Bootstrap", "Font Awesome Free", "clipboard.js"):
        own = text[text.index(f"\n{name}\n=") :]
        assert "Permission is hereby granted" in own.split("\n====", 2)[1] + own.split("\n====", 2)[-1]
    assert (HTML / "_static" / "senet" / "third-party.txt").exists()


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
