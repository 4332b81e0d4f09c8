"""The house keeps its rules: imports go one way, nothing goes in circles, and files and functions stay small."""

import ast
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tools import tree

ROOT = Path(__file__).parents[1]
# Of senet, which a learner reads; a folder's label holds no code and is not counted. Eight files and 1,400 lines of it find,
# read and change gates in networks that nobody prepared.
MOST_FILES, MOST_LINES = 35, 5600
FILE_LINES, FUNCTION_LINES = 300, 80

GRAPH = tree.graph()


def written() -> list[Path]:
    """All Python of the repository, without what is installed or built."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "*.py"], capture_output=True, text=True, check=False)
    folders = ("senet", "sebook", "tests", "tools", "book/_ext")
    paths = listed.stdout.split() or [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [ROOT / path for path in paths]


def cycle(edges: dict[str, set[str]]) -> list[str]:
    """Some circle in a graph, or nothing."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def folders(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same graph between folders: a module that is in no folder of its package counts as one."""

    def folder(name: str) -> str:
        return ".".join(name.split(".")[:2])

    found: dict[str, set[str]] = {}
    for name, needed in edges.items():
        found.setdefault(folder(name), set()).update(folder(each) for each in needed if folder(each) != folder(name))
    return found


def test_the_graph_is_that_of_the_files():
    assert {"senet.models.se", "senet.inside.recording", "sebook.widgets.base"} <= set(GRAPH)
    assert "senet.models.se" in GRAPH["senet.models.resnet"]  # relative
    assert "senet.inside.recording" in GRAPH["sebook.widgets.base"]  # absolute
    assert "sebook.widgets.view" in GRAPH["sebook.cli.trials"]  # within a function


def test_senet_never_imports_the_book():
    assert [(name, each) for name in GRAPH for each in GRAPH[name] if name.startswith("senet") and each.startswith("sebook")] == []


def test_nothing_is_imported_in_circles():
    assert cycle(GRAPH) == []
    assert cycle(folders(GRAPH)) == []


def test_circles_would_be_found():
    assert set(cycle({"senet.a.x": {"senet.b.y"}, "senet.b.y": {"senet.a.x"}})) == {"senet.a.x", "senet.b.y"}
    apart = {"senet.a.x": {"senet.b.y"}, "senet.b.z": {"senet.a.w"}, "senet.b.y": set(), "senet.a.w": set()}
    assert cycle(apart) == [] and set(cycle(folders(apart))) == {"senet.a", "senet.b"}


def test_the_package_stays_small():
    files = [path for path in written() if path.relative_to(ROOT).parts[0] == "senet"]
    # A folder's label has only a docstring, and __main__ only hands over to the command line: neither has anything to read.
    code = [path for path in files if len(ast.parse(path.read_text("utf8")).body) > 1 and path.stem != "__main__"]
    assert len(code) <= MOST_FILES
    assert sum(len(path.read_text("utf8").splitlines()) for path in files) <= MOST_LINES


@pytest.mark.parametrize("path", written(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_and_its_functions_fit_their_limits(path: Path):
    text = path.read_text("utf8")
    assert len(text.splitlines()) <= FILE_LINES, "split it: one idea a file"
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    lengths = {node.name: node.end_lineno - node.lineno + 1 for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)}
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


def test_the_readme_lists_the_files_as_they_describe_themselves():
    readme = (ROOT / "README.md").read_text("utf8")
    assert tree.renewed(readme) == readme, "run `python -m tools.tree --write`"


def test_the_readme_says_truly_where_things_are():
    """Below "Looking for something?": every path is there, and all other code is in a file that the same point names."""
    part = (ROOT / "README.md").read_text("utf8").partition("Looking for something?")[2].partition("<!--")[0]
    points = part.split("\n- ")[1:]
    assert len(points) == 4
    for point in points:
        named = re.findall(r"`([^`]+)`", point)
        paths = [ROOT / name for name in named if re.fullmatch(r"[\w/]+/|[\w/]+\.(py|md)", name)]
        assert [path for path in paths if not path.exists()] == []
        text = "\n".join(path.read_text("utf8") for path in paths if path.is_file())
        code = [name.removesuffix(" ...)") for name in named if ROOT / name not in paths]
        words = [word for name in code for word in ([name] if "(" in name else name.split("."))]
        assert [word for word in words if word not in text] == []


def test_a_readme_without_its_marks_is_refused():
    with pytest.raises(ValueError, match="README.md needs the lines"):
        tree.renewed("# Nothing here")


@pytest.mark.parametrize(
    ("docstring", "says"),
    [
        ("One idea. And more of it.", "One idea."),
        ("What :mod:`senet.models.se` and ``record`` do\ntogether.\n\nMore.", "What `se` and `record` do together."),
    ],
)
def test_a_summary_is_the_first_sentence(tmp_path: Path, docstring: str, says: str):
    path = tmp_path / "module.py"
    path.write_text(f'"""{docstring}"""\n')
    assert tree.summary(path) == says


def test_a_module_has_to_say_what_it_holds(tmp_path: Path):
    path = tmp_path / "module.py"
    path.write_text("x = 1\n")
    with pytest.raises(ValueError, match="has no docstring"):
        tree.summary(path)
