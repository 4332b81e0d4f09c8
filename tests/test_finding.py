"""Gates are found by what they compute: read, overridden and proved, however they are written. Nothing else is called a gate."""

import pytest
import timm
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from senet.inside import finding, recording
from senet.inside.finding import anatomy
from senet.inside.recording import record, se_blocks
from tests.blocks_written import WRITTEN, Falsehoods, HardSixth, Residual, Written
from tests.common import scramble

SIZES = {1: (17,), 2: (9, 11), 3: (5, 6, 7)}


def made(kind: type[Written], dims: int = 2, channels: int = 6, hidden: int = 5) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    model = kind(channels, hidden, dims).eval()
    with torch.no_grad():
        model.alpha.bias.uniform_(0.1, 1)  # no unit of the hidden layer is dead
    return model, torch.randn(2, 3, *SIZES[dims])


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(WRITTEN), dims=st.sampled_from([1, 2, 3]), channels=st.integers(2, 9), hidden=st.integers(1, 6))
def test_any_way_to_write_it_is_found_read_overridden_and_proved(kind, dims, channels, hidden):
    model, x = made(kind, dims, channels, hidden)
    found = anatomy(model, x)
    (gate,) = found.gates
    assert found.others == ()
    assert (gate.kind, gate.channels, gate.hidden, gate.pool) == (kind.kind, channels, hidden, kind.pool)
    assert (gate.residual, gate.same) == (kind.residual, kind.same)
    assert gate.family == "SE"
    assert gate.slope is None if kind.slope is None else gate.slope == pytest.approx(kind.slope)
    assert gate.where.startswith("tests/blocks_written.py:") or "blocks_written.py:" in gate.where

    with torch.no_grad():
        plain = model(x)
    for _ in range(2):  # as it is found, and where it is known
        recording = record(model, x, maps=True)
        assert torch.equal(recording.logits, plain)
        block = recording.blocks[gate.name]
        assert block.excitation.shape == block.squeeze.shape == (2, channels)
        z = block.squeeze
        body = model.squash.body if hasattr(model, "squash") else model.gate
        torch.testing.assert_close(block.excitation, body(z).detach())
        torch.testing.assert_close(block.rescaled, block.maps * block.excitation.view(2, channels, *(1,) * dims))

    chosen = torch.linspace(-1, 2, channels)
    chosen[0] = torch.nan
    after = record(model, x, gates={gate.name: chosen}).blocks[gate.name].excitation
    assert torch.equal(after[:, 1:], chosen[1:].expand(2, -1))
    assert torch.equal(after[:, 0], block.excitation[:, 0])
    assert torch.equal(record(model, x, gates={gate.name: block.excitation}).logits, plain)
    # A permutation that changes nothing cannot be told from a gate that does nothing: the proof says so, and does not guess.
    equal = torch.equal(block.excitation.roll(1, 1), block.excitation)
    assert gate.proof == ("all its channels are equal, so that a permutation changes nothing" if equal else "proved")


def test_nothing_else_is_called_a_gate():
    torch.manual_seed(0)
    found = anatomy(Falsehoods().eval(), torch.randn(2, 3, 12, 12))
    assert found.gates == found.others == ()
    assert found.notes == ("3 products with pooled tensors only normalise",)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("vit_tiny_patch16_224", lambda: timm.create_model("vit_tiny_patch16_224", img_size=64, num_classes=5)),
        ("convnext_atto", lambda: timm.create_model("convnext_atto", num_classes=5)),
        ("resnet18", lambda: torchvision.models.resnet18(num_classes=5)),
    ],
)
def test_networks_without_gates_have_none(name, make):
    torch.manual_seed(0)
    found = anatomy(scramble(make(), torch.randn(2, 3, 64, 64)), torch.randn(1, 3, 64, 64))
    assert found.gates == found.others == ()


# --- names and computation -----------------------------------------------------------------------------------------------------

NAMED = {
    "torchvision mobilenet_v3_small": lambda: torchvision.models.mobilenet_v3_small(num_classes=5),
    "timm seresnet18": lambda: timm.create_model("seresnet18", num_classes=5),
    "timm legacy_seresnet18": lambda: timm.create_model("legacy_seresnet18", num_classes=5),
    "timm ese_vovnet19b_dw": lambda: timm.create_model("ese_vovnet19b_dw", num_classes=5),
    "ours": lambda: __import__("senet").se_resnet20(),
}


@pytest.mark.parametrize("name", NAMED)
def test_where_names_answer_too_they_agree(name, monkeypatch):
    torch.manual_seed(0)
    model, x = scramble(NAMED[name]()), torch.randn(2, 3, 96, 96)
    by_name = record(model, x, maps=True)
    monkeypatch.setattr(recording, "HOOK_POINTS", ())
    for _ in range(2):
        by_computation = record(model, x, maps=True)
        assert list(by_computation.blocks) == list(by_name.blocks)
        for one, other in zip(by_name.blocks.values(), by_computation.blocks.values(), strict=True):
            assert one.depth == other.depth
            for part in ("squeeze", "excitation", "maps"):
                assert torch.equal(getattr(one, part), getattr(other, part)), (one.name, part)


def test_a_gate_beside_a_known_block_is_no_longer_left_out():
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.known, self.own = nn.Conv2d(3, 6, 3), torchvision.ops.SqueezeExcitation(6, 2), Residual(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.own.product(self.known(self.conv(x)))

    torch.manual_seed(0)
    model, x = Both().eval(), torch.randn(2, 3, 8, 8)
    recorded = record(model, x)
    assert [(block.name, block.depth) for block in recorded.blocks.values()] == [("known", 1), ("", 2)]
    assert list(se_blocks(model)) == ["known"]
    assert list(se_blocks(model, x)) == ["known", ""]
    closed = record(model, x, gates={"": torch.zeros(6)})
    assert torch.equal(closed.logits, record(model, x, maps=True).blocks[""].maps)  # x + 0 * x


# --- how a model runs ----------------------------------------------------------------------------------------------------------


def test_under_autocast_inference_mode_and_data_parallel():
    model, x = made(HardSixth)
    plain = record(model, x)
    name = next(iter(plain.blocks))
    with torch.inference_mode():
        assert torch.equal(record(model, x).blocks[name].excitation, plain.blocks[name].excitation)
        assert [gate.proof for gate in anatomy(model, x).gates] == ["proved"]
    with torch.autocast("cpu", torch.bfloat16):
        assert [gate.proof for gate in anatomy(model, x).gates] == ["proved"]
        assert record(model, x).blocks[name].excitation.dtype == torch.bfloat16
    parallel = record(nn.DataParallel(model), x)
    assert torch.equal(parallel.blocks[name].excitation, plain.blocks[name].excitation)


def test_a_shared_module_has_a_gate_for_each_of_its_runs():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Written(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            u = self.block.before(x)
            return self.once(self.once(u))

        def once(self, u: Tensor) -> Tensor:
            return self.block.product(u)

    torch.manual_seed(0)
    model, x = Twice().eval(), torch.randn(2, 3, 8, 8)
    found = anatomy(model, x)
    assert [gate.name for gate in found.gates] == ["#1", "#2"]
    assert {gate.proof for gate in found.gates} == {"proved"}
    half = record(model, x, gates={"#2": torch.full((6,), 0.5)})
    own = record(model, x, maps=True)
    assert torch.equal(half.blocks["#1"].excitation, own.blocks["#1"].excitation)
    assert torch.equal(half.logits, own.blocks["#2"].maps * 0.5)


def test_gradients_flow_to_what_takes_a_gates_place():
    from senet.inside.reading import Reader

    model, x = made(Written)
    found = finding.known(model, x)
    name, values = next(iter(found.points)), torch.full((2, 6), 0.3, requires_grad=True)
    with Reader(found.points, {name: values}).reading(model):
        model(x).sum().backward()
    assert values.grad.abs().min() > 0


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated", "ignore::UserWarning")
def test_scripted_models_are_refused_and_quantised_ones_read():
    model, x = made(Written)
    with pytest.raises(ValueError, match="is scripted or compiled and calls no hooks: pass the model it was made from"):
        anatomy(torch.jit.script(torchvision.ops.SqueezeExcitation(3, 2)), x)
    int8 = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, torch.qint8)
    (gate,) = anatomy(int8, x).gates
    assert (gate.family, gate.kind, gate.channels, gate.hidden, gate.proof) == ("SE", "sigmoid", 6, 5, "proved")


def test_a_hidden_layer_of_one_unit_is_not_taken_for_a_depthwise_one():
    """Its second convolution has a weight of (C, 1, 1, 1), as a depthwise convolution has."""

    class One(Written):
        def product(self, x: Tensor) -> Tensor:
            return x * self.path(x)

    torch.manual_seed(0)
    model = One(6, 2)
    model.path = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(6, 1, 1), nn.SiLU(), nn.Conv2d(1, 6, 1), nn.Sigmoid())
    (gate,) = anatomy(model.eval(), torch.randn(2, 3, 8, 8)).gates
    assert (gate.family, gate.hidden, gate.proof) == ("SE", 1, "proved")


class Static(nn.Module):
    """What eager quantisation to 8 bits makes of a block: no float is left between its two stubs."""

    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = torch.ao.quantization.QuantStub(), torch.ao.quantization.DeQuantStub()
        self.before, self.after = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 4, 1)
        self.path = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(6, 5, 1), nn.ReLU(), nn.Conv2d(5, 6, 1), nn.Sigmoid())
        self.product = nn.quantized.FloatFunctional()

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(self.quant(x))
        return self.dequant(self.after(self.product.mul(x, self.path(x))))


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated", "ignore::UserWarning", "ignore::DeprecationWarning")
def test_a_block_in_8_bits_is_read_and_overridden():
    torch.manual_seed(0)
    model, x = Static().eval(), torch.randn(2, 3, 12, 12)
    model.qconfig = torch.ao.quantization.get_default_qconfig("fbgemm")
    torch.ao.quantization.prepare(model, inplace=True)
    with torch.no_grad():
        plain = model(x)
    torch.ao.quantization.convert(model, inplace=True)
    (gate,) = anatomy(model, x).gates
    assert (gate.family, gate.kind, gate.channels, gate.hidden, gate.proof) == ("SE", "sigmoid", 6, 5, "proved")
    recording = record(model, x)
    assert (recording.logits - plain).abs().max() < 0.1  # what 8 bits leave
    s = recording.blocks[gate.name].excitation
    step = 1 / 256  # of a sigmoid in 8 bits
    torch.testing.assert_close(s, (s / step).round() * step)
    wanted = torch.tensor([0.0, 0.25, 0.5, 0.75, torch.nan, 0.9])
    used = record(model, x, gates={gate.name: wanted}).blocks[gate.name].excitation
    torch.testing.assert_close(used[:, 4], s[:, 4])
    given = [0, 1, 2, 3, 5]
    torch.testing.assert_close(used[:, given], wanted[given].expand(2, -1), atol=step, rtol=0)


def test_a_model_that_changes_its_way_is_not_read_wrongly():
    class Changing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block, self.early = Written(6, 2), False

        def forward(self, x: Tensor) -> Tensor:
            u = self.block.before(x)
            return self.block.product(u * u[:, :1] if self.early else u)

    torch.manual_seed(0)
    model, x = Changing().eval(), torch.randn(2, 3, 8, 8)
    record(model, x)
    model.early = True
    with pytest.raises(ValueError, match=r"ran otherwise than when its gates were found.*forget\(model\)"):
        record(model, x)
    finding.forget(model)
    assert len(record(model, x).blocks) == 1
