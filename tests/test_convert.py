"""Others' weights in our networks: the same answers as the networks that they come from."""

from collections.abc import Callable

import pytest
import safetensors.torch
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from senet.models import legacy, resnet
from senet.models.se import SEBlock
from senet.pretrained import convert
from tests.common import scramble


def moskomule(depth: int, classes: int) -> tuple[dict[str, Tensor], Callable[[Tensor], Tensor]]:
    """A state dict under moskomule/senet.pytorch's names, and its network written out over those names, with no module of ours."""
    bottleneck, layers = {18: (False, (2, 2, 2, 2)), 50: (True, (3, 4, 6, 3))}[depth]
    name = "resnet50" if bottleneck else "resnet18"
    torch.manual_seed(0)
    w = dict(scramble(getattr(torchvision.models, name)(num_classes=classes)).double().state_dict())
    for stage, blocks in enumerate(layers):
        c = 64 * 2**stage * (4 if bottleneck else 1)
        for i in range(blocks):
            w[f"layer{stage + 1}.{i}.se.fc.0.weight"] = torch.randn(c // 16, c, dtype=torch.float64) / c**0.5
            w[f"layer{stage + 1}.{i}.se.fc.2.weight"] = torch.randn(c, c // 16, dtype=torch.float64) / (c // 16) ** 0.5

    def norm(x: Tensor, key: str) -> Tensor:
        w_ = [w[f"{key}.{part}"].to(x) for part in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *w_)

    def conv(x: Tensor, key: str, stride: int = 1) -> Tensor:
        weight = w[f"{key}.weight"].to(x)
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    def run(x: Tensor) -> Tensor:
        x = F.max_pool2d(norm(conv(x, "conv1", 2), "bn1").relu(), 3, 2, 1)
        for stage, blocks in enumerate(layers):
            for i in range(blocks):
                at, stride = f"layer{stage + 1}.{i}", 2 if stage and not i else 1
                if bottleneck:
                    h = norm(conv(x, f"{at}.conv1"), f"{at}.bn1").relu()
                    h = norm(conv(h, f"{at}.conv2", stride), f"{at}.bn2").relu()
                    h = norm(conv(h, f"{at}.conv3"), f"{at}.bn3")
                else:
                    h = norm(conv(x, f"{at}.conv1", stride), f"{at}.bn1").relu()
                    h = norm(conv(h, f"{at}.conv2"), f"{at}.bn2")
                y = F.linear(h.mean((2, 3)), w[f"{at}.se.fc.0.weight"].to(x)).relu()
                h = h * F.linear(y, w[f"{at}.se.fc.2.weight"].to(x)).sigmoid()[:, :, None, None]
                if f"{at}.downsample.0.weight" in w:
                    x = norm(conv(x, f"{at}.downsample.0", stride), f"{at}.downsample.1")
                x = (h + x).relu()
        return F.linear(x.mean((2, 3)), w["fc.weight"].to(x), w["fc.bias"].to(x))

    return w, run


def from_timm(name: str) -> tuple[dict[str, Tensor], Callable[[Tensor], Tensor]]:
    torch.manual_seed(0)
    theirs = scramble(timm.create_model(name, num_classes=9)).double()

    def run(x: Tensor) -> Tensor:
        return theirs.to(x.dtype)(x)

    return {key: value.clone() for key, value in theirs.state_dict().items()}, run


# source, what makes its state dict and its answers, what it is here
CONVERSIONS = {
    "timm seresnet18": (
        "timm",
        lambda: from_timm("seresnet18"),
        lambda: resnet.se_resnet18(num_classes=9, bias=True, min_hidden=8),
    ),
    "timm seresnet50": ("timm", lambda: from_timm("seresnet50"), lambda: resnet.se_resnet50(num_classes=9, bias=True)),
    "timm seresnet101": ("timm", lambda: from_timm("seresnet101"), lambda: resnet.se_resnet101(num_classes=9, bias=True)),
    "timm seresnext50_32x4d": (
        "timm",
        lambda: from_timm("seresnext50_32x4d"),
        lambda: resnet.se_resnext50_32x4d(num_classes=9, bias=True),
    ),
    "timm legacy_seresnet50": ("legacy", lambda: from_timm("legacy_seresnet50"), lambda: legacy.legacy_se_resnet50(num_classes=9)),
    "timm legacy_seresnet101": (
        "legacy",
        lambda: from_timm("legacy_seresnet101"),
        lambda: legacy.legacy_se_resnet101(num_classes=9),
    ),
    "moskomule se_resnet18": ("moskomule", lambda: moskomule(18, 9), lambda: resnet.se_resnet18(num_classes=9)),
    "moskomule se_resnet50": ("moskomule", lambda: moskomule(50, 9), lambda: resnet.se_resnet50(num_classes=9)),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_converted_weights_give_the_same_answers(name):
    source, theirs, ours = CONVERSIONS[name]
    state_dict, run = theirs()
    with torch.device("meta"):  # all of it comes from the file
        model = ours().eval()
    model.load_state_dict(convert(state_dict, source), assign=True)
    generator = torch.Generator().manual_seed(0)
    # Last maps of 2, 3 and 4 pixels a side; 97 is odd wherever a convolution or a pool strides.
    pictures = [torch.randn(1, 3, size, size, dtype=torch.float64, generator=generator) for size in (64, 96, 97)]
    with torch.no_grad():
        for x in pictures:
            expected = run(x)
            assert expected.std() > 0.01
            torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-10)
        model.float()
        for x in pictures:
            torch.testing.assert_close(model(x.float()).softmax(1), run(x.float()).softmax(1), rtol=0, atol=1e-5)


def test_every_depth_is_recognised():
    """By names and shapes alone."""
    for depth in (18, 34, 50, 101, 152):
        with torch.device("meta"):
            state_dict = timm.create_model(f"seresnet{depth}").state_dict()
        assert convert(state_dict, "timm", f"se_resnet{depth}")["fc.weight"].shape[0] == 1000
    with torch.device("meta"):
        state_dict = timm.create_model("legacy_seresnet152").state_dict()
    assert "maxpool.caffe" in convert(state_dict, "legacy", "legacy_se_resnet152")


def test_a_network_is_run_beside_ours():
    torch.manual_seed(0)
    theirs = timm.create_model("seresnet18", num_classes=3, zero_init_last=False)
    converted = convert(theirs, "timm")
    assert converted.difference < 1e-12
    assert converted.architecture == "se_resnet18"
    theirs.layer3[0].se.gate = nn.Tanh()  # the same weights, another arithmetic
    with pytest.raises(ValueError, match="ResNet has the weights of 'timm', but computes something else: the answers differ by"):
        convert(theirs, "timm")


class TutorialBlock(nn.Module):
    """As the well-known blog post has it."""

    def __init__(self, c: int, r: int = 16, bias: bool = False) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, c // r, bias), nn.ReLU(inplace=True), nn.Linear(c // r, c, bias), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


@pytest.mark.parametrize(("c", "r", "bias"), [(16, 16, False), (64, 16, False), (20, 6, True), (256, 4, False)])
def test_the_block_of_tutorials_converts(c, r, bias):
    torch.manual_seed(0)
    theirs = TutorialBlock(c, r, bias)
    converted = convert(theirs, "SE_Block")
    assert converted.architecture == "SEBlock"
    assert converted.difference < 1e-12
    ours, x = SEBlock(**converted.arguments), torch.randn(2, c, 5, 6)
    ours.load_state_dict(converted)
    torch.testing.assert_close(ours(x), theirs(x))
    assert ours.fc1.out_features == c // r
    assert ours.reduction == r or c // ours.reduction == c // r


@pytest.mark.parametrize("layers", ["fc", "excitation"])
def test_a_resnet_of_tutorial_blocks_converts(layers):
    state = resnet.se_resnet18(num_classes=3, reduction=8, min_hidden=1).state_dict()
    theirs = {key.replace("se.fc1", f"se.{layers}.0").replace("se.fc2", f"se.{layers}.2"): value for key, value in state.items()}
    converted = convert(theirs, "SE_Block")
    assert converted.arguments == {"min_hidden": 1, "num_classes": 3, "reduction": 8, "bias": False}
    assert all(torch.equal(converted[key], value) for key, value in state.items())


def test_legacy_needs_bottlenecks_scripts_and_keeps_its_mark_in_a_file():
    with pytest.raises(ValueError, match="SEBasicBlock has no first 1x1 convolution"):
        legacy.as_legacy(resnet.se_resnet18())
    torch.manual_seed(0)
    net = scramble(legacy.as_legacy(resnet.se_resnet(resnet.SEBottleneck, [1, 1, 1, 1], num_classes=3)))
    x = torch.randn(1, 3, 65, 50)
    torch.testing.assert_close(torch.jit.script(net)(x), net(x))
    torch.testing.assert_close(torch.fx.symbolic_trace(net)(x), net(x))
    assert safetensors.torch.load(safetensors.torch.save(net.state_dict()))["maxpool.caffe"].numel() == 0
