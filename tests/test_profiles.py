"""Streamed class means against the plain formula, and specificity at its two ends."""

from dataclasses import replace

import pytest
import torch

from senet import profiles
from senet.cifar import small_resnet
from senet.patchwork import patchwork
from senet.pretrained import Preprocessing
from senet.profiles import Profile
from senet.recording import record

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
