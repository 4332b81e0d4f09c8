"""tools/install.py with the real pip, two indexes of tiny wheels, and a lock of them."""

import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from pathlib import Path

import pytest

from tools import install

ROOT = Path(__file__).parents[1]
LINUX = ' ; sys_platform == "linux"'


def wheel(folder: Path, name: str, version: str, *requires: str) -> Path:
    """A package that holds nothing but its metadata."""
    lines = [f"Requires-Dist: {each}" for each in requires]
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""]
    file = folder / name / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(f"{info}/METADATA", "\n".join(lines))
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        packed.writestr(f"{info}/RECORD", "")
    return file


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    """A folder with the package index "pypi" and PyTorch's "cpu", and its address."""
    folder = tmp_path_factory.mktemp("indexes")
    pypi = [
        wheel(folder / "pypi", "torch", "2.14.1", f"nvidia-cublas{LINUX}", "sympy"),
        wheel(folder / "pypi", "torchvision", "0.29.1", "torch"),
        wheel(folder / "pypi", "nvidia-cublas", "13.1"),
        wheel(folder / "pypi", "triton", "3.8.0"),
        wheel(folder / "pypi", "sympy", "1.14.0"),
        wheel(folder / "pypi", "timm", "1.0.31", "torch"),
    ]
    wheel(folder / "pypi", "timm", "1.0.32", "torch")  # newer than the lock's
    wheel(folder / "cpu", "torch", "2.14.1+cpu", "sympy")
    wheel(folder / "cpu", "torchvision", "0.29.1+cpu", "torch")
    lock = []
    for file in pypi:
        package, version = file.parent.name, file.name.split("-")[1]
        marker = LINUX if package in ("nvidia-cublas", "triton") else ""
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        pin = f"{package}=={version}{marker}"
        lock += [f"{pin} \\", f"    --hash=sha256:{digest}", "    # via something"]
    (folder / "requirements.txt").write_text("\n".join(["# a lock", *lock, ""]))
    handler = partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def checkout(indexes, tmp_path: Path):
    """A checkout of that lock, and what installs it: returns the output, raises if it fails."""
    folder, address = indexes
    (tmp_path / "tools").mkdir()
    for name in ("install.py", "wheels.json"):
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools")
    shutil.copy(folder / "requirements.txt", tmp_path)
    own = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    own |= {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{address}/pypi"}
    own |= {"PIP_NO_CACHE_DIR": "1"}

    def run(*options: str, python: Path | str = sys.executable) -> str:
        command = [python, tmp_path / "tools" / "install.py", "--index", f"{address}/cpu", *options]
        done = subprocess.run(command, cwd=tmp_path, env=own, check=False, capture_output=True)
        if done.returncode:
            raise RuntimeError((done.stdout + done.stderr).decode())
        return done.stdout.decode()

    return tmp_path, run


def has(venv: Path) -> dict[str, str]:
    """What an environment has, with the local parts of versions."""
    there = venv.glob("lib/python*/site-packages/*.dist-info")
    found = dict(each.name.removesuffix(".dist-info").split("-") for each in there)
    return {name: found[name] for name in found if name not in ("pip", "setuptools")}


CUDA = {"torch": "2.14.1", "torchvision": "0.29.1", "sympy": "1.14.0", "timm": "1.0.31"}
CPU = CUDA | {"torch": "2.14.1+cpu", "torchvision": "0.29.1+cpu"}
if sys.platform == "linux":
    CUDA |= {"nvidia_cublas": "13.1", "triton": "3.8.0"}


def test_an_environment_changes_from_one_pytorch_to_the_other_and_back(checkout):
    """Neither replaces the other by itself, since both are "torch==2.14.1" to pip."""
    folder, run = checkout
    venv = folder / ".venv"
    said = run("--venv", ".venv")
    assert has(venv) == CUDA
    assert said.startswith("Fetching ") and said.index("Fetching") < said.index("Collecting")
    assert (venv / ".torch").read_text() == "pypi\n"
    run("--venv", ".venv", "--torch", "cpu")
    assert has(venv) == CPU and (venv / ".torch").read_text() == "cpu\n"
    again = run("--venv", ".venv", "--torch", "cpu")
    assert "Fetching" not in again and "Collecting" not in again and "Uninstalling" not in again
    run("--venv", ".venv", "--torch", "pypi")
    assert has(venv) == CUDA and (venv / ".torch").read_text() == "pypi\n"


def test_what_is_not_in_the_lock_is_refused(checkout):
    """Beside PyTorch's CPU wheels, which have no hashes, everything else still needs one."""
    folder, run = checkout
    lock = folder / "requirements.txt"
    before = lock.read_text()
    pieces = install.pins(before)
    digest = pieces["timm==1.0.31"].split("sha256:")[1][:64]
    lock.write_text(before.replace(digest, "0" * 64))
    with pytest.raises(RuntimeError, match="DO NOT MATCH THE HASHES") as said:
        run("--venv", ".venv", "--torch", "cpu")
    assert "pip install failed" in str(said.value)
    lock.write_text("\n".join(text for pin, text in pieces.items() if install.name(pin) != "sympy"))
    with pytest.raises(RuntimeError, match="versions pinned with ==") as said:
        run("--venv", ".venv", "--torch", "cpu")  # pip took torch without what it requires
    assert "sympy" in str(said.value)
    lock.write_text(before)  # what broke off goes on, and .venv remembers which PyTorch it was for
    assert (folder / ".venv" / ".torch").read_text() == "cpu\n"
    run("--venv", ".venv", "--torch", "cpu")
    assert has(folder / ".venv") == CPU


def test_what_is_named_comes_alone_at_the_locks_version(checkout):
    """As on Binder, whose environment has packages of its own."""
    folder, run = checkout
    subprocess.run([sys.executable, "-m", "venv", folder / "binder"], check=True)
    said = run("--torch", "cpu", "timm", python=folder / "binder" / "bin" / "python")
    assert has(folder / "binder") == CPU
    assert not said.startswith("Fetching")


def test_an_unknown_pytorch_is_named(checkout):
    folder, run = checkout
    with pytest.raises(RuntimeError, match="TORCH=rocm is unknown: say TORCH=cpu"):
        run("--venv", ".venv", "--torch", "rocm")
    assert not (folder / ".venv").exists()


def test_what_is_left_out_is_cudas_alone():
    """And all that only CUDA needs goes with it: something that stays needs every other pin."""
    pieces = install.pins((ROOT / "requirements.txt").read_text("utf8"))
    dropped = {install.name(pin) for pin in pieces if install.CUDA.match(pin)}
    assert {"triton", "nvidia-cudnn-cu13", "cuda-toolkit", "cuda-pathfinder"} <= dropped
    for pin, text in pieces.items():
        comments = (line for line in text.split("\n") if line.strip().startswith("#"))
        by = {line.split("via")[-1].strip(" #") for line in comments} - {""}
        needless = by <= dropped | {"torch"} if install.name(pin) in dropped else not by <= dropped
        assert needless, pin


def plan(kind: str, has: dict[str, str]) -> str:
    return install.announce((ROOT / "requirements.txt").read_text("utf8"), kind, has)


def test_it_says_how_much_it_will_fetch(monkeypatch):
    monkeypatch.setattr(install.sys, "platform", "linux")
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    lock = (ROOT / "requirements.txt").read_text("utf8")
    pypi, cpu = (install.to_fetch(lock, kind, {}) for kind in install.KINDS)
    assert set(cpu) == {pin for pin in pypi if not install.CUDA.match(pin)}
    assert sum(cpu.values()) < 0.25 * sum(pypi.values())
    said = plan("pypi", {})
    assert f"{len(pypi)} Python packages, {sum(pypi.values()) / 1e9:.1f} GB" in said
    assert f"TORCH=cpu it is {sum(cpu.values()) / 1e6:.0f} MB" in said and " minutes" in said
    assert "GPU" not in plan("cpu", {})
    everything = {install.name(pin): pin.split("==")[1] for pin in pypi}
    assert plan("pypi", everything) == plan("cpu", everything) == ""
    older = everything | {"ruff": "0.1"}
    assert plan("pypi", older).startswith("Fetching one Python package, ")
    monkeypatch.setattr(install.sys, "platform", "plan9")
    assert "sizes on plan9 x86_64" in plan("pypi", {})


def test_npm_packages_are_named_where_they_are_missing(monkeypatch, tmp_path: Path):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "wheels.json", tmp_path / "tools")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    assert f"npm packages: {sum(install.NPM_SIZES.values()) / 1e6:.0f} MB" in plan("cpu", {})
    for folder in install.NPM_SIZES:
        (tmp_path / folder / "node_modules").mkdir(parents=True)
        assert (ROOT / folder / "package-lock.json").exists()
    assert "npm" not in plan("cpu", {})


def test_make_remembers_which_pytorch(tmp_path: Path):
    """TORCH has to be given once; giving the other one installs it, even if the lock has not changed."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    own = {key: value for key, value in os.environ.items() if key != "TORCH"}

    def dry(*variables: str) -> str:
        command = ["make", "--dry-run", f"PYTHON={sys.executable}", *variables, ".venv/.packages"]
        done = subprocess.run(command, cwd=tmp_path, env=own, check=True, capture_output=True)
        return done.stdout.decode()

    assert "--torch pypi" in dry()
    assert "--torch cpu" in dry("TORCH=cpu")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".packages").touch()
    assert "install.py" not in dry()  # an environment from before there was a choice
    assert "--torch cpu" in dry("TORCH=cpu")
    (tmp_path / ".venv" / ".torch").write_text("cpu\n")
    assert "install.py" not in dry() and "install.py" not in dry("TORCH=cpu")
    assert "--torch pypi" in dry("TORCH=pypi")
    (tmp_path / "requirements.txt").write_text("newer")
    os.utime(tmp_path / "requirements.txt", (2e9, 2e9))
    assert "--torch cpu" in dry()
