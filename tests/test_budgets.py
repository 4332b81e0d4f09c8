"""What each chapter's execution takes, measured when the book was built: time and memory that a small machine has."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_cache import get_cache

from tests import prose

# Seconds of a core, and megabytes. The budgets are of two cores with nothing else to do, where a chapter's kernel, with its one
# thread, takes on the wall what it takes of a core. Time on the wall would fail whenever the machine does something else as well.
# Time of a core also grows then, as others share its caches, but by half rather than tenfold: chapters leave room for that.
SECONDS, TRAINING_SECONDS, MEGABYTES = 30, 60, 1024


def measured() -> dict[str, dict[str, float]]:
    """By chapter: what the last build stored beside its outputs."""
    caches = [path for path in (prose.ROOT / "_build" / "cache").glob("*/") if path.is_dir()]
    if len(caches) != 1:
        raise pytest.UsageError(f"{len(caches)} caches of executed chapters in _build/cache: run `make book` first")
    newest: dict[str, tuple] = {}
    for record in get_cache(caches[0]).list_cache_records():
        name = f"book/{Path(record.uri).stem}"
        newest[name] = max(newest.get(name, ()), (record.created, record.pk, record.data))
    return {name: data for name, (_, _, data) in newest.items()}


def over(most: Callable[[str, dict[str, float]], bool], capsys: pytest.CaptureFixture) -> dict[str, dict[str, float]]:
    """Chapters for which this holds; all are printed."""
    rows = measured()
    with capsys.disabled():
        print(f"\n{'chapter':28} {'of a core':>10} {'on the wall':>12} {'at most':>10}")
        for name in prose.CHAPTERS:
            data = rows[name]
            took = f"{data['cpu_seconds']:8.1f} s {data['execution_seconds']:10.1f} s {data['peak_megabytes']:7.0f} MB"
            print(f"{name:28} {took}")
    return {name: rows[name] for name in prose.CHAPTERS if most(name, rows[name])}


@pytest.mark.budget
def test_every_chapter_keeps_to_its_time(capsys: pytest.CaptureFixture):
    def slow(name: str, row: dict[str, float]) -> bool:
        return row["cpu_seconds"] > (TRAINING_SECONDS if name == "book/training" else SECONDS)

    assert not (found := over(slow, capsys)), json.dumps(found, indent=1)


def test_every_chapter_keeps_to_its_memory(capsys: pytest.CaptureFixture):
    assert not (found := over(lambda _, row: row["peak_megabytes"] > MEGABYTES, capsys)), json.dumps(found, indent=1)
