"""Links into widget states, timetables and slides: what is built from them, and what is refused with its place."""

import io
from pathlib import Path

import nbformat
import pytest
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from nbformat import v4
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

import book_slides

STEPS = (
    "```{timetable} 20\n```\n\n## 0–5 minutes: before (alone)\n\nx\n\n## 5–20 minutes: the rest (in pairs, then together)\n\ny\n"
)


def built(tmp_path: Path, text: str) -> tuple[str, str]:
    """The page's HTML, and what Sphinx warned of."""
    source, warnings = tmp_path / "source", io.StringIO()
    source.mkdir()
    (source / "index.md").write_text("# Title\n\n```{toctree}\none\ntwo\n```\n")
    (source / "one.md").write_text(f"# One\n\n{text}")
    (source / "two.md").write_text("# Two\n\ntext\n")
    options = {"extensions": ["myst_parser", "book_views"], "html_theme": "basic"}
    with docutils_namespace():
        Sphinx(source, None, tmp_path / "html", tmp_path / "trees", "html", options, None, warnings).build()
    return (tmp_path / "html" / "one.html").read_text("utf8"), warnings.getvalue()


@pytest.mark.parametrize(
    ("role", "link"),
    [
        ("{view}`by softmax <two?a.rule=softmax&a.pushed=3:4>`", "two.html?a.rule=softmax&amp;a.pushed=3:4"),
        ("{view}`a\nplace <two#there>`", "two.html#there"),
        ("{view}`slides <slides?present#cover>`", "slides.html?present#cover"),
    ],
)  # fmt: skip
def test_a_view_is_a_link_to_a_page_in_a_state(tmp_path, role, link):
    page, warnings = built(tmp_path, role)
    assert not warnings
    assert f'class="senet-view reference internal" href="{link}"' in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{view}`words <three?a.b=c>`", "a view leads to three, which is not a page"),
        ("{view}`no address`", "write words <page?widget.field=value>"),
        (STEPS.replace("5–20", "6–20"), "'the rest' begins at 6, and 5 minutes are over"),
        (STEPS.replace("5–20", "4–20"), "begins at 4, and 5 minutes are over"),
        (STEPS.replace("5–20", "5–19"), "the steps end at 19 of 20 minutes"),
        (STEPS.replace("0–5", "5–0"), "begins at 5, and 0 minutes are over"),
    ],
)
def test_what_leads_nowhere_or_does_not_add_up_is_refused(tmp_path, text, says):
    _, warnings = built(tmp_path, text)
    assert says in warnings and "one.md" in warnings


def test_a_timetable_is_a_table_of_the_steps(tmp_path):
    page, warnings = built(tmp_path, STEPS)
    assert not warnings
    assert page.index("senet-timetable") < page.index("<h2>0–5 minutes: before")
    assert 'href="#minutes-before-alone">before</a>' in page and "<p>5–20</p>" in page


def notebook(tmp_path: Path, *cells: tuple[str, str]) -> Path:
    """Cells as (slide type, source)."""
    path = tmp_path / "chapter.ipynb"
    made = [v4.new_markdown_cell(text, metadata={"slideshow": {"slide_type": kind}} if kind else {}) for kind, text in cells]
    nbformat.write(v4.new_notebook(cells=made), path)
    return path


def document(*texts: str) -> nodes.document:
    """A chapter as MyST-NB leaves it: a paragraph a cell, told by its line."""
    from docutils.utils import new_document

    tree = new_document("chapter")
    section = nodes.section("", nodes.title("", "Title"))
    section.line = 10_001
    section[0].line = 10_001
    for number, text in enumerate(texts):
        paragraph = nodes.paragraph("", text)
        paragraph.line = (number + 1) * book_slides.FIRST_LINE + 3
        section += paragraph
    tree += section
    return tree


def test_slides_are_the_marked_cells_in_order(tmp_path):
    cells = book_slides.marked(
        notebook(tmp_path, ("slide", "a"), ("-", "b"), ("", "c"), ("notes", "say d"), ("slide", "e"), ("skip", "f"))
    )
    slides = book_slides.deck(document("a", "b", "c", "", "e", "f"), cells)
    assert [[node.astext() for node in slide.shown] for slide in slides] == [["Title", "a", "b"], ["e"]]
    assert [slide.notes for slide in slides] == [["say d"], []]


@pytest.mark.parametrize(("cells", "says"), [
    ([("-", "a")], "none has begun"),
    ([("fragment", "a")], "slide_type 'fragment' is not one of"),
])  # fmt: skip
def test_a_wrong_mark_is_named(tmp_path, cells, says):
    with pytest.raises(ExtensionError, match=says):
        book_slides.marked(notebook(tmp_path, *cells))


def test_a_slide_that_shows_nothing_is_named(tmp_path):
    cells = book_slides.marked(notebook(tmp_path, ("slide", "a"), ("slide", "gone")))
    with pytest.raises(ExtensionError, match="shows nothing: 'gone'"):
        book_slides.deck(document("a"), cells)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_hidden_input_is_no_part_of_a_slide(wrapped):
    """Nor is the box that MyST-NB folds it into."""
    source, output = (
        nodes.container("", nodes.literal_block("", "code"), classes=["cell_input"]),
        nodes.container(classes=["cell_output"]),
    )
    block = nodes.container("", HideCodeCellNode("", source) if wrapped else source, output, classes=["cell"])
    slim = book_slides.slim(block)
    assert len(slim.children) == 1 and "cell_output" in slim[0]["classes"]
    assert len(block.children) == 2  # the chapter keeps its own
