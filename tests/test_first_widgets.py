"""Convolution and squeeze, Python's side: what the widgets hand over is torch's and the network's, and what they refuse."""

import json

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from sebook.measure.receptive_field import reach
from sebook.pages import encoded
from sebook.widgets import Convolution, Squeeze
from sebook.widgets.convolution import MOST, parsed, stem, written
from sebook.widgets.squeeze import OBJECTS, REACH
from senet import pretrained
from senet.images import patchwork
from senet.models.cifar import se_resnet20, small_resnet

NETWORK = "se_resnet_patchwork"


@pytest.fixture(scope="module")
def convolution() -> Convolution:
    return Convolution()


@pytest.fixture(scope="module")
def squeeze() -> Squeeze:
    return Squeeze()


def test_the_output_channel_is_the_sum_of_three_maps(convolution):
    for kernel in convolution._kernels:
        convolution.kernel = kernel
        apart, total = convolution.maps()
        torch.testing.assert_close(apart.sum(0) + convolution.weights()[1], total, atol=1e-5, rtol=1e-5)


def test_the_filters_are_the_networks_own():
    """On pixels from 0 to 1 they give what the first layer gives of a normalised picture; but for the rim, which that one pads."""
    checkpoint = pretrained.get(NETWORK)
    model, pixels = pretrained.load(checkpoint, progress=False), torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        truth = model.conv1(checkpoint.preprocessing(pixels))[0, :, 1:-1, 1:-1]
    for k, (_, weights, constant) in enumerate(stem(NETWORK).values()):
        ours = F.conv2d(pixels.float() / 255, weights[None], torch.tensor([constant]))[0, 0]
        torch.testing.assert_close(ours, truth[k], atol=1e-4, rtol=1e-4)


@given(st.lists(st.floats(-MOST, MOST), min_size=27, max_size=27))
@settings(max_examples=50)
def test_a_kernel_is_written_and_read_to_thousandths(values):
    kernel = torch.tensor(values).view(3, 3, 3)
    weights, constant = parsed(written(kernel))
    assert (weights - kernel).abs().max() <= 0.00051 and constant == 0


def test_a_kernel_of_ones_own():
    layer = nn.Conv2d(3, 4, 3)
    mine = Convolution([Image.new("RGB", (50, 40), "teal")], kernel=layer, row=0)
    torch.testing.assert_close(mine.weights()[0], layer.weight[0].detach(), atol=6e-4, rtol=0)
    assert mine.weights()[1] == pytest.approx(layer.bias[0].item(), abs=6e-4)
    with pytest.raises(ValueError, match=r"\(3, 3\).*has to be \(3, 3, 3\)"):
        Convolution(kernel=torch.zeros(3, 3))


def test_the_layers_are_the_networks(squeeze):
    """Norms folded in, they give the maps that the network itself has, for every object and far from the middle."""
    layers = [
        (encoded.unpacked(layer["weights"], 9), encoded.unpacked(layer["bias"], 1).flatten(), layer["relu"])
        for layer in squeeze._data["layers"]
    ]
    mean, std = (torch.tensor(squeeze._data[name]).view(3, 1, 1) for name in ("mean", "std"))
    for object, right in zip(OBJECTS, range(-12, 14, 5), strict=True):
        squeeze.object, squeeze.right = object, right
        x = ((squeeze.scene().float() / 255 - mean) / std)[None]
        for weights, bias, relu in layers:
            x = F.conv2d(x, weights.view(len(bias), -1, 3, 3), bias, padding=1)
            x = x.relu() if relu else x
        torch.testing.assert_close(x[0], squeeze.maps(), atol=1e-4, rtol=1e-4)
    squeeze.object, squeeze.right = "disc", 0


def test_the_mean_stays_and_the_map_does_not(squeeze):
    u, z = squeeze.maps(), squeeze.z()
    squeeze.right, squeeze.down = 5, -4
    assert (squeeze.maps() - u).abs().mean() > 50 * (squeeze.z() - z).abs().mean()
    squeeze.right = squeeze.down = 0


@given(st.integers(-REACH, REACH), st.integers(-REACH, REACH))
@settings(max_examples=25)
def test_an_object_moves_by_whole_pixels(right, down):
    ground, layer = patchwork.ground("day"), patchwork.layer("disc", "plain", 0.3, (0.0, 0.0, 0.2))
    there = patchwork.laid(ground, layer, right, down)
    moved = torch.roll(layer, (down, right), (1, 2))  # the disc is small: nothing of it comes round the rim but within reach
    inside = abs(right) <= 12 and abs(down) <= 12
    assert not inside or torch.equal(there, patchwork.laid(ground, moved))
    assert torch.equal(patchwork.laid(ground, torch.zeros_like(layer)), ground)


def test_squeeze_takes_a_network_of_ones_own():
    preprocessing = pretrained.get(NETWORK).preprocessing
    mine = Squeeze(se_resnet20(), preprocessing=preprocessing, pool="max", channel=3)
    assert mine.z().shape == (16,)
    for network, said in ((small_resnet(reduction=None), "SE in its first block"), (nn.Conv2d(3, 4, 3), "SmallResNet")):
        with pytest.raises(ValueError, match=said):
            Squeeze(network, preprocessing=preprocessing)
    with pytest.raises(ValueError, match="preprocessing"):
        Squeeze(se_resnet20())


def test_a_page_gets_a_figure_and_the_data(convolution, squeeze):
    for widget in (convolution, squeeze):
        text = widget._repr_html_()
        assert 'role="img"' in text and "<figcaption>" in text
        assert json.loads(json.dumps(widget._data)) == widget._data
    assert squeeze.state()["shuffled"] == "false"


def test_a_unit_sees_what_its_windows_hold():
    torch.manual_seed(0)
    x, network = torch.randn(2, 3, 32, 32), small_resnet((1, 1, 1), reduction=None).train()
    for layer, side in (("conv1", 3), ("layer1.0.bn2", 7), ("layer2.0.bn2", 13)):
        seen = reach(network, layer, x)
        assert seen.sum() == side**2 and seen.any(0).sum() == side
    assert network.training and all(not module._forward_hooks for module in network.modules())


def test_behind_an_se_block_a_unit_sees_the_whole_picture():
    torch.manual_seed(0)
    network = small_resnet((1, 1, 1), reduction=4)
    x = torch.randn(1, 3, 32, 32)
    assert reach(network, "layer1.0.bn2", x).sum() == 49
    assert reach(network, "layer2.0.bn2", x).all()


def test_reach_refuses():
    with pytest.raises(ValueError, match="no_such"):
        reach(small_resnet(), "no_such", torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match="gives no maps"):
        reach(small_resnet(), "fc", torch.zeros(1, 3, 32, 32))
