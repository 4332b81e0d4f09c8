"""The recipes of CONTRIBUTING.md, followed word for word on a copy of the repository: guide and project can't drift apart."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from playwright.sync_api import expect, sync_playwright

from tools import chromium

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ALONE = {**os.environ, "GIT_CEILING_DIRECTORIES": "/"}  # git takes a folder for itself, whatever it lies in
BORROWED = (".venv", "frontend/node_modules", "book/node_modules")


def recipe(heading: str) -> list[tuple[str, str]]:
    """The blocks below a heading, each with its language."""
    text = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert text, f"the guide has no heading {heading!r}"
    return BLOCK.findall(text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's files as a stranger has them, with what `make` installed."""
    for name in ("senet", "sebook", "book", "frontend", "tools", "data", "_toc.yml", "_config.yml", "pyproject.toml"):
        ignored = shutil.ignore_patterns("node_modules", "__pycache__", ".ipynb_checkpoints", "engine", "lighthouse")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    for name in BORROWED:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def follow(blocks: list[tuple[str, str]], folder: Path) -> str:
    """Do what they say. Returns what the commands said; `make` is left to the caller, as it builds everything."""
    said = []
    for language, text in blocks:
        if language == "sh":
            for line in filter(None, text.splitlines()):
                if line.startswith("make "):
                    assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text("utf8"), re.MULTILINE)
                else:
                    said.append(run(shlex.split(line), folder))
        elif language == "diff":
            subprocess.run(
                ["git", "apply", "--unsafe-paths", f"--directory={folder}", "-"], input=text, text=True, check=True, cwd="/"
            )
        else:
            name = re.match(r"(?:#|//) ([\w./-]+)\n", text)
            assert name, f"a block of {language} has to say its file in its first line"
            (folder / name[1]).write_text(text[name.end() :], encoding="utf8")
    return "\n".join(said)


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_recipe_for_a_chapter(copy: Path):
    """The notebook is listed, begins as all do, its code runs, and it builds."""
    follow(recipe("Add a chapter"), copy)
    parts = {part["caption"]: part["chapters"] for part in yaml.safe_load((copy / "_toc.yml").read_text("utf8"))["parts"]}
    assert parts["Looking inside"][-1] == {"file": "book/my-chapter"}
    path = copy / "book" / "my-chapter.ipynb"
    chapter = nbformat.read(path, as_version=4)
    nbformat.validate(chapter)
    assert not any(cell.get("outputs") for cell in chapter.cells)

    # A book of this page alone; what it refers to is missing, so warnings don't count as errors here.
    (copy / "_toc.yml").write_text("format: jb-book\nroot: book/my-chapter\n")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    config["execute"] = {"execute_notebooks": "force", "raise_on_error": True}
    mine = {"book_exercises", "book_linked", "book_mathml"}
    sphinx = config["sphinx"]
    dropped = set(sphinx["local_extensions"]) - mine
    sphinx["local_extensions"] = dict.fromkeys(sorted(mine), "book/_ext")
    sphinx["config"]["extensions"] = [name for name in sphinx["config"]["extensions"] if name not in dropped]
    sphinx["config"]["html_static_path"] = ["book/assets"]
    (copy / "_config.yml").write_text(yaml.safe_dump(config))
    run([str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "--quiet"], copy)
    page = (copy / "_build" / "html" / "book" / "my-chapter.html").read_text("utf8")
    assert "<h1>My chapter" in page
    assert 'data-senet="rescale"' in page
    assert "torch.Size([2, 8, 4, 6])" in page


def test_the_recipe_for_a_widget(copy: Path):
    """Types hold, a page without a script shows the static figure, and with the bundle it comes to life and answers a key."""
    follow(recipe("Add a widget"), copy)
    figure = run([sys.executable, "-c", "from sebook.widgets import Sigmoid; print(Sigmoid(number=-2.0)._repr_html_())"], copy)
    assert "-2.0 before the sigmoid gives a gate of 0.119." in figure
    static = copy / "sebook" / "widgets" / "static"
    (static / "page.html").write_text(
        f'<!doctype html><meta charset="utf-8"><main>{figure}</main><script src="page.js"></script>', encoding="utf8"
    )
    with sync_playwright() as playwright, chromium.launch(playwright) as browser:
        still = browser.new_context(java_script_enabled=False).new_page()
        still.goto((static / "page.html").as_uri())
        assert still.locator("figure svg path").count() > 2
        page = browser.new_page()
        page.goto((static / "page.html").as_uri() + "?sigmoid.number=nonsense")
        page.locator("figure[data-live=true]").wait_for()
        status = page.locator("[role=status]:not(.senet-unseen)")  # the other one speaks of what is driven from outside
        assert status.inner_text() == "-2.0 before the sigmoid gives a gate of 0.119."
        page.get_by_role("slider", name="Before the sigmoid").press("End")
        assert status.inner_text() == "6.0 before the sigmoid gives a gate of 0.998."
        expect(page).to_have_url(re.compile("sigmoid.number=6"))  # a moment later


def test_the_recipe_for_a_network(copy: Path):
    """It is among those that ship, has its profile, and is measured on the pictures that it didn't learn from."""
    said = follow(recipe("Add a pretrained network"), copy)
    assert json.loads((copy / "data" / "my_network.json").read_text("utf8"))["provenance"]["command"].startswith(
        "python -m senet train"
    )
    assert (copy / "data" / "my_network.profiles.safetensors").exists()
    assert re.search(r"^my_network\b", said, re.MULTILINE)
    measured = re.search(r"my_network: ([\d.]+)% of 2,000 test pictures, .*stored ([\d.]+)%", said)
    assert measured
    assert measured[1] == measured[2]
    assert float(measured[1]) > 15  # of ten classes: it has learned something


def test_the_follower_sees(tmp_path: Path):
    """The three tests above rely on this: a step that doesn't work is noticed."""
    with pytest.raises(AssertionError, match="No such file"):
        follow([("sh", f"{sys.executable} missing.py\n")], tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        follow([("diff", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")], tmp_path)
    with pytest.raises(AssertionError, match="say its file"):
        follow([("python", "import torch\n")], tmp_path)
    with pytest.raises(AssertionError):
        follow([("sh", "make nothing-of-the-kind\n")], tmp_path)
