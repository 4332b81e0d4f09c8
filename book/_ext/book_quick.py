"""Pages that are painted at once: one style for the theme's nine, scripts last, and no search where nobody searches.

The theme's styles come one by one, and the first of them asks for another by ``@import``, which a browser learns of only when the
first has come. Here they are one file. Scripts that stand in a page's head hold up all that follows, though nothing of it waits for
them: they move to the page's end, in their order. The first stays, as it sets the colours before anything is painted.

    head: [policy] [first inline script] [styles-….css] [the book's own styles] [deferred scripts]
    body: ... [the other scripts]
"""

import hashlib
import posixpath
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

OWN = ("senet/", "book.css")  # stay files of their own: a change of theirs alone needs no new build to be looked at
STYLE = re.compile(r'[ \t]*<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="([^"]+)"[^>]*>\n?')
IMPORT = re.compile(r'@import\s+(?:url\()?["\']?([^"\')]+)["\']?\)?\s*;')
CHARSET = re.compile(r'@charset "[^"]*";', re.IGNORECASE)
URL = re.compile(r"""url\((["']?)(?!["']?(?:data:|https?:|/|#|%23))([^)"']+)\1\)""")
SCRIPT = re.compile(r"[ \t]*<script\b([^>]*)>(.*?)</script>\n?", re.DOTALL)
EARLY = re.compile(r'[ \t]*<link rel="preload" as="script"[^>]*>\n?')  # would come in the way of the style
SEARCH = re.compile(r'[ \t]*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\n?')


def whole(path: Path, folder: Path) -> str:
    """A style with what it imports, and with addresses that are relative to ``folder``."""
    text = CHARSET.sub("", path.read_text("utf8"))
    text = IMPORT.sub(lambda found: whole(path.parent / found[1].split("?")[0], folder), text)

    def moved(found: re.Match) -> str:
        target = (path.parent / found[2]).resolve().relative_to(folder.resolve())
        return f"url({found[1]}{target.as_posix()}{found[1]})"

    # What was imported has its addresses right already: they are those that lead to a file from ``folder``.
    return URL.sub(lambda found: found[0] if (folder / found[2]).exists() else moved(found), text)


def one_style(page: str, name: str, out: Path) -> str:
    """The page with the theme's styles as one, which is written where it is new."""
    folder = out / "_static"
    links = [found for found in STYLE.finditer(page) if not any(own in found[1] for own in OWN)]
    if not links:
        return page
    if 'media="' in "".join(found[0] for found in links):
        raise ExtensionError(f"{name} has a style for some media only, which can't be joined to the others: use @media inside it")
    paths = [out / posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1].split("?")[0])) for found in links]
    text = "\n".join(whole(path, folder) for path in paths)
    style = f"styles-{hashlib.sha256(text.encode()).hexdigest()[:12]}.css"
    (folder / style).write_text(text, encoding="utf8")
    place = links[0].start()
    for found in reversed(links):
        page = page[: found.start()] + page[found.end() :]
    return f'{page[:place]}<link rel="stylesheet" href="{"../" * name.count("/")}_static/{style}" />\n{page[place:]}'


def scripts_last(page: str) -> str:
    """The page with the scripts of its head at its end, but the first inline one and the deferred."""
    head, end, body = page.partition("</head>")
    kept_first = False
    moved = []

    def move(found: re.Match) -> str:
        nonlocal kept_first
        attributes, text = found.groups()
        if not kept_first and text.strip():
            kept_first = True
            return found[0]
        if re.search(r"\b(defer|async|type=)", attributes):
            return found[0]
        moved.append(found[0])
        return ""

    head = SCRIPT.sub(move, head)
    before, close, after = body.rpartition("</body>")
    if not close:
        raise ExtensionError("a page has no </body> for its scripts to stand before")
    return f"{head}{end}{before}{''.join(moved)}{close}{after}"


def quicken(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    for path in out.rglob("*.html"):
        name = path.relative_to(out).as_posix()
        page = path.read_text("utf8")
        if name.startswith("_static/") or "<body" not in page or 'data-default-mode="' not in page:
            continue  # a page that leads on has nothing to wait for
        if name != "search.html":  # the field in the others' dialog only leads there
            page = SEARCH.sub("", page)
        path.write_text(scripts_last(one_style(EARLY.sub("", page), name, out)), encoding="utf8")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", quicken, priority=850)  # once the style is slim, and before the policy, which counts scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
