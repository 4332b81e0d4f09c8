"""Is this machine ready for the workshop? ``python -m senet preflight`` says so in plain words, with a remedy for what is not.

Runs where the rest of the package can't: it needs nothing but Python, and imports PyTorch only to see whether it can be imported.
Nothing is asked of the network unless ``--network`` says so.
"""

import argparse
import importlib
import importlib.util
import json
import os
import platform
import re
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from .trials import INSTALL, Missing, processor, training, weights, widgets

DESCRIPTION = "Say whether this machine is ready for the workshop, and what to do where it is not."
LEAST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)  # the newest for which all packages have wheels: tests/test_wheels.py
LEAST_MEMORY = 1.0  # GB that one chapter may take
LEAST_DISK = 0.5  # GB, for what chapters write
# GB that the packages take with PyTorch, where it has to be installed first; Linux gets CUDA with it.
INSTALL_DISK = {"without CUDA": 1.5, "with CUDA": 6.0}
NAMED = ("torch", "torchvision", "anywidget", "ipywidgets")  # worth a line each; the other packages share one
NEEDS_NETWORK = {
    "https://github.com": "networks pretrained on ImageNet, and the chapters on Colab",
    "https://www.cs.toronto.edu": "CIFAR-10, to train on it",
}
CPU_TORCH = f"{INSTALL} torch torchvision --index-url https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True)
class Finding:
    """What one check found. ``state``: "ready"; "missing", which ``remedy`` fixes; or "note", which stops nobody."""

    name: str
    state: str
    said: str
    remedy: str = ""


def python() -> str:
    """Python is new enough, and not so new that a package that is missing can't be installed."""
    here = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        raise Missing(f"Python {here} is too old", f"install Python {least} or newer, and make a new environment with it")
    if sys.version_info[:2] > NEWEST_PYTHON and (lacking := uninstalled()):
        newest = ".".join(map(str, NEWEST_PYTHON))
        said = f"Python {here} is too new: {', '.join(lacking)} may not install on it"
        raise Missing(said, f"install Python {newest}, and make a new environment with it")
    return f"Python {here}"


def uninstalled() -> list[str]:
    """The packages that this one requires and that are not installed."""
    there = {each.name.lower() for each in metadata.distributions() if each.name}
    return sorted(set(floors()) - there)


def package(name: str, imported: bool = False) -> str:
    """The version of ``name``, which must not be below its floor. With ``imported``, the import must also work."""
    floor = floors().get(name, "0")
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        raise Missing(f"{name} is not installed", f'{INSTALL} "{name}>={floor}"') from None
    if numbers(version) < numbers(floor):
        raise Missing(f"{name} {version} is older than {floor}", f'{INSTALL} --upgrade "{name}>={floor}"')
    if imported:
        try:
            importlib.import_module(name)
        except Exception as error:  # a torchvision of another build than torch raises a RuntimeError
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            pair = "torch torchvision" if name.startswith("torch") else name
            raise Missing(
                f"{name} {version} is installed and cannot be imported ({reason})", f"{INSTALL} --force-reinstall {pair}"
            ) from error
    return f"{name} {version}"


def others() -> str:
    """The other packages that the project requires are there."""
    return ", ".join(package(name) for name in sorted(floors()) if name not in NAMED)


def floors() -> dict[str, str]:
    """The least version of each package that this one requires, as it says itself."""
    try:
        lines = metadata.requires("senet") or []
    except metadata.PackageNotFoundError:
        raise Missing("the package senet is not installed", f"in its folder: {INSTALL} .") from None
    found = (re.match(r"([\w.-]+)>=([\w.]+)", line) for line in lines if "extra ==" not in line)
    return {each[1].lower(): each[2] for each in found if each}


def numbers(version: str) -> tuple[int, ...]:
    """2.14.1+cu130 -> (2, 14, 1): what a floor is compared by."""
    return tuple(int(part) for part in re.match(r"[\d.]*", version)[0].strip(".").split(".") if part)


def jupyter() -> str:
    """Something is there to run notebooks with."""
    if "google.colab" in sys.modules:
        return "Colab"
    package("ipykernel")
    for name in ("jupyterlab", "notebook"):
        try:
            return package(name)
        except Missing:
            continue
    raise Missing("neither JupyterLab nor Jupyter Notebook is installed", f"{INSTALL} jupyterlab (or open the chapters in VS Code)")


def memory() -> str:
    """Enough memory is free for a chapter."""
    free = available()
    if free is None:
        return "free memory is not told here; a chapter takes up to 1 GB"
    if free < LEAST_MEMORY:
        raise Missing(f"{free:.1f} GB of memory are free, and a chapter takes up to {LEAST_MEMORY:.0f} GB", "close other programs")
    return f"{free:.1f} GB of memory are free"


def available() -> float | None:
    """GB that a process may still take; None where the system does not tell."""
    found = []
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        found.append(int(re.search(r"MemAvailable:\s+(\d+) kB", text)[1]) * 1024)
    except (OSError, TypeError):
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:  # macOS tells what there is, not what is free
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    try:  # a container's own limit, as on Binder
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        found += [int(limit) - int(used)] if limit.isdigit() else []
    except (OSError, ValueError):
        pass
    return min(found) / 1e9 if found else None


def disk() -> str:
    """Enough disk is free."""
    free, least = shutil.disk_usage(Path.cwd()).free / 1e9, LEAST_DISK
    remedy, small = "make room, or work in a folder on another disk", INSTALL_DISK["without CUDA"]
    if not importable("torch"):
        least = INSTALL_DISK["with CUDA"] if sys.platform == "linux" else small
        if small <= free < least:
            remedy += f"; or install PyTorch without CUDA, which takes {small:.1f} GB: {CPU_TORCH}"
    if free < least:
        raise Missing(f"{free:.1f} GB of disk are free here, and {least:.1f} GB are needed", remedy)
    return f"{free:.1f} GB of disk are free"


def importable(name: str) -> bool:
    """Whether a module is there, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:  # a module that a test has blocked
        return False


def network(asked: bool, open_url: Callable = urllib.request.urlopen) -> list[Finding]:
    """Never counts as a fault: without these hosts, only what is named here doesn't work."""
    if not asked:
        what = "; ".join(NEEDS_NETWORK.values())
        return [Finding("network", "note", f"not asked (--network does). It is needed only for: {what}")]
    findings = []
    for address, what in NEEDS_NETWORK.items():
        try:
            open_url(urllib.request.Request(address, method="HEAD", headers={"User-Agent": "senet"}), timeout=5).close()
            said = f"{address} answers: {what} is available"
        except urllib.error.HTTPError:
            said = f"{address} answers: {what} is available"
        except OSError as error:
            said = f"{address} does not answer ({getattr(error, 'reason', None) or error}): {what} is not available; all else works"
        findings.append(Finding("network", "note", said))
    return findings


def check(asked: bool = False) -> list[Finding]:
    """All findings, in the order in which to fix them."""
    findings: list[Finding] = []

    def add(name: str, look: Callable[[], str]) -> None:
        try:
            findings.append(Finding(name, "ready", look()))
        except Missing as error:
            findings.append(Finding(name, "missing", str(error), error.remedy))
        except Exception as error:  # a participant gets a line about an unforeseen fault, not a traceback
            findings.append(Finding(name, "missing", f"{type(error).__name__}: {error}", "show this line to your teacher"))

    add("python", python)
    for name in NAMED:
        add(name, lambda: package(name, imported=True))  # noqa: B023 (it is called at once)
    add("packages", others)
    add("jupyter", jupyter)
    add("memory", memory)
    add("disk", disk)
    lacking = [each.name for each in findings if each.state == "missing" and each.name in (*NAMED, "packages")]
    for name, look in (("processor", processor), ("widgets", widgets), ("weights", weights), ("training", training)):
        if lacking:
            findings.append(
                Finding(name, "missing", f"not tried without {', '.join(lacking)}", "fix the items above, and run preflight again")
            )
        else:
            add(name, look)
    return findings + network(asked)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("--network", action="store_true", help="also ask whether the few hosts that anything needs can be reached")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON, for programs")


def run(options: argparse.Namespace) -> int:
    """Print what was found. Returns the exit status: 0 if the machine is ready, 1 if not."""
    findings = check(options.network)
    missing = [each for each in findings if each.state == "missing"]
    if options.json:
        machine = f"{platform.system()} {platform.machine()}"
        print(json.dumps({"ready": not missing, "machine": machine, "findings": [asdict(each) for each in findings]}, indent=1))
        return bool(missing)
    signs = {"ready": "ready  ", "missing": "MISSING", "note": "note   "}
    for each in findings:
        print(f"{signs[each.state]}  {each.said}")
        if each.remedy:
            print(f"         -> {each.remedy}")
    things = "one thing is" if len(missing) == 1 else f"{len(missing)} things are"
    print(f"\nNot ready yet: {things} missing. Fix the first, and run preflight again." if missing else "\nThis machine is ready.")
    return bool(missing)


def main(argv: Sequence[str]) -> int:
    """Run it by itself; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m senet preflight", description=DESCRIPTION)
    arguments(parser)
    return run(parser.parse_args(argv))
