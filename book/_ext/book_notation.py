"""Words and symbols: one list, ``book/notation.yml``, fills two pages and explains a word or symbol where a reader points at it.

    ```{entries} symbols
    ```

makes the list on its page. In the chapters nothing has to be marked: the first use of each word on a page becomes a link to its
entry, and in formulas each symbol knows its entry and has its colour.
The entries of all that a page uses are folded at its end. There a keyboard reaches them, a screen reader reads them as descriptions
of the links, and they need no script. ``assets/notation.js`` shows the same entries where one points, focuses or taps.

``{term}`` marks a word by hand where it would not be found.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

LIST = "book/notation.yml"
PAGES = {"symbols": "book/notation", "words": "book/glossary"}
KEYS = {"id", "symbol", "word", "says", "shape", "introduced", "also", "colour"}
COLOURS = "uzsx"
# Nodes in which a word is not linked to its entry: code, links, headings, controls, and what code printed.
APART = (nodes.reference, nodes.literal, nodes.FixedTextElement, nodes.title, nodes.rubric, nodes.raw, nodes.math, nodes.citation)
INLINE = re.compile(r"\$([^$]+)\$|`([^`]+)`")
USED = re.compile(r'data-entry="([\w-]+)"')


@dataclass(frozen=True)
class Entry:
    """A symbol (``symbol`` is its LaTeX) or a word."""

    id: str
    says: str
    symbol: str = ""
    word: str = ""
    shape: str = ""
    introduced: str = ""  # a chapter's file, without folder and suffix; "" if readers are assumed to know it
    also: tuple[str, ...] = ()
    colour: str = ""

    @property
    def spoken(self) -> str:
        """Its name in letters, for a link that shows a formula: ``tilde x``, ``W 1``."""
        return self.word or re.sub(r"\\mathbb|[\\{}]", "", self.symbol).replace("_", " ").replace("^", " ")

    @property
    def page(self) -> str:
        return PAGES["symbols" if self.symbol else "words"]


def read(path: Path) -> dict[str, Entry]:
    """Entries by id, symbols first. One whose chapters are none of the book's (yet) is left out.

    Raises:
        ExtensionError: an entry has an unknown key, says nothing, or its id or one of its forms is taken.
    """
    found: dict[str, Entry] = {}
    forms: set[str] = set()
    for kind, rows in yaml.safe_load(path.read_text("utf8")).items():
        for row in rows:
            name = row.get("word") or row.get("symbol")
            if unknown := set(row) - KEYS:
                raise ExtensionError(
                    f"{path.name}: {name}: {', '.join(sorted(unknown))} is unknown: write {', '.join(sorted(KEYS))}"
                )
            if ("symbol" in row) != (kind == "symbols") or not name or not row.get("says"):
                raise ExtensionError(f"{path.name}: {row} has to be a symbol or a word, below its heading, and say something")
            if row.get("colour", "u") not in COLOURS:
                raise ExtensionError(f"{path.name}: {name}: colour {row['colour']!r} has to be one of {', '.join(COLOURS)}")
            key = row.setdefault("id", re.sub(r"\W+", "-", name.lower()))
            chapters = row.get("introduced") or []
            chapters = [chapters] if isinstance(chapters, str) else chapters
            there = [chapter for chapter in chapters if path.with_name(f"{chapter}.ipynb").exists()]
            said = [name, *row.get("also", ())]
            if taken := {form for form in said if form in forms} | ({key} & set(found)):
                raise ExtensionError(
                    f"{path.name}: {', '.join(sorted(taken))} is there twice: write one entry for each, with its own id"
                )
            forms.update(said)
            if there or not chapters:
                found[key] = Entry(**row | {"also": tuple(row.get("also", ())), "introduced": there[0] if there else ""})
    return found


# ---- symbols in formulas


def canonical(element: ElementTree.Element) -> str:
    """What is drawn, whatever its classes: the same for two ways to write one symbol."""
    children = list(element)
    if element.tag in ("mrow", "semantics", "math") and len([c for c in children if c.tag != "annotation"]) == 1:
        return canonical(children[0])
    return f"{element.tag}({(element.text or '').strip()}{','.join(map(canonical, children))})"


def pair(element: ElementTree.Element) -> str:
    """Of a base with both, sub- and superscript: the base with its subscript, which is the symbol."""
    return f"msub({','.join(map(canonical, element[:2]))})" if element.tag == "msubsup" else ""


def annotate(mathml: str, known: dict[str, Entry]) -> str:
    """The formula with ``data-entry`` on each symbol of ``known`` (by :func:`canonical`), the largest that fits, and its colour."""
    root = ElementTree.fromstring(mathml)

    def walk(element: ElementTree.Element) -> None:
        entry = None if element.tag in ("math", "semantics", "mrow") else known.get(canonical(element)) or known.get(pair(element))
        if entry:
            element.set("data-entry", entry.id)
            if entry.colour:
                classes = {*element.get("class", "").split(), f"senet-{entry.colour}"}
                element.set("class", " ".join(sorted(classes)))
        else:
            for child in element:
                walk(child)

    walk(root)
    return ElementTree.tostring(root, "unicode", short_empty_elements=False)


def start(app: Sphinx) -> None:
    """Read the list, and let every formula of the book go through :func:`annotate`."""
    app.entries = read(Path(app.srcdir) / LIST)
    plain = app.translate_math
    app.symbols = {}
    for entry in app.entries.values():
        if entry.symbol:
            drawn = canonical(ElementTree.fromstring(plain(entry.symbol, False)))
            app.symbols[drawn] = entry

    def translate(latex: str, display: bool) -> str:
        return annotate(plain(latex, display), app.symbols)

    translate.close = plain.close
    app.translate_math = translate


# ---- words in prose


class entry_link(nodes.Inline, nodes.TextElement):
    """A link to an entry: ``entry`` is its id, ``refuri`` its address."""


def link_first_uses(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make the first use of each word on a chapter's page a link to its entry."""
    if docname in PAGES.values() or (app.env.doc2path(docname).endswith(".md") and docname != app.config.root_doc):
        return
    forms = {form: e for e in app.entries.values() if e.word for form in (e.word, *e.also)}
    # Longer ones first: "feature map" before "map". Words may begin a sentence; ReLU and CIFAR-10 are always written so.
    pattern = re.compile(
        rf"(?<![\w-])({'|'.join(re.escape(f) for f in sorted(forms, key=len, reverse=True))})(?![\w-])", re.IGNORECASE
    )
    forms |= {form[0].upper() + form[1:]: e for form, e in forms.items()}
    linked: set[str] = {node["entry"] for node in doctree.findall(entry_link)}
    for text in list(doctree.findall(nodes.Text)):
        if not linkable(text):
            continue
        pieces, end = [], 0
        for match in pattern.finditer(text):
            entry = forms.get(match[0])
            if entry and entry.id not in linked:
                linked.add(entry.id)
                pieces += [nodes.Text(text[end : match.start()]), link(app, docname, entry, nodes.Text(match[0]))]
                end = match.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(text[end:])])


def linkable(node: nodes.Node) -> bool:
    """Whether it is prose: not in code, a link, a title, a question's answers, or a cell's output."""
    while (node := node.parent) is not None:
        if isinstance(node, (*APART, entry_link)) or type(node).__name__ in ("question", "answer", "folded", "try_link"):
            return False
        if isinstance(node, nodes.container) and "cell_output" in node.get("classes", ()):
            return False
    return True


def link(app: Sphinx, docname: str, entry: Entry, inside: nodes.Node) -> entry_link:
    return entry_link("", "", inside, entry=entry.id, refuri=address(app, docname, entry))


def address(app: Sphinx, docname: str, entry: Entry) -> str:
    return f"{app.builder.get_relative_uri(docname, entry.page)}#{anchor(entry)}"


def anchor(entry: Entry) -> str:
    return f"{'symbol' if entry.symbol else 'term'}-{entry.id}"


def visit_link(self: HTML5Translator, node: entry_link) -> None:
    # Where a page can't hold its entries (a table of contents made of titles), the link comes without them.
    self.body.append(f'<a class="senet-term" href="{node["refuri"]}" data-entry="{node["entry"]}">')


def depart_link(self: HTML5Translator, node: entry_link) -> None:
    self.body.append("</a>")


# ---- the entries: on their page, and folded at the end of each


class Entries(SphinxDirective):
    """The whole list of one kind, as a list of definitions with an anchor for each."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        kind = self.arguments[0]
        if kind not in PAGES or PAGES[kind] != self.env.docname:
            raise self.error(f"entries {kind}: write ```{{entries}} symbols in {PAGES['symbols']}, words in {PAGES['words']}")
        entries = [e for e in read(Path(self.env.srcdir) / LIST).values() if bool(e.symbol) == (kind == "symbols")]
        self.env.note_dependency(str(Path(self.env.srcdir) / LIST))
        if kind == "words":
            entries.sort(key=lambda e: e.word.lower())
        listed = nodes.definition_list(classes=["senet-entries"])
        domain = self.env.get_domain("std")
        for entry in entries:
            for form in (entry.word, *entry.also) if entry.word else ():
                domain.note_object("term", form, anchor(entry), location=self.get_location())
            term = nodes.term(ids=[anchor(entry)])
            term += nodes.math("", entry.symbol) if entry.symbol else nodes.Text(entry.word)
            item = nodes.definition_list_item("", term)
            said = nodes.paragraph()
            said += self.inline(entry.says)
            if entry.shape:
                said += nodes.inline("", f"Shape: {entry.shape}. ", classes=["senet-entry-shape"])
            if entry.introduced:
                said += self.inline(f"See {{doc}}`{entry.introduced}`.")
            else:
                said += nodes.Text("Assumed to be known.")
            item += nodes.definition("", said)
            listed += item
        return [listed]

    def inline(self, text: str) -> list[nodes.Node]:
        found, messages = self.state.inline_text(text, self.lineno)
        return [*found, nodes.Text(" "), *messages]


def written(app: Sphinx, text: str) -> str:
    """HTML of an entry's sentence: its formulas, its code, and the rest as it is."""
    out, end = [], 0
    for match in INLINE.finditer(text):
        out.append(html.escape(text[end : match.start()]))
        out.append(app.translate_math(match[1], False) if match[1] else f"<code>{html.escape(match[2])}</code>")
        end = match.end()
    return "".join([*out, html.escape(text[end:])])


def definition(app: Sphinx, docname: str, entry: Entry) -> str:
    name = app.translate_math(entry.symbol, False) if entry.symbol else html.escape(entry.word)
    shape = f' <span class="senet-entry-shape">Shape: {html.escape(entry.shape)}.</span>' if entry.shape else ""
    more = address(app, docname, entry)
    # An entry explains the words in it by itself: they are not uses, and link nowhere.
    said = USED.sub("", f"{written(app, entry.says)}{shape}")
    return (
        f'<dt>{USED.sub("", name)}</dt><dd><span id="entry-{entry.id}">{said}</span> '
        f'<a href="{more}" aria-label="In the list: {html.escape(entry.spoken)}">In the list</a></dd>'
    )


def add_entries(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Put the entries of all that the page uses at its end, and what shows them where one points."""
    body = context.get("body", "")
    if re.search(r'class="[^"]*\bsenet-[uzsx]\b', body):
        app.add_css_file("senet/widgets.css")  # which has the symbols' colours
    if pagename in PAGES.values() or not doctree:
        return
    used = set(USED.findall(body))
    entries = [entry for entry in app.entries.values() if entry.id in used]
    if not entries:
        return
    listed = "".join(definition(app, pagename, entry) for entry in entries)
    body = re.sub(r'(<a class="senet-term" [^>]*data-entry="([\w-]+)")', r'\1 aria-describedby="entry-\2"', body)
    context["body"] = (
        f'{body}<details class="senet-folded senet-used"><summary>Words and symbols of this page</summary>'
        f'<dl class="senet-entries">{listed}</dl></details>'
    )
    app.add_js_file("notation.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.setup_extension("book_mathml")
    app.add_node(entry_link, html=(visit_link, depart_link))
    app.add_directive("entries", Entries)
    app.connect("builder-inited", start, priority=600)  # after book_mathml's
    app.connect("doctree-resolved", link_first_uses)
    app.connect("html-page-context", add_entries, priority=400)  # before those that look into the body
    return {"parallel_read_safe": True, "parallel_write_safe": False, "env_version": 1}
