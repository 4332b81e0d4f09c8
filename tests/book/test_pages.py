"""Every page of the built book: complete by itself wherever it is opened, readable on a phone, in the dark, and without eyes."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from .built import HTML
from .conftest import DESKTOP, PHONE, Guard, arrive
from .visits import (
    CHANGING,
    FOLDED,
    WATCH,
    axe,
    code_fits,
    enliven,
    fits,
    settle,
    tab_through,
    use,
    visible_in_forced_colours,
)

ZOOMED = {"width": 320, "height": 256}  # what is left of 1280 x 1024 at 400 %
MOST = 500_000  # bytes, gzipped
WIDGETS_MOST = 200_000  # of these, the widgets' own: script, style and the first widget's gallery
LOADING = re.compile(
    r"""<(?!link rel="canonical")(?:script|img|iframe|source|video|audio|embed|link|object)\b"""
    r"""[^>]*\s(?:src|srcset|href|data)=["']?(?:https?:)?//[^>]*>"""
)
FORMULA = re.compile(r"\$[^$]+\$|\$\$[^$]+\$\$")

looks = pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)])


def visit(page: Page, url: str) -> None:
    arrive(page, url)
    page.wait_for_load_state("networkidle")


def test_on_a_desk(page_path: str, page: Page, book_prefix_url: str):
    """Below a prefix, as on GitHub Pages, 1280 pixels wide: whole, light, within its policy, for everybody, also by keyboard alone.

    One visit for all of it, as loading a page takes longer than most of what is asked of it. The guard on ``page`` fails this at
    any request elsewhere, anything missing, and any error of a script.
    """
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.add_init_script(WATCH)
    arrive(page, book_prefix_url + page_path)
    page.wait_for_load_state("networkidle")
    is_whole(page)
    enliven(page, only_first=True)
    is_light(page_path, {url: gzipped(url, book_prefix_url) for url in dict.fromkeys(fetched) if url.startswith("http")})
    widgets = enliven(page)
    if page.locator("body[data-default-mode]").count():
        assert page.locator("html").get_attribute("data-mode") == "auto"  # the theme's first inline script set it

    textless = page.locator("img:not([alt]), article .cell_output img[alt='']")
    assert textless.evaluate_all("all => all.map((e) => e.outerHTML)") == []
    fits(page)
    in_firefox = page.context.browser.browser_type.name == "firefox"  # which emulates no colours for Playwright, and takes longer
    folded = page.locator(FOLDED).count()
    if not in_firefox:
        axe(page, colours_within=CHANGING if widgets or folded else None)
    assert (use(page) > 0) == (widgets > 0)
    assert not page.evaluate("[...document.querySelectorAll('*')].some((e) => e.shadowRoot)")  # driver.cjs doesn't look into them
    fits(page)
    if not in_firefox:  # whose face for code is wider by a hair; lines were broken to Chromium's
        code_fits(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        if in_firefox or widgets or folded:
            axe(page, colours_alone=scheme == "dark")
        elif scheme == "dark":  # in light it has been looked at as it is
            axe(page, colours_alone=True)
        if in_firefox:
            break
        page.emulate_media(color_scheme=scheme, forced_colors="active")
        assert visible_in_forced_colours(page) == []
        page.emulate_media(forced_colors="none")
    assert tab_through(page) == []
    assert page.evaluate("violations") == []


@pytest.mark.parametrize(("theme", "viewport"), [("dark", PHONE)])
def test_in_a_hand(page_path: str, page: Page, book_file_url: str):
    """From the folder itself, 360 pixels wide, in the dark, with reduced motion, and at last at 400 %."""
    page.add_init_script(WATCH)
    page.emulate_media(reduced_motion="reduce")
    arrive(page, book_file_url + page_path)
    is_whole(page)
    widgets = enliven(page)
    fits(page)
    axe(page, colours_within=CHANGING if widgets else None)
    page.evaluate("moves.length = 0")
    use(page)
    assert page.evaluate("moves") == []
    fits(page)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        if widgets or scheme == "light":
            axe(page, colours_alone=scheme == "light")
    page.set_viewport_size(ZOOMED)
    settle(page)
    fits(page)
    assert page.evaluate("violations") == []


def test_the_visits_see(page: Page, guard: Guard):
    """The two tests above rely on this: each kind of fault is found on a page that has them all."""
    guard.allow("data:,")
    page.set_content(f"""<title>Faults</title><main><h1>Faults</h1>
        <figure class="senet-widget" data-senet="x">
            <svg width="9" height="9"><path d="M0 0 H9" style="stroke: Canvas; fill: Canvas"/></svg>
            <button id="unmarked" style="outline: none">a</button>
        </figure>
        <button id="aside" style="position: fixed; left: -500px">b</button>
        <p style="width: 2000px">c</p>
        <p style="color: #bbb">pale words</p><div style="background: #444"><p>dark box</p></div>
        <pre><i>one</i> <i>two</i> <i style="color: #bbb">pale token</i></pre>
        <table><tr><th>head</th><td>1</td><td>2</td><td style="background: #444">dark cell</td></tr></table>
        <details><summary style="color: #ccc">folded words</summary>f</details>
        <pre style="overflow: auto">print("wide")  # {"-" * 200}</pre>
        <span tabindex="0" id="vanishes" onfocus="this.nextElementSibling.focus()">d</span><button id="good">e</button>
        <img src="data:,"></main>""")
    with pytest.raises(AssertionError):
        fits(page)
    with pytest.raises(AssertionError, match="break these lines"):
        code_fits(page)
    with pytest.raises(AssertionError, match="image-alt") as whole:
        axe(page)
    with pytest.raises(AssertionError, match="image-alt") as partly:
        axe(page, colours_within=CHANGING)
    assert ["pale words" in str(fault.value) for fault in (whole, partly)] == [True, False]
    assert all(words in str(whole.value) for words in ("pale token", "dark box", "dark cell"))
    assert "folded words" in str(whole.value) and "folded words" in str(partly.value)
    page.emulate_media(forced_colors="active")
    assert [line[:4] for line in visible_in_forced_colours(page)] == ["<svg"]
    page.emulate_media(forced_colors="none")
    found = "\n".join(tab_through(page))
    for fault in ('does not show its focus: <button id="unmarked"', 'out of view: <button id="aside"'):
        assert fault in found
    assert "good" not in found


def test_the_driver_is_quickened(page: Page):
    """What driver.cjs changes is there to be changed.

    A failure's message leaves out the page's tree, shadows stay unseen, and every kind of element is still found by its role.
    """
    page.set_content("<h1>Here</h1>")
    with pytest.raises(AssertionError) as failed:
        expect(page.locator("h2")).to_be_visible(timeout=1)
    assert "not found" in str(failed.value)
    assert "Aria snapshot" not in str(failed.value) and "Here" not in str(failed.value)
    page.locator("h1").evaluate("(e) => { e.attachShadow({ mode: 'open' }).innerHTML = '<h2>Shadow</h2>'; }")
    assert page.locator("h2").count() == 0
    page.set_content("""<button>a</button><input type="button" value="a"><p role="button">a</p><a href="#">a</a>
        <input type="checkbox" aria-label="a"><input type="radio" aria-label="a"><input type="range" aria-label="a">
        <input type="number" aria-label="a"><input aria-label="a"><textarea aria-label="a"></textarea>
        <select aria-label="a"></select><input list="b" aria-label="a"><datalist id="b"></datalist>
        <i role="slider" aria-label="a"></i><svg><a href="#"><text>a</text></a></svg><area href="#" alt="a">""")
    counts = {"button": 3, "checkbox": 1, "combobox": 2, "link": 2, "radio": 1, "slider": 2, "spinbutton": 1, "textbox": 2}
    assert {kind: page.get_by_role(kind, name="a").count() for kind in counts} == counts


def is_whole(page: Page) -> None:
    assert page.title()
    assert page.locator("main h1:visible").count() == 1
    # A directive that MyST did not take for one, such as a fence with a ` in its first line, ends as a list of tasks or as text.
    assert page.locator(".contains-task-list").count() == 0
    assert not re.search(
        r"^:label:|`{3}|\{(question|exercise|solution|view|try|linked|number)\}", page.locator("main").inner_text(), re.MULTILINE
    )


@cache
def gzipped(url: str, base: str) -> int:
    """Bytes on their way, as GitHub Pages sends them: pictures and fonts as they are, all else gzipped."""
    path = HTML / unquote(urlsplit(url).path.removeprefix(urlsplit(base).path))
    data = path.read_bytes()
    return len(data) if path.suffix in {".png", ".jpg", ".webp", ".woff", ".woff2"} else len(gzip.compress(data, 6, mtime=0))


def is_light(page_path: str, sizes: dict[str, int]) -> None:
    """All that is fetched until the first widget answers, or until a page without one is at rest."""
    print(page_path, sum(sizes.values()), sorted(sizes.items(), key=lambda item: -item[1]))
    assert sum(sizes.values()) <= MOST
    galleries = [size for url, size in sizes.items() if "/gallery/" in url]
    own = sum(size for url, size in sizes.items() if "/senet/" in url and "/gallery/" not in url) + max(galleries, default=0)
    assert own <= WIDGETS_MOST
    assert not [url for url in sizes if "fontawesome.js" in url or ("/live/" in url and not url.endswith("manifest.js"))]


def test_a_page_names_no_other_host_to_load_from(page_path: str):
    text = (HTML / page_path).read_text("utf8")
    assert LOADING.findall(text) == []
    scripts = "\n".join(re.findall(r"<script[^>]*>", text)).lower()
    assert scripts or page_path in ("index.html", "404.html") or "<title>Moved</title>" in text
    for unwanted in ("mathjax", "require", "html-manager", "vnd.jupyter.widget", "thebe"):
        assert unwanted not in scripts


@looks
def test_the_theme_is_the_readers(page: Page, book_url: str, theme: str):
    visit(page, book_url)
    assert page.locator("html").get_attribute("data-theme") == theme
    light = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).every((c) => c > 200)")
    assert light == (theme == "light")


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", PHONE)])  # on a desk the theme shows none
def test_the_way_to_the_top_can_be_read(page: Page, book_url: str):
    visit(page, book_url + "book/glossary.html")
    button = page.locator("#pst-back-to-top")
    page.evaluate("scrollTo({ top: 3000, behavior: 'instant' })")
    for _ in range(20):  # it comes when one turns back
        page.evaluate("scrollBy({ top: -50, behavior: 'instant' })")
        page.wait_for_timeout(100)
        if button.is_visible():
            break
    expect(button).to_be_visible()
    axe(page, "#pst-back-to-top")
    button.click()
    expect(button).to_be_hidden()
    expect(page.locator("main h1:visible")).to_be_in_viewport()


def test_formulas_are_mathml(page: Page, book_url: str):
    """Each with its size on the page, and with nothing of LaTeX to be seen."""
    visit(page, book_url + "book/index.html")
    formulas = [formula for formula in page.locator("article math").all() if formula.is_visible()]  # some wait to be unfolded
    assert len(formulas) >= 4
    for formula in formulas:
        box = formula.bounding_box()
        assert box["width"] > 5
        assert box["height"] > 5
    assert not re.search(r"\\[a-z]+|\$", page.locator("article").inner_text())


def test_chapters_with_formulas_have_mathml(page_path: str):
    source = HTML / "_sources" / page_path
    sources = [path for suffix in (".md", ".ipynb") if (path := source.with_suffix(suffix)).exists()]
    text = (HTML / page_path).read_text("utf8")
    for path in sources:  # a page may have more: a docstring's, a table's, those of words that are explained on the spot
        assert text.count("<math") >= len(FORMULA.findall(markdown(path)))


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


def test_the_guard_sees(page: Page, guard: Guard, book_url: str):
    """All the other tests rely on this: each kind of fault is noticed, and each can be allowed."""
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
