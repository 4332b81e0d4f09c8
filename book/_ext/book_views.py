"""For who teaches: links to exact views of widgets, and timetables that add up.

    {view}`the gates by softmax <excitation?excitation.rule=softmax>`

is a link to a page of the book in that state of its widget, as the widget's own "Link to this view" writes it. The page has to
exist.

    ```{timetable} 60
    ```

is a table of the page's sections that are named "0–5 minutes: what happens (alone)", which have to follow each other and to end at
60. In brackets is who works: see WORK.
"""

import re
from urllib.parse import parse_qsl

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

VIEW = re.compile(r"^(?P<words>.+?)\s*<(?P<page>[\w-]+)(?P<state>\?[^<>\s#]+)?(?P<place>#[\w-]+)?>$", re.DOTALL)
STEP = re.compile(r"^(\d+)–(\d+) minutes: (.+?)(?: \(([^()]+)\))?$")
WORK = {"alone", "in pairs", "together"}  # one of them, or two: "alone, then in pairs"
BUILT = {"slides"}  # pages that no document becomes: see book_slides

logger = logging.getLogger(__name__)


class view(nodes.reference):
    """A link that gets its address when the page that it is on is known."""


class timetable(nodes.General, nodes.Element):
    """Where a table of the page's steps goes."""


class View(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found = VIEW.match(self.text)
        if not found or (found["state"] and not parse_qsl(found["state"][1:], keep_blank_values=True)):
            message = self.inliner.reporter.error(f"view {self.text!r}: write words <page?widget.field=value>", line=self.lineno)
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]
        words = nodes.inline("", " ".join(found["words"].split()))
        node = view("", "", words, page=found["page"], rest=(found["state"] or "") + (found["place"] or ""), classes=["senet-view"])
        node.source, node.line = self.get_source_info()
        return [node], []


class Timetable(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        node = timetable(minutes=int(self.arguments[0]))
        self.set_source_info(node)
        return [node]


def lead(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give each view its address. A page beside this one is meant."""
    folder = docname.rpartition("/")[0]
    for node in list(doctree.findall(view)):
        page = f"{folder}/{node['page']}" if folder else node["page"]
        if page not in app.env.found_docs and node["page"] not in BUILT:
            logger.warning("a view leads to %s, which is not a page of the book", node["page"], location=node)
        address = app.builder.get_relative_uri(docname, page) + node["rest"]
        node.replace_self(nodes.reference("", "", *node.children, refuri=address, internal=True, classes=node["classes"]))


def tabulate(app: Sphinx, doctree: nodes.document) -> None:
    """Write each timetable, and warn of a gap, of an overlap, or of an end that is another than it says."""
    for place in list(doctree.findall(timetable)):
        rows, clock = [], 0
        for section in doctree.findall(nodes.section):
            if not (step := STEP.match(section[0].astext())):
                continue
            begins, ends = int(step[1]), int(step[2])
            if begins != clock or ends <= begins:
                logger.warning("the step %r begins at %d, and %d minutes are over", step[3], begins, clock, location=section)
            clock = ends
            if not step[4] or not set(re.split(r", then ", step[4])) <= WORK:
                logger.warning("the step %r has to say who works, as in (alone, then in pairs)", step[3], location=section)
            rows.append((f"{begins}–{ends}", step[3], step[4] or "", section["ids"][0]))
        if clock != place["minutes"]:
            logger.warning("the steps end at %d of %d minutes", clock, place["minutes"], location=place)
        place.replace_self(_table(rows))


def _table(rows: list[tuple[str, str, str, str]]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (15, 60, 25)), cols=3)
    head = nodes.row("", *(nodes.entry("", nodes.paragraph("", words)) for words in ("minutes", "what happens", "who works")))
    group += nodes.thead("", head)
    body = nodes.tbody()
    for minutes, what, who, target in rows:
        link = nodes.reference("", "", nodes.Text(what), refid=target, internal=True)
        cells = (nodes.paragraph("", minutes), nodes.paragraph("", "", link), nodes.paragraph("", who))
        body += nodes.row("", *(nodes.entry("", cell) for cell in cells))
    group += body
    return nodes.table("", group, classes=["senet-timetable"])


def setup(app: Sphinx) -> dict:
    app.add_node(timetable)
    app.add_node(view)
    app.add_role("view", View())
    app.add_directive("timetable", Timetable)
    app.connect("doctree-read", tabulate)
    app.connect("doctree-resolved", lead)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
