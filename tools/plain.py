"""A chapter's MyST as plain Markdown: what any notebook shows, without extensions, page scripts or a bibliography.

Directives become quotations, folded boxes and lists; roles become their text; numbers that the book's build puts into the prose are
put in here. What is a solution goes only where it may: see ``Reader``. :mod:`tools.versions` makes notebooks with it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pybtex.database import parse_file

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,}|~{3,})(?:\{(?P<name>[\w:+-]+)\})?[ \t]*(?P<argument>.*)$")
OPTION = re.compile(r"^:[\w-]+:")
ANSWER = re.compile(r"^- \[([ x])\] (.*)$")
TARGET = re.compile(r"^\([\w-]+\)=\s*$|^%")
INLINE = re.compile(r"\{(?P<role>[\w:+-]+)\}`(?P<text>[^`]+)`|(?P<code>`+[^`]+`+)|\[(?P<says>[^\]]*)\]\((?P<to>[^)\s]+)\)")
CLASS = re.compile(r"\\class\{[\w-]+\}\{((?:[^{}]|\{[^{}]*\})*)\}")  # a colour of the book's pages
SOLVED = re.compile(r"answer|solution", re.IGNORECASE)  # a dropdown of this title gives an exercise away

REFERENCES = Path(__file__).resolve().parents[1] / "book" / "references.bib"


def colourless(text: str) -> str:
    """Without the classes of symbols, those within others too."""
    while (bare := CLASS.sub(r"{\1}", text)) != text:
        text = bare
    return text


@dataclass(frozen=True)
class Reader:
    """For whom a chapter is written out.

    Attributes:
        solutions: whether solutions are shown, and which answers are right and why.
        values: what the prose calls by name, as the book's build computed it.
        titles: of the chapters, by file name without its ending.
    """

    solutions: bool
    values: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


def plain(text: str, reader: Reader) -> str:
    """Markdown without directives and roles.

    Raises:
        ValueError: a directive has no end.
        KeyError: the text asks for a value that ``reader`` does not have.
    """
    out: list[str] = []
    prose: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        if not (opened := FENCE.match(line)):
            if not TARGET.match(line):
                prose.append(line)
            continue
        out += [_inline("\n".join(prose), reader)] if prose else []
        prose = []
        body = list(_until(lines, opened["fence"], line))
        if opened["name"] is None:
            out.append("\n".join([line, *body, opened["fence"]]))
        else:
            while body and OPTION.match(body[0]):
                body.pop(0)
            write = DIRECTIVES.get(opened["name"], _quoted)
            out.append(write(opened["argument"].strip(), "\n".join(body).strip("\n"), reader))
    out += [_inline("\n".join(prose), reader)] if prose else []
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")


def _until(lines, fence: str, opening: str):
    """What comes before the line that closes a fence."""
    closing = re.compile(rf"^{fence[0]}{{{len(fence)},}}\s*$")
    for line in lines:
        if closing.match(line):
            return
        yield line
    raise ValueError(f"{opening!r} is never closed: end it by a line {fence}")


# --- directives: (argument, body, reader) -> Markdown ------------------------------------------------------------------------


def _quoted(title: str, body: str, reader: Reader) -> str:
    text = plain(body, reader)
    said = f"**{_inline(title, reader)}**\n\n{text}" if title else text
    return "\n" + "\n".join(f"> {line}".rstrip() for line in said.strip().split("\n")) + "\n"


def _folded(title: str, body: str, reader: Reader) -> str:
    if SOLVED.search(title):
        return f"\n**{title}.**\n\n{plain(body, reader)}\n" if reader.solutions else ""
    return f"\n<details><summary>{title}</summary>\n\n{plain(body, reader)}\n\n</details>\n"


def _hint(said: str, body: str, reader: Reader) -> str:
    return _folded("Hint", f"{said}\n{body}".strip(), reader)


def _exercise(title: str, body: str, reader: Reader) -> str:
    return f"\n**Exercise: {_inline(title, reader)}**\n\n{plain(body, reader)}\n"


def _question(asked: str, body: str, reader: Reader) -> str:
    """The answers as a list with letters; for who may know, a mark at each and why."""
    answers: list[list[str]] = []
    for line in body.split("\n"):
        if found := ANSWER.match(line):
            answers.append([found[1], found[2]])
        elif answers and line.strip():
            answers[-1][1] += " " + line.strip()
    written = [f"\n**Question.** {_inline(asked, reader)}\n"]
    for letter, (mark, text) in zip("ABCDEFGH", answers, strict=False):
        says, _, reply = text.partition(" :: ")
        why = f" **{'✓ Yes' if mark == 'x' else '✗ No'}.** *{_inline(reply.strip(), reader)}*" if reader.solutions else ""
        written.append(f"- **{letter}** {_inline(says.strip(), reader)}{why}")
    return "\n".join(written) + "\n"


def _picture(path: str, body: str, reader: Reader) -> str:
    return f"\n![{plain(body, reader)}]({path})\n"


def _formula(_: str, body: str, reader: Reader) -> str:
    return "\n$$\n" + colourless(body) + "\n$$\n"


DIRECTIVES: dict[str, Callable[[str, str, Reader], str]] = {
    "dropdown": _folded,
    "exercise": _exercise,
    "figure": _picture,
    "hint": _hint,
    "image": _picture,
    "math": _formula,
    "question": _question,
}

# --- inside a line -----------------------------------------------------------------------------------------------------------


def _inline(text: str, reader: Reader) -> str:
    def replaced(found: re.Match) -> str:
        if found["code"]:
            return found[0]
        if found["to"]:
            return _link(found["says"], found["to"], reader)
        role, said = found["role"], found["text"]
        if role.startswith("glue"):
            if said not in reader.values:
                raise KeyError(f"the prose asks for {said!r}, which no run of this chapter gave: run `make book`, and try again")
            return reader.values[said]
        if role.startswith("cite"):
            return "(" + "; ".join(map(_citation, said.split(","))) + ")"
        if role in ("math", "eq"):
            return f"${said}$"
        return re.sub(r"\s*<[^>]*>$", "", said)  # {role}`words <target>`

    # A word that came before a citation keeps one space from it, also across a line.
    return colourless(INLINE.sub(replaced, text))


def _link(says: str, to: str, reader: Reader) -> str:
    """Chapters lie beside each other here as there; other pages of the book are not at hand, and only their words stay."""
    if re.match(r"[a-z]+:|#", to) or to.startswith("images/"):
        return f"[{says}]({to})"
    path, _, _ = to.partition("#")
    stem = path.removesuffix(".ipynb").removesuffix(".md").removesuffix(".html").partition("?")[0]
    words = says or f"*{reader.titles.get(stem, stem)}*"
    return f"[{words}]({stem}.ipynb)" if stem in reader.titles else words


def _citation(key: str) -> str:
    entry = parse_file(str(REFERENCES)).entries.get(key.strip())
    if entry is None:
        raise KeyError(f"{key!r} is not in {REFERENCES.name}")
    people = [" ".join(person.last_names) for person in entry.persons["author"]]
    names = people[0] + (" et al." if len(people) > 2 else f" and {people[1]}" if len(people) == 2 else "")
    eprint = entry.fields.get("eprint")
    address = f"https://arxiv.org/abs/{eprint}" if eprint else entry.fields.get("url")
    text = f"{names} {entry.fields['year']}"
    return f"[{text}]({address})" if address else text
