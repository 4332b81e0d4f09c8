"""Begin a chapter: `python -m tools.chapter my-chapter "My chapter"` writes book/my-chapter.ipynb and names it in _toc.yml.

What it writes builds, passes the tests of a chapter, and has every part that one needs, each with words to be replaced: the box
that says what for, the widget to predict and to look at, code, questions, an exercise with its check, and the hidden first cell
that all chapters share.
"""

import argparse
import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
TITLE = """# {title}

One paragraph: what this chapter is about, and why a reader wants to know it.

:::{{admonition}} After this chapter you can
:class: tip

- say what it is about in your own words;
- do it in code.

About 20 minutes. You should know {{doc}}`the whole block <rescale>`.
:::"""
IMPORTS = """import torch

from sebook import checks
from sebook.widgets import Rescale
from senet import SEBlock"""
PREDICT = """## Predict, then look

Ask for a guess here. The figure below answers it."""
CODE = """u = torch.rand(2, 8, 4, 6)  # (N, C, H, W)
SEBlock(8, 2)(u).shape"""
EXERCISES = """## Exercises

```{{question}} A question that recalls what the reader has read?
:label: q-{name}-recall
- [x] The right answer. :: Why it is right.
- [ ] A wrong one. :: What anyone who chose it believes, and what is true.
```

```{{question}} A question to think about?
:label: q-{name}-think
- [ ] A wrong answer. :: What is true instead.
- [x] The right one. :: Why.
```"""
EXERCISE = """```{{exercise}} Something to build
:label: ex-{name}
Write `rescale(u, s)` for U (N, C, H, W) and s (N, C).
```"""
HINT = """```{hint}
Broadcasting counts from the right.
```"""
START = """def rescale(u, s): ...  # your code


checks.rescale(rescale)"""
SOLUTION = """def rescale(u, s):
    return u * s[:, :, None, None]


checks.rescale(rescale)"""


def notebook(name: str, title: str, setup: str) -> nbformat.NotebookNode:
    """The chapter to begin with. ``setup`` is the source of the first code cell of all chapters."""
    parts = [
        ("title", new_markdown_cell, TITLE.format(title=title), []),
        ("setup", new_code_cell, setup, ["remove-cell"]),
        ("imports", new_code_cell, IMPORTS, ["remove-cell"]),
        ("predict", new_markdown_cell, PREDICT, []),
        ("widget", new_code_cell, 'Rescale("se_resnet_patchwork")', ["hide-input"]),
        ("code", new_code_cell, CODE, []),
        ("exercises", new_markdown_cell, EXERCISES.format(name=name), []),
        (f"ex-{name}"[:64], new_markdown_cell, EXERCISE.format(name=name), []),
        ("ex-start", new_code_cell, START, ["exercise-start"]),
        ("ex-hint", new_markdown_cell, HINT, []),
        ("ex-solution", new_code_cell, SOLUTION, ["solution", "hide-input"]),
    ]
    cells = [make(source, id=id, metadata={"tags": tags} if tags else {}) for id, make, source, tags in parts]
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells, metadata=about)


def listed(toc: str, name: str, part: str) -> str:
    """The text of _toc.yml with ``book/name`` as the last chapter of a part.

    Raises:
        ValueError: there is no such part.
    """
    found = re.search(rf"^  - caption: {re.escape(part)}\n    chapters:\n(?:      .*\n)+", toc, re.MULTILINE)
    if not found:
        parts = ", ".join(re.findall(r"caption: (.+)", toc))
        raise ValueError(f"part={part!r} is not a part of the book: choose one of {parts}")
    return f"{toc[: found.end()]}      - file: book/{name}\n{toc[found.end() :]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="of the file, such as my-chapter")
    parser.add_argument("title", help='such as "My chapter"')
    parser.add_argument("--part", default="Looking inside", help="of the book, as _toc.yml calls it (default: %(default)s)")
    options = parser.parse_args()
    path, toc = ROOT / "book" / f"{options.name}.ipynb", ROOT / "_toc.yml"
    if not re.fullmatch(r"[a-z][a-z0-9-]*", options.name):
        parser.error(f"name={options.name!r} becomes an address: write it in small letters, digits and hyphens")
    if path.exists():
        parser.error(f"{path} is there already: choose another name")
    other = nbformat.read(ROOT / "book" / "shallow-and-deep.ipynb", as_version=4)
    setup = next(cell.source for cell in other.cells if cell.cell_type == "code")
    try:
        text = listed(toc.read_text("utf8"), options.name, options.part)
    except ValueError as error:
        parser.error(str(error))
    nbformat.write(notebook(options.name, options.title, setup), path)
    toc.write_text(text, encoding="utf8")
    print(f"{path.relative_to(ROOT)} is begun and listed under “{options.part}”: write, and read it by `make serve`")


if __name__ == "__main__":
    main()
