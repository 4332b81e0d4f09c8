"""What must run or be so before anything else of a page: storage that may be refused, colours without scripts, and a safe search.

The script is inline, so that no request delays it; the policy lets it in by its hash (:mod:`book_policy`).
"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FIRST = Path(__file__).with_name("first.js")
CHARSET = re.compile(r"<meta charset=\"?utf-8\"? ?/?>", re.IGNORECASE)
AUTO = re.compile(r'(<html\b[^>]*\bdata-theme=)"auto"')
SEARCH = '<script defer src="_static/searchtools.js"></script>'


def begun(page: str, script: str) -> str:
    """The page with the script right after the line that names its encoding, and with colours where no script runs.

    The theme's rules are for light and for dark; "auto" is what its own script replaces by one of them.
    """
    page = AUTO.sub(r'\1"light"', page, count=1)
    return CHARSET.sub(lambda found: f"{found[0]}\n<script>{script}</script>", page, count=1)


def begin(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    out, script = Path(app.outdir), FIRST.read_text("utf8")
    for path in out.rglob("*.html"):
        text = path.read_text("utf8")
        if "_static" in path.relative_to(out).parts or "<script" not in text or 'http-equiv="refresh"' in text:
            continue
        path.write_text(begun(text, script), encoding="utf8", newline="\n")
    search = out / "search.html"
    text = search.read_text("utf8")
    if SEARCH not in text:
        raise ExtensionError(f"search.html does not load Sphinx's search as {SEARCH}: look at how it does now")
    own = SEARCH.replace("searchtools.js", "search.js")
    search.write_text(text.replace(SEARCH, f"{SEARCH}\n  {own}"), encoding="utf8", newline="\n")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", begin, priority=870)  # once scripts are in their order, and before the policy counts them
    return {"parallel_read_safe": True, "parallel_write_safe": True}
