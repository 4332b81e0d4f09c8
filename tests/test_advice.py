""" "Should I add SE?": every answer has its grounds, which are the files' and the paper's; timm's pairs are counted as they are."""

import itertools
import re

import pytest

from sebook.measure import cost_table, gains, pairs, published
from sebook.widgets import Advice
from sebook.widgets.advice import QUESTIONS, advise
from senet.models import resnet

EVERY = list(itertools.product(*(answers for _, answers in QUESTIONS.values())))


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, ...], dict[str, str]]:
    return {chosen: advise(*chosen) for chosen in EVERY}


def test_every_combination_is_answered_under_the_same_heads(answers: dict):
    assert len({tuple(given) for given in answers.values()}) == 1
    for given in answers.values():
        assert all(words.strip() for words in given.values())
    assert {key: list(given.values()) for key, given in answers.items()} == {
        tuple(key.split()): words for key, words in Advice()._data["answers"].items()
    }


def test_each_question_changes_something(answers: dict):
    for at in range(len(QUESTIONS)):
        others = {}
        for chosen, given in answers.items():
            others.setdefault(chosen[:at] + chosen[at + 1 :], set()).add(tuple(given.values()))
        assert any(len(found) > 1 for found in others.values())


def test_times_are_those_of_this_kind_of_processor_and_the_papers(answers: dict):
    found = cost_table.measured()
    ratios = [row["torchvision"]["ratio"] for row in found["rows"]]
    for (*_, where), given in answers.items():
        expected = (f"{min(ratios):.2f} to {max(ratios):.2f}", found["machine"]) if where == "cpu" else ("209 ms", "190 ms")
        assert all(part in given["What it costs"] for part in expected)


def test_its_code_makes_networks(answers: dict):
    lines = {given["In code"] for given in answers.values()}
    assert any("timm" in line for line in lines)
    for line in lines:
        if made := re.match(r"senet\.(se_resnet\d+)\((\w+)=(.+)\)$", line):
            model = getattr(resnet, made[1])(**{made[2]: eval(made[3])}, num_classes=2)
            assert any(name.endswith("se.fc1.weight") for name in model.state_dict())


def test_timms_names_are_timms(answers: dict):
    timm = pytest.importorskip("timm", reason="timm is optional")
    names = {name for given in answers.values() for name in re.findall(r'timm\.create_model\("([^"]+)"', given["In code"])}
    assert names
    assert {name.split(".")[0] for name in names} <= set(timm.list_models())
    listed = {pair[side] for pair in pairs.read()["pairs"] for side in ("without", "with")}
    assert names | listed <= {*timm.list_pretrained(), "mobilenetv3_large_100"}


def test_tables_show_what_was_published():
    rows = {row[0]: row for row in gains.of_the_paper().rows}
    assert rows["ResNet-50"][1:4] == ("24.80 → 23.29", "7.48 → 6.62", "1.51")
    assert rows["MobileNet"][3:] == ("3.1", "0.569 → 0.572")
    assert set(rows) == set(published.ERRORS)
    counted = gains.in_timm()
    signs = [row[-1][0] for row in gains.of_timm().rows]
    assert (signs.count("+"), len(signs)) == (counted["up"], counted["pairs"]) == (12, 14)
    assert counted["mean"] == pytest.approx(0.65, abs=0.005)  # as timm's own tables gave when the pairs were chosen
