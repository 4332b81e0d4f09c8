"""What makes pages quick takes nothing away: neither a rule that something on them needs, nor the order of their scripts."""

import pytest
from playwright.sync_api import Page
from sphinx.errors import ExtensionError

import book_quick

from .built import HTML
from .conftest import DESKTOP, PHONE, Guard
from .visits import FIGURES

OPEN_MENUS = '[data-bs-toggle="dropdown"]:not(.disabled):not(:disabled).show'

# Of every element outside the widgets, which have styles of their own: name, and a number for all that its style computes to. What
# opens is open, and what a script would add to the theme's menus is there.
LOOK = """() => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
    for (const dialog of document.querySelectorAll("dialog")) dialog.setAttribute("open", "");
    for (const menu of document.querySelectorAll(".dropdown-menu, .collapse, .modal")) menu.classList.add("show");
    const hash = (text) => { let h = 5381; for (let i = 0; i < text.length; i++) h = (h * 33 ^ text.charCodeAt(i)) | 0; return h; };
    const look = (e, part) => {
        const style = getComputedStyle(e, part);
        if (part && style.content === "none") return 0;
        const names = [...style].filter((name) => !name.startsWith("--"));
        return hash(names.map((name) => style.getPropertyValue(name)).join("|"));
    };
    const all = [...document.querySelectorAll("body, body *:not(script, style, svg *)")].filter((e) => !e.closest(".senet-live"));
    return all.map((e) =>
        [e.outerHTML.slice(0, 90), look(e, null), look(e, "::before"), look(e, "::after")]);
}"""


@pytest.mark.parametrize(("path", "theme", "viewport"), [("book/index.html", "dark", PHONE), ("search.html", "light", DESKTOP)])
def test_the_style_has_lost_nothing(page: Page, book_url: str, path: str, theme: str, viewport: dict):
    """With all of the theme's rules every element looks as it does with those that are left."""
    style = next((HTML / "_static").glob("styles-*.css"))
    slim = style.read_text("utf8")
    whole = book_quick.joined(slim.partition(" */")[0].removeprefix("/*! ").split(), HTML)
    assert len(slim) < 0.4 * len(whole)
    page.emulate_media(reduced_motion="reduce")
    page.goto(book_url + path)
    page.wait_for_load_state("networkidle")
    as_is = page.evaluate(LOOK)
    page.route(f"**/{style.name}", lambda route: route.fulfill(body=whole, content_type="text/css"))
    page.goto(book_url + path)
    page.wait_for_load_state("networkidle")
    as_was = page.evaluate(LOOK)
    assert len(as_is) > 100
    assert [found[0] for found, wanted in zip(as_is, as_was, strict=True) if found != wanted] == []


def test_all_pages_have_one_style():
    """A reader fetches it once."""
    assert len(list((HTML / "_static").glob("styles-*.css"))) == 1


def test_styles_of_several_pages_in_one_order():
    assert book_quick.in_order([["a", "c"], ["a", "b", "c"], ["c", "d"]]) == ["a", "b", "c", "d"]
    with pytest.raises(ExtensionError, match="different orders: a, b, a|different orders: b, a, b"):
        book_quick.in_order([["a", "b"], ["b", "a"]])


def test_scripts_wait_in_their_order():
    head = '<script>first()</script><script src="documentation_options.js"></script><script src="a.js"></script>'
    head += '<script>inline()</script><script defer src="b.js"></script><script>inline()</script>'
    page = book_quick.scripts_wait(f"<head>{head}</head><body>text</body>", "const OPTIONS = {};")
    before, _, after = page.partition("</head>")
    assert before == '<head><script>first()</script><script defer src="a.js"></script><script defer src="b.js"></script>'
    assert after.split("\n") == ["<body>text<script>const OPTIONS = {};</script>", "<script>inline()</script></body>"]
    with pytest.raises(ExtensionError, match="no </body>"):
        book_quick.scripts_wait("<head></head>", "")


def test_a_click_has_not_the_whole_page_looked_through(page: Page, book_url: str):
    """Bootstrap's menus open and close as before, but not by a search through the page for each kind of control."""
    page.add_init_script("""const look = document.querySelectorAll; window.looked = [];
        document.querySelectorAll = (selector) => { looked.push(selector); return look.call(document, selector) };""")
    page.goto(book_url + "book/explorer.html")
    page.wait_for_load_state("networkidle")
    button = page.locator("[data-bs-toggle=dropdown]:visible").first
    page.evaluate("looked.length = 0")
    button.locator("i").first.click()  # what is clicked is in the control
    assert button.get_attribute("aria-expanded") == "true"
    page.locator("h1:visible").first.click()
    assert button.get_attribute("aria-expanded") == "false"
    assert {selector for selector in page.evaluate("looked") if "data-bs" in selector} <= {OPEN_MENUS}
    with pytest.raises(ExtensionError, match="looks for what was clicked in another way"):
        book_quick.clicks_quick("a script of another version")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_waits_for_no_script(page: Page, guard: Guard, book_url: str, theme: str):
    """A reader in the dark sees no bright page first: the theme is set while the page's head is read."""
    guard.allow("ERR_FAILED")
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(book_url + "book/index.html")
    assert page.locator("html").get_attribute("data-theme") == theme
    assert page.locator("html").get_attribute("data-mode") == "auto"
    page.evaluate("localStorage.setItem('mode', 'dark')")
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_a_figure_out_of_sight_keeps_its_place(page: Page, book_url: str):
    """Its drawing is put off until it comes near, at the size that it will have."""
    page.goto(book_url + "book/shallow-and-deep.html")
    page.wait_for_load_state("networkidle")
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")  # what is folded has no size
    sizes = """all => Object.fromEntries(all.map((e) => [e, e.getBoundingClientRect()])
        .map(([e, { width, height }]) => [e.getAttribute("aria-label"), [width, height]]))"""
    drawings = page.locator(f":is({FIGURES}, .senet-drawing) svg[style*='aspect-ratio']")
    assert drawings.evaluate_all("all => all.every((e) => getComputedStyle(e).contentVisibility === 'auto')")
    put_off = drawings.evaluate_all(sizes)
    page.add_style_tag(content="svg { content-visibility: visible !important }")
    drawn = drawings.evaluate_all(sizes)
    stayed = put_off.keys() & drawn.keys()  # less a widget that came to life meanwhile
    assert len(stayed) >= 5
    assert {name: put_off[name] for name in stayed} == {name: drawn[name] for name in stayed}
    assert max(put_off[name] for name in stayed)[0] > 300
