"""A crawler: on every page, every control of every widget is known, and does something when it is operated by pointer and by keys.

``CONTROLS`` knows the controls of each kind of widget (controls.py). The crawl goes through a widget twice, once by each hand, each
time on a fresh page (``crawls`` has the exceptions). It fails on a control that ``CONTROLS`` doesn't know, on one that changes
nothing of what it should, and on an entry that a widget lacks.

A control is whatever can have the focus, and whatever listens for clicks or changes: ``addEventListener`` is watched.
"""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from playwright.sync_api import Locator, Page

from .built import HTML, book_pages
from .conftest import Guard
from .controls import CONTROLS, SOMETIMES
from .crawl import DOWNLOAD, LOOK, OPEN, PAGE_LINK, PATIENCE, SCROLL, Control, Crawl

FIGURE = re.compile(r'<figure id="([\w-]+)" class="senet-widget" data-senet="([\w-]+)"([^>]*)>')
REPEATED = "book/slides.html"  # its widgets are the chapters' own: tests/book/test_slides.py operates them there


def widgets() -> list[tuple[str, str, str]]:
    """Page, key and kind of every widget of the built book, but for those that are REPEATED."""
    found = [
        (page, *figure) for page in book_pages() if page != REPEATED for figure in FIGURE.findall((HTML / page).read_text("utf8"))
    ]
    return [(page, key, f"{kind}, small" if '"small":true' in unescape(more) else kind) for page, key, kind, more in found]


def test_every_kind_is_known():
    kinds = {kind for _, _, kind in widgets()}
    kinds |= {kind for _, kind, _ in FIGURE.findall((HTML / REPEATED).read_text("utf8"))}
    assert kinds, f"No widget in {HTML}: run `make book` first"
    assert kinds - CONTROLS.keys() == set(), "name their controls in CONTROLS"


def crawls() -> list:
    """By both hands; a second widget of a kind on a page by keys alone, a third by the pointer: their code is the same."""
    found, cases = widgets(), []
    for i, (path, key, kind) in enumerate(found):
        before = sum(each[::2] == (path, kind) for each in found[:i])
        for hand in ("pointer", "keys") if before == 0 else ("keys",) if before % 2 else ("pointer",):
            cases.append(pytest.param(path, key, kind, hand, id=f"{path}-{key}-{hand}"))
    return cases


@pytest.mark.parametrize(("path", "key", "kind", "hand"), crawls())
def test_every_control(page: Page, guard: Guard, book_url: str, path: str, key: str, kind: str, hand: str):
    """Each control of each widget of the book, once by keys and once by the pointer, does what it says."""
    if kind not in CONTROLS:
        pytest.fail(f"{kind} is unknown: name its controls in CONTROLS")
    guard.allow("net::ERR_ABORTED|ERR_FAILED")  # a download that was cancelled
    page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    crawl = Crawl(page, book_url, path, key, hand)
    known = CONTROLS[kind]
    missing = []
    for entry in known:
        operated = checked(crawl, entry)
        unknown = [name for name, _ in crawl.controls() if not any(re.fullmatch(each.name, name) for each in known)]
        assert unknown == [], f"{path}#{key} has controls that CONTROLS doesn't know"
        if not operated and entry.name not in SOMETIMES.get(kind, ()):
            missing.append(entry.name)
    assert missing == [], f"{path}#{key} has no such control that can be operated"


def checked(crawl: Crawl, entry: Control) -> bool:
    """Operate what fits; whether there was anything."""
    way = getattr(entry, crawl.hand)
    if entry.first:
        entry.first(crawl)
    found = crawl.find(entry.name, entry.within)
    if way is None:
        return bool(found)
    for i in range(len(found) if entry.each else min(1, len(found))):
        controls = crawl.find(entry.name, entry.within) if i else found
        if i >= len(controls):
            break
        responds(crawl, entry, controls[i], None if way == "usual" else way)
    return bool(found)


def responds(crawl: Crawl, entry: Control, control: Locator, way: "Callable[[Crawl, Locator], None] | None") -> None:
    said = f"{entry.name} changes nothing of {entry.changes!r} by {crawl.hand}"
    if entry.changes == DOWNLOAD:
        with crawl.page.expect_download() as download:
            crawl.operate(entry.name, control, way)
        assert download.value.path().stat().st_size > 100, said
    elif entry.changes == OPEN:
        before = control.evaluate("(e) => e.parentElement.open")
        crawl.operate(entry.name, control, way)
        assert control.evaluate("(e) => e.parentElement.open") != before, said
        control.evaluate("(e) => { e.parentElement.open = true; }")
    elif entry.changes == SCROLL:
        if control.evaluate("(e) => e.scrollHeight - e.clientHeight") > 4:
            before = control.evaluate("(e) => e.scrollTop")
            crawl.operate(entry.name, control, way)
            crawl.page.wait_for_function("([e, before]) => e.scrollTop !== before", arg=[control.element_handle(), before])
    elif entry.changes == PAGE_LINK:
        address = control.get_attribute("href")
        crawl.operate(entry.name, control, way)
        held = "navigator.clipboard.readText().catch(() => '')"
        assert address in (crawl.page.url, crawl.page.evaluate(held)), said
        crawl.arrived()  # the page may have been loaded again
    else:
        crawl.quiet()
        before = crawl.look(entry.changes)
        crawl.operate(entry.name, control, way)
        changed = f"([e, selector, before]) => ({LOOK})(e, selector) !== before"
        try:
            crawl.page.wait_for_function(changed, arg=[crawl.figure.element_handle(), entry.changes, before], timeout=PATIENCE)
        except Exception as error:
            raise AssertionError(f"{said}; controls: {json.dumps(crawl.controls())}") from error
