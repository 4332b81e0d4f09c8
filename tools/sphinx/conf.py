"""The book for Sphinx alone: `sphinx-build -c tools/sphinx . FOLDER`, without Jupyter Book.

Jupyter Book 1 is a command that makes Sphinx settings of _config.yml. What it makes of ours is
here, so that the book can be built when that command is no longer kept up. tests/book/test_sphinx.py
holds both to the same pages. Chapters run as they do otherwise: see `book/_ext/book_execution.py`.
"""

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
_book = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
_own = _book["sphinx"]["config"]
_repository = _book["repository"]

for _folder in dict.fromkeys(_book["sphinx"]["local_extensions"].values()):
    sys.path.append(str(ROOT / _folder))
extensions = [name for name in _own["extensions"] if name != "jupyter_book"]

project = html_title = _book["title"]
author, copyright = _book["author"], _book["copyright"]
exclude_patterns = ["_build", "**.ipynb_checkpoints", *_book["exclude_patterns"]]
external_toc_path = "_toc.yml"
external_toc_exclude_missing = _book["only_build_toc_files"]
bibtex_bibfiles = [str(ROOT / path) for path in _book["bibtex_bibfiles"]]
numfig = True
suppress_warnings = ["myst.domains"]
comments_config = {"hypothesis": False, "utterances": False}

myst_enable_extensions = ["colon_fence", "dollarmath", "linkify", "substitution", "tasklist"]
myst_url_schemes = ["mailto", "http", "https"]
nb_execution_mode = _book["execute"]["execute_notebooks"]
nb_execution_timeout = _book["execute"]["timeout"]
nb_execution_raise_on_error = _book["execute"]["raise_on_error"]

html_theme = "sphinx_book_theme"
html_favicon = _book["html"]["favicon"]
html_sourcelink_suffix = ""
html_theme_options = {
    "search_bar_text": "Search this book...",
    "path_to_docs": "",
    "repository_url": _repository["url"],
    "repository_branch": _repository["branch"],
    "use_repository_button": _book["html"]["use_repository_button"],
    "use_edit_page_button": False,
    "use_issues_button": False,
    "home_page_in_toc": True,
    "launch_buttons": _book["launch_buttons"],
    **_own["html_theme_options"],
}


def _from_root(path: str) -> str:
    return str(ROOT / path)  # Sphinx would look beside this file


html_favicon = _from_root(html_favicon)
html_static_path = [_from_root(path) for path in _own["html_static_path"]]
_taken = ("extensions", "html_theme_options", "html_static_path")
globals().update({name: value for name, value in _own.items() if name not in _taken})
