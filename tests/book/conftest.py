"""The built book in a real browser: served over http, below a prefix as on GitHub Pages, and from the folder itself.

A test asks for ``page``. It is closed to the outside and watched: a request to another host, an answer of 400 or above, an error in
the console or in a script fails the test when it ends, whatever else it asserts. A test that means one to happen says so:

    guard.allow("404.*missing.json")

The tests of the modules IN_FIREFOX run a second time, in Firefox.

``page`` takes its look from the fixtures ``theme``, ``viewport`` and ``scripts``, which a test overrides by
``@pytest.mark.parametrize``.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Response, Route, expect, sync_playwright

from tools import chromium, firefox, serve

from .built import HTML, PATIENCE, book_pages
from .explorer import CHAPTER as EXPLORER
from .explorer import Explorer
from .shallow_deep import CHAPTER, NETWORK, Truth, Widget, truth_of

PREFIX = "/below/a-prefix/"
expect.set_options(timeout=PATIENCE)
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
# The headless shell has no camera, nor anything that asks for leave to use one.
with_camera = pytest.mark.parametrize("browser", ["whole chromium"], indirect=True, scope="session")
without_scripts = pytest.mark.parametrize("scripts", [False], ids=["without scripts"])
DRIVER = Path(__file__).with_name("driver.cjs")
# WebAssembly is optimised after ten times the usual work: most tests run a network a few times, which optimising outlasts.
LATER = ["--js-flags=--wasm-tiering-budget=130000000"]
IN_FIREFOX = ("test_excitation", "test_rescale")  # two chapters; the pages themselves are in test_firefox.py


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page_path" in metafunc.fixturenames:
        pages = book_pages()
        if not pages:
            raise pytest.UsageError(f"No built book in {HTML}: run `make book` first, or `make test`, which does both.")
        metafunc.parametrize("page_path", pages)
    module = metafunc.module.__name__.split(".")[-1]
    if module in IN_FIREFOX and "page" in metafunc.fixturenames:
        metafunc.parametrize("browser", ["chromium", "firefox"], indirect=True, scope="session")


def arrive(page: Page, url: str) -> None:
    """Open a page of the book; where it only leads on to another, wait for that one.

    A page that leads on is left as soon as it is there, and what a test asks of it in that moment fails or not by luck.
    """
    page.goto(url)
    path = unquote(urlsplit(url).path)
    for base in (HTML.as_posix() + "/", PREFIX, "/"):
        if path.startswith(base):
            break
    file = HTML / path.removeprefix(base)
    text = (file / "index.html" if file.is_dir() else file).read_text("utf8")
    if lead := re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', text):
        page.wait_for_url(urljoin(url, lead[1]))


class Guard:
    """Holds what went wrong in a test's pages. ``allow(pattern)`` lets pass what a test provokes."""

    def __init__(self, home: tuple[str, ...]) -> None:
        # The browser's driver matches it: what stays at home, nearly all, need not come to Python and back.
        self.elsewhere = re.compile(f"^(?!{'|'.join(map(re.escape, home))})")
        self.seen: list[str] = []
        self.allowed: list[str] = []

    def allow(self, pattern: str) -> None:
        """Let pass what this regular expression finds in: ``request to URL``, ``404 URL``, ``console: text``, ``error: text``."""
        self.allowed.append(pattern)

    def watch(self, context: BrowserContext) -> None:
        context.route(self.elsewhere, self.refuse)
        context.on("response", self.response)
        context.on("console", self.console)
        context.on("weberror", lambda error: self.seen.append(f"error: {error.error}"))

    def refuse(self, route: Route) -> None:
        self.seen.append(f"request to {route.request.url}")
        route.abort()

    def response(self, response: Response) -> None:
        if response.status >= 400:
            self.seen.append(f"{response.status} {response.url}")

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.seen.append(f"console: {message.text} ({message.location.get('url')})")

    def faults(self) -> list[str]:
        return [line for line in self.seen if not any(re.search(pattern, line) for pattern in self.allowed)]


@contextmanager
def serving(prefix: str) -> Iterator[str]:
    with serve.running(serve.server(HTML, prefix=prefix, quiet=True)) as address:
        yield f"{address}{prefix}"


@pytest.fixture(scope="session")
def book_url() -> Iterator[str]:
    """Where the book is served, with a slash at the end."""
    with serving("/") as url:
        yield url


@pytest.fixture(scope="session")
def book_prefix_url() -> Iterator[str]:
    """The same, but the book is not at the root of its host."""
    with serving(PREFIX) as url:
        yield url


@pytest.fixture(scope="session")
def book_file_url() -> str:
    """The book with no server at all, as one opens it from a memory stick."""
    return HTML.as_uri() + "/"


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("NODE_OPTIONS", f'--require "{DRIVER.as_posix()}"')
            playwright = running.enter_context(sync_playwright())
        yield playwright


@pytest.fixture(scope="session")
def browsers(playwright: Playwright) -> Iterator[Callable[[str], Browser]]:
    """Each kind of browser, started when first asked for and kept: tests that take turns don't start a new one each time."""
    launch = {
        "chromium": partial(chromium.launch, flags=LATER),
        "whole chromium": partial(chromium.launch, whole=True, flags=LATER),
        "firefox": firefox.launch,
    }
    with ExitStack() as running:
        yield cache(lambda kind: running.enter_context(launch[kind](playwright)))


@pytest.fixture(scope="session")
def browser(browsers: Callable[[str], Browser], request: pytest.FixtureRequest) -> Browser:
    """Chromium's headless shell, where a test asks for no other."""
    return browsers(getattr(request, "param", "chromium"))


@pytest.fixture
def theme() -> str:
    """What the reader's system prefers: light or dark."""
    return "light"


@pytest.fixture
def viewport() -> dict[str, int]:
    return DESKTOP


@pytest.fixture
def scripts() -> bool:
    """Whether the browser runs a page's scripts."""
    return True


@pytest.fixture
def guard(book_url: str, book_prefix_url: str, book_file_url: str) -> Iterator[Guard]:
    guard = Guard((book_url, book_prefix_url, book_file_url, "data:", "blob:"))
    yield guard
    assert not guard.faults(), "\n".join(guard.faults())


@pytest.fixture
def context(browser: Browser, guard: Guard, theme: str, viewport: dict[str, int], scripts: bool) -> Iterator[BrowserContext]:
    context = browser.new_context(color_scheme=theme, viewport=viewport, java_script_enabled=scripts)
    guard.watch(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("filechooser", lambda chooser: None)  # asked for from the start: a browser under load may heed a later wish too late
    return page


@pytest.fixture
def network() -> str:
    """Whose gates `truth` has and `widget` shows; a test parametrizes it to take another."""
    return NETWORK


@pytest.fixture
def truth(network: str) -> Truth:
    return truth_of(network)


@pytest.fixture
def widget(page: Page, book_url: str, network: str) -> Widget:
    """ "Shallow and deep", for a file that names no other widget."""
    return Widget(page, book_url + CHAPTER, network)


@pytest.fixture
def explorer(page: Page, book_url: str) -> Explorer:
    return Explorer(page, book_url + EXPLORER)


@pytest.fixture
def first(truth: Truth) -> int:
    """Of the picture that the explorer's chapter begins with."""
    return truth.ids.index("chelsea-the-cat")
