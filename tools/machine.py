"""What this process may use of the machine: `python tools/machine.py` prints how many jobs.

Only the standard library, since make asks before anything is installed.
"""

import os
import re
from pathlib import Path

MEMORY = 1.0  # GB that a job takes at most: a chapter, or a process of tests
MOST = 8  # jobs, however many cores there are
CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Processor cores that this process may use, by its affinity and its container."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quota = _quota()
    return max(1, min(count, int(quota))) if quota else count


def _quota() -> float | None:
    """The container's limit, in cores; None where there is none."""
    try:
        limit, period = (CGROUP / "cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        try:  # the older kind of control groups
            limit = (CGROUP / "cpu/cpu.cfs_quota_us").read_text("ascii").strip()
            period = (CGROUP / "cpu/cpu.cfs_period_us").read_text("ascii").strip()
        except OSError:
            return None
    return int(limit) / int(period) if limit.isdigit() else None


def memory() -> float | None:
    """GB that this process may still take; None where the system doesn't say."""
    found = []
    try:
        text = Path("/proc/meminfo").read_text("ascii")
        found.append(int(re.search(r"MemAvailable:\s+(\d+) kB", text)[1]) * 1024)
    except (OSError, TypeError):
        if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):  # macOS says what there is
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            most = (CGROUP / limit).read_text("ascii").strip()
            now = int((CGROUP / used).read_text("ascii"))
            stat = (CGROUP / limit).with_name("memory.stat").read_text("ascii")
            files = re.search(r"^(?:total_)?inactive_file (\d+)$", stat, re.MULTILINE)
        except (OSError, ValueError):
            continue
        if most.isdigit():  # what is kept of files is given up when memory is short
            found.append(int(most) - now + (int(files[1]) if files else 0))
    return min(found) / 1e9 if found else None


def jobs(count: int = MOST) -> int:
    """How many of ``count`` jobs to run at a time: one a core, while each has its memory."""
    free = memory()
    fit = MOST if free is None else int(free / MEMORY)
    return max(1, min(count, cores(), fit, MOST))


def described() -> str:
    """The grounds of :func:`jobs`: ``2 cores, 18.1 GB of memory free``."""
    many, free = cores(), memory()
    said = f"{many} core{'s' if many > 1 else ''}"
    return said if free is None else f"{said}, {free:.1f} GB of memory free"


if __name__ == "__main__":
    print(jobs())
