"""Relatives of SE: each against its paper's formula written out, and SE as the special case that some of them have."""

import itertools

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sebook.measure.cost import cost
from sebook.relatives import CBAM, ECA, SCSE, GatherExcite, SelectiveKernel, eca_size, family
from senet import record
from senet.models.resnet import se_resnet18
from senet.models.se import SEBlock
from tests.common import scripts


def u(channels=8, side=6, seed=0):
    return torch.randn(2, channels, side, side, generator=torch.Generator().manual_seed(seed))


def test_eca_hears_its_neighbours_and_nobody_else():
    block, z = ECA(8, size=3), torch.randn(1, 8)
    moved = z.clone()
    moved[0, 4] += 1
    changed = (block.excite(moved) - block.excite(z))[0].abs() > 1e-7
    assert changed.nonzero().flatten().tolist() == [3, 4, 5]
    w = block.conv.weight.flatten()
    by_hand = torch.sigmoid(w[0] * z[0, 3] + w[1] * z[0, 4] + w[2] * z[0, 5])
    torch.testing.assert_close(block.excite(z)[0, 4], by_hand)


@given(st.integers(1, 4096))
def test_ecas_kernel_is_odd_and_grows_slowly(channels):
    k = eca_size(channels)
    assert k % 2 == 1 and 1 <= k <= 7
    assert k <= eca_size(2 * channels) <= k + 2


def test_timms_eca_is_ours():
    timm = pytest.importorskip("timm")  # a test requirement; the package does without it
    for channels in (64, 256, 1024):
        theirs, ours = timm.layers.EcaModule(channels), ECA(channels)
        assert theirs.conv.weight.shape == ours.conv.weight.shape
        ours.conv.load_state_dict(theirs.conv.state_dict())
        torch.testing.assert_close(ours(u(channels)), theirs(u(channels)))


def test_cbam_by_its_formula():
    block, x = CBAM(8, 2), u()
    c = block.channel
    m = torch.sigmoid(sum(c.fc2(c.fc1(z).relu()) for z in (x.mean((2, 3)), x.amax((2, 3)))))
    x1 = x * m[:, :, None, None]
    where = torch.sigmoid(block.space.conv(torch.cat([x1.mean(1, keepdim=True), x1.amax(1, keepdim=True)], 1)))
    torch.testing.assert_close(block(x), x1 * where)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(5, 16))
def test_gather_excite_by_hand(extent, side):
    """A pixel's gate is the sigmoid of the mean over its own neighbourhood's window, inside the map alone."""
    block, x = GatherExcite(3, extent), u(3, side)
    s = block.excite(block.squeeze(x))
    for i, j in itertools.product(range(s.shape[2]), range(s.shape[3])):
        (top, bottom), (left, right) = ((max(0, extent * k - extent + 1), extent * k + extent) for k in (i, j))
        torch.testing.assert_close(s[:, :, i, j], x[:, :, top:bottom, left:right].mean((2, 3)).sigmoid())
    assert block(x).shape == x.shape


def test_gather_excite_over_the_whole_map_is_se_with_nothing_between():
    x = u()
    torch.testing.assert_close(GatherExcite(8, 0)(x), x * x.mean((2, 3)).sigmoid()[:, :, None, None])


def test_scse_is_two_maps_added():
    block, x = SCSE(8), u()
    torch.testing.assert_close(block(x), block.channel(x) + x * torch.sigmoid(F.conv2d(x, block.space.conv.weight)))


def test_sk_chooses():
    block, x = SelectiveKernel(64).eval(), u(64)
    maps = block.split(x)
    s = block.excite(block.squeeze(maps))
    torch.testing.assert_close(s.sum(1), torch.ones(2, 64))
    torch.testing.assert_close(block(x), s[:, 0, :, None, None] * maps[:, 0] + s[:, 1, :, None, None] * maps[:, 1])
    assert SelectiveKernel(64, stride=2).eval()(x).shape == (2, 64, 3, 3)


@pytest.mark.parametrize("make", [ECA, CBAM, GatherExcite, SCSE, SEBlock])
def test_a_shortcut_is_added_behind(make):
    block, x, shortcut = make(8), u(), u(seed=1)
    torch.testing.assert_close(block(x, shortcut), block(x) + shortcut)


@pytest.mark.parametrize("make", [ECA, GatherExcite, SCSE, SelectiveKernel])
def test_as_torchscript(make):
    """CBAM is none: its squeeze is its parent's and one more, and TorchScript knows no ``super()`` when it runs."""
    with torch.no_grad():
        scripts(make(32).eval(), u(32))


@pytest.mark.parametrize("name", family.RELATIVES)
def test_the_network_learns(name):
    """Every weight of the relative gets a gradient."""
    model = family.network(name)
    model(torch.randn(2, 3, 64, 64)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_ecas_gates_are_recorded_and_pulled():
    model = se_resnet18(num_classes=4)
    for name, module in [(n, m) for n, m in model.named_modules() if isinstance(m, SEBlock)]:
        model.set_submodule(name, ECA(module.channels))
    x = torch.randn(2, 3, 64, 64)
    block = record(model, x).blocks["layer3.0.se"]
    assert block.excitation.shape == block.squeeze.shape == (2, 256)
    closed = record(model, x, gates={"layer3.0.se": torch.zeros(256)})
    assert not closed.blocks["layer3.0.se"].excitation.any()


@pytest.mark.parametrize("name", family.RELATIVES)
@pytest.mark.parametrize("stage", family.STAGES)
def test_what_is_laid_out_is_what_runs(name, stage):
    laid = family.laid_out(name, stage)
    channels, side = family.STAGES[stage]
    assert laid["side"] == side and laid["channels"] == (channels // 4 if name == "sk" else channels)
    for lane in laid["lanes"]:
        assert len(lane["shapes"]) == 4
        assert lane["shapes"][3] == [laid["channels"], side, side]
        assert set(lane["words"]) == set(family.STEPS) >= set(lane["same"])
    assert laid["weights"] == sum(lane["weights"] for lane in laid["lanes"])


def test_costs_are_senet_costs():
    costs = family.costs(64, ["se", "eca", "cbam", "ge"])
    with torch.device("meta"):
        counted = cost(family.network("se"), 64)
    assert costs["se"]["parameters"] == counted.se_parameters
    assert costs["se"]["bytes"] == counted.se_bytes
    assert costs["ge"]["parameters"] == 0
    assert costs["eca"]["parameters"] == 3 * 5 + 4 * 5 + 6 * 5 + 3 * 7  # k of 256, 512, 1024 and 2048 channels
    assert costs["cbam"]["parameters"] == costs["se"]["parameters"] + 16 * 2 * 7 * 7


def test_where_se_lives_elsewhere():
    with torch.device("meta"):
        found = family.places(torchvision.models.mobilenet_v3_large())
    assert len(found) == 8
    assert {place.after for place in found} == {"5x5 depthwise", "3x3 depthwise"}
    assert {place.gate for place in found} == {"Hardsigmoid"}
    first = found[0]
    assert (first.channels, first.hidden, first.side) == (72, 24, 28)
    ours = family.places(se_resnet18(), 64)
    assert {place.after for place in ours} == {"3x3"} and [place.channels for place in ours] == [64] * 2 + [128] * 2 + [256] * 2 + [
        512
    ] * 2
    table = family.table({"SE-ResNet-18": se_resnet18()}, 64)
    assert "| SE-ResNet-18 | 8 | 3x3 | 64–512 |" in table


def test_places_leave_the_model_as_it_was():
    model = se_resnet18()
    model.train()
    family.places(model, 64)
    assert model.training and not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_what_is_refused():
    with pytest.raises(ValueError, match="nobody"):
        family.laid_out("nobody", 1)
    with pytest.raises(ValueError, match="stage=9"):
        family.laid_out("se", 9)
    with pytest.raises(ValueError, match="no SE block"):
        family.places(nn.Sequential(nn.Conv2d(3, 3, 1)))
