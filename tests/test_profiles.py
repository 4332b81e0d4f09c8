"""Streamed class means against the plain formula, and specificity at its two ends."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sebook.experiments import linear_probe, profiles
from sebook.experiments.profiles import Profile
from senet.images import Pictures
from senet.images.patchwork import patchwork
from senet.inside.recording import record
from senet.models.cifar import small_resnet
from senet.models.se import SEBlock
from senet.pretrained import Preprocessing
from tests.common import scramble

PREPROCESS = Preprocessing(32, (0.5,) * 3, (0.25,) * 3)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return small_resnet((1, 1), (8, 16), num_classes=10)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_streamed_is_the_plain_formula(model, batch_size):
    """Batches in which some classes are absent, or all are, included."""
    pictures = patchwork(60, 5)[torch.arange(60).sort(stable=True).indices]
    measured = profiles.profile(model, pictures, PREPROCESS, batch_size=batch_size, progress=False)
    blocks = record(model, PREPROCESS(pictures.images)).blocks
    assert list(measured.mean) == list(blocks)
    for name, block in blocks.items():
        s = block.excitation.double()
        for k in range(10):
            of_class = s[pictures.labels == k]
            # Excitations are float32, so batches of other sizes may round otherwise in the seventh digit.
            torch.testing.assert_close(measured.mean[name][k], of_class.mean(0), atol=1e-6, rtol=0)
            torch.testing.assert_close(measured.variance[name][k], of_class.var(0, correction=0), atol=1e-6, rtol=0)
        torch.testing.assert_close(measured.overall(name), s.mean(0), atol=1e-6, rtol=0)
        torch.testing.assert_close(measured.deviation(name), s.std(0, correction=0), atol=1e-6, rtol=0)
        between = torch.stack([s[pictures.labels == k].mean(0) for k in range(10)])[pictures.labels].var(0, correction=0)
        torch.testing.assert_close(measured.specificity(name), between / s.var(0, correction=0), atol=1e-4, rtol=1e-3)


def test_specificity_at_its_ends():
    counts = torch.tensor([3, 1])
    mean = torch.tensor([[0.2, 0.5, 0.5], [0.8, 0.5, 0.5]], dtype=torch.float64)
    variance = torch.tensor([[0.0, 0.1, 0.0], [0.0, 0.1, 0.0]], dtype=torch.float64)
    share = Profile(counts, {"b": mean}, {"b": variance}).specificity("b")
    assert share.tolist() == [1.0, 0.0, 0.0]  # the class decides; tells nothing; the gate never moves


def test_absent_class_has_no_weight(model):
    pictures = patchwork(60, 5)
    some = pictures[pictures.labels != 4]
    measured = profiles.profile(model, some, PREPROCESS, progress=False)
    assert measured.counts[4] == 0
    block = next(iter(measured.mean))
    whole = record(model, PREPROCESS(some.images)).blocks[block].excitation.double()
    torch.testing.assert_close(measured.overall(block), whole.mean(0), atol=1e-6, rtol=0)


def test_round_trip(model, tmp_path):
    measured = profiles.profile(model, patchwork(20, 1), PREPROCESS, progress=False)
    profiles.save(measured, tmp_path / "p.safetensors")
    again = profiles.load(tmp_path / "p.safetensors")
    assert list(again.mean) == list(measured.mean)
    assert torch.equal(again.counts, measured.counts)
    for block in measured.mean:
        torch.testing.assert_close(again.mean[block], measured.mean[block], atol=1e-7, rtol=0)
        torch.testing.assert_close(again.variance[block], measured.variance[block], atol=1e-7, rtol=0)


def test_refusals(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m senet profile"):
        profiles.load(tmp_path / "none.safetensors")
    pictures = patchwork(10, 1)
    with pytest.raises(ValueError, match="no label"):
        profiles.profile(model, replace(pictures, labels=torch.full((10,), -1)), PREPROCESS)
    with pytest.raises(ValueError, match="does not ship"):
        profiles.shipped("timm_se_resnet50_a1")


def test_saturation_counts_closed_open_and_still_gates():
    """Against a count of every gate, one by one; bins of 0.005 with 0.05 and 0.95 as edges make closed and open exact."""
    torch.manual_seed(3)
    model = scramble(small_resnet((1, 1), (8, 16), reduction=2)).eval()
    pictures = patchwork(200, 5)
    measured = profiles.profile(model, pictures, PREPROCESS, batch_size=64, progress=False)
    for name, block in record(model, PREPROCESS(pictures.images)).blocks.items():
        s = block.excitation.double()
        said = measured.saturation(name)
        assert said.closed == pytest.approx(
            (s < 0.05).double().mean().item(), abs=2e-3
        )  # a float may lie on either side of an edge
        assert said.open == pytest.approx((s >= 0.95).double().mean().item(), abs=2e-3)
        still = ((s - s.mean(0)).abs() < 0.05).double().mean().item()
        assert said.still == pytest.approx(still, abs=0.03)  # within a bin of 0.005 they are taken to lie evenly


def test_saturation_of_an_old_file_or_of_a_gate_without_bounds_is_refused():
    bare = profiles.Profile(torch.tensor([1]), {"b": torch.zeros(1, 2)}, {"b": torch.zeros(1, 2)})
    with pytest.raises(ValueError, match="b: this profile holds no shares"):
        bare.saturation("b")
    model = scramble(small_resnet((1,), (8,), reduction=2, gate="tanh")).eval()
    pictures = patchwork(20, 5)
    assert profiles.profile(model, pictures, PREPROCESS, progress=False).shares == {}


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_is_the_score_test_turned_round(right, total):
    """Both ends are where the score test of that share has just p = 0.05 (Wilson 1927)."""
    right = min(right, total)
    value, low, high = linear_probe.wilson(right, total)
    assert 0 <= low <= value <= high <= 1 and value == right / total
    for end in (low, high):
        if 1e-9 < end < 1 - 1e-9:
            assert abs(value - end) / (end * (1 - end) / total) ** 0.5 == pytest.approx(1.959964, abs=1e-4)
    with pytest.raises(ValueError, match="is not a share"):
        linear_probe.wilson(total + 1, total)


def test_bootstrap_knows_the_mean_and_leaves_nan_out():
    values = torch.rand(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    estimate = profiles.bootstrap(torch.cat([values, torch.tensor([float("nan")], dtype=torch.float64)]))
    assert estimate.value == pytest.approx(values.mean().item())
    # The normal interval of a mean of 400: the percentile one comes within a tenth of its width.
    half = 1.96 * values.std().item() / 20
    assert (estimate.high - estimate.low) / 2 == pytest.approx(half, rel=0.15)
    assert profiles.bootstrap(values) == profiles.bootstrap(values)
    assert torch.tensor(profiles.bootstrap(torch.tensor([float("nan")]))).isnan().all()


class Told(torch.nn.Module):
    """A gate that is high in channel k for a picture of class k, which its pixels show; or a random one."""

    def __init__(self, told: bool) -> None:
        super().__init__()
        self.told, self.noise = told, torch.Generator().manual_seed(0)

    def forward(self, x):
        if not self.told:
            return torch.rand(x.shape, generator=self.noise)
        return 0.2 + 0.6 * torch.nn.functional.one_hot(x[:, 0].round().long(), 4).float()


def telling(told: bool) -> torch.nn.Module:
    """U's mean reaches the gate as it is: both layers are the identity."""
    block = SEBlock(3, reduction=1)
    for layer in (block.fc1, block.fc2):
        torch.nn.init.eye_(layer.weight)
    block.gate = Told(told)
    block.rescale = lambda u, s, shortcut=None: u
    return torch.nn.Sequential(block).eval()


@pytest.mark.parametrize(("told", "least", "most"), [(True, 1.0, 1.0), (False, 0.1, 0.45)])
def test_the_linear_probe_reads_what_is_there(told, least, most):
    labels = torch.arange(240) % 4
    pixels = labels.to(torch.uint8)[:, None, None, None].expand(-1, 3, 8, 8).contiguous()
    pictures = Pictures(pixels, labels, ("a", "b", "c", "d"))
    model = telling(told)
    measured = linear_probe.linear_probe(model, pictures[:160], pictures[160:], lambda x: x.float(), batch_size=40, progress=False)
    (estimate,) = measured.values()
    assert least <= estimate.value <= most
    assert estimate.low <= estimate.value <= estimate.high
    other = Pictures(pixels, labels, ("a", "b", "c", "e"))
    with pytest.raises(ValueError, match="both need the same"):
        linear_probe.linear_probe(telling(told), pictures, other, lambda x: x.float(), progress=False)
