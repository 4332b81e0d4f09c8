"""The whole book on paper."""

import re
from pathlib import Path

import pytest

from tools import pdf

from .conftest import HTML


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    out = tmp_path_factory.mktemp("pdf") / "book.pdf"
    return pdf.write(HTML, out), out


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
