"""Chapters run side by side: one that fails costs the others nothing, and is reported last."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from nbformat import v4

from tools import machine
from tools.execute import cache as caches
from tools.execute import warm
from tools.execute.chapter import Run, run
from tools.execute.progress import SHIPPED, Clock, Progress

from . import prose

Done = subprocess.CompletedProcess
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def chapter(folder: Path, name: str, *sources: str) -> Path:
    path = folder / f"{name}.ipynb"
    cells = [v4.new_code_cell(source) for source in sources]
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL), path)
    return path


def execute(folder: Path, *arguments: str | Path, **environment: str) -> Done:
    """Run chapters as `make book` does, into a cache of their own."""
    cache = folder / "caches" / "this"
    command = [sys.executable, "-m", "tools.execute", "--cache", cache, *arguments]
    asked = {"env": {**os.environ, "JOBS": "2", **environment}, "cwd": prose.ROOT}
    return subprocess.run(command, **asked, capture_output=True, text=True, timeout=800)


def outputs(folder: Path, path: Path) -> list[str]:
    """What each cell of a chapter printed, from the cache."""
    store = get_cache(folder / "caches" / "this")
    assert caches.knows(store, path)
    _, found = store.merge_match_into_notebook(nbformat.read(path, as_version=4))
    return ["".join(out.get("text", "") for out in cell.outputs) for cell in found.cells]


@pytest.fixture(scope="module")
def faults(tmp_path_factory) -> tuple[Path, dict[str, Path], Done]:
    """Four chapters, three of which fail, each in its own way; and how that went."""
    folder = tmp_path_factory.mktemp("faults")
    made = {
        "well": chapter(folder, "well", "held = 20", "print(held + 1)"),
        "raises": chapter(folder, "raises", "total = 0", "ratio = 1 / total", "print('never')"),
        "slow": chapter(folder, "slow", "import time", "time.sleep(60)"),
        "dies": chapter(folder, "dies", "import os", "os.kill(os.getpid(), 9)"),
    }
    return folder, made, execute(folder, *made.values(), SENET_TIMEOUT="4")


def test_a_chapter_that_fails_costs_the_others_nothing(faults):
    folder, made, done = faults
    assert done.returncode == 1
    assert outputs(folder, made["well"]) == ["", "21\n"]
    store = get_cache(folder / "caches" / "this")
    assert [caches.knows(store, made[name]) for name in ("raises", "slow", "dies")] == [False] * 3
    last = "3 of 4 chapters failed; the outputs of the other 1 are kept."
    assert done.stderr.rstrip().splitlines()[-1] == last


def test_a_cell_that_raises_is_named_with_its_traceback(faults):
    _, made, done = faults
    cell = nbformat.read(made["raises"], as_version=4).cells[1]
    report = part(done.stderr, "raises.ipynb")
    assert f"cell 2 of 3 (id {cell.id}) raised ZeroDivisionError" in report
    assert "ratio = 1 / total" in report and "ZeroDivisionError: division by zero" in report
    assert "\x1b" not in report  # no terminal's colours in a log


def test_a_cell_over_its_time_says_how_long_and_what_to_do(faults):
    report = part(faults[2].stderr, "slow.ipynb")
    assert "cell 2 of 2" in report and "time.sleep(60)" in report
    assert "ran for 4 s, which is as long as a cell may" in report
    assert "SENET_TIMEOUT=8 make book" in report and "_config.yml" in report


def test_a_kernel_that_dies_is_reported_with_what_ended_it(faults):
    report = part(faults[2].stderr, "dies.ipynb")
    assert "cell 2 of 2" in report and "SIGKILL" in report
    assert "GB of memory free" in report and "JOBS=1" in report


def part(report: str, name: str) -> str:
    """What a report says of one chapter."""
    return next(text for text in report.split("-" * 80) if text.strip().startswith(name))


def test_progress_counts_chapters_and_time(faults):
    lines = faults[2].stdout.splitlines()
    assert lines[0].startswith("4 chapters to run, 2 at a time (") and "cores, " in lines[0]
    ended = [line for line in lines if ".ipynb: " in line]
    assert [line[: line.index("]") + 1] for line in ended] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert all(" left" in line for line in ended[:3]) and " left" not in ended[3]


def test_chapters_that_end_together_are_counted_one_by_one(tmp_path, capsys):
    runs = [Run(Path(name), None, 1, seconds=1.0, error="Lost") for name in ("one.ipynb", "two.ipynb")]
    progress = Progress(Clock(runs, 2, tmp_path / "seconds.json"))
    for each in runs:
        progress.ended(each)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5] for line in lines] == ["[1/2]", "[2/2]"]
    assert [" left" in line for line in lines] == [True, False]


def test_what_is_known_is_not_run_again(faults):
    folder, made, _ = faults
    again = execute(folder, made["well"])
    assert (again.returncode, again.stdout) == (0, "")


def test_a_forked_kernel_is_like_one_of_its_own(tmp_path):
    """Interpreter, folder, path of modules, environment, figures; but its imports are done."""
    looks = (
        "import json, os, sys, matplotlib\n"
        "known = {k: os.environ.get(k) for k in ('PATH', 'OMP_NUM_THREADS', 'TOKEN', 'HOME')}\n"
        "print(json.dumps([sys.executable, os.getcwd(), sys.path, known, __name__, sys.argv[1:2],\n"
        "  os.getpgrp() == os.getpid(), matplotlib.get_backend(), str(get_ipython())[:30]]))"
    )
    early = "import sys\nprint('nbformat' in sys.modules)"
    draws = "import nbformat\nimport matplotlib.pyplot as plt\nfigure = plt.plot([1, 2])"
    paths = [chapter(tmp_path, f"chapter-{i}", early, draws, looks) for i in range(3)]
    assert execute(tmp_path, *paths, TOKEN="kept").returncode == 0
    store = get_cache(tmp_path / "caches" / "this")
    forked = outputs(tmp_path, paths[0])
    found = store.merge_match_into_notebook(nbformat.read(paths[0], as_version=4))[1]
    figure = found.cells[1].outputs
    assert [out.output_type for out in figure] == ["display_data"] and "image/png" in figure[0].data

    for record in store.list_cache_records():
        store.remove_cache(record.pk)
    assert execute(tmp_path, *paths, "--cold", TOKEN="kept").returncode == 0
    cold = outputs(tmp_path, paths[0])
    assert json.loads(forked[2]) == json.loads(cold[2])
    assert cold[0] == "False\n"
    assert forked[0] == f"{sys.platform == 'linux'}\n"


def test_what_several_chapters_import_is_found(tmp_path):
    usual = "%matplotlib inline\nimport json\nfrom senet import SEBlock\nfrom sebook import checks"
    more = "from sebook.widgets import Explorer\ntry:\n    import yaml\nexcept ImportError: pass"
    paths = [chapter(tmp_path, f"c{i}", usual, more) for i in range(3)]
    paths.append(chapter(tmp_path, "own", "import scipy.stats", "a blank to fill in"))
    paths += [chapter(tmp_path, f"d{i}", "import not_installed_here") for i in range(3)]
    assert warm.shared_imports(paths) == ["json", "sebook", "sebook.checks", "sebook.widgets", "senet", "yaml"]
    ours = warm.shared_imports(map(prose.source, prose.CHAPTERS))
    assert {"torch", "senet", "myst_nb"} <= set(ours)


@pytest.mark.parametrize("together", [1, 2])
def test_what_is_measured_is_the_chapters_own(tmp_path, together):
    """A chapter that fills memory and works for a while is seen to do both.

    The measuring cell leaves no trace. Alone it has a kernel of its own; of two, each has a fork.
    """
    waste = "import time\nheld = bytearray(300_000_000)\nwhile time.process_time() < 1.5:\n    pass"
    paths = [chapter(tmp_path, f"waste-{i}", waste, f"print({i})") for i in range(together)]
    assert execute(tmp_path, *paths).returncode == 0
    store = get_cache(tmp_path / "caches" / "this")
    for path in paths:
        took = store.match_cache_notebook(nbformat.read(path, as_version=4)).data
        assert took["cpu_seconds"] >= 1
        assert took["execution_seconds"] >= 1
        assert 300 < took["peak_megabytes"] < 500  # the process that starts it may hold more
        bundle = store.get_cache_bundle(store.match_cache_file(path).pk)
        assert [cell.source for cell in bundle.nb.cells][:-1] == [waste]


def test_a_slow_machine_has_more_time(tmp_path):
    """What takes longer than expected gives every later cell as many times longer."""
    path = chapter(tmp_path, "slow", "import time", "time.sleep(3)")
    assert "ran for 1 s" in run(Run.of(path), 1).error
    assert run(Run.of(path), 1, pace=lambda: 8.0).error is None


def test_time_left_follows_what_ran(tmp_path):
    names = ("training", "squeeze", "rescale", "new")
    runs = [Run.of(chapter(tmp_path, name, "1")) for name in names]
    clock = Clock(runs, 2, tmp_path / "seconds.json")
    known = json.loads(SHIPPED.read_text("utf8"))
    assert clock.expected(runs[3]) == sorted(known.values())[len(known) // 2]
    before = clock.left()
    assert before == pytest.approx(max(sum(map(clock.expected, runs)) / 2, known["training"]))
    runs[1].started, runs[1].seconds = 0.0, 3 * known["squeeze"]
    assert clock.pace() == pytest.approx(3)
    assert clock.left() > before
    clock.keep()
    later = Clock(runs, 2, tmp_path / "seconds.json")
    assert later.expected(runs[1]) == pytest.approx(3 * known["squeeze"], abs=0.1)
    assert later.expected(runs[0]) == known["training"]


def test_expected_times_are_of_chapters_that_are_there():
    known = json.loads(SHIPPED.read_text("utf8"))
    assert set(known) <= {Path(name).name for name in prose.CHAPTERS}


def test_a_container_has_what_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    unlimited, free = machine.cores(), machine.memory()
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    (tmp_path / "memory.max").write_text("3000000000\n")
    (tmp_path / "memory.current").write_text("1500000000\n")
    (tmp_path / "memory.stat").write_text("anon 1000000000\ninactive_file 300000000\n")
    assert machine.cores() == 1
    assert machine.memory() == pytest.approx(min(1.8, free))
    assert machine.jobs(13) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.cores() == unlimited
    assert machine.memory() > 1.8


def test_other_pictures_are_another_cache(tmp_path, monkeypatch):
    (tmp_path / "senet").mkdir()
    (tmp_path / "senet" / "a.py").write_text("1")
    monkeypatch.setenv("SENET_DATA", str(tmp_path / "pictures"))
    none = caches.key(tmp_path)
    (tmp_path / "pictures" / "test" / "cat").mkdir(parents=True)
    (tmp_path / "pictures" / "test" / "cat" / "0000.png").write_bytes(b"picture")
    some = caches.key(tmp_path)
    (tmp_path / "senet" / "a.py").write_text("2")
    assert len({none, some, caches.key(tmp_path)}) == 3


def test_sphinx_stops_where_a_chapter_fails_and_says_so_last(tmp_path):
    """As `jupyter-book build .` runs them, without make: the report comes after Sphinx's own."""
    path = chapter(tmp_path, "raises", "raise RuntimeError('injected')")
    build = f"""
import sys
from types import SimpleNamespace
sys.path.insert(0, {str(prose.ROOT / "book" / "_ext")!r})
import book_execution
settings = {{"mode": "cache", "cache_path": {str(tmp_path / "caches" / "this")!r}, "timeout": 60}}
config = SimpleNamespace(**{{f"nb_execution_{{name}}": value for name, value in settings.items()}})
app = SimpleNamespace(config=config, srcdir={str(tmp_path)!r})
book_execution.run_chapters(app, SimpleNamespace(doc2path=lambda name: {str(path)!r}), ["raises"])
"""
    done = subprocess.run([sys.executable, "-c", build], capture_output=True, text=True, timeout=800)
    assert done.returncode == 1
    assert done.stderr.index("ExtensionError") < done.stderr.index("RuntimeError: injected")
    assert done.stderr.rstrip().endswith("1 of 1 chapters failed.")
