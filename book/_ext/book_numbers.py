"""How each number was made: what ``data/`` says of its files, gathered when the book is built.

    ```{provenance}
    ```

lists every recorded result and every trained network, with command, seeds, data, machine, date, versions and a link to the file. A
new file appears by itself. One that doesn't name the command that made it fails the build: nobody could make its numbers again.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

PATTERNS = {
    "Measurements": "data/results/*.json",
    "Courses of training": "data/results/*.csv",
    "Trained networks": "data/*.json",
}
# What the page shows of each file, in this order: a heading, and the keys that hold it in the files.
TOLD = {
    "Data": ("pictures", "data"),
    "Machine": ("machine",),
    "Threads": ("threads",),
    "Date": ("date",),
    "Versions": ("versions",),
    "SHA-256 of the weights": ("sha256",),
}
README_ROW = re.compile(r"^\| `([^`|]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Origin:
    """Where a file's numbers come from."""

    path: str  # from the repository's root
    commands: tuple[str, ...]
    title: str = ""  # its own, or its file's name
    about: str = ""
    seeds: str = ""
    facts: dict[str, str] = field(default_factory=dict)  # by the headings of TOLD


def origins(root: Path) -> dict[str, list[Origin]]:
    """Of every file of :data:`PATTERNS` below ``root``, by their headings.

    Raises:
        ExtensionError: a file names no command.
    """
    rows = README_ROW.findall((root / "data" / "README.md").read_text("utf8"))
    return {heading: [origin(root, path, rows) for path in sorted(root.glob(pattern))] for heading, pattern in PATTERNS.items()}


def origin(root: Path, path: Path, rows: list[tuple[str, str, str]]) -> Origin:
    name = path.relative_to(root).as_posix()
    said = list(_levels(path))
    commands = tuple(
        dict.fromkeys(level["command"] for level in said if isinstance(level.get("command"), str) and level["command"])
    )
    if not commands:
        raise ExtensionError(f'{name} does not say how it was made: give it a "command", and let what writes it do so')
    facts = {}
    for heading, keys in TOLD.items():
        values = [str(level[key]) for level in said for key in keys if isinstance(level.get(key), str | int | float)]
        if values:
            facts[heading] = ", ".join(dict.fromkeys(values[:1] if heading == "Data" else values))
    return Origin(name, commands, _title(path, said), described(name.removeprefix("data/"), rows), _seeds(said), facts)


def described(name: str, rows: list[tuple[str, str, str]]) -> str:
    """What ``data/README.md`` says of a file. In its table NAME stands for any network's."""
    for pattern, what, _ in rows:
        if re.fullmatch(re.escape(pattern).replace("NAME", r"[\w-]+"), name):
            return what.strip()
    return ""


def _title(path: Path, levels: list[dict[str, Any]]) -> str:
    if path.suffix == ".json" and path.parent.name == "data":
        return next((level["title"] for level in levels if isinstance(level.get("title"), str)), path.stem)
    return path.name


def _levels(path: Path) -> Iterator[dict[str, Any]]:
    """Where a file may say how it was made: the whole, its provenance, its recipe, its runs, and parts with own commands."""
    if path.suffix == ".csv":  # the course of a training: what the network says of itself holds for it
        beside = (path.parent.parent / f"{path.name.split('.')[0]}.json", path.with_suffix(".json"))
        path = next((file for file in beside if file.exists()), None)
        if path is None:
            return
    whole = json.loads(path.read_text("utf8"))
    if not isinstance(whole, dict):
        return
    provenance = whole.get("provenance")
    provenance = provenance if isinstance(provenance, dict) else {}
    yield provenance
    yield whole
    for holder in (provenance, whole, whole.get("study") or {}):
        if isinstance(holder, dict) and isinstance(holder.get("recipe"), dict):
            yield holder["recipe"]
    runs = whole.get("runs")
    for run in runs if isinstance(runs, list) else ():
        if isinstance(run, dict):
            yield run
    yield from (part for part in whole.values() if isinstance(part, dict) and "command" in part and part is not provenance)


def _seeds(levels: list[dict[str, Any]]) -> str:
    single = {level["seed"] for level in levels if isinstance(level.get("seed"), int)}
    many = [level["seeds"] for level in levels if isinstance(level.get("seeds"), list)]
    seeds = sorted(single | {seed for row in many for seed in row if isinstance(seed, int)})
    if len(seeds) > 3 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


class Provenance(SphinxDirective):
    """See the module."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        repository = yaml.safe_load((root / "_config.yml").read_text("utf8"))["repository"]
        found = []
        for heading, group in origins(root).items():
            section = nodes.section(ids=[nodes.make_id(heading)], names=[heading.lower()])
            section += nodes.title("", "", nodes.Text(heading))
            for each in group:
                self.env.note_dependency(str(root / each.path))
                section += self.section(each, f"{repository['url']}/blob/{repository['branch']}/{each.path}")
            found.append(section)
        return found

    def section(self, each: Origin, address: str) -> nodes.section:
        short = each.path.removeprefix("data/")
        section = nodes.section(ids=[nodes.make_id(short)], names=[short])
        section += nodes.title("", "", nodes.Text(each.title))
        if each.about:
            paragraph = nodes.paragraph()
            paragraph += self.parse_inline(each.about[0].upper() + each.about[1:] + ".")
            section += paragraph
        fields = nodes.field_list()
        fields += _field(
            "Command" if len(each.commands) == 1 else "Commands", *(nodes.literal("", command) for command in each.commands)
        )
        if each.seeds:
            fields += _field("Seeds" if "," in each.seeds or "to" in each.seeds else "Seed", nodes.Text(each.seeds))
        for name, value in each.facts.items():
            fields += _field(name, nodes.Text(value))
        fields += _field("File", nodes.reference("", each.path, refuri=address))
        section += fields
        return section

    def parse_inline(self, text: str) -> list[nodes.Node]:
        found, messages = self.state.inline_text(text, self.lineno)
        return found + messages


def _field(name: str, *values: nodes.Node) -> nodes.field:
    body = nodes.field_body()
    for value in values:
        body += nodes.paragraph("", "", value)
    return nodes.field("", nodes.field_name("", name), body)


def setup(app: Sphinx) -> dict:
    app.add_directive("provenance", Provenance)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
