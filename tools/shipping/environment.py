"""An environment of its own for the tools that are measured: beside the book's packages, never among them."""

import os
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
PEERS = "peers"  # and the environment's folder below _build


def pins(name: str) -> Path:
    """The list of an environment's packages: :file:`peers.txt` or :file:`converters.txt`."""
    return Path(__file__).with_name(f"{name}.txt")


def entered(place: Path, name: str = PEERS) -> None:
    """Go on in the environment at ``place``, made of what ``name`` lists where it is missing. Returns where it is the present one.

    It sees the book's packages as well. Its own, where it has another version of one, come first.
    """
    place = place.resolve()
    if Path(sys.prefix).resolve() == place:
        return
    python = place / "bin/python"
    if not (place / ".whole").exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        beside = place / "lib" / version / "site-packages/book.pth"
        beside.write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(pins(name))], check=True)
        (place / ".whole").touch()
    os.execv(python, [str(python), "-m", "tools.shipping", *sys.argv[1:]])


def versions(name: str | None = PEERS) -> dict[str, str]:
    """Of the tools that an environment's list names, and of those that the book has already; with None of the latter alone."""
    lines = pins(name).read_text(encoding="utf-8").splitlines() if name else []
    names = [line.partition("==")[0] for line in lines if "==" in line]
    return {each: metadata.version(each) for each in [*names, "onnx", "onnxruntime", "captum"]}
