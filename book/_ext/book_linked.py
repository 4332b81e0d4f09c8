"""One step, seen four ways: formula, code, shapes and figure lie together, and a symbol lights up in all of them.

    :::{linked} Squeeze
    :figure: squeeze
    :u: u, U | (N, C, H, W) | the maps
    :z: z | (N, C) | one number per channel

    $$\\class{senet-z}{z}_c = \\frac{1}{HW} \\sum_{i,j} \\class{senet-u}{u}_c(i, j)$$
    :::

The step is the section that contains the directive. An option is a symbol: the names that it has in the section's code cells, its
shape, and what it is. In the formula it has the class ``senet-u`` (u, z, s, x) or ``senet-is-mean`` (all others), in the figure and
in widgets ``data-symbol``. Everything is there without JavaScript; with it (``assets/linked.js``) pointing at a symbol, or focusing
it, lights it up throughout its section.
"""

import ast
import html
import re
import textwrap

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

import book_figures

COLOURED = ("u", "z", "s", "x")
SYMBOLS = {
    **{"u": "u", "z": "z", "s": "s", "x": "x\u0303", "input": "x", "kernel": "v", "part": "v\u1d9c \u2217 x\u1d9c"},
    **{"mean": "mean", "w1": "W\u2081", "w2": "W\u2082", "relu": "\u03b4", "sigmoid": "\u03c3", "product": "\u00b7"},
}
PYTHON = {"python", "python3", "ipython", "ipython3"}
TOKEN = re.compile(r'<span class="(n[a-z]?|bp|vi|fm|o)">([^<]+)</span>')  # Pygments: names and operators


class linked(nodes.General, nodes.Element):
    """The box: its formula as children, ``symbols`` (key, shape, words), ``tokens`` from a name in code to its key, ``figure``."""


class linked_code(nodes.General, nodes.Element):
    """A code block whose tokens are symbols: ``tokens`` maps a name to its key."""


class Linked(SphinxDirective):
    """See the module."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"figure": directives.unchanged_required, **dict.fromkeys(SYMBOLS, directives.unchanged_required)}

    def run(self) -> list[nodes.Node]:
        figure = self.options.pop("figure", None)
        if figure is not None and figure not in book_figures.FIGURES:
            raise self.error(f":figure: {figure} is unknown: choose one of {', '.join(book_figures.FIGURES)}")
        if not self.options:
            raise self.error("no symbol is named: give one or more, such as ':z: z | (N, C) | one number per channel'")
        symbols, names = [], {}
        for key, text in self.options.items():
            parts = [part.strip() for part in text.split("|")]
            if len(parts) != 3 or not parts[2]:
                raise self.error(f":{key}: {text!r} has to be 'names in code | shape | what it is'; the first two may be empty")
            names |= {name: key for name in re.split(r",\s*", parts[0]) if name}
            symbols.append((key, parts[1], parts[2]))
        node = linked(title=self.arguments[0], symbols=symbols, tokens=names, figure=figure)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def link_sections(app: Sphinx, doctree: nodes.document) -> None:
    """Make a step of each section with a box, and mark the code in it."""
    for box in list(doctree.findall(linked)):
        section = box.parent
        while not isinstance(section, nodes.section):
            section = section.parent
        section["classes"].append("senet-step")
        for block in list(section.findall(nodes.literal_block)):
            if block.get("language") not in PYTHON and is_function(block.astext()):
                block["language"] = "python"  # a function's source that a cell printed
            if block.get("language") in PYTHON and not isinstance(block.parent, linked_code):
                wrapped = linked_code(tokens=box["tokens"])
                block.replace_self(wrapped)
                wrapped += block


def is_function(text: str) -> bool:
    try:
        return isinstance(ast.parse(textwrap.dedent(text)).body[0], ast.FunctionDef)
    except (SyntaxError, IndexError):
        return False


def marked(key: str) -> str:
    """The class of a symbol's places in formula and code."""
    return f"senet-{key}" if key in COLOURED else f"senet-is-{key}"


def mark(code: str, names: dict[str, str]) -> str:
    """Pygments' HTML with the symbols' tokens marked."""

    def put(token: re.Match) -> str:
        key = names.get(html.unescape(token[2]))
        return token[0] if key is None else f'<span class="{token[1]} {marked(key)}">{token[2]}</span>'

    return TOKEN.sub(put, code)


def visit_linked(self: HTML5Translator, node: linked) -> None:
    self.body.append(f'<div class="senet-linked" role="group" aria-label="{html.escape(node["title"])}: formula, shapes, figure">')
    self.body.append('<div class="senet-linked-formula">')


def depart_linked(self: HTML5Translator, node: linked) -> None:
    self.body.append("</div>")
    if node["figure"]:
        self.body.append(f'<div class="senet-linked-figure">{book_figures.FIGURES[node["figure"]]()}</div>')
    items = (
        f'<li><span class="senet-chip {marked(key)}" data-key="{key}"><i>{SYMBOLS[key]}</i>'
        f"{f' <code>{html.escape(shape)}</code>' if shape else ''} <span>{html.escape(words)}</span></span></li>"
        for key, shape, words in node["symbols"]
    )
    self.body.append(f'<ul class="senet-chips">{"".join(items)}</ul><p class="senet-linked-said" role="status"></p></div>')


def visit_code(self: HTML5Translator, node: linked_code) -> None:
    """The block's own visit writes it and skips the rest, so it is walked here and marked in one go."""
    start = len(self.body)
    for child in node.children:
        child.walkabout(self)
    self.body[start:] = [mark("".join(self.body[start:]), node["tokens"])]
    raise nodes.SkipNode


def add_assets(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Pages without a step stay free of its script."""
    if 'class="senet-linked"' in context.get("body", ""):
        app.add_css_file("senet/widgets.css")  # where the symbols have their colours
        app.add_css_file("linked.css")
        app.add_js_file("linked.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.add_node(linked, html=(visit_linked, depart_linked))
    app.add_node(linked_code, html=(visit_code, None))
    app.add_directive("linked", Linked)
    app.connect("doctree-read", link_sections)
    app.connect("html-page-context", add_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
