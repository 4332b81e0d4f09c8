"""What the web wants to know of a page: its address, what it is about, a picture of it, and where moved pages went.

All addresses come from the repository's, which is in ``_config.yml``: GitHub publishes ``owner/name`` at
``https://owner.github.io/name/``.
"""

import html
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from sebook.pages.block_card import draw_card

CARD = "card.png"  # 1200 x 630, what the networks of readers ask for
REDIRECTS = "book/redirects.yml"
NOT_FOUND = '<meta name="robots" content="noindex" />'  # by search engines
LOST = Path(__file__).with_name("lost.js")
SHOWN = ("senet", "torch", "torchvision", "anywidget", "jupyter-book")

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{head}
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.125rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem }}
a {{ color: inherit }}
:root {{ background: Canvas; color: CanvasText }}
</style>
<main><h1>{heading}</h1><p>{text}</p></main>
</html>
"""


def published_at(repository: str) -> str:
    """The book's address on GitHub Pages, with a slash at the end.

    Raises:
        ValueError: ``repository`` is not the address of a repository on GitHub.
    """
    match = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?", repository)
    if not match:
        raise ValueError(
            f"repository={repository!r} is not the address of a GitHub repository: write https://github.com/owner/name"
        )
    owner, name = match.groups()
    return f"https://{owner.lower()}.github.io/" + ("" if name.lower() == f"{owner.lower()}.github.io" else f"{name}/")


def set_address(app: Sphinx, config: Config) -> None:
    repository = yaml.safe_load(Path(app.srcdir, "_config.yml").read_text("utf8"))["repository"]["url"]
    config.html_baseurl = published_at(repository)


def about(doctree: nodes.document | None, most: int = 160) -> str:
    """The page's first paragraph, cut at a word's end: what a search engine shows below the title."""
    # Formulas would be there as LaTeX: the sentence that holds one is left out.
    for paragraph in doctree.findall(nodes.paragraph) if doctree is not None else ():
        if any(isinstance(parent, (nodes.Admonition, nodes.list_item)) for parent in (paragraph.parent, paragraph.parent.parent)):
            continue
        plain = "".join("\0" if isinstance(child, nodes.math) else child.astext() for child in paragraph.children)
        sentences = [s for s in re.split(r"(?<=[.?!])\s+", " ".join(plain.split())) if "\0" not in s]
        if text := " ".join(sentences):
            return text if len(text) <= most else text[: text.rfind(" ", 0, most)] + " …"
    return ""


def card(app: Sphinx, pagename: str, title: str, text: str) -> str:
    """What a page's head says of it: to search engines, and to those who show links with a picture."""
    base = app.config.html_baseurl
    tags = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": title,
        "og:url": base + app.builder.get_target_uri(pagename),
        "og:image": f"{base}_static/{CARD}",
        "og:image:alt": "Squeeze & Excite: an SE block at work on a photograph of a cat: maps, numbers, gates, dimmed maps",
    }
    lines = [f'<meta property="{name}" content="{html.escape(value)}" />' for name, value in tags.items()]
    if text:
        lines += [f'<meta name="description" content="{html.escape(text)}" />']
        lines += [f'<meta property="og:description" content="{html.escape(text)}" />']
    return "\n".join([*lines, '<meta name="twitter:card" content="summary_large_image" />'])


def describe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    title = html.unescape(re.sub(r"<[^>]+>", "", context.get("title") or pagename.capitalize()))
    app.book_abouts[pagename] = said = about(doctree)
    lines = [context.get("metatags", ""), card(app, pagename, title, said)]
    if pagename == "search":
        lines.append(NOT_FOUND)
    context["metatags"] = "\n".join(lines)
    context["theme_extra_footer"] = app.book_versions


def state_versions(app: Sphinx) -> None:
    """For the footer: with what the book was built, and from what. Also makes the place for what the pages are about."""
    versions = " · ".join(f"{name} {version(name).split('+')[0]}" for name in SHOWN)
    root = Path(app.srcdir)
    git = subprocess.run(["git", "-C", root, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    commit = f" · commit {git.stdout.strip()}" if git.returncode == 0 and (root / ".git").exists() else ""
    app.book_abouts = {}
    app.book_versions = f'<p class="book-versions">Built with {html.escape(versions + commit)}</p>'


def redirects(text: str) -> dict[str, str]:
    """Old address -> new one, both relative to the book's."""
    moved = yaml.safe_load(text) or {}
    for address in (*moved, *moved.values()):
        if urlsplit(address).scheme or address.startswith("/") or ".." in address:
            raise ExtensionError(f"{REDIRECTS}: {address!r} leaves the book: write an address like book/chapter.html")
    return moved


def guide(app: Sphinx) -> str:
    """llms.txt (https://llmstxt.org): the book's parts and pages with what each is about, for programs that read."""
    env, base = app.env, app.config.html_baseurl

    def line(name: str) -> str:
        known = app.book_abouts  # of the pages that are written this time; to read them all again takes a while
        said = known[name] if name in known else about(env.get_doctree(name))
        return f"- [{env.titles[name].astext()}]({base}{app.builder.get_target_uri(name)})" + (f": {said}" if said else "")

    root = app.config.root_doc
    parts = [f"# {app.config.html_title}\n\n> {about(env.get_doctree(root), 400)}\n"]
    for tree in env.tocs[root].findall(addnodes.toctree):
        pages = [page for _, name in tree["entries"] for page in (name, *env.toctree_includes.get(name, ())) if page in env.titles]
        parts.append(f"## {tree.get('caption') or 'Pages'}\n\n" + "\n".join(map(line, pages)) + "\n")
    return "\n".join(parts)


def write_extras(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    root, out, base = Path(app.srcdir), Path(app.outdir), app.config.html_baseurl
    texts = {path.relative_to(out).as_posix(): path.read_text("utf8") for path in sorted(out.rglob("*.html"))}
    # Those that state their own address, but what is not to be found, which is the search.
    pages = [name for name, text in texts.items() if f'rel="canonical" href="{base}{name}"' in text and NOT_FOUND not in text]
    urls = "".join(f"  <url><loc>{html.escape(base + page)}</loc></url>\n" for page in pages)
    sitemap = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )
    (out / "sitemap.xml").write_text(sitemap, encoding="utf8")
    (out / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {base}sitemap.xml\n", encoding="utf8")
    (out / "llms.txt").write_text(guide(app), encoding="utf8")
    (out / ".nojekyll").touch()  # or GitHub would leave out _static
    # At whatever depth a page is missed: the link is from the host's root, and the script corrects it for another host.
    back = f'There is no page at this address. <a data-beginning href="{urlsplit(base).path}">Go to the book’s beginning.</a>'
    lost = PAGE.format(title="Page not found", heading="Page not found", text=back, head=NOT_FOUND)
    lost = lost.replace("</main>", f"</main>\n<script>{LOST.read_text('utf8')}</script>")
    (out / "404.html").write_text(lost, encoding="utf8")
    draw_card(out / "_static" / CARD, app.config.html_title.replace(" &", "\n&").split("\n"))
    for old, new in redirects((root / REDIRECTS).read_text("utf8")).items():
        if (out / old).exists() or not (out / new.split("#")[0]).exists():
            raise ExtensionError(f"{REDIRECTS}: {old} -> {new}: the first must be gone, and the second there")
        relative = "../" * old.count("/") + new
        head = f'<meta http-equiv="refresh" content="0; url={relative}">\n<link rel="canonical" href="{base}{new}">'
        page = PAGE.format(title="Moved", heading="Moved", text=f'This page is <a href="{relative}">here</a> now.', head=head)
        (out / old).parent.mkdir(parents=True, exist_ok=True)
        (out / old).write_text(page, encoding="utf8")


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_address)
    app.connect("builder-inited", state_versions)
    app.connect("html-page-context", describe)
    app.connect("build-finished", write_extras, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
