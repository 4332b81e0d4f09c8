"""Tables of gates that were found in networks of others: ``{coverage} coverage`` shows ``data/results/coverage.json``.

``{finding-speed}`` shows how long it takes to find and to read them.
"""

import json
import re
from pathlib import Path
from statistics import median

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Coverage(SphinxDirective):
    """See the module."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from sebook.measure import coverage

        path = Path(self.env.srcdir, f"data/results/{self.arguments[0]}.json")
        self.env.note_dependency(str(path))
        measured = json.loads(path.read_text("utf8"))
        rows = measured["networks"]
        gates, proved = sum(sum(row["found"].values()) for row in rows), sum(row["proved"] for row in rows)
        searches = [row["search"] for row in rows]
        packages = measured.get("packages") or {"timm": measured["timm"]}
        named = ", ".join(f"{name} {version}" for name, version in packages.items())
        said = (
            f"{len(rows)} networks with random weights: {gates} gates, of which {proved} are proved "
            f"({named}, {measured['versions']}, {measured['date']}). For one picture of {measured['side']} pixels, the search took "
            f"{median(searches):.1f} times as long as a forward at the median, and {max(searches):.1f} times at most."
        )
        shown = self.parse_text_to_nodes(f"{said}\n\n{coverage.table(rows)}")
        for name in (literal for node in shown for literal in node.findall(nodes.literal)):
            _break_at_parts(name)
        return shown


class FindingSpeed(SphinxDirective):
    """See the module."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir, "data/results/finding-speed.json")
        self.env.note_dependency(str(path))
        measured = json.loads(path.read_text("utf8"))
        heads = ("network", "pictures", "a forward", "find", "read", "read, class known", "by hand", "empty hooks")
        lines = [f"| {' | '.join(heads)} |", f"|---{'|---:' * (len(heads) - 1)}|"]
        for row in measured["networks"]:
            ratios = " | ".join(f"{row[what]:.2f}" for what in ("find", "read", "known", "hand", "hooks"))
            lines.append(f"| {row['network']} | {row['pictures']} | {_rounded(row['plain_ms'])} ms | {ratios} |")
        where = f"{measured['machine']}, {measured['versions']}, {measured['date']}"
        said = f"Processor time as multiples of a forward, one thread ({where}):"
        return self.parse_text_to_nodes("\n".join([said, "", *lines]))


def _break_at_parts(name: nodes.literal) -> None:
    """Let a name like ``timm:mobilenetv3_small_050`` break after its colon and its underscores, and nowhere else."""
    parts = re.split(r"(?<=[:_./])", name.astext())
    name.clear()
    for at, part in enumerate(filter(None, parts)):
        if at:
            name += nodes.raw("", "<wbr>", format="html")
        name += nodes.Text(part)


def _rounded(milliseconds: float) -> str:
    """To three places, or whole."""
    return f"{milliseconds:.3g}" if milliseconds < 1000 else f"{milliseconds:,.0f}"


def setup(app: Sphinx) -> dict:
    app.add_directive("finding-speed", FindingSpeed)
    app.add_directive("coverage", Coverage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
