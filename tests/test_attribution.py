"""Attributions against what overriding gates by hand does, and against the sums that they promise."""

import pytest
import torch
import torch.utils.checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from sebook.experiments import attribution
from senet.inside.recording import record
from senet.models.cifar import small_resnet
from tests.common import scramble


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return scramble(small_resnet((1, 1), (8, 16), num_classes=10)).eval()


@pytest.fixture(scope="module")
def images():
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=[0, 1])
def block(model, images, request):
    return list(record(model, images).blocks)[request.param]


@pytest.mark.parametrize("baseline", [0.0, 0.4])
def test_ablation_is_the_gates_override(model, images, block, baseline):
    target = torch.tensor([1, 4, 9])
    found = attribution.channels(model, images, target, block, baseline=baseline)
    whole = record(model, images).logits
    for c in range(found.shape[1]):
        gates = torch.full((found.shape[1],), torch.nan)
        gates[c] = baseline
        ablated = record(model, images, gates={block: gates}).logits
        torch.testing.assert_close(found[:, c], (whole - ablated)[range(3), target], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("baseline", [0.0, 0.4])
def test_integrated_is_complete(model, images, block, baseline):
    """Gauss-Legendre with kinks of ReLU on the way: exact but for those, hence 2 % of the logits' size."""
    found = attribution.channels(model, images, 3, block, method="integrated", baseline=baseline, steps=200)
    whole = record(model, images).logits
    gates = torch.full((found.shape[1],), baseline)
    difference = (whole - record(model, images, gates={block: gates}).logits)[:, 3]
    torch.testing.assert_close(found.sum(1), difference, atol=0.02 * whole.abs().max().item(), rtol=0)


def test_conductance_is_complete(model, images, block):
    """All that leaves the block passes through its channels, the shortcut too: they sum to the logit less the blank one's."""
    found = attribution.channels(model, images, 3, block, method="conductance", steps=100)
    whole, blank = (record(model, x).logits[:, 3] for x in (images, torch.zeros_like(images)))
    torch.testing.assert_close(found.sum(1), whole - blank, atol=0.02 * whole.abs().max().item(), rtol=0)


def test_gradient_is_a_small_step(model, images, block):
    found = attribution.channels(model.double(), images.double(), 3, block, method="gradient")
    s = record(model, images.double()).blocks[block].excitation
    step = 1e-6
    ends = [record(model, images.double(), gates={block: s * (1 + sign * step)}).logits[:, 3] for sign in (1, -1)]
    model.float()
    torch.testing.assert_close(found.sum(1), (ends[0] - ends[1]) / (2 * step), atol=1e-5, rtol=1e-4)


def test_pixels_sum_to_the_excitation(model, images, block):
    found = attribution.pixels(model, images, block, 2, steps=200)
    s, zero = (record(model, x).blocks[block].excitation[:, 2] for x in (images, torch.zeros_like(images)))
    assert found.shape == (3, 16, 16)
    torch.testing.assert_close(found.sum((1, 2)), s - zero, atol=0.01, rtol=0)


def test_occlusion_by_hand(model, images, block):
    found = attribution.pixels(model, images, block, 2, method="occlusion", window=8)
    covered = images.clone()
    covered[:, :, 8:, :8] = 0
    s, without = (record(model, x).blocks[block].excitation[:, 2] for x in (images, covered))
    torch.testing.assert_close(found[:, 12, 3], s - without, atol=1e-6, rtol=0)


def test_all_gates_see_all_windows(model, images, block):
    """One pass for all channels gives what Captum's occlusion gives for each."""
    grids = attribution.opened(model, images, window=8)[block]
    assert grids.shape[2:] == (2, 2)
    for channel in (0, 5):
        one = attribution.pixels(model, images, block, channel, method="occlusion", window=8)
        torch.testing.assert_close(grids[:, channel].repeat_interleave(8, 1).repeat_interleave(8, 2), one, atol=1e-6, rtol=0)


def test_leaves_the_model_as_it_was(model, images, block):
    model.train()
    attribution.channels(model, images, 0, block)
    assert (attribution.pixels(model, images, block, 0, method="saliency") >= 0).all()
    assert all(m.training for m in model.modules()) and all(p.requires_grad and p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks for m in model.modules())
    model.eval()


class Checkpointed(torch.nn.Module):
    def __init__(self, inside: torch.nn.Module, reentrant: bool) -> None:
        super().__init__()
        self.inside, self.reentrant = inside, reentrant

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.utils.checkpoint.checkpoint(self.inside, x, use_reentrant=self.reentrant)


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize("method", attribution.CHANNEL_METHODS)
def test_gradient_checkpointing_changes_nothing_or_is_named(model, images, method):
    expected = attribution.channels(model, images, 3, "layer2.0.se", method=method)
    got = attribution.channels(Checkpointed(model, False), images, 3, "inside.layer2.0.se", method=method)
    torch.testing.assert_close(got, expected)
    if method != "ablation":
        with pytest.raises(ValueError, match="no gradient goes through Checkpointed: .* Pass use_reentrant=False"):
            attribution.channels(Checkpointed(model, True), images, 3, "inside.layer2.0.se", method=method)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=12))
def test_agreement_is_spearmans(pairs):
    a, b = torch.tensor(pairs, dtype=torch.float64).T
    value = attribution.agreement(a[None], b[None]).value
    if a.std() == 0 or b.std() == 0:
        assert value != value
    else:
        assert value == pytest.approx(spearmanr(a.numpy(), b.numpy()).statistic, abs=1e-9)


def test_what_it_refuses(model, images, block):
    for call, words in (
        (lambda: attribution.channels(model, images, 0, "nowhere"), "not an SE block"),
        (lambda: attribution.channels(model, images, 0, block, method="magic"), "method"),
        (lambda: attribution.channels(model, images, 0, block, method="gradient", baseline=1.0), "baseline"),
        (lambda: attribution.channels(model, images, 0, block, method="conductance", baseline=1.0), "baseline"),
        (lambda: attribution.opened(model, images, window=5), "window=5"),
        (lambda: attribution.pixels(model, images, block, 99), "channel=99"),
        (lambda: attribution.agreement(torch.ones(2, 3), torch.ones(3, 2)), "N, C"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
