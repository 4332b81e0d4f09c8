"""The whole book on paper."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .built import HTML

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """In a process of its own: these tests' browser holds this one's event loop."""
    out = tmp_path_factory.mktemp("pdf") / "book.pdf"
    command = [sys.executable, "-m", "tools.pdf", "--html", HTML, "--out", out]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return int(re.search(r"(\d+) chapters", said)[1]), out


def test_the_pdf_has_every_chapter_an_outline_and_tags(printed: tuple[int, Path]):
    pages, path = printed
    chapters = [path for path in (HTML / "book").rglob("*.html") if "<article" in path.read_text("utf8")]
    assert pages == len(chapters)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in data
    assert b"/Outlines" in data
    assert b"/MarkInfo" in data
    assert len(re.findall(rb"/Type\s*/Page\b", data)) >= pages
