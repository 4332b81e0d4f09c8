"""Run the chapters before Sphinx reads them: side by side, and only those whose outputs are not known yet.

MyST-NB would run them one after another, and its cache knows a chapter by its own cells alone: a change in the package would leave
old outputs in the book. So the cache's folder is named here after all else that an output comes from, and folders of other names
are dropped.
"""

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

# What a chapter's outputs depend on, apart from its own cells. The gallery tells which pictures are at hand (SENET_DATA).
SOURCES = ("requirements.txt", "senet/**/*.py", "data/**/*", "_build/assets/senet/gallery/*")

# Runs in a chapter's kernel behind its last cell, and is taken out again. The peak is the kernel's own: what `resource` tells would
# begin with the memory of the process that started it, which holds a whole book.
MEASURE = """
import json, time, pathlib
status = pathlib.Path("/proc/self/status")
if status.exists():
    peak = int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
else:
    import resource, sys
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(json.dumps({"cpu_seconds": time.process_time(), "peak_megabytes": peak}))
"""

logger = logging.getLogger(__name__)


def key(root: Path) -> str:
    """A digest of every file that a chapter's outputs depend on: their names and their bytes."""
    files = {path for pattern in SOURCES for path in root.glob(pattern) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Name the cache by :func:`key`. A new name is a changed setting, so that Sphinx reads all chapters anew."""
    caches = Path(app.srcdir) / "_build" / "cache"
    cache = caches / key(Path(app.srcdir))
    config.nb_execution_cache_path = str(cache)
    for old in caches.glob("*/"):
        if old != cache:
            shutil.rmtree(old)


def run_chapters(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Fill the cache with what Sphinx is about to ask of it."""
    if app.config.nb_execution_mode != "cache":
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    paths = [Path(env.doc2path(name)) for name in docnames]
    new = [path for path in paths if path.suffix == ".ipynb" and not known(cache, path)]
    if not new:
        return

    # A chapter a core, one thread each. A chapter may take 1 GB, so that many cores are no reason for many at once.
    workers = min(len(new), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(), 8)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(lambda path: run(path, app.config.nb_execution_timeout), new))

    failed = 0
    for path, (result, measured) in zip(new, results, strict=True):
        if result.err is None:
            bundle = CacheBundleIn(result.nb, str(path), data={"execution_seconds": result.time, **measured})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        else:
            logger.error("%s: %s", path.relative_to(app.srcdir), result.err)
            failed += 1
    if failed:
        raise ExtensionError(f"{failed} of {len(new)} chapters failed; the cells and their tracebacks stand above")


def known(cache: JupyterCacheAbstract, path: Path) -> bool:
    try:
        cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return False
    return True


def run(path: Path, timeout: int) -> tuple[ExecutionResult, dict[str, float]]:
    """A chapter with its outputs, and what it took: CPU seconds of its kernel, and its peak of memory in MB.

    CPU seconds say what a chapter asks of a machine, whatever else runs there; seconds on the wall say what it took today.
    """
    quiet = ["--log-level=ERROR"]  # a kernel warns that it talks to this process unencrypted, which stays on this machine
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(MEASURE))
    result = single_nb_execution(notebook, str(path.parent), timeout, allow_errors=False, extra_arguments=quiet)
    measure, measured = result.nb.cells.pop(), {}
    if result.err is None:
        measured = json.loads("".join(output["text"] for output in measure.outputs if output.output_type == "stream"))
        took = f"{result.time:.1f} s, {measured['cpu_seconds']:.1f} s of a core, {measured['peak_megabytes']:.0f} MB at most"
        print(f"executed {path.name} in {took}", flush=True)  # also where Sphinx is told to be quiet: it takes a while
    return result, measured


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", choose_cache)
    app.connect("env-before-read-docs", run_chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
