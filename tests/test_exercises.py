"""Questions and exercises of the book: what a page shows without JavaScript, and what is refused, in words."""

import io
import re

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

QUESTION = """```{question} Why *not* a softmax?
:label: q-softmax
- [ ] It is slow. :: Not for `C` numbers.
- [x] Its gates exclude each other. ::
  They share a sum of one.
```
"""
EXERCISE = """```{exercise} Write your own squeeze
:label: ex-squeeze
Return $z$.
```
```{hint}
A **mean**.
```
"""


def built(tmp_path, extensions: tuple[str, ...] = ("book_exercises",), **pages: str) -> tuple[dict[str, str], str]:
    """Each page's HTML, and what Sphinx warned of."""
    source, warnings = tmp_path / "source", io.StringIO()
    source.mkdir(parents=True)
    for name, text in {"index": "# Title\n\n```{toctree}\n" + "\n".join(pages) + "\n```\n", **pages}.items():
        (source / f"{name}.md").write_text(text if name == "index" else f"# {name}\n\n{text}")
    options = {"extensions": ["myst_parser", *extensions], "html_theme": "basic", "myst_enable_extensions": ["colon_fence"]}
    with docutils_namespace():
        app = Sphinx(source, None, tmp_path / "html", tmp_path / "trees", "html", options, None, warnings)
        app.build()
    return {name: (tmp_path / "html" / f"{name}.html").read_text("utf8") for name in pages}, said(warnings.getvalue())


def said(warnings: str) -> str:
    """Without what Sphinx says when another test of this process has set up an extension before."""
    return "\n".join(line for line in warnings.splitlines() if line.strip() and "already registered" not in line)


def test_a_question_is_whole_without_javascript(tmp_path):
    pages, warnings = built(tmp_path, one=QUESTION)
    assert not warnings
    page = pages["one"]
    assert '<fieldset class="senet-question" id="q-softmax" data-question="q-softmax"><legend>Why <em>not</em> a softmax?' in page
    assert page.count('<input type="radio" name="q-softmax"') == 2
    assert page.count("<label data-right") == 1
    assert "<summary>Answer</summary>" in page and "They share a sum of one." in page
    assert page.count("<strong>Yes.</strong>") == 1 and page.count("<strong>No.</strong>") == 1
    assert "exercises.js" in page


def test_an_exercise_has_an_anchor_and_its_hint_is_folded(tmp_path):
    pages, warnings = built(tmp_path, one=EXERCISE)
    assert not warnings
    assert 'id="ex-squeeze"' in pages["one"] and "Exercise: Write your own squeeze" in pages["one"]
    assert '<details class="senet-folded"><summary>Hint</summary>' in pages["one"] and "<strong>mean</strong>" in pages["one"]
    assert "exercises.js" in pages["one"]  # for the box to tick


def test_all_are_listed_chapter_by_chapter(tmp_path):
    pages, warnings = built(
        tmp_path, one=EXERCISE + QUESTION, two=QUESTION.replace("q-softmax", "q-two"), all="```{progress}\n```\n"
    )
    assert not warnings
    assert re.findall(r'data-item="([^"]+)" data-kind="(\w+)"(?: data-right="(\d)")?', pages["all"]) == [
        ("ex-squeeze", "exercise", ""),
        ("q-softmax", "question", "1"),
        ("q-two", "question", "1"),
    ]
    assert '<a href="one.html#q-softmax">Why not a softmax?</a>' in pages["all"]
    assert re.findall(r"<summary>(.*?)</summary>", pages["all"]) == ["one", "two"]
    assert "exercises.js" in pages["all"] and "exercises.js" not in built(tmp_path / "b", plain="Text.\n")[0]["plain"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (QUESTION.replace("[x]", "[ ]"), "one of them marked"),
        (QUESTION.replace("[ ]", "[x]"), "one of them marked"),
        (QUESTION.replace(" :: Not for `C` numbers.", ""), "has no reply"),
        (QUESTION.replace("- [ ] It", "It"), "is not an answer"),
        (QUESTION.replace("q-softmax", "Q softmax"), "'Q softmax' has to be small letters"),
        (QUESTION.replace(":label: q-softmax\n", ""), "has to be small letters"),
        (QUESTION + QUESTION, "q-softmax is taken in one"),
        (EXERCISE + QUESTION.replace("q-softmax", "ex-squeeze"), "ex-squeeze is taken in one"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_place(tmp_path, text, says):
    _, warnings = built(tmp_path, one=text)
    assert says in warnings
    assert "one.md" in warnings


def test_one_label_in_two_pages_is_refused(tmp_path):
    _, warnings = built(tmp_path, one=QUESTION, two=QUESTION)
    assert "q-softmax is taken in one" in warnings and "two.md" in warnings
