"""Prose that drives a widget: a link that sets a widget's state, brings it into view, and leaves a way back.

    {try}`switch channel 12 off <shallow-deep: picture=cat-1 gates=layer1.0.se:12=0>`

The text, then in angle brackets the widget, a colon, and what to set, as in the widget's own address ("Link to this view"). A
page's second widget of a kind is `shallow-deep-2`. Put a value with a space in quotes. A widget of another page comes with that
page: `<shallow-and-deep#shallow-deep: picture=cat-1>`. A bar between spaces begins what there is to see, a sentence for
readers who take the links as a tour: `<explorer: picture=cat-1 | The last columns move most.>`.

Without a script this is a link to that state's address. With it (`frontend/src/parts/prose-links.ts`) the page stays where it
is. An unknown page, widget or name of something to set is a warning, so an error of the build. Only the widget can say whether it
takes a value: a test of the built book follows every link (`tests/book/test_try.py`).
"""

import html
import json
import re
import shlex
from dataclasses import dataclass, field
from urllib.parse import urlencode

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

FIGURE = re.compile(r'<figure class="senet-widget"((?: data-[\w-]+="[^"]*")*)>')
DATA = re.compile(r'data-([\w-]+)="([^"]*)"')
FORM = re.compile(
    r"(?P<text>.+?)\s*<(?:(?P<page>[\w/-]+)#)?(?P<widget>[a-z][a-z0-9-]*):\s*(?P<settings>.*?)(?:\s\|\s+(?P<note>.+?))?\s*>",
    re.DOTALL,
)

logger = logging.getLogger(__name__)


class try_link(nodes.Inline, nodes.TextElement):
    """``page`` (docname), ``widget`` (its key), ``settings``, a dict, and ``note``, until the page's widgets are known."""


class TryRole(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found = FORM.fullmatch(self.text)
        settings = parsed(found["settings"]) if found else None
        if found is None or settings is None:
            message = self.inliner.reporter.error(
                f"{{try}}`{self.text}` has to look like {{try}}`text <widget: name=value name=value | what to see>`",
                line=self.lineno,
            )
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        page = found["page"]
        folder = self.env.docname.rpartition("/")[0]
        docname = self.env.docname if page is None else page if "/" in page or not folder else f"{folder}/{page}"
        note = " ".join((found["note"] or "").split())
        node = try_link("", found["text"], page=docname, widget=found["widget"], settings=settings, note=note)
        self.set_source_info(node)
        return [node], []


def parsed(settings: str) -> dict[str, str] | None:
    """``name=value name="a value"`` as a dict; None for another form."""
    try:
        pairs = [part.partition("=") for part in shlex.split(settings)]
    except ValueError:  # a quote that does not end
        return None
    return (
        None if not pairs or any(not name or not equals for name, equals, _ in pairs) else {name: value for name, _, value in pairs}
    )


@dataclass
class Widget:
    """One widget of a page, as an address knows it."""

    key: str
    names: set[str] = field(default_factory=set)  # what may be set
    shared: set[str] = field(default_factory=set)  # of these, what belongs to the whole page, without the key before it

    def query(self, settings: dict[str, str]) -> str:
        return urlencode({name if name in self.shared else f"{self.key}.{name}": value for name, value in settings.items()})


def widgets(doctree: nodes.document) -> dict[str, tuple[Widget, nodes.raw, int]]:
    """The page's widgets by key, in the order in which ``page.ts`` counts them; each with the node it is in, and where."""
    found: dict[str, tuple[Widget, nodes.raw, int]] = {}
    met: dict[str, int] = {}
    for node in doctree.findall(nodes.raw):
        for match in FIGURE.finditer(node.astext()):
            data = {name: html.unescape(value) for name, value in DATA.findall(match[1])}
            if "senet" not in data:
                continue
            kind = data["senet"]
            met[kind] = met.get(kind, 0) + 1
            key = kind if met[kind] == 1 else f"{kind}-{met[kind]}"
            names = {
                re.sub(r"[A-Z]", lambda capital: f"-{capital[0].lower()}", name) for name in json.loads(data.get("state") or "{}")
            }
            shared = {"picture"} & names if "network" in data else set()  # widgets of a gallery show one picture together
            found[key] = (Widget(key, names, shared), node, match.start())
    return found


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give each widget an id to be linked to, and each try its address."""
    here = widgets(doctree)
    for key, (_, node, start) in reversed(here.items()):  # from the last: places before it stay what they are
        text = node.astext()
        node.children[:] = [nodes.Text(f'{text[:start]}<figure id="{key}"{text[start + len("<figure") :]}')]
    known = {docname: {key: widget for key, (widget, _, _) in here.items()}}
    for node in list(doctree.findall(try_link)):
        page, key, settings = node["page"], node["widget"], node["settings"]
        if page not in known:
            there = app.env.get_doctree(page) if page in app.env.found_docs else None
            known[page] = {key: widget for key, (widget, _, _) in widgets(there).items()} if there else {}
        widget = known[page].get(key)
        unknown = sorted(settings.keys() - widget.names) if widget else []
        if widget is None:
            there = ", ".join(known[page]) or "none"
            logger.warning("try: there is no widget %r in %s, which has %s", key, page, there, location=node, type="try")
        elif unknown:
            sets = ", ".join(sorted(widget.names))
            logger.warning("try: %s cannot set %s: it sets %s", key, ", ".join(unknown), sets, location=node, type="try")
        if widget is None or unknown:
            node.replace_self(nodes.inline("", "", *node.children))
            continue
        # Named also where it is this page itself: what is made of pages, such as slides, takes the link along.
        base = app.builder.get_relative_uri(docname, page) or app.builder.get_target_uri(docname).rpartition("/")[2]
        uri = f"{base}?{widget.query(settings)}#{key}"
        note = {"reftitle": node["note"]} if node["note"] else {}
        node.replace_self(nodes.reference("", "", *node.children, refuri=uri, internal=True, classes=["senet-try"], **note))


def mark(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """The script knows a try of its own page by ``data-try``, which Sphinx's writer has no way to write."""
    if "senet-try" in context.get("body", ""):
        own = re.escape(app.builder.get_target_uri(pagename).rpartition("/")[2])
        link = rf'(<a class="[^"]*\bsenet-try\b[^"]*") (href="{own}\?[^"#]*#([\w-]+)")'
        context["body"] = re.sub(link, r'\1 data-try="\3" \2', context["body"])


def setup(app: Sphinx) -> dict:
    app.add_node(try_link)
    app.add_role("try", TryRole())
    app.connect("doctree-resolved", resolve)
    app.connect("html-page-context", mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
