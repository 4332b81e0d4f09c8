"""Which cache knows the chapters' outputs, and which chapters it knows.

MyST-NB's cache knows a chapter by its own cells alone: a change in the package would leave old
outputs in the book. So the cache's folder is named after all else that an output comes from.
"""

import hashlib
import os
from pathlib import Path

import nbformat
from jupyter_cache.base import JupyterCacheAbstract

# What a chapter's outputs depend on, apart from its own cells.
SOURCES = ("requirements.txt", "senet/**/*.py", "senet/**/*.toml", "sebook/**/*.py", "data/**/*")
CACHES = Path("_build") / "cache"


def key(root: Path) -> str:
    """A digest of every file that a chapter's outputs depend on: their names and their bytes."""
    files = {path for pattern in SOURCES for path in root.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    for name in pictures():
        digest.update(f"{name}\n".encode())
    return digest.hexdigest()[:16]


def pictures() -> list[str]:
    """What lies where the package looks for CIFAR-10, ``$SENET_DATA``: names and sizes."""
    data = Path(os.environ.get("SENET_DATA") or Path.home() / ".cache" / "senet").expanduser()
    found = []
    for folder in ("test", "cifar10/test", "cifar-10-batches-py"):
        files = (path for path in (data / folder).rglob("*") if path.is_file())
        found += [f"{path.relative_to(data).as_posix()} {path.stat().st_size}" for path in files]
    return sorted(found)


def folder(root: Path) -> Path:
    return root / CACHES / key(root)


def knows(cache: JupyterCacheAbstract, path: Path) -> bool:
    """Whether this chapter was run with the code it has now."""
    try:
        cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return False
    return True
