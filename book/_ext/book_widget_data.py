"""What widgets on a page with very many of them work on: files of their own, each fetched when its figure comes near.

A chapter holds its widgets' data, so that they come with the page. The slides have those of all chapters, of which a reader
sees a few. The files are scripts, because pages that are opened from a folder may fetch nothing else.
"""

import hashlib
import html
import re
from pathlib import Path

DATA = re.compile(r' data-data="([^"]*)"')
LEAST = 4_000  # characters, below which a file of its own isn't worth the request
FOLDER = "data"  # beside page.js


def moved(page: str, scripts: Path) -> str:
    """``page`` with its widgets' large data in files below ``scripts``, the folder of page.js."""

    def move(found: re.Match) -> str:
        data = html.unescape(found[1])
        if len(data) < LEAST:
            return found[0]
        name = f"{FOLDER}/{hashlib.sha256(data.encode()).hexdigest()[:12]}"
        file = scripts / f"{name}.js"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'SENet.provide("{name}", {data});\n', encoding="utf8", newline="\n")
        return f' data-from="{name}"'

    return DATA.sub(move, page)
