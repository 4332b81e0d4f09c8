"""The small upscaler with SE: tiles, the whole picture's gates, its packed weights, and what its result file says."""

import pytest
import torch
import torch.nn.functional as F

from sebook.shipping import upscaler
from sebook.shipping.upscaler import Upscaler
from sebook.widgets import Seams

from .recorded import result

SIZE = 24


@pytest.fixture(scope="module")
def model() -> Upscaler:
    torch.manual_seed(0)
    return Upscaler().eval()


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * torch.linspace(0.1, 1, SIZE)


@pytest.mark.parametrize("tiles", [2, 3, 4])
def test_tiles_with_the_wholes_gates_are_the_whole(model: Upscaler, picture: torch.Tensor, tiles: int):
    whole, gates = upscaler.upscaled(model, picture), upscaler.gates(model, picture)
    given = upscaler.upscaled(model, picture, tiles, gates)
    torch.testing.assert_close(given, whole, atol=2e-6, rtol=0)
    own = upscaler.upscaled(model, picture, tiles)
    assert (own - whole).abs().max() > 100 * (given - whole).abs().max()


def test_a_twin_has_no_seams(picture: torch.Tensor):
    twin = Upscaler(se=False).eval()
    torch.testing.assert_close(upscaler.upscaled(twin, picture, 3), upscaler.upscaled(twin, picture), atol=2e-6, rtol=0)


def test_a_margin_that_is_too_small_shows(model: Upscaler, picture: torch.Tensor, monkeypatch: pytest.MonkeyPatch):
    """So that the margin, not chance, is what makes tiles fit together."""
    whole, gates = upscaler.upscaled(model, picture), upscaler.gates(model, picture)
    monkeypatch.setattr(upscaler, "REACH", upscaler.REACH - 1)
    assert (upscaler.upscaled(model, picture, 2, gates) - whole).abs().max() > 1e-4


def test_a_seam_is_measured_where_it_is():
    whole = torch.full((1, 3, 8, 8), 0.5)
    made = whole.clone()
    made[..., 4:] += 10 / 255
    seam = upscaler.seam(made, whole, 2)
    # Across columns it jumps by 10, across rows by nothing; within tiles it is flat.
    assert (seam.off, seam.across, seam.inside, seam.most) == pytest.approx((5, 5, 0, 10), abs=1e-4)
    assert upscaler.seam(made, whole, 1).across == 0


def test_weights_are_packed_and_opened(model: Upscaler):
    back = upscaler.opened(upscaler.packed(model))
    for name, value in model.state_dict().items():
        torch.testing.assert_close(back.state_dict()[name], value.half().float(), atol=0, rtol=0)
    with pytest.raises(ValueError, match="5068 weights: this upscaler has 4508"):
        upscaler.opened(upscaler.packed(model), se=False)


def test_a_light_dims_each_colour_and_halves_the_sides():
    photograph = torch.rand(1, 3, 6, 6)
    light = upscaler.lights(1, torch.Generator().manual_seed(0))
    assert light.min() >= upscaler.DARKEST and light.max() <= 1
    torch.testing.assert_close(upscaler.given(photograph, light), F.avg_pool2d(photograph, 2) * light)


def test_the_result_file_belongs_to_its_weights():
    """One photograph of the widget's, measured again: seams with its own gates, none with the whole's, and the twin is worse."""
    told = result("upscaler")
    widget = Seams("an-arch-in-paris", "evening", 2)
    assert sum(p.numel() for p in widget._model.parameters()) == told["parameters"]["se"]
    own, away = widget.seam(), widget.away()
    assert own.across > 5 * own.inside and own.across > 4
    widget.gates = "whole"
    assert widget.seam().most < 0.001 and widget.away() < away
    with_se = widget.away()
    widget.gates = "none"
    assert widget.seam().most < 0.001 and widget.away() > with_se
    measured = told["mean and 95 % interval"]
    for n in (2, 3, 4):
        mean, half = measured[f"across own {n}"]
        assert mean - half > 5 * measured[f"inside own {n}"][0]
        assert max(measured[f"most carried {n}"][0], measured[f"most twin {n}"][0]) < 0.001


@pytest.mark.parametrize(("trait", "value"), [("tiles", 5), ("light", "moon"), ("picture", "cat"), ("gates", "half")])
def test_the_widget_refuses(trait: str, value: object):
    with pytest.raises(ValueError, match=trait):
        Seams(**{trait: value})
