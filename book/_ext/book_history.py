"""The foot of a page: when it last changed, and where changes, errata and others' licences are listed.

The date is the one of the last commit that touched the page's source, so that two builds of a commit agree. Without git, or in a
clone that lacks the earlier commits, no date is shown.
"""

import datetime
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from book_notices import NOTICES


def git(root: Path, *arguments: str) -> str | None:
    """What git prints, or None where there is no repository here."""
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=False)
    except OSError:  # git is not installed
        return None
    return done.stdout if done.returncode == 0 else None


def last_changes(root: Path, folder: str = "book") -> dict[str, datetime.date]:
    """For each file below ``folder``, by its path from ``root``: the day of the last commit that touched it."""
    if (git(root, "rev-parse", "--is-shallow-repository") or "true").strip() != "false":
        return {}
    found: dict[str, datetime.date] = {}
    day = None
    # Newest first; a line with a day, marked by a character that no path begins with, then the commit's files.
    for line in (git(root, "-c", "core.quotepath=off", "log", "--format=>%cs", "--name-only", "--", folder) or "").splitlines():
        if line.startswith(">"):
            day = datetime.date.fromisoformat(line[1:])
        elif line:
            found.setdefault(line, day)
    return found


def read_history(app: Sphinx) -> None:
    app.book_changes = last_changes(Path(app.srcdir))


def add_foot(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    pathto = context["pathto"]
    items = []
    if pagename in app.env.found_docs:
        source = Path(app.env.doc2path(pagename)).relative_to(app.srcdir).as_posix()
        if day := app.book_changes.get(source):
            said = f"{day.day} {day:%B %Y}"
            items.append(f'Last changed on <time datetime="{day.isoformat()}">{said}</time>')
    items += [f'<a href="{pathto(f"book/{name}")}">{words}</a>' for name, words in (("changes", "Changes"), ("errata", "Errata"))]
    items.append(f'<a href="{pathto(NOTICES, 1)}">Third-party notices</a>')
    foot = f'<p class="book-foot">{" · ".join(items)}</p>'
    context["theme_extra_footer"] = foot + (context.get("theme_extra_footer") or "")


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", read_history)
    app.connect("html-page-context", add_foot, priority=600)  # after book_published has put the versions there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
