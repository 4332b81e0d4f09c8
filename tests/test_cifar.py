"""ResNets for 32 x 32: He et al.'s depths and parameters, shortcuts without parameters, and SE as in the large networks."""

import re

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from senet.models import cifar
from senet.models.cifar import PadShortcut, SmallResNet, se_resnet20, small_resnet
from senet.models.resnet import PLACEMENTS
from senet.models.se import SEBlock, hidden_width
from tests.common import BEHAVIOURS, parameters, scramble

DEPTHS = (20, 32, 56, 110)
PICTURE_SIDE = 32


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(0)
    return scramble(se_resnet20())


@pytest.mark.parametrize("behaves", BEHAVIOURS)
def test_behaves_like_torchvisions_models(behaves, small, pictures):
    behaves(small, pictures)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("behaves", BEHAVIOURS[:2])
def test_every_placement_scripts_and_traces(behaves, placement, pictures):
    torch.manual_seed(0)
    behaves(scramble(small_resnet((1, 2), (8, 16), placement=placement, stages=(2,), gate="softmax", squeeze="max")), pictures)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 64), (1, 1)])
def test_takes_any_size(size, small):
    assert small(torch.randn(1, 3, *size)).shape == (1, 10)


def formula(n: int, widths: tuple[int, ...] = (16, 32, 64), classes: int = 10) -> int:
    """He et al., section 4.2: a 3x3 stem, 2n 3x3 convolutions in each stage, a batch norm after each, and a linear classifier."""
    total = 3 * widths[0] * 9 + 2 * widths[0]
    before = widths[0]
    for width in widths:
        total += before * width * 9 + (2 * n - 1) * width * width * 9 + 2 * n * 2 * width
        before = width
    return total + (before + 1) * classes


@pytest.mark.parametrize("depth", DEPTHS)
def test_parameters(depth):
    n = (depth - 2) // 6
    plain, se = getattr(cifar, f"resnet{depth}"), getattr(cifar, f"se_resnet{depth}")
    assert parameters(plain()) == formula(n)
    assert sum(isinstance(module, nn.Conv2d) for module in plain().modules()) + 1 == depth  # and the classifier
    for reduction in (4, 16):
        extra = sum(2 * n * c * hidden_width(c, reduction) for c in (16, 32, 64))
        assert parameters(se(reduction=reduction)) == formula(n) + extra
    assert parameters(se(num_classes=100)) - parameters(se()) == 90 * 65


def test_parameters_are_those_printed_by_he_et_al():
    """Their table 6, in millions."""
    assert [round(parameters(getattr(cifar, f"resnet{depth}")()) / 1e6, 2) for depth in DEPTHS] == [0.27, 0.46, 0.85, 1.73]


def test_shortcuts_subsample_and_pad_with_nothing_learned():
    x = torch.arange(2 * 3 * 5 * 4, dtype=torch.float32).view(2, 3, 5, 4)
    out = PadShortcut(5, 2)(x)
    assert out.shape == (2, 8, 3, 2)
    assert torch.equal(out[:, 2:5], x[:, :, ::2, ::2])
    assert not out[:, :2].any()
    assert not out[:, 5:].any()
    assert not list(PadShortcut(5, 2).parameters())
    assert torch.equal(PadShortcut(0, 1)(x), x)


def test_a_plain_network_by_hand(pictures):
    """The whole of a two-stage network, from its weights and torch.nn.functional alone."""
    torch.manual_seed(0)
    model = scramble(small_resnet((1, 1), (8, 12), num_classes=3, reduction=None)).double()
    w, x = model.state_dict(), pictures.double()

    def norm(x, name):
        return F.batch_norm(x, w[f"{name}.running_mean"], w[f"{name}.running_var"], w[f"{name}.weight"], w[f"{name}.bias"])

    x = norm(F.conv2d(x, w["conv1.weight"], padding=1), "bn1").relu()
    for name, stride in (("layer1.0", 1), ("layer2.0", 2)):
        h = norm(F.conv2d(x, w[f"{name}.conv1.weight"], stride=stride, padding=1), f"{name}.bn1").relu()
        h = norm(F.conv2d(h, w[f"{name}.conv2.weight"], padding=1), f"{name}.bn2")
        shortcut = x if stride == 1 else torch.cat([torch.zeros(2, 2, 16, 16), x[:, :, ::2, ::2], torch.zeros(2, 2, 16, 16)], 1)
        x = (h + shortcut).relu()
    expected = x.mean((2, 3)) @ w["fc.weight"].T + w["fc.bias"]
    torch.testing.assert_close(model(pictures.double()), expected, rtol=0, atol=1e-12)


@settings(max_examples=12, deadline=None)
@given(stages=st.sets(st.integers(1, 3)), placement=st.sampled_from(PLACEMENTS))
def test_only_the_chosen_stages_carry_se(stages, placement):
    model = small_resnet((1, 2, 1), (4, 8, 8), stages=stages, placement=placement)
    carrying = [int(name[5]) for name, module in model.named_modules() if isinstance(module, SEBlock)]
    assert carrying == [stage for stage, n in ((1, 1), (2, 2), (3, 1)) for _ in range(n) if stage in stages]


def test_block_options_reach_every_block():
    model = se_resnet20(reduction=2, bias=True, gate="relu", squeeze="max", min_hidden=10)
    blocks = [module for module in model.modules() if isinstance(module, SEBlock)]
    assert len(blocks) == 9
    for block in blocks:
        assert block.reduction == 2
        assert block.fc1.bias is not None
        assert isinstance(block.gate, nn.ReLU)
        assert block.pool == "max"
        assert block.fc1.out_features == max(block.channels // 2, 10)


def test_zero_init_residual_begins_with_the_identity():
    torch.manual_seed(0)
    block = se_resnet20(zero_init_residual=True).eval().layer2[1]
    x = torch.rand(1, 32, 8, 8)
    assert torch.equal(block(x), x)
    assert se_resnet20().layer2[1].bn2.weight.all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SmallResNet((1, 1), (8,)), "layers=(1, 1) and widths=(8,) need one entry a stage"),
        (lambda: SmallResNet((), ()), "layers=() and widths=()"),
        (lambda: SmallResNet((1, 1), (16, 8)), "widths=(16, 8) narrow somewhere"),
        (lambda: SmallResNet((1, 0), (8, 16)), "layers=0 has to be a whole number of at least 1"),
        (lambda: SmallResNet((1,), (0,)), "widths=0"),
        (lambda: se_resnet20(num_classes=0), "num_classes=0"),
        (lambda: se_resnet20(placement="before"), "placement='before' is unknown: choose one of 'standard'"),
        (lambda: se_resnet20(stages=(4,)), "stage=4 is unknown: choose one of 1, 2, 3"),
        (lambda: se_resnet20(reduction=0), "reduction=0"),
        (lambda: se_resnet20(gate="step"), "gate='step'"),
        (lambda: se_resnet20(squeeze="sum"), "squeeze='sum'"),
        (lambda: se_resnet20(min_hidden=-1), "min_hidden=-1"),
        (lambda: se_resnet20(weights="best"), "weights='best' is not a checkpoint"),
    ],
)
def test_refuses(make, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        make()


def test_a_stem_that_halves_the_picture():
    whole, half = (small_resnet((1, 1), (8, 16), stem_stride=stride) for stride in (1, 2))
    half.load_state_dict(whole.state_dict())  # a stride has no weights
    maps = {}
    for name, model in (("whole", whole), ("half", half)):
        model.eval().layer2.register_forward_hook(lambda _module, _inputs, out, name=name: maps.update({name: out.shape[-2:]}))
        assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 10)
    assert maps == {"whole": (32, 32), "half": (16, 16)}
    with pytest.raises(ValueError, match="stem_stride=0 has to be"):
        small_resnet(stem_stride=0)
