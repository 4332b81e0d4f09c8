"""Questions that answer themselves in the page, exercises with hints: no kernel, no account, nothing sent.

    ```{question} The question in one sentence?
    :label: q-softmax
    - [ ] A wrong answer :: why it is wrong.
    - [x] The right answer :: why it is right.
    ```

Each answer has its reply. The reply to a wrong one names the misconception. Without JavaScript the replies are folded below.
With it (``assets/exercises.js``), a reader chooses an answer and sees its reply; the choice stays in this browser.

    ```{exercise} Title
    :label: ex-squeeze
    ...
    ```
    ```{hint}
    ...
    ```

    ```{progress}
    ```

is a list of them all, chapter by chapter; with JavaScript it shows which of them a reader has answered, rightly or not, and done.
"""

import html
import re

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

ANSWER = re.compile(r"^- \[([ x])\] (.*)$")
LABEL = re.compile(r"^[a-z][a-z0-9-]*$")

logger = logging.getLogger(__name__)


class folded(nodes.General, nodes.Element):
    """``<details>`` with a ``summary`` in words."""


class question(nodes.General, nodes.Element):
    """A fieldset: its ``title``, then answers."""


class answer(nodes.General, nodes.Element):
    """A radio button: what it says, then its reply. ``right`` says whether it is."""


class progress(nodes.General, nodes.Element):
    """Where the list of all questions and exercises goes."""


class _Labelled(SphinxDirective):
    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"label": directives.unchanged_required}

    def label(self) -> str:
        """This one's label, known once in the whole book: a reader's answers are kept under it."""
        label = self.options.get("label", "")
        if not LABEL.match(label):
            raise self.error(f":label: {label!r} has to be small letters, digits and hyphens, such as q-softmax")
        taken = _labels(self.env).get(label, self.env.docname)
        if taken != self.env.docname or label in self.env.temp_data.setdefault("exercise_labels", set()):
            raise self.error(f":label: {label} is taken in {taken}: give each question and exercise a label of its own")
        _labels(self.env)[label] = self.env.docname
        self.env.temp_data["exercise_labels"].add(label)
        return label

    def listed(self, said: list[nodes.Node], right: int | None = None) -> None:
        """Remember it for the list of all: its words, and the number of a question's right answer."""
        text = "".join(node.astext() for node in said)
        _items(self.env).setdefault(self.env.docname, []).append((self.options["label"], text, right))

    def inline(self, text: str) -> list[nodes.Node]:
        found, messages = self.state.inline_text(text, self.lineno)
        return found + messages


class Question(_Labelled):
    """See the module."""

    def run(self) -> list[nodes.Node]:
        label = self.label()
        parts: list[list[str]] = []
        for line in self.content:
            if start := ANSWER.match(line):
                parts.append([start[1], start[2]])
            elif parts and line.strip():
                parts[-1][1] += " " + line.strip()
            elif line.strip():
                raise self.error(f"{label}: {line.strip()!r} is not an answer: write '- [ ] answer :: reply', or '- [x]' if right")
        if len(parts) < 2 or [mark for mark, _ in parts].count("x") != 1:
            raise self.error(f"{label} has {len(parts)} answers: give two or more, one of them marked [x]")
        node = question(ids=[label], label=label)
        node += nodes.paragraph("", "", *self.inline(self.arguments[0]))
        self.listed(node[0].children, [mark for mark, _ in parts].index("x"))
        for mark, text in parts:
            says, found, reply = text.partition(" :: ")
            if not found:
                raise self.error(f"{label}: the answer {says!r} has no reply: write ' :: ' after it, and then why")
            each = answer(right=mark == "x")
            each += nodes.inline("", "", *self.inline(says.strip()))
            each += nodes.inline("", "", *self.inline(reply.strip()))
            node += each
        return [node]


class Exercise(_Labelled):
    """An exercise to be built: an admonition with a label to link to."""

    def run(self) -> list[nodes.Node]:
        label = self.label()
        node = nodes.admonition("", classes=["senet-exercise"], ids=[label])
        said = self.inline(self.arguments[0])
        self.listed(said)
        node += nodes.title("", "", nodes.Text("Exercise: "), *said)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class Hint(SphinxDirective):
    """Folded, in place of docutils' open box."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        node = folded(summary="Hint")
        content = self.content
        if self.arguments:  # text on the directive's own line
            content = StringList([self.arguments[0], *content])
        self.state.nested_parse(content, self.content_offset, node)
        return [node]


class Progress(SphinxDirective):
    """See the module."""

    def run(self) -> list[nodes.Node]:
        return [progress()]


def _labels(env: BuildEnvironment) -> dict[str, str]:
    """The document of each label."""
    if not hasattr(env, "exercise_labels"):
        env.exercise_labels = {}
    return env.exercise_labels


def _items(env: BuildEnvironment) -> dict[str, list[tuple[str, str, int | None]]]:
    """Label, words and the right answer's number of all questions and exercises (None) of a document."""
    if not hasattr(env, "exercise_items"):
        env.exercise_items = {}
    return env.exercise_items


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    for label in [label for label, where in _labels(env).items() if where == docname]:
        del _labels(env)[label]
    _items(env).pop(docname, None)


def merge(app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    _labels(env).update(_labels(other))
    _items(env).update(_items(other))


def reading_order(env: BuildEnvironment, docname: str | None = None) -> list[str]:
    """All documents of the contents, in their order."""
    docname = docname or env.config.root_doc
    return [docname, *(name for child in env.toctree_includes.get(docname, []) for name in reading_order(env, child))]


def list_all(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the list in its place, now that all documents are read. Chapters come in the order of the contents."""
    for place in list(doctree.findall(progress)):
        chapters = []
        for name in reading_order(app.env):
            if not (items := _items(app.env).get(name)):
                continue
            address = app.builder.get_relative_uri(docname, name)
            lines = []
            for label, words, right in items:
                kind = "exercise" if right is None else "question"
                known = "" if right is None else f' data-right="{right}"'
                link = f'<a href="{address}#{label}">{html.escape(words)}</a>'
                lines.append(f'<li data-item="{label}" data-kind="{kind}"{known}>{kind.capitalize()}: {link}</li>')
            title = html.escape(app.env.titles[name].astext())
            head = f'<details class="senet-chapter"><summary>{title}</summary>'
            chapters.append(f'{head}<p><a href="{address}">Open the chapter</a></p><ul>{"".join(lines)}</ul></details>')
        place.replace_self(nodes.raw("", f'<div data-senet-progress="true">{"".join(chapters)}</div>', format="html"))


def add_script(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Pages without a question or an exercise stay free of their script."""
    if re.search(r'class="senet-question"|senet-exercise|data-senet-progress', context.get("body", "")):
        app.add_js_file("exercises.js", loading_method="defer")


# ---- HTML


def visit_folded(self: HTML5Translator, node: folded) -> None:
    self.body.append(f'<details class="senet-folded"><summary>{node["summary"]}</summary>')


def depart_folded(self: HTML5Translator, node: folded) -> None:
    self.body.append("</details>")


def visit_question(self: HTML5Translator, node: question) -> None:
    self.body.append(f'<fieldset class="senet-question" id="{node["label"]}" data-question="{node["label"]}"><legend>')
    for child in node[0].children:
        child.walkabout(self)
    self.body.append("</legend>")
    answers = [child for child in node.children if isinstance(child, answer)]
    for i, each in enumerate(answers):
        right = ' data-right="true"' if each["right"] else ""
        self.body.append(f'<label{right}><input type="radio" name="{node["label"]}" value="{i}"> <span>')
        each[0].walkabout(self)
        self.body.append("</span></label>")
    self.body.append('<details class="senet-folded"><summary>Answer</summary><ol>')
    for each in answers:
        self.body.append(f"<li{' data-right=true' if each['right'] else ''}><strong>{'Yes' if each['right'] else 'No'}.</strong> ")
        each[1].walkabout(self)
        self.body.append("</li>")
    self.body.append("</ol></details></fieldset>")
    raise nodes.SkipNode


def visit_nothing(self: HTML5Translator, node: nodes.Node) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict:
    app.add_node(folded, html=(visit_folded, depart_folded))
    app.add_node(question, html=(visit_question, None))
    app.add_node(answer, html=(visit_nothing, None))
    app.add_directive("question", Question)
    app.add_directive("exercise", Exercise)
    app.add_node(progress, html=(visit_nothing, None))
    app.add_directive("hint", Hint, override=True)
    app.add_directive("progress", Progress)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("doctree-resolved", list_all)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 2}
