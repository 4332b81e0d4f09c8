"""The book's chapters as text, for the tests that keep its prose honest."""

import re
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))


def files() -> list[str]:
    """Every page of the book in reading order, as _toc.yml names it."""
    found = [TOC["root"]]

    def walk(rows: list[dict]) -> None:
        for row in rows:
            found.append(row["file"])
            walk(row.get("sections", []))

    for part in TOC["parts"]:
        walk(part["chapters"])
    return found


def source(file: str) -> Path:
    return next(path for suffix in (".ipynb", ".md") if (path := ROOT / f"{file}{suffix}").exists())


PAGES = files()
CHAPTERS = [file for file in PAGES if source(file).suffix == ".ipynb"]


def cells(file: str) -> list[nbformat.NotebookNode]:
    return nbformat.read(source(file), as_version=4).cells


def markdown(file: str) -> str:
    """A page's prose: of a notebook its text cells, one after the other, less what is for teachers alone."""
    path = source(file)
    if path.suffix == ".md":
        return path.read_text("utf8")
    shown = (cell for cell in cells(file) if "teaching-note" not in cell.metadata.get("tags", ()))
    return "\n\n".join(cell.source for cell in shown if cell.cell_type == "markdown")


# What isn't prose: code, formulas, addresses, comments. A directive's own text is prose, but its fence isn't.
INLINE = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$|`[^`\n]+`|\]\([^)\s]*\)|<[^>\n]+>", re.DOTALL)
ROLE = re.compile(r"\{([\w:]+)\}`([^`]*)`")


def paragraphs(text: str) -> list[str]:
    """Paragraphs, list items, table rows and a question's answers, each one line; code and formulas are gone, roles are left."""
    pieces = re.split(r"\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.|:::|```))", without_code(text))
    plain = []
    for piece in pieces:
        roles: list[str] = []
        held = ROLE.sub(lambda match: (roles.append(match[0]), f"\0{len(roles) - 1}\0")[1], piece)
        held = INLINE.sub(" ", held)
        plain.append(" ".join(re.sub("\0(\\d+)\0", lambda match: roles[int(match[1])], held).split()))
    return [piece for piece in plain if piece]


# A sentence ends where the next one begins with a capital, a digit, a bracket, bold type or a role. "e.g." and "i.e." end none.
END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)[)*\"]*\s+(?=[A-Z\d(*{\"])")


def sentences(text: str) -> list[str]:
    """What :func:`paragraphs` gives, sentence by sentence."""
    return [sentence for paragraph in paragraphs(text) for sentence in END.split(paragraph)]


def without_code(text: str) -> str:
    """``text`` less its blocks of code, and less the fences themselves. A fence with a directive's name holds prose."""
    kept: list[str] = []
    fences: list[tuple[str, bool]] = []  # of each that is open: its backticks, and whether code lies in it
    for line in text.splitlines():
        fence = re.match(r"\s*(`{3,})(\{\w+\})?(.*)$", line)
        code = bool(fences) and fences[-1][1]
        if fence and fences and fence[1] == fences[-1][0] and not fence[2] and not fence[3].strip():
            fences.pop()
            kept.append("")
        elif fence and not code:
            fences.append((fence[1], not fence[2]))
            kept += ["", fence[3]] if fence[2] else [""]
        elif not code:
            kept.append(line)
    return "\n".join(kept)
