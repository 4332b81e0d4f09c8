"""Recordings of our networks, torchvision's and timm's, against what their SE blocks compute when asked one by one."""

import copy
import re

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from senet import se_resnet18, se_resnet20
from senet.inside.recording import record, se_blocks
from senet.models.cifar import small_resnet
from senet.models.resnet import PLACEMENTS
from senet.models.se import SEBlock
from tests.common import scramble


class MoskomuleLayer(nn.Module):
    """An SE layer under the names of moskomule/senet.pytorch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(inplace=True), nn.Linear(4, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(self.avg_pool(x).flatten(1))[:, :, None, None]


class TutorialLayer(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.excitation = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.excitation(self.squeeze(x).flatten(1))[:, :, None, None]


def with_layer(layer: type[nn.Module], name: str) -> nn.Module:
    renamed = type(name, (layer,), {})
    return nn.Sequential(nn.Conv2d(3, 8, 3), renamed(8), nn.ReLU(inplace=True), nn.Conv2d(8, 6, 3), renamed(6))


# What to record, and how many SE blocks it has.
MODELS = {
    "se_resnet18": (lambda: se_resnet18(num_classes=5), 8),
    "se_resnet20": (se_resnet20, 9),
    "torchvision mobilenet_v3_small": (lambda: torchvision.models.mobilenet_v3_small(num_classes=5), 9),
    "torchvision efficientnet_b0": (lambda: torchvision.models.efficientnet_b0(num_classes=5), 16),
    "torchvision regnet_y_400mf": (lambda: torchvision.models.regnet_y_400mf(num_classes=5), 16),
    "timm seresnet18": (lambda: timm.create_model("seresnet18", num_classes=5), 8),
    "timm legacy_seresnet18": (lambda: timm.create_model("legacy_seresnet18", num_classes=5), 8),
    "timm mobilenetv3_small_050": (lambda: timm.create_model("mobilenetv3_small_050", num_classes=5), 9),
    "timm mnasnet_small": (lambda: timm.create_model("mnasnet_small", num_classes=5), 10),
    "timm regnety_002": (lambda: timm.create_model("regnety_002", num_classes=5), 13),
    "timm ese_vovnet19b_dw": (lambda: timm.create_model("ese_vovnet19b_dw", num_classes=5), 4),
    "moskomule": (lambda: with_layer(MoskomuleLayer, "SELayer"), 2),
    "tutorial": (lambda: with_layer(TutorialLayer, "SE_Block"), 2),
}


@pytest.mark.parametrize("name", MODELS)
def test_records_every_block(name, pictures):
    make, count = MODELS[name]
    torch.manual_seed(0)
    model = scramble(make())
    with torch.no_grad():
        logits = model(pictures)
    result = record(model, pictures, maps=True)
    assert torch.equal(result.logits, logits)
    assert len(result.blocks) == count
    assert list(result.blocks) == list(se_blocks(model))  # where the order of construction is the forward's
    assert [block.depth for block in result.blocks.values()] == list(range(1, count + 1))

    modules = dict(model.named_modules())
    with torch.no_grad():
        for key, block in result.blocks.items():
            n, c = block.maps.shape[:2]
            assert block.name == key
            assert block.squeeze.shape == block.excitation.shape == (n, c) == (2, se_blocks(model)[key].channels)
            # What the block gives for the U of the record is U rescaled by the s of the record, and z is U's mean.
            torch.testing.assert_close(modules[key](block.maps), block.rescaled)
            torch.testing.assert_close(block.squeeze, block.maps.mean((2, 3)), rtol=1e-4, atol=1e-5)
            assert not block.excitation.requires_grad


def test_order_is_that_of_the_forward(pictures):
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.late, self.early = SEBlock(3), SEBlock(3)

        def forward(self, x: Tensor) -> Tensor:
            return self.late(self.early(x))

    blocks = record(Backwards(), pictures).blocks
    assert [(block.name, block.depth) for block in blocks.values()] == [("early", 1), ("late", 2)]


def test_a_subclass_and_a_bare_block_are_found(pictures):
    class Mine(SEBlock):
        pass

    assert list(record(nn.Sequential(Mine(3)), pictures).blocks) == ["0"]
    assert list(record(Mine(3), pictures).blocks) == [""]


def test_auxiliary_blocks_that_did_not_run_are_left_out(pictures):
    class Sometimes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.always, self.training_only = SEBlock(3), SEBlock(3)

        def forward(self, x: Tensor) -> Tensor:
            return self.training_only(self.always(x)) if self.training else self.always(x)

    assert list(record(Sometimes(), pictures).blocks) == ["always"]


# --- maps ----------------------------------------------------------------------------------------------------------------------


def test_maps_only_when_asked_for(small, pictures):
    block = record(small, pictures).blocks["layer1.0.se"]
    assert block.maps is None
    with pytest.raises(ValueError, match=r"layer1\.0\.se: no feature maps were kept: record with maps=True"):
        _ = block.rescaled


@pytest.mark.parametrize("inference", [False, True])
def test_maps_are_what_the_block_saw_even_if_overwritten_later(inference, pictures):
    class Overwriting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.se, self.runs = nn.Conv2d(3, 8, 3), SEBlock(8), 0

        def forward(self, x: Tensor) -> Tensor:
            self.runs += 1
            u = self.conv(x)
            out = self.se(u)
            u.zero_()
            return out

    torch.manual_seed(0)
    model = Overwriting()
    with torch.inference_mode(inference):
        result = record(model, pictures, maps=True)
        torch.testing.assert_close(result.blocks["se"].maps, model.conv(pictures))
        torch.testing.assert_close(result.blocks["se"].rescaled, result.logits)
    assert model.runs == (1 if inference else 2)  # the second time on copies; without maps, nothing is run twice
    record(model, pictures)
    assert model.runs == (2 if inference else 3)


def test_tensors_stay_in_the_forwards_dtype_and_go_to_the_device(small, pictures):
    with torch.autocast("cpu", torch.bfloat16):
        half = record(small, pictures)
    assert half.blocks["layer1.0.se"].excitation.dtype == torch.bfloat16
    assert record(copy.deepcopy(small).double(), pictures.double()).blocks["layer1.0.se"].excitation.dtype == torch.float64
    elsewhere = record(small, pictures, maps=True, device="meta")
    assert elsewhere.logits.device.type == elsewhere.blocks["layer1.0.se"].maps.device.type == "meta"
    last = record(small.to(memory_format=torch.channels_last), pictures.to(memory_format=torch.channels_last), maps=True)
    assert last.blocks["layer2.0.se"].maps.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(last.logits, record(small, pictures).logits)


def test_repr_shows_shapes_rather_than_numbers(small, pictures):
    result = record(small, pictures, maps=True)
    assert repr(result.blocks["layer1.0.se"]) == "BlockRecord(layer1.0.se, depth=1, N=2, C=4, maps of 64 x 64)"
    assert repr(record(small, pictures).blocks["layer1.0.se"]) == "BlockRecord(layer1.0.se, depth=1, N=2, C=4)"
    assert repr(result).startswith("Recording(3 blocks:\n  BlockRecord(layer1.0.se, depth=1, ")


# --- gates ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["se_resnet18", "torchvision mobilenet_v3_small", "timm seresnet18", "timm legacy_seresnet18"])
def test_gates_can_be_overridden_in_part(name, pictures):
    torch.manual_seed(0)
    model = scramble(MODELS[name][0]())
    plain = record(model, pictures)
    first, *rest = plain.blocks
    gates = torch.full((se_blocks(model)[first].channels,), torch.nan)
    gates[0], gates[3] = 0.0, 1.0
    result = record(model, pictures, gates={first: gates}, maps=True)
    s = result.blocks[first].excitation
    assert (s[:, 0] == 0).all()
    assert (s[:, 3] == 1).all()
    keeps = gates.isnan()
    assert torch.equal(s[:, keeps], plain.blocks[first].excitation[:, keeps])
    assert torch.equal(result.blocks[first].squeeze, plain.blocks[first].squeeze)
    assert not torch.equal(result.blocks[rest[0]].squeeze, plain.blocks[rest[0]].squeeze)  # what follows answers
    assert not torch.equal(result.logits, plain.logits)
    assert torch.equal(record(model, pictures).logits, plain.logits)  # and forgets


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_gates_override_is_what_the_network_computes_with(placement, pictures):
    torch.manual_seed(0)
    model = scramble(small_resnet((1, 1), (4, 8), num_classes=3, placement=placement))
    own = {name: block.excitation for name, block in record(model, pictures).blocks.items()}
    assert torch.equal(record(model, pictures, gates=own).logits, record(model, pictures).logits)  # (N, C): each picture its own
    nothing = {name: torch.full_like(s[0], torch.nan) for name, s in own.items()}
    assert torch.equal(record(model, pictures, gates=nothing).logits, record(model, pictures).logits)

    name = list(own)[-1]
    forced = copy.deepcopy(model)
    forced.get_submodule(name).gate = Constant(torch.linspace(0, 2, own[name].shape[1]))
    expected = record(forced, pictures)
    got = record(model, pictures, gates={name: torch.linspace(0, 2, own[name].shape[1])})
    torch.testing.assert_close(got.logits, expected.logits)


class Constant(nn.Module):
    def __init__(self, s: Tensor) -> None:
        super().__init__()
        self.s = s

    def forward(self, a: Tensor) -> Tensor:
        return self.s.expand_as(a)


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        ({"layer9.se": torch.ones(4)}, "'layer9.se' is not an SE block of this model: choose among layer1.0.se"),
        ({"layer1.0.se": torch.ones(5)}, "'layer1.0.se' of shape (5,) has to be (4,) or (2, 4)"),
        ({"layer1.0.se": torch.ones(3, 4)}, "of shape (3, 4)"),
        ({"layer1.0.se": torch.ones(())}, "of shape ()"),
    ],
)
def test_refuses_gates_that_fit_nothing(gates, says, small, pictures):
    with pytest.raises(ValueError, match=re.escape(says)):
        record(small, pictures, gates=gates)
