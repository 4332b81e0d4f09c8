"""What a published page loads: the widgets' figures and the script that brings them to life, all from the book's own files.

A page has no kernel, so a widget is there as its text/html, a figure that ``senet/page.js`` takes over. The state that ipywidgets
would embed is left out, because nothing would read it. An output that only a kernel could show causes a warning.
"""

import gc
import html
import re
import shutil
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from book_mathml import STYLE, TEMML

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SCRIPTS = Path("sebook/widgets/static")  # page.js, widgets.css and what they load: `npm run build` puts them there
ASSETS = Path("_build/assets/senet")  # the same, beside gallery/ (recorded answers) and live/ (networks)

WIDGET = re.compile(r'<figure class="senet-widget"[^>]*\bdata-senet="([\w-]+)"')  # book_try gives it that name as its id

logger = logging.getLogger(__name__)


def gather_assets(app: Sphinx, config: Config) -> None:
    """Put scripts, styles and the gallery where Sphinx copies from, or say which command makes them."""
    root = Path(app.srcdir)
    for needed in (SCRIPTS / "page.js", SCRIPTS / "widgets.css", ASSETS / "gallery", ASSETS / "live", TEMML / STYLE[0]):
        if not (root / needed).exists():
            raise ExtensionError(f"{needed} is missing: `make book` makes it, and then builds the book")
    shutil.copytree(root / SCRIPTS, root / ASSETS, dirs_exist_ok=True)
    (root / "_build/assets/math").mkdir(exist_ok=True)
    for name in STYLE:
        shutil.copy(TEMML / name, root / "_build/assets/math" / name)


def check_outputs(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of an output that needs a kernel: its control would be dead on the page."""
    for bundle in doctree.findall(lambda node: isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"):
        kinds = {node["mime_type"] for node in bundle.children}
        if WIDGET_VIEW in kinds and "text/html" not in kinds:
            logger.warning("this widget has no text/html, so that a page without a kernel can't show it", location=bundle)


class OneId(SphinxTransform):
    """A section whose title is a widget's name leaves that id to the widget's figure: addresses of views end with it."""

    default_priority = 850  # once sections have their ids, and before anything looks them up

    def apply(self, **kwargs) -> None:
        taken = {found for raw in self.document.findall(nodes.raw) for found in WIDGET.findall(raw.astext())}
        for section in self.document.findall(nodes.section):
            for old in taken.intersection(section["ids"]):
                new = f"{old}-section"
                section["ids"] = [new if each == old else each for each in section["ids"]]
                self.document.ids[new] = self.document.ids.pop(old)
                for name, known in self.document.nameids.items():
                    if known == old:
                        self.document.nameids[name] = new


def drop_widget_state(app: Sphinx, env: BuildEnvironment) -> None:
    for data in NbMetadataCollector.get_doc_data(env).values():
        data.get("js_files", {}).pop("ipywidgets_state", None)


def add_scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Pages without a widget stay free of its script, and those without a drawing of the book's colours as well."""
    body = context.get("body", "")
    if "data-senet" in body or "senet-drawing" in body:
        app.add_css_file("senet/widgets.css")
    if "data-senet" in body:
        app.add_js_file("senet/page.js", loading_method="defer")


ENTRY = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="_static/{icon}">
<meta http-equiv="refresh" content="0; url={first}">
<main><h1><a href="{first}">{title}</a></h1></main>
"""


def write_entry(app: Sphinx, exception: Exception | None) -> None:
    """The page at the book's address leads to the first one. Jupyter Book's own has neither language nor title."""
    if exception is None and app.builder.name == "html":
        texts = {"title": app.config.html_title, "icon": app.builder.globalcontext["favicon_url"]}
        entry = ENTRY.format(first=app.builder.get_target_uri(app.config.root_doc), **{k: html.escape(v) for k, v in texts.items()})
        Path(app.outdir, "index.html").write_text(entry, encoding="utf8")


def setup(app: Sphinx) -> dict:
    gc.set_threshold(50_000, 20, 50)  # the trees of all pages stay: a quarter of a build went into looking for garbage in them
    app.connect("config-inited", gather_assets, priority=100)  # before Sphinx looks whether the folders of assets are there
    app.add_transform(OneId)
    app.connect("doctree-read", check_outputs)
    app.connect("env-updated", drop_widget_state)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_entry)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
