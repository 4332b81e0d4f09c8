"""The book without Jupyter Book: Sphinx alone makes the same pages of the same sources."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from .built import HTML, book_pages

ROOT = Path(__file__).parents[2]
ALONE = """
import sys
sys.modules["jupyter_book"] = None  # importing it, or naming it as an extension, would fail
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """The book as `sphinx-build` writes it; the chapters' outputs come from the last build."""
    folder = tmp_path_factory.mktemp("sphinx")
    options = ["-c", "tools/sphinx", "-d", folder / "doctrees", "-W", "--keep-going", "-q"]
    command = [sys.executable, "-c", ALONE, *options, ".", folder / "html"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "to run" not in done.stdout  # no chapter ran again
    return folder / "html"


def pages(folder: Path) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
    return {page for page in found if not page.startswith("_static/")}


def test_the_pages_are_the_same(alone):
    assert pages(alone) == set(book_pages())


def test_so_is_what_they_say(alone):
    """Text, formulas, figures, widgets, links; and the buttons of the header."""
    other = [page for page in sorted(pages(alone)) if (alone / page).read_bytes() != (HTML / page).read_bytes()]  # few, if any
    different = [page for page in other if said(alone / page) != said(HTML / page)]
    assert different == []


def said(page: Path) -> tuple[str, list[str], list[str]]:
    """A page's words, its elements with their classes, and where its links and pictures lead."""
    whole = BeautifulSoup(page.read_text("utf8"), "html.parser")
    body = whole.body or whole  # a page that leads on to another has none
    words = re.sub(r"\s+", " ", body.get_text(" ")).strip()
    elements = [f"{element.name}.{' '.join(element.get('class', []))}" for element in body.find_all()]
    leads = [element.get("href") or element.get("src") for element in body.find_all(["a", "img"])]
    return words, elements, leads
