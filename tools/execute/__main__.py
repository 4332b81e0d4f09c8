"""Run the chapters whose outputs aren't known yet: `python -m tools.execute`.

They run side by side, the longest first. Outputs go to the cache that Sphinx takes them from, each
when its chapter ends, so that a chapter that fails doesn't cost the others theirs. What failed is
reported last, and the exit status is 1.
"""

import argparse
import os
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract

from tools import machine

from . import cache as caches
from . import warm
from .chapter import Run, run
from .progress import Clock, Progress, plain

ROOT = Path(__file__).resolve().parents[2]


def chapters(root: Path) -> list[Path]:
    """The notebooks that _toc.yml names."""
    found = []

    def walk(node) -> None:
        for value in node.values() if isinstance(node, dict) else node:
            if isinstance(value, dict | list):
                walk(value)
        if isinstance(node, dict) and (path := root / f"{node.get('file')}.ipynb").is_file():
            found.append(path)

    walk(yaml.safe_load((root / "_toc.yml").read_text("utf8")))
    return sorted(found)


def timeout(root: Path) -> float:
    """Seconds that a cell may run: ``$SENET_TIMEOUT``, or what _config.yml says."""
    said = os.environ.get("SENET_TIMEOUT", "")
    if not said:
        return yaml.safe_load((root / "_config.yml").read_text("utf8"))["execute"]["timeout"]
    if not said.isdigit() or not int(said):
        sys.exit(f"SENET_TIMEOUT={said!r} has to be a whole number of seconds, such as 1800")
    return int(said)


def execute(clock: Clock, store: JupyterCacheAbstract, seconds: float) -> None:
    """Run the chapters of ``clock``, and put each that ends well into the cache."""
    progress = Progress(clock)
    progress.begin()
    pool = ThreadPoolExecutor(clock.workers)
    try:
        order = sorted(clock.chapters, key=clock.expected, reverse=True)
        waiting = {pool.submit(run, chapter, seconds, clock.pace) for chapter in order}
        while waiting:
            done, waiting = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                chapter = future.result()
                if chapter.error is None:
                    data = {"execution_seconds": chapter.seconds, **chapter.measured}
                    bundle = CacheBundleIn(chapter.notebook, str(chapter.path), data=data)
                    store.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                progress.ended(chapter)
            progress.tick()
    finally:
        pool.shutdown(cancel_futures=True)
        clock.keep()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.execute", description=__doc__)
    parser.add_argument("chapters", type=Path, nargs="*", help="notebooks; by default all")
    parser.add_argument("--cache", type=Path, help="folder for the outputs; by default the book's")
    parser.add_argument(
        "--jobs",
        type=int,
        default=int(os.environ.get("JOBS") or 0),
        help="how many at a time; by default $JOBS, or what the machine has cores and memory for",
    )
    parser.add_argument("--cold", action="store_true", help="each kernel does its own imports")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core a chapter
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    folder = options.cache or caches.folder(ROOT)
    store = get_cache(folder)
    paths = [path.resolve() for path in options.chapters] or chapters(ROOT)
    new = [Run.of(path) for path in paths if not caches.knows(store, path)]
    if not new:
        return 0
    workers = min(options.jobs or machine.jobs(len(new)), len(new))
    if not options.cold and len(new) > 1:
        warm.prepare(paths)
    execute(Clock(new, workers, folder.parent / "seconds.json"), store, timeout(ROOT))
    failed = [chapter for chapter in new if chapter.error is not None]
    for chapter in failed:
        print(f"\n{'-' * 80}\n{plain(chapter.error)}", file=sys.stderr)
    if failed:
        well = len(new) - len(failed)
        kept = f"; the outputs of the other {well} are kept" if well else ""
        print(f"\n{len(failed)} of {len(new)} chapters failed{kept}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
