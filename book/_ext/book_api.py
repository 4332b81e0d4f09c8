"""The package's reference, from its docstrings.

    ```{api} senet.models.se senet.models.resnet
    ```

lists the public names of these modules, each with its signature, its docstring and a link to its source, and

    ```{api-rest}
    ```

those that no page names, so that a new module appears by itself. ``sebook.checks.*`` means the package and those of its modules
that no page names. In chapters, code in the prose that is a public name leads here.
"""

import importlib
import inspect
import re
import sys
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode, nested_parse_with_titles

PACKAGES = ("senet", "sebook")
NAMED = re.compile(r"^```\{api\} (.+)$", re.MULTILINE)
FOLDER = "book/api"


def modules(root: Path) -> list[str]:
    """All public modules of both packages: ``senet.models.se``, ``sebook.widgets``, ``sebook.widgets.base``, ..."""
    found = []
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if len(parts) > 1 and not any(part.startswith("_") for part in parts):
            found.append(".".join(parts))
    return found


def named(root: Path) -> set[str]:
    """What the pages of the reference name: modules, and packages as ``sebook.checks.*``."""
    return {
        module for page in (root / FOLDER).glob("*.md") for row in NAMED.findall(page.read_text("utf8")) for module in row.split()
    }


def unfold(wanted: list[str], named: set[str], known: list[str]) -> list[str]:
    """``wanted`` with each ``package.*`` as that package and its modules, but for those that a page names."""
    found: list[str] = []
    for name in wanted:
        package = name.removesuffix(".*")
        if package == name:
            found.append(name)
        else:
            inside = [module for module in known if module == package or module.startswith(f"{package}.")]
            found += [module for module in inside if module not in named] or [name]  # one that names nothing is an error
    return found


def own_names(module: str) -> list[str]:
    """The public classes and functions of a module that are its own, in the order of its source."""
    loaded = importlib.import_module(module)
    found = []
    for name, value in vars(loaded).items():
        if name.startswith("_") or not (inspect.isclass(value) or inspect.isroutine(value)):
            continue
        if getattr(value, "__module__", None) == loaded.__name__ and value.__name__ == name:
            found.append((inspect.getsourcelines(inspect.unwrap(value))[1], name))
    return [name for _, name in sorted(found)]


class Api(SphinxDirective):
    optional_arguments = 100
    rest = False

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        known, listed = modules(root), named(root)
        if self.rest:
            elsewhere = unfold(sorted(listed), listed, known)
            wanted = [module for module in known if module not in elsewhere]
        else:
            wanted = unfold(self.arguments, listed, known)
        if unknown := set(wanted) - set(known):
            raise self.error(
                f"api: {', '.join(sorted(unknown))} is not a module of {' or '.join(PACKAGES)}: choose from {', '.join(known)}"
            )
        found = []
        for module in wanted:
            self.env.note_dependency(importlib.import_module(module).__file__)
            found += self.module(module)
        return found

    def module(self, module: str) -> list[nodes.Node]:
        section = nodes.section(ids=[nodes.make_id(module)], names=[module])
        section += nodes.title("", "", nodes.literal("", module))
        lines = [f".. automodule:: {module}", "   :no-members:", ""]  # its docstring alone
        for name in own_names(module):
            is_class = inspect.isclass(getattr(sys.modules[module], name))
            lines += [f".. auto{'class' if is_class else 'function'}:: {module}.{name}"]
            lines += ["   :members:"] if is_class else []
            lines += [""]
        self.restructured(lines, section)
        return [section]

    def restructured(self, lines: list[str], into: nodes.Element) -> None:
        """Parse as reStructuredText, which docstrings are, by the directive that MyST has for that."""
        text = ["```{eval-rst}", *lines, "```"]
        nested_parse_with_titles(self.state, StringList(text, source=self.get_source_info()[0]), into, self.content_offset)


class Rest(Api):
    rest = True


# ---- links


def source_of(root: Path, repository: dict[str, str]):
    """For ``sphinx.ext.linkcode``: where in the repository the source of a name is."""

    def resolve(domain: str, info: dict[str, str]) -> str | None:
        try:
            value = importlib.import_module(info["module"])
            for part in info["fullname"].split("."):
                value = getattr(value, part)
            value = inspect.unwrap(value.fget if isinstance(value, property) else value)
            file, (lines, first) = Path(inspect.getsourcefile(value)), inspect.getsourcelines(value)
        except (AttributeError, TypeError, ValueError, OSError, ImportError):
            return None  # an attribute: it has no source of its own
        if not any(file.is_relative_to(root / package) for package in PACKAGES):
            return None
        where = file.relative_to(root).as_posix()
        return f"{repository['url']}/blob/{repository['branch']}/{where}#L{first}-L{first + len(lines) - 1}"

    return resolve


def link_names(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """In a chapter's prose, the first `senet.record`, `SEBlock` or `record(...)` leads to its reference."""
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    domain = app.env.get_domain("py")
    short: dict[str, list[str]] = {}
    for full, entry in domain.objects.items():
        if entry.objtype in ("class", "function", "module", "exception"):
            short.setdefault(full.rsplit(".", 1)[-1], []).append(full)
    linked = set()
    for literal in list(doctree.findall(nodes.literal)):
        text = literal.astext().split("(")[0]
        if not literal.parent or any(isinstance(p, nodes.reference | nodes.title | nodes.raw) for p in _parents(literal)):
            continue
        full = text if text in domain.objects else None
        if full is None and text.split(".")[0] in PACKAGES:
            full = next((f for f in short.get(text.rsplit(".", 1)[-1], ()) if f.endswith("." + text.split(".", 1)[1])), None)
            full = full or _only(short.get(text.rsplit(".", 1)[-1], ()))
        elif full is None and text[:1].isupper():  # small names are too often a variable's, or another library's
            full = _only(short.get(text, ()))
        if full is None or full in linked:
            continue
        linked.add(full)
        entry = domain.objects[full]
        link = make_refnode(app.builder, docname, entry.docname, entry.node_id, [literal.deepcopy()], full)
        literal.parent.replace(literal, link)


def _only(names) -> str | None:
    return names[0] if len(names) == 1 else None


def _parents(node: nodes.Node):
    while (node := node.parent) is not None:
        # A control holds no link.
        if type(node).__name__ in ("question", "answer"):
            yield nodes.reference()
        yield node


def without_aliases(app: Sphinx, what: str, name: str, obj: object, skip: bool, options) -> bool | None:
    """Leave out a named tuple's field that tells only its place; its class says what it means."""
    return True if (inspect.getdoc(obj) or "").startswith("Alias for field number") else None


def configure(app: Sphinx, config) -> None:
    root = Path(app.srcdir)
    config.linkcode_resolve = source_of(root, yaml.safe_load((root / "_config.yml").read_text("utf8"))["repository"])
    config.autodoc_typehints = "signature"
    config.autodoc_member_order = "bysource"
    config.autodoc_inherit_docstrings = False  # torch's words on `forward` say nothing of ours, and an overridden step has its own
    config.autodoc_preserve_defaults = True
    config.autodoc_class_signature = "mixed"
    config.napoleon_numpy_docstring = False
    config.napoleon_use_rtype = False
    config.napoleon_use_ivar = True
    config.add_module_names = False


def setup(app: Sphinx) -> dict:
    for extension in ("sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.linkcode"):
        app.setup_extension(extension)
    app.add_directive("api", Api)
    app.add_directive("api-rest", Rest)
    app.connect("config-inited", configure)
    app.connect("autodoc-skip-member", without_aliases)
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
