"""What it costs to find gates in an unknown model, and to read them afterwards: as ratios to a plain forward, in one run."""

import pytest
import timm
import torch
from torch import nn

from senet.inside import finding, recording
from senet.inside.finding import find
from senet.inside.looking import evaluating
from senet.inside.recording import record
from tests.common import ratios, scramble

FINDING, READING = 3.0, 1.05


@pytest.mark.budget
@pytest.mark.parametrize(("name", "pictures", "side"), [("mobilenetv3_small_100", 8, 224), ("seresnet18", 4, 128)])
def test_finding_takes_three_forwards_and_reading_a_twentieth_more(name, pictures, side, monkeypatch, capsys):
    monkeypatch.setattr(recording, "HOOK_POINTS", ())  # no class is known: all is found by what it computes
    torch.manual_seed(0)
    model: nn.Module = scramble(timm.create_model(name, num_classes=10)).eval()
    images, modules = torch.randn(pictures, 3, side, side), dict(model.named_modules())

    def plain() -> None:
        with torch.no_grad():
            model(images)

    def search() -> None:
        with evaluating(modules.values()), torch.no_grad():
            find(model, images, modules)

    def first() -> None:
        finding.forget(model)
        record(model, images)

    record(model, images)
    found, recorded, known = ratios([plain, search, first, lambda: record(model, images)], [FINDING, FINDING, READING])
    with capsys.disabled():
        print(f"\n{name}, {pictures} pictures of {side}: find {found:.2f}, first recording {recorded:.2f}, later ones {known:.3f}")
    assert max(found, recorded) <= FINDING
    assert known <= READING
