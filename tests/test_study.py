"""Studies: every run once, whatever interrupts; and intervals that are what their names say."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sebook.cli import datasets
from sebook.experiments import studies, study
from sebook.experiments.study import Arm, Study
from senet import pretrained
from senet.images.patchwork import patchwork
from senet.models.cifar import small_resnet
from senet.training import Recipe

ROOT = Path(__file__).parents[1]
PREPROCESS = pretrained.Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
TINY = {"layers": [1], "widths": [8]}
SMALL = Study(
    title="with and without",
    data="patchwork",
    architecture="small_resnet",
    arms=(Arm("", "SE", TINY | {"reduction": 2}, 22.0), Arm("SE", "none", TINY | {"reduction": None})),
    recipe=Recipe(epochs=1, batch_size=10, bf16=False),
    seeds=2,
)


@pytest.fixture(scope="module")
def pictures():
    return patchwork(60, 3), patchwork(40, 4)


def run(path, pictures, asked=SMALL, build=small_resnet, **more):
    return study.run(asked, build, *pictures, PREPROCESS, path, {"date": "today"}, progress=False, **more)


def bare(result):
    """What does not depend on the clock."""
    return [{name: value for name, value in said.items() if name != "seconds"} for said in result["runs"]]


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    return run(tmp_path_factory.mktemp("study") / "whole.json", pictures)


def test_every_arm_has_every_seed_in_the_order_of_seeds(whole):
    assert [(said["arm"], said["seed"]) for said in whole["runs"]] == [("SE", 0), ("SE none", 0), ("SE", 1), ("SE none", 1)]
    with_se, without = whole["runs"][:2]
    assert with_se["parameters"] - without["parameters"] == 2 * 8 * 4  # W1 and W2 of one block, r = 2
    assert all(said["date"] == "today" and 0 <= said["accuracy"] <= 1 and said["loss"] > 0 for said in whole["runs"])


def test_a_study_that_was_stopped_goes_on_with_what_is_missing(whole, pictures, tmp_path):
    """In the middle of the third run, and then to the same numbers as one that was not."""
    built = 0

    def stops(**arguments):
        nonlocal built
        built += 1
        if built == 3:
            raise KeyboardInterrupt
        return small_resnet(**arguments)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "s.json", pictures, build=stops)
    assert len(json.loads((tmp_path / "s.json").read_text())["runs"]) == 2
    assert bare(run(tmp_path / "s.json", pictures)) == bare(whole)
    built = -100
    run(tmp_path / "s.json", pictures, build=stops)
    assert built == -100  # nothing was left to do
    assert len(run(tmp_path / "s.json", pictures, seeds=3)["runs"]) == 6


def test_a_run_under_way_goes_on_from_its_own_checkpoint(whole, pictures, tmp_path):
    run(tmp_path / "s.json", pictures, checkpoints=tmp_path / "states")
    assert len(list((tmp_path / "states").glob("s-SE-none-1.pt"))) == 1
    (tmp_path / "s.json").unlink()
    # All epochs are in the states: what is read there is what was trained.
    assert bare(run(tmp_path / "s.json", pictures, checkpoints=tmp_path / "states")) == bare(whole)


def test_runs_of_another_dtype_or_processor_are_not_mixed_in_silence(pictures, tmp_path):
    path, facts = tmp_path / "s.json", {"date": "today", "machine": "A"}

    def go_on(asked=SMALL, machine="A", **more):
        return study.run(asked, small_resnet, *pictures, PREPROCESS, path, facts | {"machine": machine}, progress=False, **more)

    assert {run["dtype"] for run in go_on(seeds=1)["runs"]} == {"float32"}
    before = path.read_bytes()
    half = replace(SMALL, recipe=replace(SMALL.recipe, bf16=True))
    with pytest.raises(ValueError, match="holds runs with dtype 'float32', and here it would be 'bfloat16'"):
        go_on(half)
    with pytest.raises(ValueError, match="holds runs with machine 'A', and here it would be 'B'.*--mix"):
        go_on(machine="B")
    assert path.read_bytes() == before
    assert [run["machine"] for run in go_on(machine="B", mix=True)["runs"]] == ["A", "A", "B", "B"]


def test_files_from_before_runs_noted_their_dtype_are_read_by_their_recipe():
    result = json.loads((ROOT / "data" / "results" / "study-patchwork.json").read_text())
    assert result["study"]["recipe"]["bf16"] is True and "dtype" not in result["runs"][0]
    runs = study.read(ROOT / "data" / "results" / "study-patchwork.json", studies.STUDIES["patchwork"])["runs"]
    assert {run["dtype"] for run in runs} == {"bfloat16"} and len(runs) == len(result["runs"])


def test_another_study_or_a_damaged_file_is_refused_and_kept(pictures, tmp_path):
    path = tmp_path / "s.json"
    run(path, pictures, seeds=1)
    before = path.read_bytes()
    other = Study(**{**vars(SMALL), "recipe": Recipe(epochs=2, batch_size=10, bf16=False)})
    with pytest.raises(ValueError, match="another recipe"):
        run(path, pictures, other)
    assert path.read_bytes() == before
    path.write_text(before.decode()[:-30])
    with pytest.raises(ValueError, match="damaged"):
        run(path, pictures)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_the_interval_is_students(values):
    from scipy import stats

    mean, half = study.mean_interval(values)
    assert mean == pytest.approx(sum(values) / len(values))
    deviation = stats.sem(values)
    if deviation > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, mean, deviation)
        assert (mean - half, mean + half) == pytest.approx((low, high))
    else:
        assert half == pytest.approx(0, abs=1e-6)


def test_differences_are_paired_by_seed():
    """Seeds that differ much hide nothing, as long as both arms have them."""
    said = [("SE", 0, 0.9), ("SE none", 0, 0.8), ("SE", 1, 0.5), ("SE none", 1, 0.4), ("SE", 2, 0.7)]
    runs = [{"arm": arm, "seed": seed, "accuracy": a, "parameters": 1} for arm, seed, a in said]
    arms = [{"group": a.group, "value": a.value, "arguments": a.arguments, "paper_error": a.paper_error} for a in SMALL.arms]
    standard, none = study.rows({"study": {"arms": arms}, "runs": runs})
    assert (standard.seeds, none.seeds) == (3, 2)
    assert standard.accuracy == pytest.approx(0.7) and none.accuracy == pytest.approx(0.6)
    assert none.difference == pytest.approx(-0.1) and none.difference_half == pytest.approx(0, abs=1e-9)
    lines = study.table({"study": {"arms": arms}, "runs": runs}).splitlines()
    assert "−10.0\xa0±\xa00.0" in lines[3] and "22.00" in lines[2]
    assert lines[0].startswith("| network | trainings | accuracy, % | points above or below the first row |")
    assert lines[2].startswith("| **SE** | 3 |") and lines[3].startswith("| the same without SE | 2 |")
    assert "60.0 (0.0\xa0to\xa0100.0)" in lines[3]  # its t interval would reach beyond both ends
    one = study.rows({"study": {"arms": arms}, "runs": runs[:1]})
    assert len(one) == 1 and math.isnan(one[0].half)


def test_agreement_is_of_order_alone():
    def row(accuracy, error):
        return study.Row("a", "g", "v", 1, accuracy, 0.0, 0.0, 0.0, 1, error)

    assert study.agreement([row(0.9, 22.0), row(0.8, 23.0), row(0.1, 23.1), row(0.5, None)]) == (pytest.approx(1), 3)
    assert study.agreement([row(0.9, 23.0), row(0.8, 22.0)]) == (pytest.approx(-1), 2)


@pytest.mark.parametrize("name", studies.STUDIES)
def test_arms_differ_from_the_first_in_one_thing(name):
    """And each can be built, for the price that its arguments say."""
    asked = studies.STUDIES[name]
    first, *others = asked.arms
    assert not first.group and len({arm.name for arm in asked.arms}) == len(asked.arms)
    parameters = {}
    for arm in asked.arms:
        model = studies.ARCHITECTURES[asked.architecture](num_classes=10, **arm.arguments)
        parameters[arm.name] = sum(p.numel() for p in model.parameters())
        assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    for arm in others:
        assert sum(first.arguments.get(key) != value for key, value in arm.arguments.items()) == 1
    if name == "patchwork":
        assert parameters["reduction 2"] > parameters["standard"] > parameters["reduction 8"] > parameters["reduction no SE"]
        assert parameters["gate relu"] == parameters["squeeze max"] == parameters["standard"]


def test_the_command(monkeypatch, tmp_path, senet):
    monkeypatch.setitem(datasets.PATCHWORK, "train", (60, 3))
    monkeypatch.setitem(datasets.PATCHWORK, "test", (40, 4))
    monkeypatch.setitem(studies.STUDIES, "patchwork", Study(**{**vars(SMALL), "pictures": 50}))
    said = senet(["study", "patchwork", "--seeds", "1", "--out", str(tmp_path)])
    assert "| the same without SE | 1 |" in said and "study-patchwork.json" in said
    kept = json.loads((tmp_path / "study-patchwork.json").read_text())
    assert kept["study"]["pictures"] == 50 and "torch" in kept["runs"][0]["versions"]
    assert "seeds=0" in senet(["study", "patchwork", "--seeds", "0", "--out", str(tmp_path)], status=1)


def test_the_large_study_trains_what_ships():
    """Its first arm is the shipped network, by the same recipe, from the same first weights: only its twin is another."""
    asked, shipped = studies.STUDIES["imagenet100"], pretrained.get("se_resnet18_slim_imagenet100")
    assert asked.architecture == shipped.architecture
    assert asked.arms[0].arguments == shipped.arguments
    # bf16 follows the machine; the shipped one was trained where it is fast.
    assert json.loads(json.dumps(vars(asked.recipe))) | {"bf16": True} == shipped.provenance["recipe"]
