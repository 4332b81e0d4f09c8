"""The two packages as a tree: their files, what each says of itself, and what each imports.

``python -m tools.tree --write`` puts the table into README.md; ``tests/test_tree.py`` reads the imports.
"""

import argparse
import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("senet", "sebook")
BEGIN = "<!-- The next table is made from the modules' docstrings: python -m tools.tree --write -->"
END = "<!-- end of the table -->"


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of both packages by its dotted name, packages by that of their ``__init__``."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports(name: str, known: dict[str, Path]) -> set[str]:
    """Which of the known modules a module imports, wherever in the file it does."""
    path = known[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*parts, *([node.module] if node.module else [])])
            inner = {f"{source}.{alias.name}" for alias in node.names}
            found |= {each if each in known else source for each in inner}
    return found & set(known) - {name}


def graph(root: Path = ROOT) -> dict[str, set[str]]:
    """Each module, and what it imports of the two packages."""
    known = modules(root)
    return {name: imports(name, known) for name in known}


def summary(path: Path) -> str:
    """The first sentence of a module's docstring, as Markdown."""
    said = ast.get_docstring(ast.parse(path.read_text("utf8")))
    if not said:
        raise ValueError(f"{path} has no docstring: say in its first sentence what it holds")
    sentence = re.split(r"(?<=[.?!])\s", " ".join(said.split("\n\n")[0].split()))[0]
    sentence = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", sentence)
    return sentence.rstrip(":").replace("``", "`").replace("|", r"\|")


def rows(root: Path = ROOT) -> list[tuple[str, str]]:
    """What the table lists: every file of senet, each below those that it imports, and the parts of sebook."""
    known, edges = modules(root), graph(root)

    def part(name: str) -> str:
        """The folder of ``senet`` that a module is in, or the module itself if it is in none."""
        return ".".join(name.split(".")[:2])

    senet = {name: sorted(edges[name]) for name in sorted(edges) if name.startswith("senet.") and not name.endswith("__main__")}
    parts: dict[str, list[str]] = {}
    for name, needed in senet.items():
        parts.setdefault(part(name), []).extend(part(each) for each in needed if part(each) != part(name))
    listed = ["senet"]
    for each in TopologicalSorter(parts).static_order():
        inner = {name: senet[name] for name in senet if part(name) == each}
        order = [name for name in TopologicalSorter(inner).static_order() if name in inner]
        listed += [each, *(name for name in order if name != each)]
    listed += [name for name in known if name.split(".")[0] == "sebook" and name.count(".") < 2]
    where = {name: known[name].relative_to(root).as_posix().removesuffix("__init__.py") for name in listed}
    return [(f"`{where[name]}`", summary(known[name])) for name in listed]


def table(root: Path = ROOT) -> str:
    """The rows as Markdown, between the marks."""
    lines = [f"| {where} | {holds} |" for where, holds in rows(root)]
    return "\n".join([BEGIN, "", "| file or folder | holds |", "|---|---|", *lines, "", END])


def renewed(text: str, root: Path = ROOT) -> str:
    """A text with the table between its marks.

    Raises:
        ValueError: the text has no such marks.
    """
    if not (BEGIN in text and END in text):
        raise ValueError(f"README.md needs the lines {BEGIN!r} and {END!r}: the table goes between them")
    return text[: text.index(BEGIN)] + table(root) + text[text.index(END) + len(END) :]


def main() -> None:
    parser = argparse.ArgumentParser(description="Show the table of the packages' files.")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    if not parser.parse_args().write:
        print(table())
        return
    readme = ROOT / "README.md"
    readme.write_text(renewed(readme.read_text("utf8")), encoding="utf8")


if __name__ == "__main__":
    main()
