"""Workflows, Binder, Colab, kit and PDF: each is one address, one text, or one command away from the rest."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from sebook.cli import parser as main
from tools import alone, install, kit

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["repository"]["url"]


def setup_cell(path: Path) -> dict:
    return next(cell for cell in json.loads(path.read_text("utf8"))["cells"] if cell["cell_type"] == "code")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_a_chapter_begins_as_all_do(path: Path):
    """On Colab it is alone: its first cell fetches the package. One text, so that one change is a change of all."""
    cell = setup_cell(path)
    assert cell["metadata"]["tags"] == ["remove-cell"]
    assert "".join(cell["source"]) == "".join(setup_cell(ROOT / "book" / "shallow-and-deep.ipynb")["source"])
    assert f"git+{REPOSITORY}" in "".join(cell["source"])


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_shows_what_it_imports(path: Path):
    """A listing on a page uses names; folded under the title, each reader finds where they are from."""
    cells = json.loads(path.read_text("utf8"))["cells"]
    (imports,) = (cell for cell in cells if cell["id"] == "imports")
    assert imports["metadata"]["tags"] == ["hide-input"]
    assert imports["metadata"]["mystnb"] == {
        "code_prompt_hide": "Hide what this chapter imports",
        "code_prompt_show": "Show what this chapter imports",
    }


def test_a_chapter_alone_installs_from_the_wheel(tmp_path: Path):
    notebook = alone.localised(CHAPTERS[0], REPOSITORY, tmp_path / "senet.whl")
    text = json.dumps(notebook)
    assert (tmp_path / "senet.whl").as_uri() in text
    assert f"git+{REPOSITORY}" not in text
    with pytest.raises(ValueError, match="installs 0 times from git"):
        alone.localised(CHAPTERS[0], "https://github.com/another/one", tmp_path / "senet.whl")


def test_chapters_alone_meet_colabs_versions():
    """The versions that tools/alone.py installs are those that the floors are held against."""
    text = (ROOT / "tests" / "test_project.py").read_text("utf8")
    for name, version in alone.COLAB.items():
        assert f'"{name}": "{version}"' in text


def test_the_address_stands_in_one_place():
    """Whatever names a repository on GitHub in this project's files names the one of _config.yml."""
    owner, name = REPOSITORY.removeprefix("https://github.com/").split("/")
    listed = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=False).stdout.split("\n")
    files = [ROOT / line for line in listed if line.endswith((".md", ".ipynb", ".toml", ".cff", ".yml", ".py", ".ts"))]
    assert files or not (ROOT / ".git").exists()
    for path in files:
        if "tests" in path.parts or not path.exists():
            continue
        for found in re.findall(r"github\.com/(squeeze-excite)/([\w-]+)", path.read_text("utf8")):
            assert found == (owner, name), path
        assert not re.search(r"squeeze-excite\.github\.io", path.read_text("utf8")), path


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text("utf8")
    return set(re.findall(r"^([a-z.][\w./-]*):", text, re.MULTILINE))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_the_makefile(path: Path):
    """So that what is done there can be done here; and it has no more rights than it says."""
    workflow = yaml.safe_load(path.read_text("utf8"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            if "env" in step:
                continue  # tells of a failure, by gh
            if "run" in step:
                command = step["run"].split("#")[0].split()
                assert command[0] == "make"
                assert set(command[1:]) <= targets()
            else:
                # A tag can be moved to other code, a commit can't. The commit's version follows it, where Dependabot updates both.
                pinned = rf"uses: {re.escape(step['uses'])} # v\d+\.\d+\.\d+$"
                assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
                assert re.search(pinned, path.read_text("utf8"), re.MULTILINE), step["uses"]


def test_the_workflows_do_all_that_is_promised():
    pages, alive = (yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text("utf8")) for name in ("pages", "alive"))
    runs = [step.get("run", step.get("uses", "")) for step in pages["jobs"]["check"]["steps"]]
    assert [run for run in runs if run.startswith("make")] == ["make publish-check", "make kit pdf"]
    assert any(run.startswith("actions/upload-pages-artifact") for run in runs)
    assert pages["jobs"]["deploy"]["needs"] == "check"
    assert alive[True]["schedule"]  # YAML reads `on` as true
    assert set(alive["jobs"]["tell"]["needs"]) == set(alive["jobs"]) - {"tell"}
    assert "gh issue create" in alive["jobs"]["tell"]["steps"][0]["run"]


def test_what_the_workflow_does_can_be_done_at_home():
    """`make publish-check` builds with warnings as errors, tests everything in browsers, and follows every link."""
    asked = ["make", "--dry-run", "--always-make", "--no-print-directory", "publish-check"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    steps = ("jupyter-book build . --all --warningiserror", "ruff check", "nbstripout", "-m pytest", "tools/links.py _build/html")
    assert [step for step in steps if step not in said] == []
    assert "pytest --numprocesses" in said and " -k " not in said and "--ignore" not in said  # no test is left out
    assert said.index("jupyter-book build") < said.index("-m pytest") < said.index("tools/links.py")


def test_newer_versions_are_proposed():
    """For the actions, and for every folder that has packages of npm's; Python's are `make lock`'s."""
    config = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf8"))
    assert config["version"] == 2
    rows = {row["package-ecosystem"]: row for row in config["updates"]}
    assert set(rows) == {"github-actions", "npm"}
    for row in rows.values():
        assert ("directory" in row) != ("directories" in row)
        assert row["schedule"]["interval"] in {"daily", "weekly", "monthly", "quarterly"}
        assert set(row) <= {"package-ecosystem", "directory", "directories", "schedule", "groups"}
    locks = {f"/{path.parent.relative_to(ROOT).as_posix()}" for path in ROOT.glob("[!._]*/**/package-lock.json")}
    assert set(rows["npm"]["directories"]) == {folder for folder in locks if "node_modules" not in folder}


def test_binder_has_what_it_takes(tmp_path: Path):
    assert re.fullmatch(r"python-3\.1[123]\n", (ROOT / ".binder/runtime.txt").read_text())
    script = ROOT / ".binder/postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    # It calls tools/install.py, here with a Python whose pip only notes what it is asked for.
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "python"
    fake.write_text(f"""#!{sys.executable}
import runpy, shutil, subprocess, sys
if sys.argv[1] == "-m":
    print("[]") if sys.argv[3] == "list" else print(*sys.argv[2:], file=open({str(tmp_path / "asked")!r}, "a"))
    if "--constraint" in sys.argv:
        shutil.copy(sys.argv[sys.argv.index("--constraint") + 1], {str(tmp_path / "versions.txt")!r})
else:
    sys.executable, sys.prefix, sys.argv = __file__, {str(tmp_path)!r}, sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
""")
    fake.chmod(0o755)
    own = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    body = script.read_text().replace("rm -rf frontend/node_modules", "")
    subprocess.run(["bash", "-c", body], cwd=ROOT, env=own, check=True)
    pair, rest = (tmp_path / "asked").read_text().splitlines()
    index = re.escape(install.INDEX)
    assert install.INDEX.endswith("/whl/cpu")
    assert re.fullmatch(rf"pip install --no-deps --index-url {index} torch==[\d.]+ torchvision==[\d.]+", pair)
    assert re.fullmatch(r"pip install --constraint \S+ \.\[attribution\]", rest)
    versions = (tmp_path / "versions.txt").read_text()
    assert set(pair.split()[-2:]) < set(versions.splitlines())
    assert "--hash" not in versions
    assert "\\" not in versions


def test_what_is_installed_for_the_build_is_known_by_its_bytes():
    """Every pin has hashes, and every package of the front end its integrity."""
    for pin in re.findall(r"^[a-z0-9][^\n]*(?:\n +--hash=[^\n]*)*", (ROOT / "requirements.txt").read_text(), re.MULTILINE):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", pin), f"{pin}: run `make pin`"
    assert "tools/install.py --venv .venv" in (ROOT / "Makefile").read_text()
    assert '"--require-hashes"' in (ROOT / "tools" / "install.py").read_text()
    for folder in ("frontend", "frontend/engine", "frontend/lighthouse", "book"):
        packages = json.loads((ROOT / folder / "package-lock.json").read_text("utf8"))["packages"]
        assert not [name for name, about in packages.items() if name and "integrity" not in about and not about.get("link")]


def test_the_guide_names_what_exists():
    """A stranger follows it: each file, command and flag in it is there."""
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    assert f"git clone {REPOSITORY}\n" in guide
    for target in re.findall(r"(?:^    |`)make ([a-z-]+)", guide, re.MULTILINE):
        assert target in targets(), target
    for name in re.findall(r"`((?:book|senet|sebook|frontend|tests|data)/[\w./-]*)`", guide):
        assert Path(name).stem in ("my-chapter", "my_network") or (ROOT / name).exists(), name  # those are what a recipe makes
    for command in set(re.findall(r"python -m senet (\w+)", guide)):
        assert command in main.__doc__, command


def test_what_is_shipped_has_its_licence():
    """Every package that the front end bundles or the book copies from is in the list."""
    text = (ROOT / "LICENCES.md").read_text("utf8").lower()
    # esbuild makes the bundle and isn't part of it; the others belong to the command-line programs of d3-dsv.
    names = {name.split("node_modules/")[-1].replace("@observablehq/plot", "observable plot") for name in lock("frontend")}
    tools = {"commander", "iconv-lite", "rw", "safer-buffer"}
    bundled = {name for name in names - tools if "@types" not in name and "esbuild" not in name}
    for name in {*bundled, "onnx runtime web", "temml", "font awesome", "bootstrap", "sphinx-design", "clipboard.js"}:
        assert name in text


def lock(folder: str) -> list[str]:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text("utf8"))["packages"]
    return [name for name, about in packages.items() if name and (not about.get("dev") or "d3" in name or "internmap" in name)]


def test_a_kit_has_all_that_a_room_needs(tmp_path: Path):
    book = tmp_path / "html"
    book.mkdir()
    (book / "index.html").write_text("a book")
    package = tmp_path / "senet-0-py3-none-any.whl"
    package.write_bytes(b"a wheel")
    versions = tmp_path / "versions"
    for name in ("student", "instructor"):
        (versions / name).mkdir(parents=True)
        (versions / name / "squeeze.ipynb").write_text(name)
    packed = zipfile.ZipFile(kit.pack(book, package, tmp_path / "kit.zip", versions))
    names = {name.removeprefix(kit.NAME + "/") for name in packed.namelist()}
    assert names >= {"README.txt", "book/index.html", f"wheel/{package.name}", "LICENSE", "LICENSE-text", "LICENCES.md"}
    assert {f"notebooks/{path.name}" for path in CHAPTERS} <= names
    assert {f"weights/{path.name}" for path in (ROOT / "data").glob("*.safetensors")} <= names
    assert {"student/squeeze.ipynb", "instructor/squeeze.ipynb"} <= names
    assert package.name in packed.read(f"{kit.NAME}/README.txt").decode()
    again = kit.pack(book, package, tmp_path / "again.zip", versions)
    assert again.read_bytes() == (tmp_path / "kit.zip").read_bytes()
