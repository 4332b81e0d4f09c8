"""What the project says of itself holds: versions agree, pins fit floors, floors fit Colab, and git holds nothing that is made."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.version import Version

from tools import serve
from tools.tree import PACKAGES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))

# What Google Colab has installed (August 2026): the package must be installable beside it without replacing any of it.
COLAB = {
    "python": "3.13",
    "anywidget": "0.9.21",
    "ipywidgets": "7.7.1",
    "matplotlib": "3.10.0",
    "numpy": "2.1.0",
    "torch": "2.11.0",
    "torchvision": "0.26.0",
    "traitlets": "5.7.1",
}


def requirements(name: str) -> list[Requirement]:
    lines = (line.split("#")[0].rstrip("\\ ").strip() for line in (ROOT / name).read_text("utf8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("--hash=")]


def pins(python: str) -> dict[str, Version]:
    """What requirements.txt installs under a Python version on Linux."""
    environment = default_environment() | {
        "python_version": python,
        "python_full_version": python + ".5",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "platform_system": "Linux",
        "implementation_name": "cpython",
    }
    chosen = [r for r in requirements("requirements.txt") if r.marker is None or r.marker.evaluate(environment)]
    for pin in chosen:
        assert re.fullmatch(r"==[^*]+", str(pin.specifier)), f"{pin} is not a pin"
    return {pin.name: Version(str(pin.specifier).removeprefix("==")) for pin in chosen}


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("wanted", ["requirements.in", "pyproject.toml"])
def test_the_pins_are_what_is_asked_for(python: str, wanted: str):
    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = (
        requirements(wanted)
        if wanted == "requirements.in"
        else [Requirement(line) for group in (PROJECT["project"]["dependencies"], *extras) for line in group]
    )
    pinned = pins(python)
    assert [str(r) for r in asked if r.name not in pinned or pinned[r.name] not in r.specifier] == []


def test_colab_meets_the_floors():
    floors = {r.name: r.specifier for r in map(Requirement, PROJECT["project"]["dependencies"])}
    assert set(floors) >= set(COLAB) - {"python"}
    assert [name for name, specifier in floors.items() if name in COLAB and COLAB[name] not in specifier] == []
    assert COLAB["python"] in Requirement(f"python{PROJECT['project']['requires-python']}").specifier


def test_the_package_imports_what_it_requires():
    """Whatever the two packages' modules import is Python's own, or required, or belongs to an extra."""
    project = PROJECT["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    modules = {"pillow": "PIL", "scikit-image": "skimage"}
    required = {modules.get(name, name) for name in (Requirement(line).name for line in lines)}
    known = required | sys.stdlib_module_names | set(PACKAGES)
    files = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    assert [(path.name, name) for path in files for name in imports(path) if name not in known] == []


def imports(path: Path) -> set[str]:
    """Top-level names of the packages that a module imports anywhere, its own package's relative imports aside."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    origins = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.split(".")[0] for name in plain | origins}


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    assert citation["version"] == PROJECT["project"]["version"]
    assert citation["license"] == PROJECT["project"]["license"] == "BSD-3-Clause"
    assert citation["repository-code"] == PROJECT["project"]["urls"]["Repository"] == CONFIG["repository"]["url"]


def test_both_licences_are_there():
    assert "Redistribution and use in source and binary forms" in (ROOT / "LICENSE").read_text("utf8")
    assert "CC-BY-4.0" in (ROOT / "LICENSE-text").read_text("utf8")


def test_the_configuration_loads_nothing_from_elsewhere():
    text = (ROOT / "_config.yml").read_text("utf8")
    links = [CONFIG["repository"]["url"], *(v for k, v in CONFIG["launch_buttons"].items() if k.endswith("_url"))]
    assert sorted(re.findall(r"https?://[^\s'\"]+", text)) == sorted(links)


def test_the_contents_are_notebooks_that_exist():
    """Binder and Colab open notebooks only, so every chapter is one; pages about the book and for teachers have nothing to run.

    Neither has the page of advice, which is listed with the chapters that it draws on.
    """
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    chapters = [c for part in contents["parts"] if part["caption"] not in ("Teaching", "About this book") for c in part["chapters"]]
    chapters.remove({"file": "book/should-i-add-se"})
    assert (ROOT / contents["root"]).with_suffix(".md").exists()
    assert chapters
    assert [c["file"] for c in chapters if not (ROOT / f"{c['file']}.ipynb").exists()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_hold_no_outputs(path: Path):
    notebook = json.loads(path.read_text("utf8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def git(*arguments: str) -> list[str]:
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="an unpacked archive has no git to ask")
def test_git_holds_nothing_that_a_build_makes():
    made = (".venv/x", "_build/html/index.html", "sebook/widgets/static/page.js", "frontend/node_modules/x", "book/node_modules/x")
    assert git("check-ignore", *made) == list(made)
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard") == []


def test_make_lists_its_commands():
    listed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert set(re.findall(r"make (\w+)", listed)) >= {"help", "book", "serve", "test", "lint", "format", "lock", "clean"}


def test_make_refuses_an_old_python(tmp_path: Path):
    old = tmp_path / "python-old"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c \'import sys; sys.version_info = (3, 9, 1, "final", 0); exec(sys.argv[1])\' "$2"\n'
    )
    old.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    command = ["make", f"PYTHON={old}", ".venv/.packages"]
    result = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert result.returncode != 0
    assert "is Python 3.9, and 3.11 is the least" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_serve_says_that_a_port_is_busy(tmp_path: Path):
    with serve.server(tmp_path, quiet=True) as busy:
        command = [sys.executable, ROOT / "tools" / "serve.py", tmp_path, "--port", str(busy.server_port)]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert result.returncode != 0
    assert f"Port {busy.server_port} can't be used" in result.stderr
    assert "make serve PORT=" in result.stderr
