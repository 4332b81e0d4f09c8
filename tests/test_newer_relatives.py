"""Newer relatives of SE: each against its formula or timm's, in SE's place, and where it comes down to SE itself."""

import pytest
import torch
from torch import nn

from sebook.relatives import small
from sebook.relatives.newer import GRN, CoordinateAttention, FrequencySE, SimAM
from senet.models.se import SEBlock


def u(channels=16, height=6, width=6, seed=0):
    return torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(seed))


def stirred(block: nn.Module) -> nn.Module:
    """With weights that don't begin at zero or one."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
    return block.eval()


def test_grn_is_timms():
    timm = pytest.importorskip("timm")  # a test requirement; the package does without it
    theirs, ours = stirred(timm.layers.grn.GlobalResponseNorm(16, channels_last=False)), GRN(16)
    ours.load_state_dict({"gamma": theirs.weight, "beta": theirs.bias})
    torch.testing.assert_close(ours(u()), theirs(u()))
    assert torch.equal(GRN(16)(u()), u())  # at first nothing changes


def test_grn_learns_from_maps_that_are_zero():
    x = torch.zeros(1, 4, 3, 3, requires_grad=True)
    block = stirred(GRN(4))
    block(x).sum().backward()
    assert x.grad.isfinite().all()


def test_simam_by_the_energy_of_its_paper():
    """Its equation 5: the least energy of a pixel t, and a gate that is the sigmoid of one over it."""
    x, evenness = u(3), 1e-4
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).sum((2, 3), keepdim=True) / (x.shape[2] * x.shape[3] - 1)
    least = 4 * (variance + evenness) / ((x - mean) ** 2 + 2 * variance + 2 * evenness)
    torch.testing.assert_close(SimAM(3)(x), x * (1 / least).sigmoid())
    assert not list(SimAM(3).parameters())


def test_coordinate_attention_is_timms():
    timm = pytest.importorskip("timm")
    theirs = stirred(timm.layers.coord_attn.CoordAttn(16, rd_channels=8, bias=True))
    ours = CoordinateAttention(16).eval()
    names = {"conv1": "narrow.0", "bn1": "narrow.1", "conv_h": "rows", "conv_w": "columns"}
    state = {f"{names[key.split('.')[0]]}.{key.split('.')[1]}": value for key, value in theirs.state_dict().items()}
    ours.load_state_dict(state)
    x = u(16, 5, 7)
    torch.testing.assert_close(ours(x), theirs(x))


def test_waves_are_orthogonal_and_the_flattest_is_the_mean():
    block = FrequencySE(16, 4)
    maps = block.basis.flatten(1)
    torch.testing.assert_close(maps @ maps.T, torch.eye(16), atol=1e-6, rtol=0)
    alone, se = FrequencySE(8, 2, waves=1), SEBlock(8, 2)
    x = u(8, 7, 7)
    torch.testing.assert_close(alone.squeeze(x), 7 * se.squeeze(x))


def test_a_wave_sees_stripes_that_a_mean_does_not():
    block = FrequencySE(16, 4)
    stripes = block.basis[:1] * 0 + block.basis[5]  # a wave of its own, in every channel
    z = block.squeeze(stripes[None].expand(1, 16, 7, 7))[0]
    assert z[5] == pytest.approx(1, abs=1e-5)
    assert z.abs().sum() == pytest.approx(1, abs=1e-4)


def test_waves_have_to_share_the_channels():
    with pytest.raises(ValueError, match="waves=16 don't share 24 channels evenly: give a divisor of 24"):
        FrequencySE(24)


@pytest.mark.parametrize("name", [name for name, make in small.GATES.items() if make])
def test_stands_in_ses_place(name):
    """Takes maps of any size and adds the shortcut that it is given; learns; leaves what it reads alone."""
    block = stirred(small.GATES[name](16))
    x, shortcut = u(16, 9, 11), u(16, 9, 11, seed=2)
    kept = x.clone()
    torch.testing.assert_close(block(x, shortcut), block(x) + shortcut)
    assert torch.equal(x, kept)
    leaf = x.clone().requires_grad_()
    block(leaf, shortcut).square().sum().backward()
    assert leaf.grad.isfinite().all() and leaf.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in block.parameters())


def test_a_network_of_relatives():
    x = torch.randn(2, 3, 32, 32)
    for name in small.GATES:
        model = small.gated_resnet(name, layers=[1], widths=[16], num_classes=3)
        assert model(x).shape == (2, 3)
    with pytest.raises(ValueError, match="gate='sk'"):
        small.gated_resnet("sk")


@pytest.mark.parametrize("name", ["ECA", "CBAM", "SE"])
def test_a_masked_relative_sees_what_lies_inside(name):
    """CBAM's second half has a window of places, so only its gates of channels are compared."""
    block = stirred(small.GATES[name](16))
    block = getattr(block, "channel", block)
    x, mask = u(16, 6, 9), torch.zeros(2, 1, 6, 9, dtype=torch.bool)
    mask[..., :5, :4] = True
    inside = x[..., :5, :4]
    torch.testing.assert_close(block(x, mask=mask)[..., :5, :4], block(inside))


@pytest.mark.parametrize(("name", "says"), [("gather-excite", "takes no mask"), ("FcaNet", "takes no mask")])
def test_windows_and_waves_refuse_a_mask(name, says):
    with pytest.raises(ValueError, match=says):
        small.GATES[name](16)(u(), mask=torch.ones(2, 1, 6, 6, dtype=torch.bool))
