"""Find links that lead nowhere, without a network: `python tools/links.py _build/html`.

Every link, picture, script and style of every page has to be a file of the book, and every `#place` an element with that id. Links
to other hosts are left alone; those from the host's root have to lie below the book's own address.
"""

import argparse
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Names(HTMLParser):
    """The ids of a page, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" or (name == "name" and tag == "a"):
                self.ids.add(value or "")
            elif name in ("href", "src", "poster", "data") and value is not None:
                self.targets.append(value)
            elif name == "srcset" and value:
                self.targets += [part.split()[0] for part in value.split(",")]


def broken(folder: Path, base: str) -> list[tuple[str, str, str]]:
    """(page, target, why) of every link that leads nowhere.

    Args:
        folder: of the built book.
        base: where it is published, with a slash at the end.
    """
    paths = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.relative_to(folder).parts]
    pages = {path.resolve(): Names(path.read_text("utf8")) for path in paths}
    root = urlsplit(base).path
    found = []
    for path, page in pages.items():
        for target in dict.fromkeys(page.targets):
            url = urlsplit(target.removeprefix(base) if target.startswith(base) else target)
            if url.scheme or url.netloc:
                continue
            if url.path.startswith("/") and not url.path.startswith(root):
                why = "lies outside the book's address"
            else:
                start = folder if url.path.startswith("/") or target.startswith(base) else path.parent
                end = (start / unquote(url.path.removeprefix(root))).resolve() if url.path else path
                end = end / "index.html" if end.is_dir() else end
                if not end.exists():
                    why = "no such file"
                elif url.fragment and end in pages and unquote(url.fragment) not in pages[end].ids:
                    why = "no such place on that page"
                else:
                    continue
            found.append((path.relative_to(folder.resolve()).as_posix(), target, why))
    return found


def published() -> str:
    """The book's address, as the build writes it into its map."""
    text = Path("_build/html/robots.txt").read_text("utf8")
    return text.split("Sitemap: ")[1].split("sitemap.xml")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("_build/html"))
    parser.add_argument("--address", action="store_true", help="print where the book is published, and no more")
    parser.add_argument("--base", default="https://localhost/", help="where the book is published, with a slash at the end")
    options = parser.parse_args()
    if options.address:
        print(published())
        return
    found = broken(options.folder.resolve(), options.base)
    for page, target, why in found:
        print(f"{page}: {target}: {why}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
