"""One chapter: run its cells, and say what that took or what went wrong."""

import json
import logging
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, v4

from tools import machine

# Runs in a chapter's kernel after its last cell, and is removed again. The peak is the kernel's
# own: what `resource` says would begin with the memory of the process that started it.
MEASURE = """
import json, sys, time, pathlib
status = pathlib.Path("/proc/self/status")
if status.exists():
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    peak = int(line.split()[1]) / 1024
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 2**20 if sys.platform == "darwin" else 2**10
forked = sys.modules.get("tools.execute.forked")
seconds, megabytes = forked.unshared() if forked else (0, 0)
seconds, megabytes = seconds + time.process_time(), megabytes + peak
print(json.dumps({"cpu_seconds": seconds, "peak_megabytes": megabytes}))
"""
QUIET = ["--log-level=ERROR"]  # or a kernel warns that it talks unencrypted, on this machine alone
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Run:
    """A chapter that runs or has run.

    Attributes:
        path: its file.
        notebook: its cells, with the outputs so far.
        count: how many cells it has.
        at: the cell that runs, counted from 1; 0 before the first.
        started: by ``time.monotonic()``; None before it runs.
        seconds: what all of it took; None until its end.
        measured: ``cpu_seconds`` and ``peak_megabytes`` of its kernel, if it ended well.
        error: what went wrong, in words, with a traceback; None if nothing did.
    """

    path: Path
    notebook: NotebookNode
    count: int
    at: int = 0
    started: float | None = None
    seconds: float | None = None
    measured: dict[str, float] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def of(cls, path: Path) -> "Run":
        notebook = nbformat.read(path, as_version=4)
        return cls(path, notebook, len(notebook.cells))

    @property
    def where(self) -> str:
        return f"cell {min(self.at, self.count)} of {self.count}"

    @property
    def elapsed(self) -> float:
        if self.started is None:
            return 0.0
        return self.seconds if self.seconds is not None else time.monotonic() - self.started


def run(chapter: Run, timeout: float, pace: Callable[[], float] = lambda: 1.0) -> Run:
    """Run a chapter's cells up to the first that fails, and note in ``chapter`` how it went.

    Args:
        chapter: what to run.
        timeout: seconds that a cell may take; a chapter's own ``execution.timeout`` comes first.
        pace: how many times slower than expected this machine is so far. Above 1, cells get that
            much more time.

    Returns:
        ``chapter``.
    """
    timeout = chapter.notebook.metadata.get("execution", {}).get("timeout", timeout)
    notebook = chapter.notebook
    notebook.cells.append(v4.new_code_cell(MEASURE))
    allowed, process = 0.0, None

    def begins(cell: NotebookNode, cell_index: int) -> None:
        nonlocal process
        chapter.at = cell_index + 1
        process = client.km.provisioner.process

    def allow(cell: NotebookNode) -> int:
        nonlocal allowed
        allowed = round(timeout * max(1.0, pace()))
        return allowed

    client = NotebookClient(
        notebook,
        timeout_func=allow,
        extra_arguments=QUIET,
        record_timing=False,
        on_cell_start=begins,
        resources={"metadata": {"path": str(chapter.path.parent)}},
    )
    client.log.setLevel(logging.CRITICAL)  # errors are reported once, at the end
    chapter.started = time.monotonic()
    try:
        client.execute()
    except CellExecutionError as error:
        chapter.error = _failed(chapter, f"raised {error.ename}", error.traceback)
    except CellTimeoutError:
        chapter.error = _failed(chapter, _too_long(allowed))
    except DeadKernelError:
        chapter.error = _failed(chapter, _died(process.poll() if process else None))
    except Exception as error:  # a kernel that doesn't start: the other chapters go on
        chapter.error = _failed(chapter, f"could not run: {type(error).__name__}: {error}")
    chapter.seconds = time.monotonic() - chapter.started
    measure = notebook.cells.pop()
    if chapter.error is None:
        printed = (out["text"] for out in measure.outputs if out.output_type == "stream")
        chapter.measured = json.loads("".join(printed))
    return chapter


def _failed(chapter: Run, why: str, traceback: str = "") -> str:
    """The chapter, its cell with the source, and why it failed."""
    if not 0 < chapter.at <= chapter.count:
        return f"{chapter.path.name}: {why}\n{traceback}".rstrip()
    cell = chapter.notebook.cells[chapter.at - 1]
    named = f"{chapter.where} (id {cell.id})" if "id" in cell else chapter.where
    head = f"{chapter.path.name}: {named} {why}"
    if traceback:  # which begins with the cell's source
        return f"{head}\n\n{traceback.rstrip()}"
    return f"{head}\n\n" + "\n".join(f"    {line}" for line in cell.source.splitlines())


def _too_long(allowed: float) -> str:
    return (
        f"ran for {allowed} s, which is as long as a cell may.\n"
        f"To give every cell more time: SENET_TIMEOUT={2 * round(allowed)} make book, or `timeout` "
        "under `execute` in _config.yml.\n"
        f'To give it to this chapter: "execution": {{"timeout": {2 * round(allowed)}}} in its '
        "notebook's metadata."
    )


def _died(code: int | None) -> str:
    if code is None:
        how = "lost its kernel"
    elif code < 0:
        how = f"lost its kernel, which {signal.Signals(-code).name} ended"
    else:
        how = f"lost its kernel, which exited with status {code}"
    if code in (None, -signal.SIGKILL):
        how += (
            f".\nThe system ends what takes more memory than there is ({machine.described()}): "
            "close other programs, or run one chapter at a time: JOBS=1 make book"
        )
    return how
