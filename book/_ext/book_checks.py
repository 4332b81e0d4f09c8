"""What is checked, told by the tests themselves: a table whose every row leads to tests, and whose numbers are theirs.

    ```{checks}
    - for: a screen reader
      what: axe-core {axe} finds nothing, neither in a window of {desktop} nor in one of {phone}
      by: [test_pages.test_on_a_desk, test_pages.test_in_a_hand]
    ```

``by`` names tests in ``tests/book``; what is in braces is one of :func:`facts`. The tests are read, not run. One that is gone, or
that says nothing about itself, fails the build, so that the page can't promise what nobody checks any more.

    ```{lighthouse}
    ```

shows what ``make lighthouse`` measured; before it has, nothing.
"""

import ast
import json
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

TESTS = Path("tests/book")
WINDOWS = {"desktop": "conftest.DESKTOP", "phone": "conftest.PHONE", "zoomed": "test_pages.ZOOMED"}


@dataclass(frozen=True)
class Check:
    """A test, as its source tells of it."""

    name: str  # of its function, without test_
    file: str
    line: int
    about: str  # its docstring's first paragraph
    every_page: bool  # it runs once for each page of the built book


def modules(root: Path) -> dict[str, ast.Module]:
    return {path.stem: ast.parse(path.read_text("utf8")) for path in sorted((root / TESTS).glob("*.py"))}


def check(name: str, known: dict[str, ast.Module]) -> Check:
    """The test that is called ``module.function``.

    Raises:
        ExtensionError: there is none, or it has no docstring.
    """
    module, _, function = name.partition(".")
    for node in known[module].body if module in known else ():
        if isinstance(node, ast.FunctionDef) and node.name == function and function.startswith("test_"):
            about = ast.get_docstring(node)
            if not about:
                raise ExtensionError(f"{TESTS}/{module}.py: {function} is named by a page, and has no docstring to quote there")
            every_page = "page_path" in (argument.arg for argument in node.args.args)
            paragraph = " ".join(about.split("\n\n")[0].split())
            return Check(function.removeprefix("test_"), f"{TESTS.as_posix()}/{module}.py", node.lineno, paragraph, every_page)
    raise ExtensionError(f"a page says that {name} checks something, and {TESTS} has no such test")


def constant(name: str, known: dict[str, ast.Module]) -> object:
    """The value of ``module.NAME``."""
    module, _, variable = name.partition(".")
    for node in known[module].body:
        if isinstance(node, ast.Assign) and variable in (target.id for target in node.targets if isinstance(target, ast.Name)):
            return ast.literal_eval(node.value)
    raise ExtensionError(f"{TESTS}/{module}.py sets no {variable}")


def in_firefox(known: dict[str, ast.Module]) -> list[str]:
    """The pages, as in ``book/index``, that test_firefox.py opens in Firefox."""
    for node in ast.walk(known["test_firefox"]):
        if isinstance(node, ast.FunctionDef) and node.name == "test_the_same_pages":
            for call in node.decorator_list:
                return [path.removesuffix(".html") for path in ast.literal_eval(call.args[1])]
    raise ExtensionError("tests/book/test_firefox.py has no test_the_same_pages with its list of pages")


def facts(root: Path, env: BuildEnvironment, known: dict[str, ast.Module]) -> dict[str, str]:
    """What a row may name in braces."""
    sizes = {name: constant(where, known) for name, where in WINDOWS.items()}
    package = json.loads((root / "book/node_modules/axe-core/package.json").read_text("utf8"))
    return {
        "axe": package["version"],
        "pages": str(len(env.found_docs)),
        "most": f"{constant('test_pages.MOST', known) // 1000} kB",
        "firefox": ", ".join(f"{{doc}}`/{name}`" for name in in_firefox(known)),
        **{name: f"{size['width']} × {size['height']} pixels" for name, size in sizes.items()},
    }


class Checks(SphinxDirective):
    """See the module."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        for path in (root / TESTS).glob("*.py"):
            self.env.note_dependency(str(path))
        known = modules(root)
        told = facts(root, self.env, known)
        repository = yaml.safe_load((root / "_config.yml").read_text("utf8"))["repository"]
        base = f"{repository['url']}/blob/{repository['branch']}"
        rows, named = [], {}
        for row in yaml.safe_load("\n".join(self.content)):
            found = [check(name, known) for name in row["by"]]
            named |= dict.fromkeys(found)
            links = (f"[{words(each)}]({base}/{each.file}#L{each.line}){everywhere(each)}" for each in found)
            rows.append(f"| {row['for']} | {row['what'].format_map(told)}. Tests: {', '.join(links)}. |")
        lines = ["| For | What is checked |", "|---|---|", *rows, "", "In the tests' own words:", ""]
        for each in named:
            lines.append(f"- *{words(each)}*{everywhere(each)}: {each.about}")
        return self.parse_text_to_nodes("\n".join(lines))


class Lighthouse(SphinxDirective):
    """See the module."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir, "data/results/lighthouse.json")
        self.env.note_dependency(str(path))
        if not path.exists():
            return []
        measured = json.loads(path.read_text("utf8"))
        lines = [f"{measured['versions']}, as a phone: the median of {measured['runs']} runs, on {measured['date']}.", ""]
        names = ("performance", "accessibility", "best-practices", "seo")
        lines += ["| Page | Performance | Accessibility | Best practices | Search engines |", "|---|---|---|---|---|"]
        for page, scores in measured["pages"].items():
            cells = " | ".join(str(scores[name]) for name in names)
            lines.append(f"| {{doc}}`/{page.removesuffix('.html')}` | {cells} |")
        return self.parse_text_to_nodes("\n".join(lines))


def words(each: Check) -> str:
    return each.name.replace("_", " ")


def everywhere(each: Check) -> str:
    return " (every page)" if each.every_page else ""


def setup(app: Sphinx) -> dict:
    app.add_directive("checks", Checks)
    app.add_directive("lighthouse", Lighthouse)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
