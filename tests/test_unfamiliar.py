"""The rule for unfamiliar pictures: from its definition, the same in the page's script, and true of what ships."""

import json
from pathlib import Path

import pytest
import torch

from sebook.experiments import unfamiliar
from sebook.experiments.unfamiliar import Rule, Seen
from sebook.pages import exhibits, gallery
from senet import pretrained
from senet.inside.recording import record

SHIPPED = [name for name in pretrained.names() if pretrained.get(name).file is not None]
SHARED = Path(__file__).parents[1] / "frontend/test/unfamiliar.json"  # both languages are tested against it


def case() -> dict:
    """Five pictures, four classes and two blocks, of numbers with four digits."""
    draw = torch.Generator().manual_seed(0)
    numbers = lambda *shape: (torch.rand(*shape, generator=draw) * 1e4).round() / 1e4  # noqa: E731
    logits, s, means = 4 * numbers(5, 4), [numbers(5, 3), numbers(5, 6)], [numbers(4, 3), numbers(4, 6)]
    rule = Rule(weight=0.3, threshold=1.0)
    scores = unfamiliar.score(unfamiliar.seen(logits, s, means), rule)
    tensors = {"logits": logits, "s": s, "means": means, "scores": scores}
    return {"weight": rule.weight, **json.loads(json.dumps(tensors, default=torch.Tensor.tolist))}


def test_the_page_computes_the_same():
    """frontend/test/unfamiliar.test.ts reads the file; here it is what the rule says. Delete it to write it again."""
    made = case()
    if not SHARED.exists():
        SHARED.write_text(json.dumps(made) + "\n", encoding="utf-8")
    kept = json.loads(SHARED.read_text("utf-8"))
    for key in ("logits", "scores"):
        torch.testing.assert_close(torch.tensor(kept[key]), torch.tensor(made[key]))


def test_score_is_distance_and_surprise():
    logits = torch.tensor([[0.0, 0.0]])
    of = unfamiliar.seen(logits, [torch.tensor([[3.0, 0.0]])], [torch.tensor([[0.0, 4.0], [3.0, 2.0]])])
    assert unfamiliar.score(of, Rule(10.0, 0.0)).item() == pytest.approx(2 + 10 * torch.log(torch.tensor(2.0)).item())


def test_a_picture_is_taken_out_of_its_own_mean():
    torch.manual_seed(0)
    gates, labels = torch.rand(6, 4), torch.tensor([0, 0, 0, 1, 1, 1])
    means = torch.stack([gates[:3].mean(0), gates[3:].mean(0)])
    of = unfamiliar.without_themselves(unfamiliar.seen(torch.zeros(6, 2), [gates], [means]), labels)
    assert of.distances[0, 0].item() == pytest.approx((gates[0] - gates[1:3].mean(0)).norm().item(), rel=1e-5)
    assert of.distances[0, 1].item() == pytest.approx((gates[0] - means[1]).norm().item(), rel=1e-5)


def test_calibration_keeps_its_share():
    torch.manual_seed(0)
    of = Seen(torch.rand(4000, 3, dtype=torch.float64), torch.rand(4000, dtype=torch.float64), torch.zeros(4000, dtype=torch.int64))
    rule = unfamiliar.calibrated(of)
    assert unfamiliar.counted(of, rule)["unfamiliar"] == pytest.approx(unfamiliar.FALSE_ALARMS * 4000, abs=1)


def test_reliability_counts_every_picture_once():
    surprise = -torch.tensor([0.05, 0.1, 0.95, 1.0], dtype=torch.float64).log()
    of = Seen(torch.zeros(4, 2), surprise, torch.tensor([0, 1, 0, 1]))
    steps = unfamiliar.reliability(of, torch.tensor([0, 0, 0, 0]))
    assert sum(step["of"] for step in steps) == 4
    assert [(step["right"], step["of"]) for step in steps if step["of"]] == [(1, 1), (0, 1), (1, 2)]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_was_measured_on_what_ships(name):
    """And keeps what it promises: few false alarms, and where it is surer, the network is more often right."""
    known = unfamiliar.stored(pretrained.get(name))
    assert known, f"run `python -m senet unfamiliar {name}`, which the page needs to say when it doesn't know a picture"
    assert known["inside"]["unfamiliar"] / known["inside"]["of"] < 2 * unfamiliar.FALSE_ALARMS
    shares = [step["right"] / step["of"] for step in known["sure"] if step["of"] >= 100]
    assert shares == sorted(shares)
    assert known["outside"]


def test_the_cifar_network_notices_half_of_what_the_gallery_has_beyond_its_classes():
    checkpoint = pretrained.get("se_resnet20_cifar10")
    known, means = unfamiliar.stored(checkpoint), gallery.class_means(checkpoint)
    shown = exhibits.photographs(32, checkpoint.classes).pictures
    answer = record(pretrained.load(checkpoint), checkpoint.preprocessing(shown.images))
    gates = [block.excitation for block in answer.blocks.values()]
    of = unfamiliar.seen(answer.logits, gates, [means[name].float() for name in answer.blocks])
    strange = unfamiliar.score(of, Rule(known["weight"], known["threshold"])) > known["threshold"]
    foreign = shown.labels < 0
    assert strange[foreign].float().mean() >= 0.5
    assert strange[~foreign].float().mean() <= 0.25
