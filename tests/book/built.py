"""Where the built book is, which pages it has, and how long a test waits for one."""

import os
from pathlib import Path

HTML = Path(os.environ.get("BOOK_HTML") or Path(__file__).parents[2] / "_build" / "html").resolve()
# Milliseconds that a test waits for what should come; a net for what hangs, wide enough for a slow machine that is busy.
PATIENCE = 60_000


def book_pages() -> list[str]:
    """Addresses of all pages, relative to the book's; what lies in _static belongs to the theme."""
    pages = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html"))
    return [page for page in pages if not page.startswith("_static/")]
