"""The book under WebKit, the engine of every browser on an iPad: the landing page, three chapters, and a reader's own picture.

Where WebKitGTK isn't installed and can't be, these tests are left out, and say why; see ``make webkit``.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import find_objects, label

from tools import serve, webkit
from tools.webkit import Session

from .built import HTML
from .explorer import said
from .live import picture

# What no driver of WebKitGTK's tells: it goes before the page's policy, which does not concern it.
WATCH = """<script>window.faults = [];
for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"])
  addEventListener(kind, (e) => faults.push([kind, e.message ?? e.reason ?? e.violatedDirective ?? "",
    e.blockedURI ?? e.target.src ?? e.target.href ?? ""].map(String).join(" ")), true);
console.error = (...words) => faults.push(["console", ...words].join(" "));
</script>"""
EXPLORER = "figure[data-senet=explorer]"


class Watched(serve.Pages):
    """The book's pages, each with a script that notes what goes wrong."""

    def send_head(self):
        file = Path(self.translate_path(self.path))
        if file.suffix != ".html" or not file.is_file():
            return super().send_head()
        page = file.read_text("utf8").replace("<head>", "<head>" + WATCH, 1)
        assert WATCH in page
        data = page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return io.BytesIO(data)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    if why := webkit.missing():
        pytest.skip(f"WebKit is left out: {why}")
    with webkit.launch() as session:
        yield session


@pytest.fixture(scope="module")
def watched_url() -> Iterator[str]:
    server = serve.Server(("127.0.0.1", 0), lambda *args: Watched(*args, directory=str(HTML), quiet=True))
    with serve.running(server) as address:
        yield f"{address}/"


@pytest.fixture
def at(session: Session, watched_url: str) -> Iterator:
    """Open a page of the book. At the end of the test nothing may have gone wrong in it."""

    def opened(path: str, figure: str) -> str:
        session.open(watched_url + path)
        live(session, figure)
        return figure

    yield opened
    assert session.run("return window.faults") == []


def live(session: Session, figure: str) -> None:
    session.middle(figure)
    session.until("return document.querySelector(arguments[0])", f"{figure}[data-live=true]")


def pixels(session: Session) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(session.picture())).convert("RGB")).astype(int)


def answers_to_another_picture(session: Session, figure: str, shown: str) -> None:
    html = "document.querySelector(arguments[0]).innerHTML"
    before = session.run(f"return {html}", f"{figure} {shown}")
    session.click(f"{figure} .senet-thumbs label:has(input:not(:checked))")
    session.until(f"return {html} !== arguments[1]", f"{figure} {shown}", before)


@pytest.mark.parametrize(
    ("path", "name", "shown"),
    [
        ("book/index.html", "explorer", ".senet-title"),
        ("book/excitation.html", "excitation", "svg"),
        ("book/rescale.html", "rescale", ".senet-tiles"),
        ("book/shallow-and-deep.html", "shallow-deep", ".senet-title"),
    ],
)
def test_a_page_answers(path: str, name: str, shown: str, at, session: Session):
    figure = at(path, f"figure[data-senet={name}]")
    assert session.run("return document.documentElement.scrollWidth <= innerWidth")
    answers_to_another_picture(session, figure, shown)


def test_thumbnails_scroll_sideways_alone(at, session: Session):
    figure = at("book/explorer.html", EXPLORER)
    asked = "const row = document.querySelector(arguments[0]); return [row.scrollHeight, row.clientHeight]"
    whole, shown = session.run(asked, f"{figure} .senet-thumbs")
    assert whole == shown


def test_dots_are_round(at, session: Session):
    """Flat ellipses, where a line without a length had round ends (WebKit's bug 249265)."""
    figure = at("book/shallow-and-deep.html", "figure[data-senet=shallow-deep]")
    chart = f"{figure} svg:has(> .senet-dots)"  # one of 16 channels, and one of 64
    session.middle(chart)
    session.until("return document.getAnimations().length === 0")
    hide = "for (const e of document.querySelectorAll(arguments[0])) e.style.visibility = 'hidden'"
    session.run(hide, f"{chart} > :not(.senet-dots)")
    shown = pixels(session)
    session.run(hide, f"{chart} > .senet-dots")
    areas, _ = label((shown != pixels(session)).any(2))
    sizes = [(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in find_objects(areas)]
    assert sum(abs(height - width) <= 1 and 5 <= width <= 10 for height, width in sizes) >= 60, sizes  # of 80; some touch


def test_a_readers_own_picture(at, session: Session, tmp_path: Path):
    """Read, cut and computed in the page, with every gate as torch has it."""
    agrees(session, at("book/explorer.html", EXPLORER), tmp_path)


def agrees(session: Session, figure: str, folder: Path) -> None:
    image, file = picture(), folder / "mine.png"
    image.save(file)
    session.type(f"{figure} .senet-own input[type=file]", str(file))
    session.until("return document.querySelector(arguments[0])?.checked", f"{figure} input[aria-label='mine.png']")
    session.until("return !document.querySelector(arguments[0])", f"{figure} [aria-busy]")
    for name, block in said(image).blocks.items():
        strip = f"{figure} .senet-strip[data-block='{name}'] .senet-inks > span"
        values = session.run("return document.querySelector(arguments[0]).dataset.values", strip).split()
        np.testing.assert_allclose(np.array(values, float), block.excitation[0].numpy(), atol=1e-4, rtol=0)


def test_a_network_runs_from_a_folder(session: Session, tmp_path: Path):
    """Without a server, where a worker has no origin."""
    session.open(f"{HTML.as_uri()}/book/explorer.html")
    live(session, EXPLORER)
    agrees(session, EXPLORER, tmp_path)


def test_says_why_it_is_left_out(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert webkit.missing().startswith("WebKitWebDriver, Xvfb")
    assert "make webkit" in webkit.missing()
