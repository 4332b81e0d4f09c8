"""Corrupted pictures: the same for every network, worse with strength; and what is read off them."""

import pytest
import torch

from sebook.experiments import plan, shift, studies, study
from sebook.experiments.study import Arm, Study
from sebook.relatives.small import gated_resnet
from senet import pretrained
from senet.images.patchwork import patchwork
from senet.training import Recipe

PREPROCESS = pretrained.Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
TINY = {"layers": [1], "widths": [8], "stem_stride": 2}
SMALL = Study(
    title="shift",
    data="patchwork",
    architecture="gated_resnet",
    arms=(Arm("", "SE", TINY | {"gate": "SE"}), *(Arm("gate", gate, TINY | {"gate": gate}) for gate in ("none", "static"))),
    recipe=Recipe(epochs=1, batch_size=10, bf16=False),
    seeds=2,
    measures="shift",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("shift") / "s.json"
    few = patchwork(60, 3), patchwork(40, 4)
    return study.run(SMALL, gated_resnet, *few, PREPROCESS, path, {}, progress=False, measure=shift.measure)


@pytest.mark.parametrize("name", shift.CORRUPTIONS)
def test_a_corruption_grows_with_its_strength_and_is_the_same_each_time(name):
    corrupt, _, strengths = shift.CORRUPTIONS[name]
    images = patchwork(20, 5).images
    far = []
    for strength in strengths:
        made = corrupt(images, strength)
        assert made.dtype == torch.uint8 and made.shape == images.shape
        assert torch.equal(made, corrupt(images, strength))
        far.append((made.float() - images.float()).square().mean().item())
    assert len(far) == 5 and far[0] > 0 and far == sorted(far)


def test_noise_leaves_the_worlds_randomness_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    shift.CORRUPTIONS["noise"][0](patchwork(2, 5).images, 0.1)
    assert torch.equal(torch.rand(3), expected)


def test_every_network_is_measured_on_all_and_only_se_has_gates(whole):
    assert len(whole["runs"]) == 6
    for said in whole["runs"]:
        assert said["corrupted_pictures"] == 40 and said["clean"] == said["accuracy"]
        assert {name: len(steps) for name, steps in said["shift"].items()} == dict.fromkeys(shift.CORRUPTIONS, 5)
        gates = [step["gates"] for steps in said["shift"].values() for step in steps]
        assert all(each > 0 for each in gates) if said["arm"] == "SE" else set(gates) == {None}


def made(clean, accuracies, gates=None, seed=0, arm="SE"):
    steps = [{"accuracy": a, "gates": g} for a, g in zip(accuracies, gates or [None] * 5, strict=True)]
    return {"arm": arm, "seed": seed, "clean": clean, "shift": dict.fromkeys(shift.CORRUPTIONS, steps)}


def test_equal_error_lies_between_two_strengths():
    said = made(0.9, [0.9, 0.86, 0.78, 0.5, 0.4], [0.1, 0.2, 0.4, 0.6, 0.9])
    assert shift.at_equal_error(said, "blur", 0.08) == pytest.approx(0.3)  # half way from 4 to 12 points lost
    assert shift.at_equal_error(said, "blur", 0.04) == pytest.approx(0.2)
    assert shift.at_equal_error(said, "blur", 0.6) is None
    result = {"runs": [said, made(0.9, [0.9] * 5, [0.1] * 5, seed=1)]}
    assert shift.moves(result, "SE", 0.08)["blur"] == (pytest.approx(0.3), pytest.approx(float("nan"), nan_ok=True), 1)


def test_a_lead_is_paired_and_what_it_grows_by_is_less_the_clean_one():
    runs = []
    for seed, luck in enumerate((0.0, -0.2)):
        runs += [made(0.8 + luck, [0.6 + luck] * 5, seed=seed), made(0.7 + luck, [0.4 + luck] * 5, seed=seed, arm="gate none")]
    arms = [{"group": arm.group, "value": arm.value, "arguments": {}} for arm in SMALL.arms]
    found = shift.leads({"study": {"arms": arms}, "runs": runs}, "gate none")
    assert found["clean"] == [(pytest.approx(0.1), pytest.approx(0, abs=1e-9))]
    assert found["JPEG"] == [(pytest.approx(0.2), pytest.approx(0, abs=1e-9))] * 6
    assert found["grows"] == [(pytest.approx(0.1), pytest.approx(0, abs=1e-9))]
    lines = shift.table({"study": {"arms": arms}, "runs": runs}, "gate none").splitlines()
    assert lines[2] == "| noise | " + " | ".join(["+20.0\xa0±\xa00.0"] * 6) + " |"
    assert lines[-1] == "| clean |" + " |" * 5 + " +10.0\xa0±\xa00.0 |"


def test_both_studies_compare_the_same_three():
    for name in ("shift-patchwork", "shift-cifar10"):
        asked = studies.STUDIES[name]
        assert [arm.value for arm in asked.arms] == ["SE", "none", "static"] and asked.measures == "shift"
        assert plan.wanted(asked, asked.seeds)[0][1] is None  # no rate is chosen
