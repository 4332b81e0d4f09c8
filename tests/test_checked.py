"""The page on accessibility promises what tests check, in their words and with their numbers."""

import ast
from pathlib import Path

import pytest
import yaml
from sphinx.errors import ExtensionError

import book_checks

ROOT = Path(__file__).parents[1]
KNOWN = book_checks.modules(ROOT)


def test_every_row_has_tests_that_say_what_they_do():
    text = (ROOT / "book" / "accessibility.md").read_text("utf8")
    rows = yaml.safe_load(text.partition("```{checks}\n")[2].partition("```")[0])
    assert len(rows) >= 9
    for row in rows:
        for name in row["by"]:
            found = book_checks.check(name, KNOWN)
            assert (ROOT / found.file).read_text("utf8").splitlines()[found.line - 1].startswith(f"def test_{found.name}(")


def test_what_nobody_checks_is_not_promised():
    known = {"test_x": ast.parse("def test_silent(page): ...\ndef test_told(page_path):\n    '''All\n    of it.\n\n    More.'''\n")}
    told = book_checks.check("test_x.test_told", known)
    assert (told.about, told.every_page, told.line) == ("All of it.", True, 2)
    with pytest.raises(ExtensionError, match="no docstring"):
        book_checks.check("test_x.test_silent", known)
    for name in ("test_x.test_gone", "test_gone.test_told", "test_x.helper"):
        with pytest.raises(ExtensionError, match="no such test"):
            book_checks.check(name, known)


def test_numbers_are_those_of_the_tests():
    assert book_checks.constant("conftest.PHONE", KNOWN) == {"width": 360, "height": 740}
    assert book_checks.constant("test_pages.MOST", KNOWN) == 500_000
    assert book_checks.in_firefox(KNOWN)[0] == "book/index"
    with pytest.raises(ExtensionError, match="sets no MISSING"):
        book_checks.constant("conftest.MISSING", KNOWN)
