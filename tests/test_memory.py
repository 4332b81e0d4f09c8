"""Freed memory stays with the process: fewer pages are handed out. Where that isn't possible, it says so."""

import ctypes
import platform
import subprocess
import sys

import pytest

from sebook.measure import malloc

STEPS = """
import resource, sys
import torch
from sebook.measure.bench import keep_freed  # with all that a benchmark imports, which leaves the heap in its usual shape

if sys.argv[1] == "kept":
    assert keep_freed()
faults = []
for _ in range(12):  # 100 MB each, written and let go of
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(25_000_000)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(sorted(faults)[6])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc: nothing to ask of it")
def test_memory_is_used_again_rather_than_asked_for():
    faults = {}
    for way in ("kept", "returned"):
        ran = subprocess.run([sys.executable, "-c", STEPS, way], capture_output=True, text=True, check=True)
        faults[way] = int(ran.stdout)
    assert faults["returned"] > 10_000  # 100 MB in pages of 4 KiB are 24,414; fewer where pages are larger, hence the margin
    assert faults["kept"] < 1_000


@pytest.mark.parametrize("library", [object(), None])
def test_other_c_libraries_are_left_alone(library, monkeypatch):
    def opened(name):
        if library is None:
            raise TypeError("bad argument")  # Windows
        return library  # musl and macOS know no mallopt

    monkeypatch.setattr(ctypes, "CDLL", opened)
    assert malloc.keep_freed() is False
