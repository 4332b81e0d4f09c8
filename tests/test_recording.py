"""Recordings of our networks, torchvision's and timm's, against what their SE blocks compute when asked one by one."""

import copy
import re
import time
import weakref

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from senet import se_resnet18, se_resnet20
from senet.inside import recording
from senet.inside.recording import record, se_blocks, stream
from senet.models.cifar import resnet20, small_resnet
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


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(0)
    return scramble(small_resnet((1, 1, 1), (4, 8, 8), num_classes=3))


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


# --- the model stays as it was -------------------------------------------------------------------------------------------------


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_nothing_of_a_recording_stays_in_the_model(small, pictures):
    model = copy.deepcopy(small).train()
    model.bn1.eval()  # a frozen batch norm
    kept = []
    model.layer1[0].se.gate.register_forward_hook(lambda module, args, s: kept.append(s))
    state, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]

    record(model, pictures, maps=True, gates={"layer1.0.se": torch.ones(4)})
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())  # batch norm's statistics too
    assert [module.training for module in model.modules()] == modes
    assert hooks(model) == 1
    assert len(kept) == 1  # the caller's own hook ran, and stays
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_nothing_stays_when_the_forward_fails(small):
    model = copy.deepcopy(small).train()
    with pytest.raises(RuntimeError, match="channels"):
        record(model, torch.randn(1, 5, 32, 32))
    assert hooks(model) == 0
    assert all(module.training for module in model.modules())


def test_a_training_model_is_recorded_as_it_predicts(small, pictures):
    model = copy.deepcopy(small)
    expected = record(model, pictures)
    for got in (record(model.train(), pictures), record(model.train(), pictures[:1])):
        n = len(got.logits)
        assert torch.equal(got.logits, expected.logits[:n]) or torch.allclose(got.logits, expected.logits[:n], atol=1e-6)
        for name, block in got.blocks.items():
            torch.testing.assert_close(block.excitation, expected.blocks[name].excitation[:n])


def test_no_graph_is_kept(small, pictures):
    result = record(small, pictures.clone().requires_grad_(), maps=True)
    tensors = [result.logits, *(t for block in result.blocks.values() for t in (block.squeeze, block.excitation, block.maps))]
    assert not any(tensor.requires_grad for tensor in tensors)


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
        ({"layer9.se": torch.ones(4)}, "'layer9.se' is no SE block of this model: choose among layer1.0.se"),
        ({"layer1.0.se": torch.ones(5)}, "'layer1.0.se' of shape (5,) has to be (4,) or (2, 4)"),
        ({"layer1.0.se": torch.ones(3, 4)}, "of shape (3, 4)"),
        ({"layer1.0.se": torch.ones(())}, "of shape ()"),
    ],
)
def test_refuses_gates_that_fit_nothing(gates, says, small, pictures):
    with pytest.raises(ValueError, match=re.escape(says)):
        record(small, pictures, gates=gates)


# --- streams -------------------------------------------------------------------------------------------------------------------


def test_streams_over_a_loader(small):
    images = torch.randn(10, 3, 32, 32)
    dataset = torch.utils.data.TensorDataset(images, torch.arange(10))
    whole = record(small, images)
    parts = list(stream(small, torch.utils.data.DataLoader(dataset, batch_size=4)))
    assert [len(part.logits) for part in parts] == [4, 4, 2]
    torch.testing.assert_close(torch.cat([part.logits for part in parts]), whole.logits)
    for name, block in whole.blocks.items():
        torch.testing.assert_close(torch.cat([part.blocks[name].excitation for part in parts]), block.excitation)
    assert all(block.maps is not None for block in next(stream(small, [images], maps=True)).blocks.values())


def test_streaming_keeps_one_batch(small):
    alive, most = weakref.WeakSet(), 0
    for part in stream(small, (torch.randn(2, 3, 32, 32) for _ in range(6)), maps=True):
        alive.add(part)
        most = max(most, len(alive))
    assert most <= 2  # the one in hand, and the one before it, which the loop's name still held while the next was made


def test_a_stream_left_half_way_leaves_nothing(small):
    model = copy.deepcopy(small).train()
    for _ in stream(model, [torch.randn(2, 3, 32, 32)] * 3):
        break
    assert hooks(model) == 0
    assert model.training


# --- refused -------------------------------------------------------------------------------------------------------------------


def test_refuses_a_model_without_se_and_says_what_it_looks_for(pictures):
    for model in (torchvision.models.resnet18(), resnet20()):
        with pytest.raises(
            ValueError, match=r"has no SE block.* SEBlock, ECA, SqueezeExcitation, SEModule, SqueezeExcite.*HOOK_POINTS"
        ):
            record(model, pictures)


def test_another_class_becomes_known_by_a_row(monkeypatch, pictures):
    class Mine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.open = nn.Linear(3, 3), nn.Sigmoid()

        def forward(self, x: Tensor) -> Tensor:
            return x * self.open(self.down(x.mean((2, 3))))[:, :, None, None]

    monkeypatch.setattr(recording, "HOOK_POINTS", (*recording.HOOK_POINTS, ("Mine", "down", "open")))
    result = record(Mine(), pictures, maps=True)
    torch.testing.assert_close(result.blocks[""].rescaled, result.logits)


def test_refuses_blocks_that_never_run_or_run_twice(pictures):
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.se = SEBlock(3)

        def forward(self, x: Tensor) -> Tensor:
            return x

    with pytest.raises(ValueError, match=r"Idle has SE blocks \(se\), but its forward calls none of them"):
        record(Idle(), pictures)
    shared = SEBlock(3)
    with pytest.raises(ValueError, match="ran twice in one forward"):
        record(nn.Sequential(shared, shared), pictures)
    first, second = SEBlock(3), SEBlock(3)
    second.gate = first.gate
    with pytest.raises(ValueError, match="ran twice in one forward"):
        record(nn.Sequential(first, second), pictures)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (torch.randn(3, 32, 32), "images=(3, 32, 32) has to be a tensor (N, 3, H, W): one picture needs images[None]"),
        ([1, 2], "images=list"),
    ],
)
def test_refuses_what_is_no_batch(images, says, small):
    with pytest.raises(ValueError, match=re.escape(says)):
        record(small, images)


def test_compiled_and_scripted_models(small, pictures):
    torch.compiler.reset()
    compiled = torch.compile(small, backend="eager")
    assert torch.equal(record(compiled, pictures).logits, record(small, pictures).logits)
    inside = nn.Sequential(compiled)
    in_place = copy.deepcopy(small)
    in_place.layer1.compile(backend="eager")
    for model in (torch.jit.script(small), inside, in_place):
        with pytest.raises(ValueError, match="is scripted or compiled and calls no hooks: pass the model it was made from"):
            record(model, pictures)


# --- cost ----------------------------------------------------------------------------------------------------------------------


def test_costs_at_most_a_twentieth_of_the_forward():
    """The best of many runs of each, taking turns, in seconds of the processor: what else the machine does weighs little, and on
    both alike.
    """
    torch.manual_seed(0)
    model, images = se_resnet18(num_classes=10).eval(), torch.randn(8, 3, 64, 64)

    def plain() -> None:
        with torch.no_grad():
            model(images)

    def seconds(run) -> float:
        began = time.process_time()
        run()
        return time.process_time() - began

    runs = (plain, lambda: record(model, images))
    for _ in range(10):  # whole attempts: another process can spoil one, by its use of the caches
        best = [min(pair) for pair in zip(*[[seconds(run) for run in runs] for _ in range(15)], strict=True)]
        if best[1] <= 1.05 * best[0]:
            return
    raise AssertionError(f"recording took {best[1] / best[0]:.3f} of the plain forward")
