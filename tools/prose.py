"""Check the project's English: list every turn of phrase that tools/prose_rules.yml avoids.

`python -m tools.prose` reads the text of notebooks and Markdown as MyST's parser sees it, without
code, formulas and addresses; strings and comments of Python, TypeScript, JavaScript and CSS; and
every line of other files, such as YAML. Give it patterns, such as 'senet/**/*.py', to check other
files than the rules name.
"""

import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "tools" / "prose_rules.yml"
MYST = MarkdownIt("commonmark").enable("table")
MYST.use(colon_fence_plugin).use(dollarmath_plugin).use(myst_role_plugin)
LITERAL = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`|(?<!:)//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
ROLE_TEXT = re.compile(r"\s*<[^>]*>$")  # of {role}`words <target>`


class Found(NamedTuple):
    place: str
    words: str
    write: str


class Rule(NamedTuple):
    avoid: re.Pattern
    write: str
    unless: re.Pattern | None


def rules(path: Path = RULES) -> tuple[list[str], list[Rule]]:
    """Patterns of files (those with ! leave files out), and the rules."""
    read = yaml.safe_load(path.read_text("utf8"))
    return read["paths"], [_rule(**row) for row in read["rules"]]


def _rule(avoid: str, write: str, unless: str = "") -> Rule:
    bounded = rf"(?:(?<!\w)|(?=\W))(?:{avoid})(?!\w)"  # whole words
    excused = re.compile(unless, re.IGNORECASE) if unless else None
    return Rule(re.compile(bounded, re.IGNORECASE), write, excused)


def turns(text: str, asked: list[Rule]) -> Iterator[tuple[str, str]]:
    """Every turn to avoid in a piece of prose, and what to write."""
    line = " ".join(text.split())
    for rule in asked:
        excused = [match.span() for match in rule.unless.finditer(line)] if rule.unless else []
        for match in rule.avoid.finditer(line):
            if not any(low <= match.start() and match.end() <= high for low, high in excused):
                yield line[max(0, match.start() - 30) : match.end() + 30], rule.write


def markdown(text: str, offset: int = 0) -> Iterator[tuple[int, str]]:
    """Pieces of prose with their lines, also within directives."""
    for token in MYST.parse(text):
        line = offset + (token.map or [0])[0] + 1
        if token.type in ("fence", "colon_fence") and token.info.startswith("{"):
            yield line, token.info.partition("}")[2]
            options = re.sub(r"(?m)^:[\w-]+:", lambda found: " " * len(found[0]), token.content)
            yield from markdown(options, line)
        elif token.type == "inline":
            yield line, "".join(_words(child) for child in token.children)


def _words(token) -> str:
    if token.type == "text":
        return token.content
    if token.type == "myst_role" and token.meta["name"] in ("try", "view", "term", "doc"):
        return ROLE_TEXT.sub("", token.content)
    return " " if token.type in ("softbreak", "hardbreak") else "" if token.nesting else "…"


def python(text: str) -> Iterator[tuple[int, str]]:
    """Docstrings, and other strings and comments that hold several words."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, re.sub(r"``?[^`]*``?", "…", node.value)


def typescript(text: str) -> Iterator[tuple[int, str]]:
    """Strings and comments that hold several words."""
    for match in LITERAL.finditer(text):
        if " " in match[0]:
            yield text.count("\n", 0, match.start()) + 1, match[0].strip('"`/* ')


def lines(text: str) -> Iterator[tuple[int, str]]:
    yield from enumerate(text.splitlines(), 1)


READERS = {".md": markdown, ".py": python}
READERS |= dict.fromkeys((".ts", ".js", ".mjs", ".cjs", ".css"), typescript)


def pieces(path: Path) -> Iterator[tuple[str, str]]:
    """Prose of a file, and where it is: a line, or a notebook's cell."""
    name, text = path.relative_to(ROOT).as_posix(), path.read_text("utf8")
    if path.suffix != ".ipynb":
        yield from ((f"{name}:{line}", words) for line, words in READERS.get(path.suffix, lines)(text))
        return
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            yield from ((f"{name}, cell {cell['id']}", words) for _, words in markdown(source))


def files(paths: list[str]) -> set[Path]:
    found: set[Path] = set()
    for pattern in paths:
        if pattern.startswith("!"):
            found -= set(ROOT.glob(pattern[1:]))
        else:
            found |= set(ROOT.glob(pattern))
    return found


def check(paths: list[str], asked: list[Rule]) -> list[Found]:
    read = ((place, words) for path in sorted(files(paths)) for place, words in pieces(path))
    return [Found(place, *turn) for place, words in read for turn in turns(words, asked)]


def main() -> None:
    paths, asked = rules()
    found = check(sys.argv[1:] or paths, asked)
    for place, words, write in found:
        print(f"{place}: “…{words}…”: write {write}")
    if found:
        sys.exit(f"{len(found)} turns to reword: see tools/prose_rules.yml")


if __name__ == "__main__":
    main()
