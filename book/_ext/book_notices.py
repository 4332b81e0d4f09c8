"""Others' licences, as their licences ask: one text file of the built book, made from what the installed packages bring.

``frontend/notices.ts`` writes the part of the scripts, from the packages that the bundles really contain; the wheel has it beside
them. Here the part of the pages comes to it: themes, icons, and what else Sphinx copies.
"""

import re
from importlib.metadata import distribution
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

NOTICES = "third-party.txt"
RULE = "=" * 78
# Distributions whose files are copied into every built book.
PACKAGES = (
    *("Sphinx", "pydata-sphinx-theme", "sphinx-book-theme", "myst-nb", "sphinx-design", "sphinx-togglebutton"),
    "sphinx-copybutton",
)
THEME = "pydata_sphinx_theme/theme/pydata_sphinx_theme/static"
WITHIN = {  # what a distribution holds of others': (distribution, file that states its licence)
    "Bootstrap": ("pydata-sphinx-theme", f"{THEME}/scripts/bootstrap.js.LICENSE.txt"),
    "Font Awesome Free": ("pydata-sphinx-theme", f"{THEME}/scripts/fontawesome.js.LICENSE.txt"),
    "clipboard.js": ("sphinx-copybutton", "sphinx_copybutton/_static/clipboard.min.js"),
}
MIT = Path("frontend/mit.txt")  # below a holder's own line, where a package states no more than that
OFL = """Its icons are CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), its fonts SIL OFL 1.1 (https://openfontlicense.org/),
its style MIT:"""


def of_package(name: str) -> str:
    """The licence files of an installed distribution.

    Raises:
        ExtensionError: it has none.
    """
    found = distribution(name)
    files = [file for file in found.files or () if re.search(r"dist-info/(?:.*/)?(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", str(file))]
    if not files:
        raise ExtensionError(f"{name} comes without a licence file: add what it says to {Path(__file__).name}")
    return "\n\n".join(Path(found.locate_file(file)).read_text("utf8").strip() for file in sorted(files, key=str))


def within(name: str, mit: str) -> str:
    """What a file says at its head of the licence of what it holds, and that licence's text."""
    package, file = WITHIN[name]
    text = Path(distribution(package).locate_file(file)).read_text("utf8")
    heads = re.findall(r"/\*!?(.*?)\*/", text, re.DOTALL)
    if not heads:
        raise ExtensionError(f"{file} of {package} no longer says under which licence {name} is")
    said = "\n".join(re.sub(r"(?m)^\s*\* ?", "", head).strip() for head in heads)
    return "\n\n".join([said, *([OFL] if "Awesome" in name else []), mit])


def section(title: str, text: str) -> str:
    return f"{RULE}\n{title}\n{RULE}\n\n{text.strip()}\n"


def write_notices(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    root, out = Path(app.srcdir), Path(app.outdir)
    parts = [
        "A built copy of this book contains the work of others. Here is what it contains, and under which licence.\n"
        "The book's own code is BSD-3-Clause and its text CC BY 4.0.\n"
    ]
    for made in (root / "sebook/widgets/static" / NOTICES, root / "_build/assets/senet/live" / NOTICES):
        if not made.exists():
            raise ExtensionError(f"{made.relative_to(root)} is missing: `make book` makes it, and then builds the book")
        parts.append(made.read_text("utf8"))
    parts.append(section("Temml", (root / "book/node_modules/temml/LICENSE").read_text("utf8")))
    parts += [section(f"{name} {distribution(name).version}", of_package(name)) for name in PACKAGES]
    parts += [section(name, within(name, (root / MIT).read_text("utf8"))) for name in WITHIN]
    (out / NOTICES).write_text("\n".join(parts), encoding="utf8", newline="\n")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", write_notices)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
