"""Has every pin a wheel for every Python that the project supports? `python -m tools.wheels` asks.

`make lock` and `make pin` end with it. uv asks the package index, which lists files and sizes.
tools/wheels.json keeps one row a pin: the bytes to fetch, by platform and Python, or one number if
they are the same. A test holds the rows against requirements.txt; tools/install.py adds them up.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

from tools.install import Row, size

ROOT = Path(__file__).resolve().parents[1]
LOCK, ANSWER = ROOT / "requirements.txt", ROOT / "tools" / "wheels.json"
NEXT = "3.15"  # asked about as well, to see when the project can support it


def _manylinux(machine: str) -> list[str]:
    """What Ubuntu 22.04 (glibc 2.35) runs. The old names of 2.17, 2.12 and 2.5 are still in use."""
    old = ("manylinux2014", "manylinux2010", "manylinux1")
    new = [f"manylinux_2_{minor}_{machine}" for minor in range(35, 4, -1)]
    return new + [f"{name}_{machine}" for name in old]


# Named as tools/install.py finds them: sys.platform and platform.machine().
PLATFORMS = {
    "linux x86_64": _manylinux("x86_64"),
    "linux aarch64": _manylinux("aarch64"),
    "darwin arm64": list(mac_platforms((14, 0), "arm64")),
    "win32 AMD64": ["win_amd64"],
}


def supported() -> list[str]:
    """The Pythons that pyproject.toml's classifiers name, the oldest first: ["3.11", ...]."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    return re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))


def tags(python: str, platform: str) -> set[Tag]:
    """The tags of the wheels that CPython of this version takes on this platform."""
    version = tuple(map(int, python.split(".")))
    abi, platforms = f"cp{version[0]}{version[1]}", PLATFORMS[platform]
    return {*cpython_tags(version, [abi], platforms), *compatible_tags(version, abi, platforms)}


def wanted(marker: str | None, python: str, platform: str) -> bool:
    """Whether the lock installs a pin with this marker on that platform and Python."""
    system, machine = platform.split()
    here = {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "nt" if system == "win32" else "posix",
        "platform_machine": machine,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "python_full_version": f"{python}.99",  # a late release
        "python_version": python,
        "sys_platform": system,
    }
    return marker is None or Marker(marker).evaluate(here)


def row(package: dict, pythons: Iterable[str]) -> Row:
    """Bytes of a package's wheel, by platform and Python: the largest of those that fit.

    ``package`` is one of PEP 751's. 0 where the lock doesn't ask for the package, None where it
    does and there is no wheel.
    """
    sizes = {}
    for wheel in package["wheels"]:
        name = wheel.get("name") or unquote(wheel["url"].rsplit("/", 1)[1])
        sizes[parse_wheel_filename(name)[3]] = wheel["size"]

    def fetched(python: str, platform: str) -> int | None:
        if not wanted(package.get("marker"), python, platform):
            return 0
        taken = tags(python, platform)
        return max((size for tagged, size in sizes.items() if tagged & taken), default=None)

    found = {each: _one([fetched(python, each) for python in pythons]) for each in PLATFORMS}
    first, *others = found.values()
    return found if any(each != first for each in others) else first


def _one(values: list[int | None]) -> list[int | None] | int | None:
    """The value itself where all are the same."""
    return values[0] if len(set(values)) == 1 else values


def ask(lock: Path = LOCK) -> list[dict]:
    """The lock's packages with all their files, by uv, as the index tells of them."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "pylock.toml")
        command = [sys.executable, "-m", "uv", "pip", "compile", lock, "--universal", "--no-deps"]
        command += ["--python-version", supported()[0], "--format", "pylock.toml", "--quiet"]
        subprocess.run([*command, "--output-file", out], check=True)
        packages = tomllib.loads(out.read_text("utf8"))["packages"]
    return [{"wheels": [], **package} for package in packages]


def lacking(pins: dict[str, Row], pythons: list[str], python: str) -> dict[str, list[str]]:
    """The pins without a wheel for a Python, each with the platforms on which it lacks one."""
    place, found = pythons.index(python), {}
    for pin, each in pins.items():
        if platforms := [name for name in PLATFORMS if size(each, name, place) is None]:
            found[pin] = platforms
    return found


def main() -> None:
    pythons = [*supported(), NEXT]
    pins = {f"{each['name']}=={each['version']}": row(each, pythons) for each in ask()}
    answer = {
        "command": "python -m tools.wheels",
        "date": date.today().isoformat(),
        "unit": "bytes",
        "platforms": list(PLATFORMS),
        "pythons": pythons,
    }
    rows = ",\n".join(f"  {json.dumps(pin)}: {json.dumps(row)}" for pin, row in pins.items())
    text = json.dumps(answer).removesuffix("}") + f', "pins": {{\n{rows}\n}}}}\n'
    ANSWER.write_text(text, encoding="utf8")
    without = {python: lacking(pins, pythons, python) for python in pythons}
    for python, found in without.items():
        said = f"no wheel of {', '.join(found)}" if found else "a wheel of every pin"
        print(f"Python {python}: {said}")
    if any(without[python] for python in supported()):
        remedy = "hold those pins back in requirements.in, or drop that Python"
        sys.exit(f"pyproject.toml names a Python that lacks wheels: {remedy}")


if __name__ == "__main__":
    main()
