"""Student and instructor versions: one source, no solution where none may be, and blanks whose checks say so kindly."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode, v4

from tools import versions
from tools.plain import ANSWER, Reader, plain

CHAPTERS = versions.chapters()
TITLES = {path.stem: "Title" for path in CHAPTERS}
RUN = ("excitation", "rescale", "se-inception")  # chapters whose student version is run here
KIND = re.compile(r"nothing here yet|Nothing comes back from .* yet|no SE block in it yet")

named = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


class Known(dict):
    """Any value that the prose may ask for: these tests need no built book."""

    def __missing__(self, name: str) -> str:
        return "1"

    def __contains__(self, name: object) -> bool:
        return True


def source(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def written(path: Path, solutions: bool) -> NotebookNode:
    return versions.version(source(path), Reader(solutions, Known(), TITLES))


def text(notebook: NotebookNode, kind: str = "") -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type.startswith(kind))


def tagged(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def asked(notebook: NotebookNode) -> list[tuple[str, str, str]]:
    """Every answer of every question: its mark, what it says, and the reply."""
    found = []
    for block in re.findall(r"```\{question\}.*?\n```", text(notebook, "markdown"), re.DOTALL):
        for line in block.split("\n"):
            if answer := ANSWER.match(line):
                says, _, reply = answer[2].partition(" :: ")
                found.append((answer[1], says, reply))
    return found


@named
def test_the_student_version_has_no_solution(path: Path):
    whole, student = source(path), written(path, solutions=False)
    shown = text(student)
    assert not tagged(student, "solution")
    assert "teaching-note" not in str(student) and "For teachers" not in shown
    elsewhere = "\n".join(cell.source for cell in whole.cells if "solution" not in cell.metadata.get("tags", []))
    for cell in tagged(whole, "solution"):
        assert cell.source not in shown
        own = [line for line in cell.source.split("\n") if len(line.strip()) > 12 and line not in elsewhere]
        assert own, "a solution that the chapter already shows teaches nothing"
        assert not [line for line in own if line in shown]
    for folded in re.findall(r":::\{dropdown\} (?:Answer|Solution)\n(.*?)\n:::", text(whole, "markdown"), re.DOTALL):
        assert plain(folded, Reader(False, Known(), TITLES)) not in shown


@named
def test_the_student_version_does_not_mark_an_answer(path: Path):
    whole, student = source(path), written(path, solutions=False)
    shown = text(student, "markdown")
    for _, says, reply in asked(whole):
        assert plain(says, Reader(False, Known(), TITLES)) in shown
        assert plain(reply, Reader(False, Known(), TITLES)) not in shown
    for mark in ("✓", "✗", "[x]", "[ ]", " :: ", "**Yes", "**No."):
        assert mark not in shown
    letters = re.findall(r"^- \*\*([A-H])\*\* ", shown, re.MULTILINE)
    assert len(letters) == len(asked(whole))


@named
def test_the_instructor_version_has_all(path: Path):
    whole, instructor = source(path), written(path, solutions=True)
    code = [cell.source for cell in whole.cells if cell.cell_type == "code"]
    assert [cell.source for cell in instructor.cells if cell.cell_type == "code"] == code  # which the book's build has run
    shown = text(instructor, "markdown")
    assert shown.count("✓ Yes") == sum(mark == "x" for mark, _, _ in asked(whole))
    assert all(plain(reply, Reader(True, Known(), TITLES)) in shown for _, _, reply in asked(whole))
    assert shown.count("**For teachers") == len(tagged(whole, "teaching-note"))


def test_what_the_workshop_opens_has_notes_for_teachers():
    plans = "\n".join(path.read_text("utf8") for path in (versions.ROOT / "book").glob("workshop-*.md"))
    opened = [path for path in CHAPTERS if re.search(rf"[<(]{path.stem}[.?#>]", plans)]
    assert len(opened) >= 7
    assert [path.stem for path in opened if not tagged(source(path), "teaching-note")] == []


@named
@pytest.mark.parametrize("solutions", [False, True])
def test_a_version_needs_nothing_of_the_book(path: Path, solutions: bool):
    """Any Jupyter shows it: no directive, role or class of the book's pages is left; it is a valid notebook without outputs."""
    made = written(path, solutions)
    nbformat.validate(made)
    prose = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text(made, "markdown"), flags=re.DOTALL | re.MULTILINE))
    assert not re.search(r":::|^:[a-z-]+:|\{[a-z:+-]+\}`|\\class|\]\((?!\w+:|#|images/)[^)]*(?<!\.ipynb)\)", prose, re.MULTILINE)
    assert not any(cell.get("outputs") for cell in made.cells)
    assert all(cell.cell_type == "markdown" or cell.id in {c.id for c in source(path).cells} for cell in made.cells)
    assert made.cells[0].source.startswith("# ")


@named
def test_a_blank_and_its_solution_meet_the_same_check(path: Path):
    """So that every learner gets a verdict, wherever they run the chapter."""
    called = re.compile(r"^checks\.(\w+)\(", re.MULTILINE)
    blank = None
    for cell in source(path).cells:
        tags = cell.metadata.get("tags", [])
        if "exercise-start" in tags:
            blank = cell
        if "solution" in tags:
            assert blank is not None, f"{cell.id} solves an exercise that has no blank"
            assert called.findall(blank.source) == called.findall(cell.source), cell.id
            blank = None


def test_the_student_version_runs_and_its_checks_are_kind(tmp_path: Path):
    """One kernel for all of them, emptied in between: to start one takes longer than most chapters."""
    cells = []
    for name in RUN:
        for cell in written(versions.ROOT / "book" / f"{name}.ipynb", solutions=False).cells:
            cell.id = f"{name}-{cell.id}"
            cells.append(cell)
        cells.append(v4.new_code_cell("%reset -f"))
    student = v4.new_notebook(cells=cells)
    NotebookClient(student, timeout=800, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    blanks = tagged(student, "exercise-start")
    assert len(blanks) >= 2 * len(RUN)
    for cell in blanks:
        said = "".join(str(output.get("data", {}).get("text/markdown", "")) for output in cell.outputs)
        assert said.startswith("**Not yet.**"), (cell.id, cell.outputs)
        assert KIND.search(said), said


@named
def test_every_solution_passes_its_check(path: Path):
    """As the book's build ran it, which is also how the instructor version's code ran: it is the same."""
    whole = source(path)
    cells = versions.executed(whole).cells
    ran = {cell.id: cell for cell in cells}
    if len(ran) < len(whole.cells):  # the cache renumbers cells
        ran = dict(zip((c.id for c in whole.cells if c.cell_type == "code"), cells, strict=True))
    for cell in tagged(whole, "solution"):
        if "checks." in cell.source:
            said = str(ran[cell.id].outputs)
            assert "**Right.**" in said, said


def test_numbers_are_the_builds():
    notebook = source(versions.ROOT / "book" / "excitation.ipynb")
    values = versions.values(notebook)
    made = text(versions.version(notebook, Reader(False, values, TITLES)))
    assert f"It has {values['channels']} channels" in made
    assert f"Between them lie {values['hidden']} *hidden units*" in made


def test_a_chapter_that_was_not_run_is_named():
    with pytest.raises(FileNotFoundError, match="'New' has not been run.*make book"):
        versions.values(v4.new_notebook(cells=[v4.new_markdown_cell("# New"), v4.new_code_cell("1 / 0")]))


def test_the_folder_is_written_whole(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.ipynb").write_text("gone")
    made = versions.write("student", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").glob("*.ipynb")) == [p.name for p in CHAPTERS] == sorted(p.name for p in made)


# --- MyST to plain Markdown --------------------------------------------------------------------------------------------------

QUESTION = """```{question} Why *not* a softmax?
:label: q-softmax
- [ ] It is slow. :: Not for `C` numbers.
- [x] Its gates exclude each other. ::
  They share a sum of one.
```"""


@pytest.mark.parametrize(
    ("myst", "student"),
    [
        (QUESTION, "**Question.** Why *not* a softmax?\n\n- **A** It is slow.\n- **B** Its gates exclude each other."),
        ("a\n:::{dropdown} Solution\n```python\nx = 1\n```\n:::\nb", "a\n\nb"),
        (":::{dropdown} Hint\nLook.\n:::", "<details><summary>Hint</summary>\n\nLook.\n\n</details>"),
        ("```{hint}\nA **mean**.\n```", "<details><summary>Hint</summary>\n\nA **mean**.\n\n</details>"),
        ("::::{admonition} Predict\n:class: hint\n\n:::{note}\nInner.\n:::\n::::", "> **Predict**\n>\n> > Inner."),
        ("```{exercise} Write it\n:label: ex-it\nDo $z$.\n```", "**Exercise: Write it**\n\nDo $z$."),
        ("{glue:text}`share` of `{glue:text}`", "12% of `{glue:text}`"),
        ("see {cite}`hu2020`.", "see ([Hu et al. 2020](https://arxiv.org/abs/1709.01507))."),
        ("{term}`gates <gate>` and {math}`z`", "gates and $z$"),
        (r"$\class{senet-x}{\tilde{x}}_c$", r"${\tilde{x}}_c$"),
        ("[a](what-if) [](what-if.ipynb) [b](progress.md) [c](https://x.org/) [d](#e)",
         "[a](what-if.ipynb) [*What if*](what-if.ipynb) b [c](https://x.org/) [d](#e)"),
        ("(here)=\n# Title\n% a comment\ntext", "# Title\ntext"),
        ("```python\n{glue:text}`share`\n:::{x}\n```", "```python\n{glue:text}`share`\n:::{x}\n```"),
        ("```{figure} images/a.png\n:alt: b\nWords.\n```", "![Words.](images/a.png)"),
    ],
)  # fmt: skip
def test_plain_markdown(myst: str, student: str):
    assert plain(myst, Reader(False, {"share": "12%"}, {"what-if": "What if"})) == student


def test_an_instructor_is_told_which_and_why():
    made = plain(QUESTION + "\n:::{dropdown} Solution\nDo it.\n:::", Reader(True))
    assert "- **A** It is slow. **✗ No.** *Not for `C` numbers.*" in made
    assert "- **B** Its gates exclude each other. **✓ Yes.** *They share a sum of one.*" in made
    assert "**Solution.**\n\nDo it." in made


def test_what_cannot_be_written_out_is_named():
    with pytest.raises(ValueError, match="never closed"):
        plain(":::{note}\ntext", Reader(False))
    with pytest.raises(KeyError, match="'gone'.*make book"):
        plain("{glue:text}`gone`", Reader(False))
    with pytest.raises(KeyError, match="nobody1999"):
        plain("{cite}`nobody1999`", Reader(False))
