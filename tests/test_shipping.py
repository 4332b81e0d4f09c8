"""Padding that a network knows of, SE put into a trained network, and the diagnosis of gates."""

import copy

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import nn

from sebook.cli.parser import main
from sebook.network_files.anatomy import Measured
from sebook.relatives.small import GATES
from sebook.relatives.stand_ins import ConstantInput, LayerScale, StaticGate
from sebook.shipping import examining, measure_padding, measure_precision, padding
from sebook.shipping.inserting import insert_se
from senet import fuse, pretrained, record, se_resnet20
from senet.images.patchwork import patchwork
from senet.inside.recording import se_blocks
from senet.models.cifar import SmallResNet
from senet.models.resnet import se_resnet18
from senet.models.se import SEBlock

from .test_folding import alive


def small(**options) -> SmallResNet:
    return alive(SmallResNet((1, 1), (16, 32), **options))


# --- padding -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("squeeze", ["avg", "max"])
@pytest.mark.parametrize("junk", [0.0, 7.0, torch.nan])
def test_a_masked_squeeze_is_that_of_each_picture_alone(squeeze, junk):
    torch.manual_seed(0)
    block = SEBlock(8, 2, squeeze=squeeze)
    pictures = [torch.randn(8, 5, 7), torch.randn(8, 3, 4), torch.randn(8, 5, 2)]
    u, mask = padding.batched(pictures)
    u = u.masked_fill(~mask, junk)
    z, out = block.squeeze(u, mask), block(u, mask=mask)
    for i, picture in enumerate(pictures):
        torch.testing.assert_close(z[i : i + 1], block.squeeze(picture[None]))
        height, width = picture.shape[1:]
        torch.testing.assert_close(out[i, :, :height, :width], block(picture[None])[0])
    with_shortcut = block(u.nan_to_num(), torch.ones_like(u), mask)
    torch.testing.assert_close(with_shortcut, block(u.nan_to_num(), mask=mask) + 1)


def test_a_mask_has_gradients_no_pixel_and_no_overflow():
    torch.manual_seed(0)
    block = SEBlock(4, 2).double()
    u, mask = torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True), torch.zeros(2, 1, 3, 3, dtype=torch.bool)
    mask[0, 0, :2] = True
    assert torch.autograd.gradcheck(lambda u: block(u, mask=mask), u)
    (gradient,) = torch.autograd.grad(block.squeeze(u, mask).sum(), u)
    assert not gradient[1].any() and not gradient[0, :, 2].any()
    for squeeze in ("avg", "max"):
        assert not SEBlock(4, squeeze=squeeze).squeeze(torch.randn(2, 4, 3, 3), mask)[1].any()
    wide = torch.full((1, 4, 64, 64), 30.0, dtype=torch.float16)  # its sum is 122,880, and float16 ends at 65,504
    assert (SEBlock(4).squeeze(wide, torch.ones(1, 1, 64, 64, dtype=torch.bool)) == 30).all()


def test_a_mask_of_another_shape_is_refused_and_a_masked_block_scripts_and_compiles():
    torch.manual_seed(0)
    block, u = SEBlock(8, 2), torch.randn(2, 8, 5, 6)
    mask = torch.rand(2, 1, 5, 6) > 0.4
    with pytest.raises(ValueError, match=r"mask of shape \[2, 5, 6\] has to be \(N, 1, H, W\), as of maps \[2, 8, 5, 6\]"):
        block(u, mask=mask[:, 0])
    torch.testing.assert_close(torch.jit.script(block)(u, None, mask), block(u, mask=mask))
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(u, None, mask), block(u, mask=mask))


NETWORKS = {
    "ours": lambda: se_resnet20(),
    "ours, 18 layers": lambda: se_resnet18(num_classes=10),
    "MobileNetV3": lambda: torchvision.models.mobilenet_v3_small(num_classes=10),
    "without SE": lambda: torchvision.models.resnet18(num_classes=10),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_is_told_answers_as_to_each_picture_alone(name):
    model = alive(NETWORKS[name]()).double()
    pictures = [torch.randn(3, 32, 32).double(), torch.randn(3, 20, 27).double(), torch.randn(3, 13, 32).double()]
    x, mask = padding.batched(pictures)
    with torch.no_grad():
        alone = torch.cat([model(picture[None]) for picture in pictures])
        with padding.told(model, mask):
            torch.testing.assert_close(model(x), alone)
        assert (model(x)[1:] - alone[1:]).abs().max() > 1e-6  # untold it answers otherwise, and the hooks are gone


def test_a_network_that_cannot_be_told_says_why():
    mask = torch.ones(1, 1, 32, 32, dtype=torch.bool)
    for model, why in [
        (SmallResNet((1,), (16,)), "is in training mode"),
        (fuse(small()), "was fused"),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.GroupNorm(2, 4)).eval(), "has GroupNorm"),
        (timm.create_model("seresnet18").eval(), "is a SEModule|is a SqueezeExcite"),
    ]:
        with pytest.raises(ValueError, match=why), padding.told(model, mask):
            pass
    with (
        padding.told(nn.Sequential(nn.Conv2d(3, 4, 3, stride=3)).eval(), mask) as model,
        pytest.raises(ValueError, match="can't be reached"),
    ):
        model(torch.zeros(1, 3, 32, 32))


def test_the_shift_and_its_cure_are_measured():
    measured = measure_padding.measure(small(), patchwork(12, 3), lambda images: images.float() / 255)
    shifts = [said["shift"]["layer1.0.se"] for said in measured["shares"].values()]
    assert shifts == sorted(shifts) and shifts[0] > 0
    assert all(said["told"] < 1e-5 and said["told_changed"] == 0 for said in measured["shares"].values())


def test_16_bits_are_measured():
    checkpoint = pretrained.get("se_resnet_patchwork")
    measured = measure_precision.measure(pretrained.load(checkpoint), patchwork(5, 3), checkpoint.preprocessing)
    for said in measured["gates"].values():
        assert 0 < said["float16"]["mean"] < said["bfloat16"]["mean"] < 0.02 and said["headroom"] > 1
    assert measured["batch"]["float32"] < 1e-5


# --- SE put in ---------------------------------------------------------------------------------------------------------------

PLAIN = {
    "ours": lambda: SmallResNet((1, 1), (16, 32), se=None),
    "ResNet-18": lambda: torchvision.models.resnet18(num_classes=10),
    "ResNet-50, thin": lambda: torchvision.models.ResNet(
        torchvision.models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10, width_per_group=8
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_se_that_is_put_in_changes_no_bit_at_first(name):
    model, x = alive(PLAIN[name]()), torch.randn(2, 3, 32, 32)
    before = copy.deepcopy(model.state_dict())
    for training in (False, True):
        with_se = insert_se(model.train(training), 4, bias=True)
        assert with_se.training == training and torch.equal(copy.deepcopy(model)(x), copy.deepcopy(with_se)(x))
    gates = record(with_se, x).blocks
    assert len(gates) == sum(1 for name in before if name.endswith(("conv2.weight",)))
    assert all((block.excitation == 0.5).all() for block in gates.values())
    assert not torch.equal(model.eval()(x), insert_se(model, 4, start="half")(x))
    assert {key for key in with_se.state_dict() if ".se." not in key} == before.keys()
    assert all(torch.equal(value, before[key]) or "num_batches" in key for key, value in model.state_dict().items())


def test_its_last_layer_learns_at_once_and_its_first_in_the_next_step():
    model = insert_se(small(se=None)).train()
    optimizer, x = torch.optim.SGD(model.parameters(), 0.1), torch.randn(4, 3, 32, 32)
    block = model.layer1[0].se
    for moved in (False, True):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        assert block.fc2.weight.grad.any() and bool(block.fc1.weight.grad.any()) == moved
        optimizer.step()


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (lambda: nn.Linear(2, 2), "Linear has no BasicBlock or Bottleneck"),
        (lambda: small(), "layer1.0 has an SE block already"),
        (lambda: torchvision.models.resnet18(norm_layer=nn.Identity), "layer1.0.bn2 has no weight that could be doubled"),
    ],
)
def test_what_se_cannot_be_put_into(model, says):
    with pytest.raises(ValueError, match=says):
        insert_se(model())


# --- stand-ins and diagnosis -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SE", "static", "LayerScale", "constant input", "GRN"])
def test_a_stand_in_takes_a_blocks_place(name):
    torch.manual_seed(0)
    block, u, shortcut = GATES[name](16), torch.randn(2, 16, 4, 5, requires_grad=True), torch.randn(2, 16, 4, 5)
    torch.testing.assert_close(block(u, shortcut), block(u) + shortcut)
    block(u).square().sum().backward()
    assert any(parameter.grad.any() for parameter in block.parameters())
    constant = isinstance(block, (StaticGate, LayerScale, ConstantInput))
    factor = (block(u) / u)[:, :, 0, 0]
    assert torch.allclose(factor[0], factor[1], atol=1e-5) == (constant or name == "GRN")  # GRN's factor is zero at first


def test_layer_scale_is_that_of_timm():
    u, gamma = torch.randn(2, 4, 3, 3), torch.tensor([0.1, -2.0, 0.0, 3.0])
    ours, theirs = LayerScale(4), timm.layers.LayerScale2d(4, init_values=0.1)
    assert torch.equal(ours(u), theirs(u))
    for block in (ours, theirs):
        block.gamma.data = gamma
    assert torch.equal(ours(u), theirs(u))
    torch.testing.assert_close(ours(u, u), theirs(u) + u)


def gates_of(model: nn.Module, change) -> list[Measured]:
    with torch.no_grad():
        change(model.layer1[0].se)
    return examining.examine(model, torch.randn(24, 3, 32, 32))


def dead(se: SEBlock) -> None:
    se.fc1.bias.fill_(-100)


def shut(se: SEBlock) -> None:
    se.fc2.bias.fill_(-100)


def half_open(se: SEBlock) -> None:
    se.fc2.bias[:8] = 100


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dead, "none of its 4 hidden units ever fires, so its gates are constants"),
        (shut, "its branch does nothing. No gate exceeds"),
        (half_open, "50% of its channels are open on every picture"),
        (lambda se: se.fc2.weight.zero_(), "none of its gates moves. Fold it"),
    ],
)
def test_what_is_wrong_with_a_gate_is_said_with_its_remedy(change, says):
    torch.manual_seed(0)
    model = small(se=lambda channels: SEBlock(channels, bias=True))
    found = gates_of(model, change)
    assert [each.name for each in found] == list(se_blocks(model))
    lines = examining.advice(found, 24)
    assert any(line.startswith(f"layer1.0.se: {says}") for line in lines)
    assert not any("pictures are few" in line for line in lines)
    assert "3 pictures are few" in examining.advice(found, 3)[-1]


def test_a_healthy_network_is_told_so_and_others_networks_are_read():
    healthy = Measured("a", 0.2, 0.5, 0.9, 0.0, 0.0, 0.0, 0.4, 8, 0, 1.0, 3)
    assert examining.advice([healthy], 50) == [
        "nothing is wrong: on these pictures every gate moves, and no hidden layer is mostly dead"
    ]
    model = alive(torchvision.models.mobilenet_v3_small(num_classes=10))
    found = examining.examine(model, torch.randn(4, 3, 64, 64))
    assert [each.hidden for each in found] == [points.first.out_channels for points in se_blocks(model).values()]
    swish = examining.examine(alive(timm.create_model("efficientnet_b0", num_classes=10)), torch.randn(2, 3, 64, 64))
    assert all(each.dead in (None, 0) for each in swish)  # its hidden layer is not cut off at 0
    assert np.isfinite([each.freezing for each in found]).all()


def test_the_commands(tmp_path, capsys, monkeypatch):
    import sebook.cli.datasets as datasets

    monkeypatch.setitem(datasets.PATCHWORK, "train", (300, 3))
    monkeypatch.setitem(datasets.PATCHWORK, "test", (40, 4))
    assert main(["examine", "se_resnet_patchwork", "--most", "30"]) == 0
    assert "3 gates on 30 pictures" in capsys.readouterr().out
    asked = ["--train", "300", "--test", "40", "--seeds", "2", "--out", str(tmp_path)]
    for what in ("padding", "precision", "frozen"):
        assert main(["measure", what, "se_resnet_patchwork", *asked]) == 0
        assert (tmp_path / f"{what}-se_resnet_patchwork.json").is_file()
    said = capsys.readouterr().err
    assert "with SE, one epoch, seed 1" in said
