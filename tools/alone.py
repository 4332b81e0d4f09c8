"""Run chapters as Colab does, each alone: `python -m tools.alone book/shallow-and-deep.ipynb ...`.

A new environment gets Colab's versions of what the package meets there, and nothing of the project. Each chapter is copied into an
empty folder, without the repository, and executed with a module `google.colab` at hand, so that its own first cell installs what it
needs: from a wheel of this working tree, which stands in for the address on GitHub. A chapter may use 2 GB of memory, as on Binder;
the system refuses more.

`--share FOLDER` takes big packages that are installed already (PyTorch and what it needs) from that folder of packages: quick, and
with that folder's versions of them.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import yaml

from tools.kit import wheel

ROOT = Path(__file__).resolve().parents[1]
MEMORY = 2 * 1024**3  # bytes that a kernel may ask of the system

# Google Colab in August 2026; captum is not there. tests/test_project.py holds the package's floors against these.
COLAB = {
    "anywidget": "0.9.21",
    "ipywidgets": "7.7.1",
    "matplotlib": "3.10.0",
    "numpy": "2.1.0",
    "torch": "2.11.0",
    "torchvision": "0.26.0",
}
TOOLS = ("nbclient", "ipykernel", "nbformat")
# Never shared: what Colab has in another version, and what the chapter has to install by itself.
OWN = (
    "anywidget",
    "ipywidgets",
    "widgetsnbextension",
    "jupyterlab_widgets",
    "senet",
    "sebook",
    "_senet",
    "captum",
    "__editable__",
    "pip",
)

# Runs in the new environment. RLIMIT_DATA counts what a process writes to, and not the libraries that it only maps.
RUN = """
import json, resource, sys, time, types
import nbformat
from nbclient import NotebookClient

path, limit = sys.argv[1], int(sys.argv[2])
notebook = nbformat.read(path, as_version=4)
colab = "import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')"
limited = f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))"
notebook.cells.insert(0, nbformat.v4.new_code_cell(colab + "; " + limited))
peak = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
notebook.cells.append(nbformat.v4.new_code_cell(peak))
start = time.time()
NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
peak = int(notebook.cells[-1].outputs[0]["text"]) / 1024
print(f"ran in {time.time() - start:.0f} s, installing included; at most {peak:.0f} MB")
"""


def environment(folder: Path, share: Path | None) -> Path:
    """Make an environment with Colab's versions. Returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    versions = dict(COLAB)
    if share is not None:
        packages = next(folder.glob("lib/python*/site-packages"))
        for entry in share.iterdir():
            if not entry.name.startswith(OWN) and not entry.name.endswith(".pth") and not (packages / entry.name).exists():
                link(entry, packages / entry.name)
        versions = {name: version for name, version in versions.items() if name in ("anywidget", "ipywidgets")}
    pip(python, *(f"{name}=={version}" for name, version in versions.items()), *TOOLS)
    return python


def link(source: Path, target: Path) -> None:
    """The same files under a second name: removing one leaves the other, unlike a symbolic link to a folder."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link, symlinks=True)
    else:
        _link(source, target)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def pip(python: Path, *arguments: str | Path) -> None:
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def localised(chapter: Path, address: str, package: Path) -> dict:
    """The chapter's notebook, with the wheel in the place of the address that it installs from.

    Raises:
        ValueError: it installs from nowhere, or from another address.
    """
    notebook = json.loads(chapter.read_text("utf8"))
    wanted = f"git+{address}"
    places = 0
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and wanted in source:
            cell["source"] = source.replace(wanted, package.as_uri())
            places += 1
    if places != 1:
        raise ValueError(
            f"{chapter.name} installs {places} times from {wanted}: its first cell has to, once (see any other chapter)"
        )
    return notebook


def address() -> str:
    return yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["repository"]["url"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", type=Path, nargs="+")
    parser.add_argument(
        "--share", type=Path, metavar="FOLDER", help="take installed packages from here, where other versions will do"
    )
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        package = wheel(folder / "wheel")
        for chapter in options.chapters:
            place = folder / chapter.stem
            place.mkdir()
            python = environment(place / "environment", options.share)  # a new one each, so that none leans on another's
            copy = place / "alone" / chapter.name
            copy.parent.mkdir()
            copy.write_text(json.dumps(localised(chapter, address(), package)), encoding="utf8")
            own = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "JUPYTER_PREFER_ENV_PATH": "1"}
            own.pop("PYTHONPATH", None)
            print(chapter.name, end=": ", flush=True)
            done = subprocess.run([python, "-c", RUN, copy, str(MEMORY)], cwd=copy.parent, env=own, check=False)
            failed += [chapter.name] if done.returncode else []
            shutil.rmtree(place)
    sys.exit(f"{', '.join(failed)} failed alone" if failed else 0)


if __name__ == "__main__":
    main()
