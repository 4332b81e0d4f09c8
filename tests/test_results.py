"""What the part "Shipping it" reports: each result file says how it was made, and how sure its numbers are."""

import datetime
import json
import re
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "data" / "results"
NAMES = ("shipping-*", "frozen-*", "padding-*", "precision-*", "start-*", "examined")
NAMES += ("study-relatives", "study-constant", "timm-pairs", "who-kept-se", "wild-stories")
FILES = sorted(path.stem for name in NAMES for path in RESULTS.glob(f"{name}.json"))
# What holds no estimate, and why.
COUNTED = {
    "shipping-runtimes": "each runtime's own counters, summed over the runs that the file names, without a time for each run",
    "shipping-converted": "operators listed in converted files, which were not run",
    "shipping-flops": "operations counted by six programs",
    "who-kept-se": "gates counted in networks with random weights",
    "timm-pairs": "timm's own tables: each network was trained once, which the chapter says",
}
# How a file writes an interval.
INTERVALS = {"low", "high", "half", "interval", "ninety", "halves"}


def result(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text("utf8"))


def keys(value: object) -> set[str]:
    """Of all that is nested."""
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys(inner)}
    return {key for inner in value for key in keys(inner)} if isinstance(value, list) else set()


def made(found: dict) -> list[dict]:
    """What says how a file was made: the file itself, or each run of a study."""
    return found["runs"] if "study" in found else [found]


def test_each_part_has_its_files():
    assert {name for name in NAMES if not any(RESULTS.glob(f"{name}.json"))} == set()
    for what in ("frozen", "padding", "precision"):  # our three networks
        assert sum(name.startswith(f"{what}-") for name in FILES) == 3, what


@pytest.mark.parametrize("name", FILES)
def test_a_result_says_how_it_was_made(name: str):
    for about in made(result(name)):
        assert re.match(r"python -m (senet (measure|study) \w+|tools\.\w+)", about["command"]), about["command"]
        assert datetime.date.fromisoformat(about["date"]) >= datetime.date(2026, 11, 1)
        assert re.search(r"torch \d", about["versions"]) and re.search(r"thread|GPU|NVIDIA", about["machine"])


@pytest.mark.parametrize("name", [name for name in FILES if name not in COUNTED])
def test_a_result_says_what_was_drawn_and_how_sure_it_is(name: str):
    found = result(name)
    if "study" in found:  # intervals are computed from its runs
        seeds = {arm: [run["seed"] for run in found["runs"] if run["arm"] == arm] for arm in {run["arm"] for run in found["runs"]}}
        assert len(seeds) == len(found["study"]["arms"]) and {tuple(each) for each in seeds.values()} == {(0, 1, 2, 3, 4)}
        return
    assert {"seed", "seeds"} & set(found), "a file whose numbers nothing was drawn for says so: seed null"
    assert keys(found) & INTERVALS
