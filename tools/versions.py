"""Student and instructor versions of the chapters, from their one source: `make student`, `make instructor`.

    source cell                      student                          instructor
    tag `solution`                   left out                         open
    tag `exercise-start`             the blank, with its check        the same: what students see
    tag `teaching-note`              left out                         open
    {question}, {hint}, {dropdown}   answers unmarked, hints folded   marked, with the reasons
    tag `remove-cell`, `hide-input`  code folded                      code folded

What is written are notebooks of plain Markdown, without outputs: :mod:`tools.plain` takes the book's own syntax out. Numbers in the
prose are those of the book's last build, which `make` sees to.
"""

import argparse
import ast
import functools
import re
import shutil
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from nbformat import NotebookNode, v4

from tools.execute.cache import folder
from tools.plain import Reader, plain

ROOT = Path(__file__).resolve().parents[1]
built = functools.cache(folder)  # asked for each chapter, and named after every file that an output depends on

VERSIONS = ("student", "instructor")
BLANKS = """*This is the student version. Run a cell by Shift+Enter. Where it says* `your code` *a part is missing: write it, run
the cell, and its check says what is right or what to think about. Hints are folded below.*"""
NOTES = """*This is the instructor version: solutions and answers are open, and notes for teachers are where they are needed. The
student version has neither.*"""
DETAILS = re.compile(r"^<details>\s*<summary>(.*?)</summary>\s*(.*?)\s*</details>\s*$", re.DOTALL)


def chapters() -> list[Path]:
    return sorted((ROOT / "book").glob("*.ipynb"))


def version(source: NotebookNode, reader: Reader) -> NotebookNode:
    """The chapter for this reader. ``source`` stays as it is."""
    cells = []
    for cell in source.cells:
        tags = set(cell.metadata.get("tags", []))
        if not reader.solutions and tags & {"solution", "teaching-note"}:
            continue
        if cell.cell_type == "markdown":
            text = opened(cell.source) if "teaching-note" in tags else cell.source
            text = plain(text, reader)
            if text:  # a cell that held nothing but a solution is gone
                cells.append(v4.new_markdown_cell(text, id=cell.id))
            continue
        metadata = {"tags": sorted(tags & {"solution", "exercise-start"})} if tags & {"solution", "exercise-start"} else {}
        if tags & {"remove-cell", "hide-input"} and "solution" not in tags:
            metadata["jupyter"] = {"source_hidden": True}
        cells.append(v4.new_code_cell(cell.source, id=cell.id, metadata=metadata))
    cells.insert(1, v4.new_markdown_cell(NOTES if reader.solutions else BLANKS, id="version"))
    return v4.new_notebook(cells=cells, metadata=source.metadata)


def opened(note: str) -> str:
    """A teaching note, which is folded in the source, as a quotation."""
    found = DETAILS.match(note.strip())
    title, body = found.groups() if found else ("For teachers", note)
    return f":::{{admonition}} {title}\n{body}\n:::"


def title(notebook: NotebookNode) -> str:
    return notebook.cells[0].source.split("\n")[0].removeprefix("# ").strip()


def values(source: NotebookNode) -> dict[str, str]:
    """What the chapter handed to its prose when the book was built: by name, as text.

    Raises:
        FileNotFoundError: the book has not been built since this chapter, the package or its data changed.
    """
    found = {}
    for cell in executed(source).cells:
        for output in cell.get("outputs", []):
            if name := output.get("metadata", {}).get("scrapbook", {}).get("name"):
                text = next(text for kind, text in output["data"].items() if kind.endswith("text/plain"))
                if not text.startswith("<"):  # a widget that another page also shows: nothing that prose could say
                    found[name] = str(ast.literal_eval(text))
    return found


def executed(source: NotebookNode) -> NotebookNode:
    """The chapter with the outputs of the book's build. Raises FileNotFoundError as :func:`values` does."""
    known = built(ROOT)
    try:
        if not known.is_dir():
            raise KeyError
        cache = get_cache(str(known))
        return cache.get_cache_bundle(cache.match_cache_notebook(source).pk).nb
    except KeyError:
        raise FileNotFoundError(f"{title(source)!r} has not been run as it is now: run `make book` first") from None


def write(name: str, out: Path) -> list[Path]:
    """All chapters in this version, into a new folder."""
    sources = {path: nbformat.read(path, as_version=4) for path in chapters()}
    titles = {path.stem: title(notebook) for path, notebook in sources.items()}
    made = {
        out / path.name: version(source, Reader(name == "instructor", values(source), titles)) for path, source in sources.items()
    }
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if (ROOT / "book" / "images").is_dir():
        shutil.copytree(ROOT / "book" / "images", out / "images")
    for path, notebook in made.items():
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
    return list(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", choices=VERSIONS)
    options = parser.parse_args()
    out = ROOT / "dist" / options.version
    print(f"{out.relative_to(ROOT)}: {len(write(options.version, out))} chapters")


if __name__ == "__main__":
    main()
