"""SE-ResNets: what torchvision asks of its own models, and what the paper says of SE's place, parameters and stages."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from senet import record
from senet.models import resnet
from senet.models.cifar import resnet20, se_resnet20
from senet.models.resnet import PLACEMENTS, SEBasicBlock, SEBottleneck, se_resnet18, se_resnet50, se_resnext50_32x4d
from senet.models.se import SEBlock
from tests.common import BEHAVIOURS, on_meta, parameters, scramble

# name: blocks in each stage, whether those are bottlenecks
NETWORKS = {
    "se_resnet18": ((2, 2, 2, 2), False),
    "se_resnet34": ((3, 4, 6, 3), False),
    "se_resnet50": ((3, 4, 6, 3), True),
    "se_resnet101": ((3, 4, 23, 3), True),
    "se_resnet152": ((3, 8, 36, 3), True),
    "se_resnext50_32x4d": ((3, 4, 6, 3), True),
}
# The table of the paper's figure 5; f is the residual branch. Inside the branch, SE is f's own matter.
FORMULAS = {
    "standard": lambda x, shortcut, se, f: (shortcut + se(f(x))).relu(),
    "pre": lambda x, shortcut, se, f: (shortcut + f(se(x))).relu(),
    "post": lambda x, shortcut, se, f: se((shortcut + f(x)).relu()),
    "identity": lambda x, shortcut, se, f: (se(shortcut) + f(x)).relu(),
    "3x3": lambda x, shortcut, se, f: (shortcut + f(x)).relu(),
}
PLAIN = {name: name.removeprefix("se_") for name in NETWORKS}


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(0)
    return scramble(se_resnet18(num_classes=7))


# --- as torchvision's ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaves", BEHAVIOURS)
def test_behaves_like_torchvisions_models(behaves, small, pictures):
    behaves(small, pictures)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("behaves", BEHAVIOURS[:2])
def test_every_placement_scripts_and_traces(behaves, placement, pictures):
    torch.manual_seed(0)
    behaves(scramble(se_resnet18(num_classes=3, placement=placement, stages=(1, 3))), pictures[:1, :, :32, :32])


@pytest.mark.parametrize("behaves", BEHAVIOURS[:4])
def test_bottlenecks_behave_too(behaves, pictures):
    torch.manual_seed(0)
    model = resnet.se_resnet(SEBottleneck, [1, 1, 1, 1], num_classes=3, bias=True, gate="softmax", squeeze="max")
    behaves(scramble(model), pictures[:1, :, :32, :32])


@pytest.mark.parametrize("size", [(32, 32), (33, 33), (64, 97), (1, 1), (224, 40)])
def test_takes_any_size_that_the_plain_network_takes(size, small):
    x = torch.randn(1, 3, *size)
    plain = torchvision.models.resnet18(num_classes=7).eval()
    assert small(x).shape == plain(x).shape == (1, 7)


@pytest.mark.parametrize("make", [se_resnet18, se_resnet20])
def test_every_parameter_learns(make, pictures):
    torch.manual_seed(0)
    model = make(num_classes=4)
    F.cross_entropy(model(pictures), torch.tensor([0, 3])).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("make", [se_resnet18, se_resnet20])
def test_the_same_seed_gives_the_same_network(make):
    def seeded():
        torch.manual_seed(5)
        return make(num_classes=3).state_dict()

    first, second = seeded(), seeded()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_repr_shows_channels_and_reduction():
    text = repr(on_meta(se_resnet50, reduction=8))
    assert "C=256, r=8" in text
    assert "C=2048, r=8" in text


@pytest.mark.parametrize("name", NETWORKS)
def test_names_of_the_plain_part_are_torchvisions(name):
    model, plain = on_meta(getattr(resnet, name)).state_dict(), on_meta(getattr(torchvision.models, PLAIN[name])).state_dict()
    assert {key: tensor.shape for key, tensor in model.items() if ".se." not in key} == {
        key: tensor.shape for key, tensor in plain.items()
    }


def test_zero_init_residual_begins_with_the_identity():
    for block, last in ((SEBasicBlock, "bn2"), (SEBottleneck, "bn3")):
        torch.manual_seed(0)
        model = resnet.se_resnet(block, [1, 2, 1, 1], zero_init_residual=True).eval()
        second = model.layer2[1]
        assert not getattr(second, last).weight.any()
        x = torch.rand(1, 128 * block.expansion, 8, 8)  # a block's input has been through ReLU
        assert torch.equal(second(x), x)
        assert getattr(resnet.se_resnet(block, [1, 1, 1, 1]).layer1[0], last).weight.all()


def test_groups_and_widths_act():
    model = on_meta(se_resnet50, groups=4, width_per_group=32)
    conv = model.layer3[1].conv2
    assert conv.groups == 4
    assert conv.in_channels == 256 * 32 * 4 // 64
    same = on_meta(se_resnext50_32x4d)
    assert {key: value.shape for key, value in same.state_dict().items()} == {
        key: value.shape for key, value in on_meta(se_resnet50, groups=32, width_per_group=4).state_dict().items()
    }
    assert on_meta(se_resnet50, groups=32, width_per_group=4, placement="3x3").layer1[0].se.channels == 128


def test_dilation_keeps_the_resolution():
    torch.manual_seed(0)
    model = resnet.se_resnet(SEBottleneck, [1, 1, 1, 2], replace_stride_with_dilation=[False, True, True]).eval()
    plain = resnet.se_resnet(SEBottleneck, [1, 1, 1, 2]).eval()
    x = torch.randn(1, 3, 64, 64)
    assert record(model, x, maps=True).blocks["layer4.1.se"].maps.shape[2:] == (8, 8)
    assert record(plain, x, maps=True).blocks["layer4.1.se"].maps.shape[2:] == (2, 2)
    assert model.layer4[1].conv2.dilation == (4, 4)


def test_norm_layer_acts_everywhere(pictures):
    torch.manual_seed(0)
    model = se_resnet18(num_classes=2, norm_layer=lambda channels: nn.GroupNorm(4, channels))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    assert sum(isinstance(module, nn.GroupNorm) for module in model.modules()) == 20
    assert model(pictures).shape == (2, 2)


# --- as the paper's ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", [2, 4, 16])
@pytest.mark.parametrize("name", NETWORKS)
def test_extra_parameters_are_the_papers_formula(name, reduction):
    blocks, bottleneck = NETWORKS[name]
    channels = [planes * (4 if bottleneck else 1) for planes in (64, 128, 256, 512)]
    formula = sum(2 * n * c * c // reduction for n, c in zip(blocks, channels, strict=True))
    biases = sum(n * (c + c // reduction) for n, c in zip(blocks, channels, strict=True))
    plain = parameters(on_meta(getattr(torchvision.models, PLAIN[name])))
    make = getattr(resnet, name)
    assert parameters(on_meta(make, reduction=reduction)) == plain + formula
    assert parameters(on_meta(make, reduction=reduction, bias=True)) == plain + formula + biases


def test_se_resnet50_has_the_known_number_of_parameters():
    assert parameters(on_meta(se_resnet50)) == 28_071_976
    assert parameters(on_meta(se_resnet50, bias=True)) == 28_088_024
    assert parameters(on_meta(se_resnet50)) - parameters(on_meta(torchvision.models.resnet50)) == 2_514_944


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("bottleneck", [False, True])
def test_each_placement_computes_its_formula(placement, bottleneck):
    """From a plain torchvision block's parts, where a stage begins and within it."""
    torch.manual_seed(0)
    kind, plain_kind = (
        (SEBottleneck, torchvision.models.resnet.Bottleneck) if bottleneck else (SEBasicBlock, torchvision.models.resnet.BasicBlock)
    )
    planes, out = 32, 32 * kind.expansion
    for inplanes, stride in ((24, 2), (out, 1)):
        downsample = nn.Sequential(nn.Conv2d(inplanes, out, 1, stride, bias=False), nn.BatchNorm2d(out)) if stride == 2 else None
        block = scramble(kind(inplanes, planes, stride, downsample, placement=placement), torch.randn(8, inplanes, 9, 7)).double()
        plain = plain_kind(inplanes, planes, stride, downsample).double().eval()
        plain.load_state_dict({key: value for key, value in block.state_dict().items() if not key.startswith("se.")})
        x = torch.randn(2, inplanes, 9, 7, dtype=torch.float64)

        def residual(x, plain=plain, block=block):
            h = plain.bn1(plain.conv1(x))
            if bottleneck:
                h = plain.bn2(plain.conv2(h.relu()))
            if placement == "3x3":
                h = block.se(h)
            return plain.bn3(plain.conv3(h.relu())) if bottleneck else plain.bn2(plain.conv2(h.relu()))

        shortcut = x if downsample is None else downsample(x)
        expected = FORMULAS[placement](x, shortcut, block.se, residual)
        torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-12)
        assert not torch.allclose(block(x), plain(x))  # SE did something
        channels = {"pre": inplanes, "3x3": planes}.get(placement, out)
        assert block.se.channels == channels


@pytest.mark.parametrize(("make", "plain", "blocks"), [(se_resnet18, torchvision.models.resnet18, 8), (se_resnet20, resnet20, 9)])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_gates_of_one_give_the_plain_network(make, plain, blocks, placement, pictures):
    torch.manual_seed(0)
    model, plain = scramble(make(num_classes=7, placement=placement)), plain(num_classes=7).eval()
    plain.load_state_dict({key: value for key, value in model.state_dict().items() if ".se." not in key})
    ones = {name: torch.ones(module.channels) for name, module in model.named_modules() if isinstance(module, SEBlock)}
    assert len(ones) == blocks
    torch.testing.assert_close(record(model, pictures, gates=ones).logits, plain(pictures), rtol=0, atol=1e-5)
    assert not torch.allclose(model(pictures), plain(pictures), atol=1e-2)


@settings(max_examples=12, deadline=None)
@given(stages=st.sets(st.integers(1, 4)), placement=st.sampled_from(PLACEMENTS))
def test_only_the_chosen_stages_carry_se(stages, placement):
    model = on_meta(se_resnet18, stages=stages, placement=placement)
    carrying = {int(name[5]) for name, module in model.named_modules() if isinstance(module, SEBlock)}
    assert carrying == stages
    assert sum(isinstance(module, SEBlock) for module in model.modules()) == 2 * len(stages)


def test_no_stage_is_the_plain_resnet(pictures):
    torch.manual_seed(0)
    model = scramble(se_resnet18(num_classes=7, stages=()))
    plain = torchvision.models.resnet18(num_classes=7).eval()
    plain.load_state_dict(model.state_dict())
    assert torch.equal(model(pictures), plain(pictures))


def test_block_options_reach_every_block():
    model = on_meta(se_resnet18, reduction=4, bias=True, gate="tanh", squeeze="max", min_hidden=32)
    for module in model.modules():
        if isinstance(module, SEBlock):
            assert module.reduction == 4
            assert module.fc1.bias is not None
            assert isinstance(module.gate, nn.Tanh)
            assert module.pool == "max"
            assert module.fc1.out_features == max(module.channels // 4, 32)
