"""Install what requirements.txt pins. `make` does it by this, and so does Binder.

    python tools/install.py --venv .venv                  every pin, each file checked by its hash
    python tools/install.py --venv .venv --torch cpu      PyTorch's own CPU wheels, without CUDA
    python tools/install.py --torch cpu ".[attribution]"  into this Python, only what is named, at
                                                          the pinned versions

It says first what it will fetch. The CPU wheels are on an index of PyTorch's, and requirements.txt
lacks their hashes: pip checks torch and torchvision by version, everything else by hash. Needs
nothing but Python.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INDEX = "https://download.pytorch.org/whl/cpu"
KINDS = ("pypi", "cpu")
PAIR = ("torch", "torchvision")  # built for each other: both from one index
CUDA = re.compile(r"(nvidia-|cuda-|triton)")  # only PyTorch's CUDA wheels need these
PIN = re.compile(r"^([a-z0-9][\w.-]*)==([^\s;]+)[^\n]*(?:\n[ \t][^\n]*)*", re.MULTILINE)
CPU_SIZES = {"torch": 192e6, "torchvision": 2e6}  # bytes, of 2.13.0+cpu; later ones differ little
NPM_SIZES = {"frontend": 39e6, "frontend/engine": 44e6, "book": 12e6}  # bytes, November 2026
LINE = 12.5e6  # bytes a second: 100 Mbit/s
UNPACKING = 23e6  # bytes of wheels a second, by one core of an AMD EPYC 7003

Row = dict[str, list[int | None] | int | None] | list[int | None] | int | None


def pins(lock: str) -> dict[str, str]:
    """Each pin's lines in the lock: {"torch==2.14.1": "torch==2.14.1 ... --hash=...", ...}."""
    return {f"{found[1]}=={found[2]}": found[0] for found in PIN.finditer(lock)}


def bare(text: str) -> str:
    """A pin and its marker, without the hashes."""
    return text.split("\n")[0].rstrip("\\ ")


def name(pin: str) -> str:
    return pin.split("==")[0]


def size(row: Row, where: str, place: int) -> int | None:
    """Bytes of a pin's wheel, from its row in tools/wheels.json.

    ``where`` is the platform, ``place`` the Python's index in the file's list. 0 if the lock does
    not ask for the pin there, None if it does and there is no wheel.
    """
    row = row.get(where) if isinstance(row, dict) else row
    return row[place] if isinstance(row, list) else row


def installed(python: Path) -> dict[str, str]:
    """The version of each package in an environment, without local parts such as "+cpu"."""
    if not python.exists():
        return {}
    command = [python, "-m", "pip", "list", "--format", "json"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    names = [re.sub(r"[-_.]+", "-", each["name"]).lower() for each in listed]
    return {name: each["version"].split("+")[0] for name, each in zip(names, listed, strict=True)}


def to_fetch(lock: str, kind: str, has: dict[str, str]) -> dict[str, float]:
    """Bytes of each pin that the environment lacks.

    Raises:
        KeyError: tools/wheels.json doesn't know this platform or this Python.
    """
    answer = json.loads((ROOT / "tools" / "wheels.json").read_text("utf8"))
    where = f"{sys.platform} {platform.machine()}"
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if where not in answer["platforms"] or python not in answer["pythons"]:
        raise KeyError(f"{where} with Python {python}")
    place = answer["pythons"].index(python)
    found = {}
    for pin in pins(lock):
        package, version = pin.split("==")
        there = has.get(package) == version
        if not there and not (kind == "cpu" and CUDA.match(package)):
            found[pin] = size(answer["pins"].get(pin), where, place) or 0
            if kind == "cpu" and package in PAIR:
                found[pin] = CPU_SIZES[package]
    return {pin: each for pin, each in found.items() if each}


def announce(lock: str, kind: str, has: dict[str, str]) -> str:
    """What is about to be fetched, in words; empty if nothing is."""
    try:
        sizes = to_fetch(lock, kind, has)
        small = sum(to_fetch(lock, "cpu", has).values())
    except KeyError as error:
        return f"Fetching what requirements.txt pins (sizes on {error.args[0]} are unknown)."
    if not sizes:
        return ""
    lacks = {folder for folder in NPM_SIZES if not (ROOT / folder / "node_modules").exists()}
    npm = sum(NPM_SIZES[folder] for folder in lacks)
    total = sum(sizes.values())
    minutes = round((total + npm) * (1 / LINE + 1 / UNPACKING) / 60)
    gpu = sum(each for pin, each in sizes.items() if CUDA.match(pin))
    packages = "one Python package" if len(sizes) == 1 else f"{len(sizes)} Python packages"
    said = [f"Fetching {packages}, {amount(total)}."]
    if gpu:
        said += [f"{amount(gpu)} of that is for GPUs: with TORCH=cpu it is {amount(small)} in all."]
    if npm:
        said += [f"npm packages: {amount(npm)}. `make test` adds browsers if there are none."]
    took = f"{minutes} minutes" if minutes > 1 else "a minute"
    said += [f"At 100 Mbit/s this takes about {took}, less for what pip has in its cache."]
    return "\n".join(said)


def amount(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def pip(python: Path, *arguments: str | Path) -> None:
    """Run pip, with its progress visible. Exits if pip fails."""
    # Every version is pinned: a constraint set on this machine could only contradict the pins.
    own = {"PIP_CONSTRAINT": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run([python, "-m", "pip", *arguments], env=os.environ | own, check=False)
    if done.returncode:
        sys.exit(f"pip {arguments[0]} failed, for the reasons above; the same command goes on.")


def install(python: Path, stamp: Path, kind: str, packages: list[str], index: str) -> None:
    """Bring an environment to the pinned versions. ``stamp`` remembers which PyTorch it has.

    pip takes either PyTorch for "torch==2.14.1", so the one goes before the other comes.
    """
    wanted = pins((ROOT / "requirements.txt").read_text("utf8"))
    has = installed(python)
    before = stamp.read_text("utf8").strip() if stamp.exists() else "pypi"
    pytorch = sorted(each for each in has if each in PAIR or CUDA.match(each))
    if kind != before and pytorch:
        pip(python, "uninstall", "--yes", *pytorch)
    stamp.write_text(f"{kind}\n", "utf8")
    pair = {pin: bare(text) for pin, text in wanted.items() if name(pin) in PAIR}
    if kind == "cpu":
        pip(python, "install", "--no-deps", "--index-url", index, *pair.values())
        left_out = {pin for pin in wanted if pin in pair or CUDA.match(pin)}
        wanted = {pin: text for pin, text in wanted.items() if pin not in left_out}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        if packages:
            file.write_text("\n".join(map(bare, (wanted | pair).values())), "utf8")
            pip(python, "install", "--constraint", file, *packages)
        else:
            file.write_text("\n".join(wanted.values()), "utf8")
            pip(python, "install", "--require-hashes", "--requirement", file)


def main() -> None:
    keep = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=keep)
    parser.add_argument("packages", nargs="*", help="install these, not all that is pinned")
    parser.add_argument("--venv", type=Path, help="an environment, made if it isn't there")
    parser.add_argument("--torch", default="pypi", metavar="|".join(KINDS), help="which PyTorch")
    parser.add_argument("--index", default=INDEX, metavar="URL", help="of PyTorch's CPU wheels")
    options = parser.parse_args()
    if options.torch not in KINDS:
        meant = "TORCH=cpu (without CUDA) or TORCH=pypi (the package index's wheels)"
        parser.error(f"TORCH={options.torch} is unknown: say {meant}")
    venv, python = options.venv, Path(sys.executable)
    if venv is not None:
        python = venv / "bin" / "python"
        lock = (ROOT / "requirements.txt").read_text("utf8")
        if said := announce(lock, options.torch, installed(python)):
            print(said, flush=True)
        if not python.exists():
            made = subprocess.run([sys.executable, "-m", "venv", venv], check=False)
            if made.returncode:
                shutil.rmtree(venv, ignore_errors=True)
                remedy = "it lacks ensurepip (on Debian, python3-venv)"
                sys.exit(f"{sys.executable} could not make {venv}: {remedy}")
    stamp = Path(sys.prefix if venv is None else venv, ".torch")
    install(python, stamp, options.torch, options.packages, options.index)


if __name__ == "__main__":
    main()
