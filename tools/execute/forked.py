"""What a forked kernel does, whose imports are done: see :mod:`tools.execute.warm`."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

ROOT = str(Path(__file__).resolve().parents[2])


def _held() -> dict[int, np.ndarray]:
    """Which pages of files, of libraries above all, this process holds: by mapping, a bool each."""
    size, found = os.sysconf("SC_PAGE_SIZE"), {}
    try:
        with open("/proc/self/maps") as maps, open("/proc/self/pagemap", "rb") as pages:
            for line in maps:
                span, _, _, _, inode = line.split()[:5]
                first, end = (int(address, 16) // size for address in span.split("-"))
                if inode != "0":
                    pages.seek(8 * first)
                    entries = np.frombuffer(pages.read(8 * (end - first)), np.uint64)
                    found[first] = entries >> np.uint64(63) != 0
    except OSError:  # another system
        pass
    return found


# This module is imported last in the process that kernels are forked from.
IMPORT_SECONDS, IMPORT_PAGES = time.process_time(), _held()


def unshared() -> tuple[float, float]:
    """What imports took that a kernel of its own would have done: seconds of a core, and MB.

    A fork begins without the pages of libraries. Those that only importing touches it never gets.
    """
    now, missing = _held(), 0
    for first, pages in IMPORT_PAGES.items():
        if first in now and len(now[first]) == len(pages):
            missing += int((pages & ~now[first]).sum())
    return IMPORT_SECONDS, missing * os.sysconf("SC_PAGE_SIZE") / 2**20


def kernel(arguments: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
    """Be an IPython kernel, as ``python -m ipykernel_launcher`` with these arguments would be."""
    os.setsid()  # a signal to this group reaches what the chapter starts as well
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if sys.path[0] == ROOT:  # which `python -m tools.execute` put there
        del sys.path[0]
    sys.argv = ["ipykernel_launcher", *arguments]
    threading.Thread(target=_end_with_parent, daemon=True).start()

    from ipykernel.kernelapp import IPKernelApp

    # 1: the parent is watched here. ipykernel would watch the process that was forked.
    IPKernelApp.launch_instance(list(arguments), parent_handle=1)


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
