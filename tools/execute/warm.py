"""Kernels that begin with their imports done.

A chapter's kernel takes four seconds of a core to import PyTorch and what the chapters share. Here
one process imports that, and each kernel is a fork of it (Python's own fork server). It is a kernel
like any other after that: same interpreter, folder, environment and messages. Where a process can't
be forked safely (macOS, Windows), or the server fails, kernels start as usual.
"""

import ast
import importlib.machinery
import importlib.util
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from . import forked

NAME = "warm-provisioner"
KERNEL = ("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell")
SHARED = 3  # chapters that import a module, for it to be imported for all
INLINE = "module://matplotlib_inline.backend_inline"  # what ipykernel asks matplotlib for


def prepare(chapters: Iterable[Path]) -> bool:
    """Have kernels forked from a process that has imported what several chapters do.

    Returns:
        Whether that can be done here. If not, kernels start as usual.
    """
    if sys.platform != "linux":
        return False
    os.environ.setdefault("MPLBACKEND", INLINE)  # matplotlib reads it once, when it is imported
    modules = [*KERNEL, *shared_imports(chapters), forked.__name__]
    multiprocessing.set_forkserver_preload(modules)
    factory = KernelProvisionerFactory.instance()
    provisioner = f"{__name__}:{WarmProvisioner.__name__}"
    factory.provisioners[NAME] = EntryPoint(NAME, provisioner, factory.GROUP_NAME)
    factory.default_provisioner_name = NAME
    return True


def shared_imports(chapters: Iterable[Path]) -> list[str]:
    """Modules that at least ``SHARED`` of the chapters import, if they are installed."""
    found: Counter[str] = Counter()
    for path in chapters:
        found.update(_imports(path))
    return sorted(name for name, count in found.items() if count >= SHARED)


def _imports(path: Path) -> set[str]:
    python, names = TransformerManager(), set()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse(python.transform_cell(cell.source))
        except SyntaxError:  # a blank to fill in, or a cell that shows an error
            continue
        for line in ast.walk(tree):
            if isinstance(line, ast.Import):
                names.update(alias.name for alias in line.names)
            elif isinstance(line, ast.ImportFrom) and not line.level:
                names.add(line.module)
                names.update(f"{line.module}.{alias.name}" for alias in line.names)
    return {name for name in names if _is_module(name)}


def _is_module(name: str) -> bool:
    """Whether this is a module, rather than a name in one. Imports nothing."""
    top, *rest = name.split(".")
    spec = importlib.util.find_spec(top)
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return False
        finder = importlib.machinery.PathFinder
        spec = finder.find_spec(f"{spec.name}.{part}", spec.submodule_search_locations)
    return spec is not None


class WarmProvisioner(LocalProvisioner):
    """Starts IPython kernels of this interpreter as forks, and all others as usual."""

    working = True

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        launcher = "ipykernel_launcher"
        if not WarmProvisioner.working or cmd[0] != sys.executable or launcher not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index(launcher) + 1 :]
        environment = dict(kwargs.get("env") or os.environ)
        self.cwd = str(kwargs.get("cwd") or Path.cwd())
        server = multiprocessing.get_context("forkserver")
        process = server.Process(target=forked.kernel, args=(arguments, self.cwd, environment))
        try:
            process.start()
        except (OSError, EOFError) as error:
            WarmProvisioner.working = False
            self.log.warning("kernels start as usual, since none can be forked: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = Fork(process)
        self.pid = self.pgid = process.pid
        return self.connection_info


class Fork:
    """A forked process with the methods of ``subprocess.Popen`` that a provisioner calls."""

    stdin = stdout = stderr = None

    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self.process, self.pid = process, process.pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self) -> int:
        self.process.join()
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
