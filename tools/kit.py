"""Pack the offline kit, dist/squeeze-excite-kit.zip: what a classroom without a network needs. `make kit` builds the book first.

The package's wheel holds the widgets' scripts and the trained networks. What it requires (PyTorch and the rest) has to be installed
beforehand; README.txt in the kit says so.
"""

import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from tools.versions import VERSIONS, write

ROOT = Path(__file__).resolve().parents[1]
NAME = "squeeze-excite-kit"
README = """Squeeze & Excite {version}, to go

Read      Open book/index.html in a browser. No server and no network are needed: every control works, and a picture of yours
          is answered by the network in the page and goes nowhere.

Run       The chapters are in notebooks/. With the package's requirements installed (once, where there is a network:
          python -m pip install jupyterlab {requirements}),
          this installs the package with its trained networks and opens them, without a network:

              python -m pip install --no-index --no-deps wheel/{wheel}
              jupyter lab notebooks

          Whether a machine is ready, in plain words:

              python -m senet preflight

Teach     book/book/workshop.html has plans for 60, 90 and 180 minutes, book/book/slides.html the slides. student/ has the
          notebooks with blanks, for participants; instructor/ has them with solutions, answers and notes.

Weights   weights/ has the trained networks as safetensors files, and weights/README.md how each was made.

Licences  Code: BSD-3-Clause (LICENSE). Text and figures: CC BY 4.0 (LICENSE-text). What else is in here: LICENCES.md.
"""


def wheel(folder: Path) -> Path:
    """Build the package's wheel into a folder."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    subprocess.run(command, check=True)
    return next(folder.glob("senet-*.whl"))


def pack(book: Path, package: Path, out: Path, versions: Path) -> Path:
    """Write the zip. ``versions`` has a folder for each version of the notebooks.

    Times are all one, so that the same files give the same zip.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    requirements = " ".join(f'"{line}"' for line in project["dependencies"])
    readme = README.format(version=project["version"], requirements=requirements, wheel=package.name)
    files = {f"book/{path.relative_to(book).as_posix()}": path for path in book.rglob("*") if path.is_file()}
    files |= {f"notebooks/{path.name}": path for path in (ROOT / "book").glob("*.ipynb")}
    files |= {path.relative_to(versions).as_posix(): path for path in versions.rglob("*") if path.is_file()}
    files |= {
        f"weights/{path.relative_to(ROOT / 'data').as_posix()}": path for path in (ROOT / "data").rglob("*") if path.is_file()
    }
    files |= {name: ROOT / name for name in ("LICENSE", "LICENSE-text", "LICENCES.md")}
    files[f"wheel/{package.name}"] = package
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as kit:
        for name, data in {"README.txt": readme.encode(), **{name: files[name].read_bytes() for name in sorted(files)}}.items():
            info = zipfile.ZipInfo(f"{NAME}/{name}", date_time=(2020, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            kit.writestr(info, data, zipfile.ZIP_DEFLATED)
    return out


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for version in VERSIONS:
            write(version, Path(folder, "versions", version))
        out = pack(ROOT / "_build/html", wheel(Path(folder)), ROOT / f"dist/{NAME}.zip", Path(folder, "versions"))
    print(f"{out.relative_to(ROOT)}: {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
