"""The kit on a machine with the network cut off: the book opens from its folder, the package installs, a chapter runs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import kit

from .built import HTML

ROOT = Path(__file__).parents[2]
CHAPTER = "rescale"

OPEN = """
import sys
from pathlib import Path
from playwright.sync_api import expect, sync_playwright
from tools import chromium

failed = []
with sync_playwright() as playwright, chromium.launch(playwright) as browser:
    page = browser.new_page()
    # A browser cancels what a page still loads when a reader leaves it: that is not a fault.
    page.on("requestfailed", lambda request: "ABORTED" in request.failure or failed.append(f"{request.url} {request.failure}"))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(Path(sys.argv[1], "index.html").as_uri())
    page.wait_for_url("**/book/index.html")
    page.get_by_role("link", name=sys.argv[2]).first.click()
    widget = page.locator("figure.senet-widget[data-senet]").first
    widget.scroll_into_view_if_needed()
    expect(widget).to_have_attribute("data-live", "true", timeout=60_000)
    shown = widget.get_by_role("status").first.inner_text()
    widget.get_by_role("radio").nth(1).locator("..").click()
    expect(widget.get_by_role("status").first).not_to_have_text(shown)
sys.exit("\\n".join(failed) or 0)
"""

RUN = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell("import senet; print(senet.__file__)"))
NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
print(notebook.cells[-1].outputs[0]["text"])
"""


def cut_off(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tools.offline", *command],
        cwd=ROOT,
        env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", **environment},
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("room")
    for name in kit.VERSIONS:
        kit.write(name, folder / "versions" / name)
    packed_to = kit.pack(HTML, kit.wheel(folder / "wheel"), folder / "kit.zip", folder / "versions")
    with zipfile.ZipFile(packed_to) as packed:
        packed.extractall(folder)
    return folder / kit.NAME


def test_nothing_is_reached():
    """The tests below rely on this. The address is reserved for examples, so that nobody is asked where this fails."""
    ask = "import urllib.request as u; u.build_opener(u.ProxyHandler()).open('http://192.0.2.1/', timeout=20)"
    with pytest.raises(AssertionError, match="unreachable|refused"):
        cut_off(sys.executable, "-c", ask)
    served = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())"
    cut_off(sys.executable, "-c", served)


def test_the_book_opens(unpacked: Path):
    cut_off(sys.executable, "-c", OPEN, unpacked / "book", "Rescale, and the whole block")


def test_a_chapter_runs_on_the_installed_wheel(unpacked: Path, tmp_path: Path):
    wheel = next((unpacked / "wheel").glob("*.whl"))
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        tmp_path / "packages",
        wheel,
    ]
    cut_off(*install)
    said = cut_off(sys.executable, "-c", RUN, unpacked / "notebooks" / f"{CHAPTER}.ipynb", PYTHONPATH=str(tmp_path / "packages"))
    assert said.strip() == str(tmp_path / "packages" / "senet" / "__init__.py")
