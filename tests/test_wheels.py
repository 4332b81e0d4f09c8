"""Every pin has a wheel for every Python that the project names, and all files name the same."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sebook.cli import preflight
from tools import install, wheels

ROOT = Path(__file__).parents[1]
ANSWER = json.loads(wheels.ANSWER.read_text("utf8"))
PINS = install.pins(wheels.LOCK.read_text("utf8"))


def test_the_answer_is_about_this_lock():
    """Of each pin, on each platform and Python that its marker names, and nowhere else."""
    assert set(ANSWER["pins"]) == set(PINS), "another lock: run `python -m tools.wheels`"
    assert ANSWER["pythons"] == [*wheels.supported(), wheels.NEXT]
    for pin, text in PINS.items():
        _, _, marker = install.bare(text).partition(" ; ")
        for platform in wheels.PLATFORMS:
            for place, python in enumerate(ANSWER["pythons"]):
                asked = wheels.wanted(marker or None, python, platform)
                size = install.size(ANSWER["pins"][pin], platform, place)
                assert asked == (size != 0), (pin, platform, python)


@pytest.mark.parametrize("python", wheels.supported())
def test_every_pin_has_wheels(python: str):
    assert wheels.lacking(ANSWER["pins"], ANSWER["pythons"], python) == {}


def test_a_python_joins_once_it_has_all_wheels():
    """The next one lacks some wheels. Once it lacks none, the project supports it."""
    assert wheels.lacking(ANSWER["pins"], ANSWER["pythons"], wheels.NEXT)


def package(*names: str, marker: str | None = None) -> dict:
    found = [{"url": f"https://example.org/{name}", "size": 10 + i} for i, name in enumerate(names)]
    return {"wheels": found} | ({"marker": marker} if marker else {})


@pytest.mark.parametrize(("files", "expected"), [
    (package("a-1-py3-none-any.whl"), 10),
    (package("a-1-py2.py3-none-any.whl"), 10),
    (package(), None),
    (package("a-1-cp311-abi3-manylinux_2_28_x86_64.whl"), [10, None, None, None]),
    (package("a-1-cp311-cp311-manylinux1_x86_64.whl"), [[10, None], None, None, None]),
    (package("a-1-cp314-cp314-macosx_11_0_arm64.whl"), [None, None, [None, 10], None]),
    (package("a-1-cp314-cp314t-macosx_11_0_arm64.whl"), None),  # free-threaded
    (package("a-1-cp314-cp314-macosx_26_0_arm64.whl"), None),  # too new a system
    (package("a-1-cp314-cp314-musllinux_1_2_x86_64.whl"), None),
    (package("a-1-py3-none-win_amd64.whl", "a-1-py3-none-any.whl"), 11),  # the larger
    (package("a-1-py3-none-any.whl", marker="sys_platform == 'linux'"), [10, 10, 0, 0]),
    (package("a-1-py3-none-any.whl", marker="python_full_version >= '3.12'"), [[0, 10]] * 4),
    (package("a-1%2Bcpu-py3-none-any.whl"), 10),
])  # fmt: skip
def test_a_wheel_fits_a_python_on_a_platform(files: dict, expected):
    row = wheels.row(files, ["3.11", "3.14"])
    if isinstance(expected, list):
        for platform, sizes in zip(wheels.PLATFORMS, expected, strict=True):
            both = sizes if isinstance(sizes, list) else [sizes, sizes]
            assert [install.size(row, platform, place) for place in (0, 1)] == both, platform
    else:
        assert row == expected


def test_what_lacks_a_wheel_is_named(monkeypatch, tmp_path, capsys):
    there, gone = package("a-1-py3-none-any.whl"), package("b-2-cp311-cp311-win_amd64.whl")
    asked = [{"name": "a", "version": "1", **there}, {"name": "b", "version": "2", **gone}]
    monkeypatch.setattr(wheels, "ask", lambda: asked)
    monkeypatch.setattr(wheels, "ANSWER", tmp_path / "wheels.json")
    with pytest.raises(SystemExit, match="hold those pins back"):
        wheels.main()
    said = capsys.readouterr().out
    assert all(f"Python {python}: no wheel of b==2\n" in said for python in wheels.supported())
    pins = json.loads((tmp_path / "wheels.json").read_text())["pins"]
    lacking = wheels.lacking(pins, [*wheels.supported(), wheels.NEXT], "3.11")
    assert lacking == {"b==2": ["linux x86_64", "linux aarch64", "darwin arm64"]}


def test_everything_names_the_same_pythons():
    supported = wheels.supported()
    least, newest = supported[0], supported[-1]
    minors = [int(python.split(".")[1]) for python in supported]
    assert minors == list(range(minors[0], minors[-1] + 1))

    def text(name: str) -> str:
        return (ROOT / name).read_text("utf8")

    assert f'requires-python = ">={least}"' in text("pyproject.toml")
    assert f'target-version = "py{least.replace(".", "")}"' in text("pyproject.toml")
    assert f"--python-version {least} " in text("Makefile")
    for name in ("README.md", "CONTRIBUTING.md", "Makefile"):
        assert f"Python {least} to {newest}" in text(name), name
        assert set(re.findall(r"Python (3\.\d+) to", text(name))) == {least}, name
    named = [".".join(map(str, each)) for each in (preflight.LEAST_PYTHON, preflight.NEWEST_PYTHON)]
    assert named == [least, newest]
    assert text(".binder/runtime.txt").strip().removeprefix("python-") in supported
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        used = re.findall(r'python-version: "(3\.\d+)"', text(f".github/workflows/{path.name}"))
        assert set(used) <= set(supported), path.name
    pages = yaml.safe_load(text(".github/workflows/pages.yml"))
    assert pages["jobs"]["package"]["strategy"]["matrix"]["python"] == [least, newest]


@pytest.mark.parametrize(("version", "said"), [
    ((3, 9, 1), r"is Python 3\.9, and 3\.11 is the least"),
    ((3, 15, 0), r"is Python 3\.15, and 3\.14 is the newest with every package"),
    ((3, 14, 2), ""),
])  # fmt: skip
def test_make_names_a_python_that_will_not_do(version, said):
    makefile = (ROOT / "Makefile").read_text("utf8")
    line = re.search(r"-c '(import sys; v = .*?)'\n", makefile, re.DOTALL)
    script = line[1].replace("$(PYTHON)", "python3")
    code = f"import sys; sys.version_info = {(*version, 'final', 0)}; exec(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, script], check=False, capture_output=True)
    assert (done.returncode != 0) == bool(said), done.stderr
    assert re.search(said, done.stderr.decode())
