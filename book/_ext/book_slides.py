"""Slides from the chapters: book/slides.html, of those cells that their notebooks mark, as the book's build has rendered them.

A cell's metadata say what Jupyter's own slides are made by, ``{"slideshow": {"slide_type": ...}}``:

    slide    begins a slide                     -        continues it
    notes    a teaching note, for the speaker    (none)   is not on a slide

So a slide can't fall behind its chapter: it *is* the chapter's text, numbers, formulas and figures, and the page's own script
brings its widgets to life. A paragraph gives its first sentence to the wall and all of it to the speaker (:mod:`book_shortened`).
Read as it is, the page is a storyboard for a phone or for paper; ``assets/slides.js`` presents it, and ``assets/slides-parts.js``
shows of a slide as much at a time as the screen holds.
(reveal.js would do so as well; but its view for speakers writes a script into a new window, which the pages' policy forbids.)
"""

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

import book_published
import book_widget_data
from book_exercises import reading_order
from book_shortened import fold_listing, shorten

PAGE = "book/slides"
ABOUT = "A storyboard of every chapter, to present, to read or to print: its own text, numbers and figures, with widgets that work."
FIRST_LINE = 10_000  # MyST-NB counts a notebook's lines from (cell + 1) times this
BEGINS, GOES_ON, NOTES = "slide", "-", "notes"
WIDGET_ID = re.compile(r'(<figure) id="[^"]*"(?= class="senet-widget")')  # two chapters may have the same; page.js names them
SHOWS_SOURCE = re.compile(r"^source\(", re.MULTILINE)  # a listing is the result: how it got there is nothing for a room
TERM = re.compile(r'<a class="senet-term"[^>]*>(.*?)</a>', re.DOTALL)  # a link to the glossary, whose script is not here
DETAILS = re.compile(r"<details>\s*<summary>(.*?)</summary>\s*(.*?)\s*</details>", re.DOTALL)
# What a slide takes of the theme's styles, in its order, and of the book's own.
STYLES = (
    *("styles/theme.css", "styles/pydata-sphinx-theme.css", "pygments.css", "styles/sphinx-book-theme.css"),
    *("mystnb.*.css", "math/Temml-Local.css", "senet/widgets.css", "book.css", "linked.css", "slides.css"),
)
SCRIPTS = ("exercises.js", "senet/page.js")

TEMPLATE = """<!doctype html>
<html lang="en" data-content_root="../" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slides — {book}</title>
<link rel="canonical" href="{address}">
{card}
<link rel="icon" href="../_static/{icon}">
{styles}
<script src="../_static/slides-parts.js"></script>
<script src="../_static/slides.js"></script>
{scripts}
</head>
<body class="slides">
<main class="bd-content">
<h1>Slides</h1>
<section class="slide cover" id="cover" data-title="Contents">
<p>From the chapters of <a href="index.html">{book}</a>: their own text, numbers and figures, and the widgets work.
<span class="only-script">Present them, or scroll.</span></p>
<ol class="decks">
{contents}
</ol>
<details class="keys only-script"><summary>Keys</summary>
<p><kbd>p</kbd> presents, <kbd>Esc</kbd> ends it. <kbd>→</kbd> <kbd>←</kbd> or <kbd>Space</kbd> turn: a slide that is too
long for the screen comes in parts. <kbd>Home</kbd> comes back to this list, <kbd>n</kbd> shows the notes, <kbd>v</kbd> opens
a second window for the speaker, with notes, clock and what comes next.</p>
</details>
</section>
{slides}
{versions}
</main>
</body>
</html>
"""


@dataclass
class Slide:
    """One slide: the nodes that it shows, and notes for who speaks."""

    shown: list[nodes.Node] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # MyST, of teaching notes


def marked(path: Path) -> list[tuple[str, str, set[str]]]:
    """For each cell of a notebook: its slide type ("" for none), its source and its tags.

    Raises:
        ExtensionError: a type that is unknown here, or a cell that continues a slide that never began.
    """
    cells, begun = [], False
    for cell in nbformat.read(path, as_version=4).cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "")
        if kind not in ("", "skip", BEGINS, GOES_ON, NOTES):
            raise ExtensionError(f"{path.name}, cell {cell.id}: slide_type {kind!r} is not one of slide, -, notes, skip")
        if kind == GOES_ON and not begun:
            raise ExtensionError(f"{path.name}, cell {cell.id}: slide_type - continues a slide, but none has begun")
        begun = begun or kind == BEGINS
        cells.append(("" if kind == "skip" else kind, cell.source, set(cell.metadata.get("tags", []))))
    return cells


def blocks(node: nodes.Element, cell: int = 0):
    """(number of its cell, block) for all that a page's sections hold, in order. A title is also a block."""
    for child in node.children:
        if isinstance(child, nodes.section):
            cell = yield from blocks(child, cell)
            continue
        line = child.get("cell_index") if isinstance(child, nodes.container) else None
        if line is None:
            lines = [each.line for each in child.findall() if getattr(each, "line", None)]
            line = lines[0] // FIRST_LINE - 1 if lines and lines[0] >= FIRST_LINE else None
        cell = cell if line is None else line
        yield cell, child
    return cell


def deck(doctree: nodes.document, cells: list[tuple[str, str, set[str]]]) -> list[Slide]:
    """The slides of one chapter."""
    content: dict[int, list[nodes.Node]] = {}
    for number, block in blocks(doctree):
        content.setdefault(number, []).append(block)
    slides: list[Slide] = []
    for number, (kind, source, tags) in enumerate(cells):
        if kind == BEGINS:
            slides.append(Slide())
        if kind == NOTES and slides:
            slides[-1].notes.append(source)
        elif kind in (BEGINS, GOES_ON):
            if number not in content:
                raise ExtensionError(f"a cell that is a slide shows nothing: {source[:60]!r}")
            results = "hide-input" in tags or SHOWS_SOURCE.search(source)
            slides[-1].shown += [slim(block) if results else block for block in content[number]]
    return slides


def slim(block: nodes.Node) -> nodes.Node:
    """A code cell's outputs without its code."""
    block = block.deepcopy()
    for child in list(block.findall(nodes.Element)):
        folded = isinstance(child, HideCodeCellNode)  # what MyST-NB has put around the code by now
        if (folded or "cell_input" in child.get("classes", [])) and child.parent is not None:
            child.parent.remove(child)
    return block


def rendered(app: Sphinx, docname: str, shown: list[nodes.Node]) -> tuple[str, str, str]:
    """(title, HTML, paragraphs that are shortened on it) of a slide. Titles become headings of the second level.

    Links into the chapter lead to the chapter.
    """
    title, parts, whole = "", [], []
    for node in shown:
        node = fold_listing(node.deepcopy())
        for link in node.findall(nodes.reference):
            if link.get("refid"):
                link["refuri"] = f"{Path(docname).name}.html#{link.attributes.pop('refid')}"
        for each in node.findall(nodes.Element):
            each["ids"] = []  # they are the chapter's; the page has those of several
        if isinstance(node, nodes.title):
            words = fragment(app, nodes.paragraph("", "", *node.children))
            words = re.sub(r"^<p>|</p>$", "", words.strip())
            title = title or re.sub(r"<[^>]+>", "", words)
            parts.append(f"<h2>{words}</h2>" if not parts else f"<h3>{words}</h3>")
            continue
        short = shorten(node) if isinstance(node, nodes.paragraph) else [node]
        if len(short) != 1 or short[0] is not node:
            whole.append(fragment(app, node))
        parts += [fragment(app, each) for each in short]
    return html.unescape(title), "\n".join(parts), "\n".join(whole)


def fragment(app: Sphinx, node: nodes.Node) -> str:
    return WIDGET_ID.sub(r"\1", TERM.sub(r"\1", app.builder.render_partial(node)["fragment"]))


def speaker(notes: list[str], whole: str = "") -> str:
    """Teaching notes as HTML, and the paragraphs of which the slide shows a part. Notes are Markdown of the plain kind."""
    from markdown_it import MarkdownIt

    written = []
    for note in notes:
        found = DETAILS.search(note)
        summary, text = found.groups() if found else ("For teachers", note)
        written.append(f"<p><strong>{html.escape(summary)}</strong></p>\n{MarkdownIt().render(text)}")
    if whole:
        written.append(f"<p><strong>The chapter's text</strong></p>\n{whole}")
    return f'<details class="speaker"><summary>Notes</summary>\n{"".join(written)}</details>' if written else ""


def chapters(env: BuildEnvironment) -> list[str]:
    """Documents that are notebooks, in the order of the contents."""
    return [name for name in reading_order(env) if env.doc2path(name).endswith(".ipynb")]


def render_slides(app: Sphinx) -> list:
    """Render them while the builder still renders pages. It is asked for pages of its own kind, and gets none."""
    env, builder = app.env, app.builder
    builder.current_docname, builder.imgpath = PAGE, "../_images"
    contents, slides = [], []
    for docname in chapters(env):
        cells = marked(Path(env.doc2path(docname)))
        if not any(kind == BEGINS for kind, _, _ in cells):
            continue
        doctree = env.get_and_resolve_doctree(docname, builder)
        builder.post_process_images(doctree)
        name = Path(docname).name
        made = deck(doctree, cells)
        chapter = ""
        for number, slide in enumerate(made, start=1):
            title, body, whole = rendered(app, docname, slide.shown)
            chapter = chapter or title
            heading = "" if title else f'<h2 class="again">{html.escape(chapter)}</h2>\n'
            source = f'<p class="slide-from"><a href="{name}.html">{html.escape(chapter)}</a></p>'
            slides.append(
                f'<section class="slide" id="{name}-{number}" data-title="{html.escape(title or chapter)}">\n'
                f"{heading}{body}\n{speaker(slide.notes, whole)}\n{source}\n</section>"
            )
        contents.append(f'<li><a href="#{name}-1">{html.escape(chapter)}</a>, {len(made)} slides</li>')
    app.book_slides = ("\n".join(contents), "\n".join(slides))
    return []


def write_slides(app: Sphinx, exception: Exception | None) -> None:
    """Write the page once the styles that it links to are there."""
    if exception is not None or app.builder.name != "html":
        return
    contents, slides = app.book_slides
    static = Path(app.outdir, "_static")
    styles = [path for pattern in STYLES for path in sorted(static.glob(pattern))]
    head = "\n".join(f'<link rel="stylesheet" href="../_static/{path.relative_to(static).as_posix()}">' for path in styles)
    scripts = "\n".join(f'<script defer src="../_static/{name}"></script>' for name in SCRIPTS)
    page = TEMPLATE.format(
        book=html.escape(app.config.html_title),
        address=f"{app.config.html_baseurl}{PAGE}.html",
        card=book_published.card(app, PAGE, "Slides", ABOUT),
        versions=app.book_versions,
        icon=app.builder.globalcontext["favicon_url"],
        styles=head,
        scripts=scripts,
        contents=contents,
        slides=book_widget_data.moved(slides, static / "senet"),
    )
    Path(app.outdir, f"{PAGE}.html").write_text(page, encoding="utf8", newline="\n")


def setup(app: Sphinx) -> dict:
    app.connect("html-collect-pages", render_slides)
    app.connect("build-finished", write_slides, priority=600)  # before the icons and the policy of all pages are seen to
    return {"parallel_read_safe": True, "parallel_write_safe": True}
