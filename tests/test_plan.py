"""Planned studies: a rate for each arm by pictures held out of training; the test pictures once; no half file that seems whole."""

import json
import math
from dataclasses import replace

import pytest
import torch

from sebook.experiments import plan, studies, study
from sebook.experiments.plan import Plan
from sebook.widgets import curves
from senet.images.patchwork import patchwork
from senet.models.cifar import small_resnet

from . import test_study

SMALL = replace(
    test_study.SMALL,
    recipe=replace(test_study.SMALL.recipe, epochs=3),
    plan=Plan((0.1, 0.001), train_each=4, held_out_each=2, deviation=0.01, because="a test", says="nothing", epochs=2),
)


@pytest.fixture(scope="module")
def pictures():
    return patchwork(120, 3), patchwork(40, 4)


def run(path, pictures, **more):
    return study.run(
        SMALL, more.pop("build", small_resnet), *pictures, test_study.PREPROCESS, path, {"machine": "A"}, progress=False, **more
    )


def bare(result):
    """What does not depend on the clock."""
    runs = [result[part] for part in ("choices", "runs")]
    return [[{name: value for name, value in said.items() if name != "seconds"} for said in part] for part in runs]


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    return run(tmp_path_factory.mktemp("plan") / "whole.json", pictures)


def test_pictures_that_choose_train_nothing(pictures):
    train, held_out = SMALL.plan.split(pictures[0])
    assert len(train) == 40 and len(held_out) == 20
    assert [part.labels.bincount().unique().tolist() for part in (train, held_out)] == [[4], [2]]
    assert not any(torch.equal(one, other) for one in train.images for other in held_out.images)
    with pytest.raises(ValueError, match="training pictures, and the plan needs 6"):
        SMALL.plan.split(pictures[0][:30])


def test_test_pictures_decide_nothing(whole, pictures, tmp_path):
    """With other test pictures, the choices are the same to the last bit."""
    other = run(tmp_path / "s.json", (pictures[0], patchwork(40, 5)))
    assert bare(other)[0] == bare(whole)[0]
    assert [said["rate"] for said in other["runs"]] == [said["rate"] for said in whole["runs"]]
    assert bare(other)[1] != bare(whole)[1]


def test_each_arm_runs_with_the_rate_that_was_best_for_it(whole):
    assert [(said["rate"], said["arm"], said["seed"]) for said in whole["choices"]] == [
        (rate, arm, 1000) for rate in (0.1, 0.001) for arm in ("SE", "SE none")
    ]
    for said in whole["runs"]:
        tried = {each["rate"]: each["accuracy"] for each in whole["choices"] if each["arm"] == said["arm"]}
        assert tried[said["rate"]] == max(tried.values())
    assert len(whole["runs"]) == 4 and "unfinished" not in whole
    equal = [{"arm": "SE", "rate": rate, "accuracy": 0.5} for rate in (0.2, 0.1)]
    assert plan.chosen(equal, "SE") == 0.1


@pytest.mark.parametrize("stops_at", [3, 6])
def test_a_stopped_study_says_so_and_goes_on_to_the_same(whole, pictures, tmp_path, stops_at, monkeypatch):
    """While it chooses, and later; nothing in the book takes it for a result."""
    built, path = 0, tmp_path / "study-s.json"

    def stops(**arguments):
        nonlocal built
        built += 1
        if built == stops_at:
            raise KeyboardInterrupt
        return small_resnet(**arguments)

    with pytest.raises(KeyboardInterrupt):
        run(path, pictures, build=stops)
    begun = json.loads(path.read_text())
    assert begun["unfinished"] == f"{8 - stops_at + 1} of 8 runs are missing"
    assert begun["unfinished"] in plan.in_words(begun)
    monkeypatch.setattr(curves, "_results", lambda: tmp_path)
    assert curves.studies() == {}
    assert bare(run(path, pictures)) == bare(whole)
    assert [*curves.studies()] == ["study-s"]


def test_choices_too_stay_on_one_machine(pictures, tmp_path):
    run(tmp_path / "s.json", pictures, seeds=1)
    with pytest.raises(ValueError, match="holds runs with machine 'A', and here it would be 'B'"):
        study.run(SMALL, small_resnet, *pictures, test_study.PREPROCESS, tmp_path / "s.json", {"machine": "B"}, progress=False)


def test_runs_that_choose_may_be_shorter(whole, pictures, tmp_path):
    """As those of a study of so many epochs; the runs that count keep the recipe's."""
    short = replace(SMALL, recipe=replace(SMALL.recipe, epochs=2), plan=replace(SMALL.plan, epochs=None))
    other = study.run(
        short, small_resnet, *pictures, test_study.PREPROCESS, tmp_path / "s.json", {"machine": "A"}, seeds=1, progress=False
    )
    assert bare(other)[0] == bare(whole)[0]
    assert [said["loss"] for said in bare(other)[1]] != [said["loss"] for said in bare(whole)[1]][: len(other["runs"])]


def test_what_so_many_seeds_can_show_is_in_the_file_before_any_run():
    least, likely = plan.smallest_lead(0.75, 3)
    assert least == pytest.approx(4.3027 * 0.75 / math.sqrt(3), rel=1e-4)  # Student's factor for two degrees of freedom
    draws = 0.75 * torch.randn(100_000, 3, generator=torch.Generator().manual_seed(0)) + likely
    told = draws.mean(1) > 4.3027 * draws.std(1) / math.sqrt(3)
    assert told.float().mean().item() == pytest.approx(0.8, abs=0.01)
    with pytest.raises(ValueError, match="seeds=1 gives no interval"):
        plan.smallest_lead(0.75, 1)
    begun = study.read(curves._results() / "not-there.json", studies.STUDIES["imagenet100-controls"])
    assert begun["runs"] == [] and begun["beforehand"] == {
        "seeds": 3,
        "least_lead_points": round(least, 2),
        "lead_seen_in_four_of_five_points": round(likely, 2),
    }


def test_rates_leave_a_choice():
    with pytest.raises(ValueError, match="leave no choice"):
        Plan((0.1, 0.1), 1, 1, 0.01, "", "")


def test_words_name_a_rate_at_an_end(whole):
    said = plan.in_words(whole)
    assert said.splitlines()[0] == "| arm | rate 0.001 | rate 0.1 | chosen |"
    assert all(", at an end |" in line for line in said.splitlines()[2:])  # of two rates, each is at an end
    assert plan.in_words({"study": {}}) == ""


@pytest.mark.parametrize("name", ["imagenet100-controls", "imagenet100-controls-18"])
def test_the_control_has_ses_parameters_and_no_gate(name: str):
    asked = studies.STUDIES[name]
    build = studies.ARCHITECTURES[asked.architecture]
    counts = {arm.value: sum(p.numel() for p in build(num_classes=10, **arm.arguments).parameters()) for arm in asked.arms}
    assert counts["its parameters, ungated"] == counts["SE, r = 8"]
    assert counts["none"] < counts["static"] < counts["SE, r = 8"] < counts["SE, r = 1"]
