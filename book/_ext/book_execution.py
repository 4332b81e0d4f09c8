"""Run the chapters before Sphinx reads them: `tools/execute` knows how, and keeps the outputs."""

import atexit
import os
import shutil
import subprocess
import sys
from pathlib import Path

from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))
from tools.execute import cache as caches  # noqa: E402


def choose_cache(app: Sphinx, config: Config) -> None:
    """Name the cache by all that outputs come from, and drop caches of other names.

    A new name is a changed setting for Sphinx, which reads all chapters again then.
    """
    chosen = caches.folder(Path(app.srcdir))
    config.nb_execution_cache_path = str(chosen)
    for old in chosen.parent.glob("*/"):
        if old != chosen:
            shutil.rmtree(old)


def run_chapters(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Fill the cache with what Sphinx is about to ask of it."""
    if app.config.nb_execution_mode != "cache":
        return
    place = app.config.nb_execution_cache_path
    cache = get_cache(place)
    paths = [Path(env.doc2path(name)) for name in docnames]
    new = [path for path in paths if path.suffix == ".ipynb" and not caches.knows(cache, path)]
    if not new:
        return
    # A process of its own, since kernels are forked there from one that holds no book.
    own = {"SENET_TIMEOUT": str(app.config.nb_execution_timeout), **os.environ}
    command = [sys.executable, "-m", "tools.execute", "--cache", place, *map(str, new)]
    done = subprocess.run(command, cwd=ROOT, env=own, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        # At exit, because Jupyter Book's own account of the error would otherwise follow and push this one out of sight.
        atexit.register(print, done.stderr, file=sys.stderr)
        raise ExtensionError("some chapters could not be run; their errors are at the end of this output")
    sys.stderr.write(done.stderr)


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", choose_cache)
    app.connect("env-before-read-docs", run_chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
