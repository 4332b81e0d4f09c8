"""Every page of the built book: complete by itself wherever it is opened, readable on a phone, in the dark, and without eyes."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from .conftest import DESKTOP, HTML, PHONE, Guard, arrive

AXE = Path(__file__).parents[2] / "book" / "node_modules" / "axe-core" / "axe.min.js"
ORIGINS = ("book_url", "book_prefix_url", "book_file_url")
LOADING = re.compile(
    r"""<(?!link rel="canonical")(?:script|img|iframe|source|video|audio|embed|link|object)\b"""
    r"""[^>]*\s(?:src|srcset|href|data)=["']?(?:https?:)?//[^>]*>"""
)
FORMULA = re.compile(r"\$[^$]+\$|\$\$[^$]+\$\$")

looks = pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)])


def visit(page: Page, url: str) -> None:
    arrive(page, url)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_is_complete_by_itself(origin: str, page_path: str, page: Page, request: pytest.FixtureRequest):
    """The guard on ``page`` fails this at any request elsewhere, anything missing, and any error of a script."""
    visit(page, request.getfixturevalue(origin) + page_path)
    assert page.title()
    assert page.locator("main h1:visible").count() == 1


def test_a_page_names_no_other_host_to_load_from(page_path: str):
    text = (HTML / page_path).read_text("utf8")
    assert LOADING.findall(text) == []
    scripts = "\n".join(re.findall(r"<script[^>]*>", text)).lower()
    assert scripts or page_path in ("index.html", "404.html") or "<title>Moved</title>" in text
    for unwanted in ("mathjax", "require", "html-manager", "vnd.jupyter.widget", "thebe"):
        assert unwanted not in scripts


@looks
def test_a_page_is_for_everybody(page_path: str, page: Page, book_url: str, viewport: dict[str, int]):
    """axe-core finds nothing, every picture has a text, and nothing but a box of its own has to be scrolled sideways."""
    visit(page, book_url + page_path)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    textless = page.locator("img:not([alt]), article .cell_output img[alt='']")
    assert textless.evaluate_all("all => all.map((e) => e.outerHTML)") == []
    page.add_script_tag(path=AXE)
    violations = page.evaluate("async () => (await axe.run(document)).violations")
    assert violations == [], json.dumps([(v["id"], [node["html"] for node in v["nodes"]]) for v in violations], indent=2)


@looks
def test_the_theme_is_the_readers(page: Page, book_url: str, theme: str):
    visit(page, book_url)
    assert page.locator("html").get_attribute("data-theme") == theme
    light = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).every((c) => c > 200)")
    assert light == (theme == "light")


def test_formulas_are_mathml(page: Page, book_url: str):
    """Each with its size on the page, and with nothing of LaTeX to be seen."""
    visit(page, book_url + "book/index.html")
    formulas = page.locator("article math")
    assert formulas.count() >= 4
    for formula in formulas.all():
        box = formula.bounding_box()
        assert box["width"] > 5
        assert box["height"] > 5
    assert not re.search(r"\\[a-z]+|\$", page.locator("article").inner_text())


def test_chapters_with_formulas_have_mathml(page_path: str):
    source = HTML / "_sources" / page_path
    sources = [path for suffix in (".md", ".ipynb") if (path := source.with_suffix(suffix)).exists()]
    text = (HTML / page_path).read_text("utf8")
    for path in sources:
        assert ("<math" in text) == bool(FORMULA.search(markdown(path)))


def markdown(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text("utf8")
    cells = json.loads(path.read_text("utf8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def test_the_launch_buttons_open_this_chapter(page: Page, book_url: str):
    visit(page, book_url + "book/shallow-and-deep.html")
    links = page.locator(".article-header-buttons a[href^='https:']").evaluate_all("all => all.map((e) => e.href)")
    repository = "squeeze-excite/senet-book"
    assert f"https://colab.research.google.com/github/{repository}/blob/main/book/shallow-and-deep.ipynb" in links
    assert f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/book/shallow-and-deep.ipynb" in links
    assert f"https://github.com/{repository}" in links


def test_the_books_address_leads_to_its_first_page(page: Page, book_url: str):
    arrive(page, book_url)
    page.wait_for_url(book_url + "book/index.html")


def test_the_search_finds_a_chapter(page: Page, book_url: str):
    visit(page, book_url + "search.html?q=shallow")
    page.locator("#search-results li a").first.wait_for()
    assert page.locator("#search-results li a[href*='shallow-and-deep']").count() >= 1


def test_the_guard_sees(page: Page, guard: Guard, book_url: str):
    """All that the other tests stand on: each kind of fault is noticed, and each can be allowed."""
    page.goto(book_url + "_static/icon.svg")  # which has no policy: a page has one that stops a request before it is seen
    page.evaluate(
        """async () => {
            await fetch("missing.json");
            await fetch("http://192.0.2.1/elsewhere").catch(() => {});
            console.error("provoked");
            setTimeout(() => { throw new Error("thrown"); });
            await new Promise((resolve) => setTimeout(resolve, 100));
        }"""
    )
    seen = "\n".join(guard.faults())
    for fault in ("404 .*missing.json", "request to http://192.0.2.1/elsewhere", "console: provoked", "error: .*thrown"):
        assert re.search(fault, seen)
        guard.allow(fault)
    guard.allow("console: Failed to load resource")
    assert guard.faults() == []
