"""Fused networks against the networks they were made from: the same answers, with less to move."""

import copy
import io

import pytest
import timm
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torchvision.models.resnet import Bottleneck, ResNet

from sebook.measure.contenders import TorchvisionSEBottleneck
from sebook.pages import exhibits
from senet import pretrained, record, se_inception_v3, se_resnet20
from senet.fusion import fuse, report, reuse
from senet.fusion.blocks import FusedSEBlock
from senet.images.patchwork import patchwork
from senet.models.legacy import as_legacy
from senet.models.rescale import mean_of_maps
from senet.models.resnet import PLACEMENTS, SEBasicBlock, SEBottleneck, se_resnet
from senet.models.se import SEBlock
from tests.common import BEHAVIOURS, checkpoints_gradients, scramble
from tests.fused import EARLY, SUM, bottlenecks, close

# What to fuse, and what is to be said of its first SE block.
MODELS = {
    **{
        f"bottlenecks, {p}": (lambda p=p: bottlenecks(placement=p), EARLY if p in ("standard", "identity") else "U comes")
        for p in PLACEMENTS
    },
    **{
        f"basic blocks, {p}": (
            lambda p=p: se_resnet(SEBasicBlock, [1, 1, 1, 1], num_classes=5, placement=p),
            "squeezed where it was",
        )
        for p in PLACEMENTS
    },
    "biases, tanh": (lambda: bottlenecks(bias=True, gate="tanh"), EARLY),
    "squeeze by max": (lambda: bottlenecks(squeeze="max"), f"a max does not commute with a convolution; {SUM}"),
    "groups": (lambda: bottlenecks(groups=4, width_per_group=32), EARLY),
    "no batch norm": (
        lambda: bottlenecks(norm_layer=lambda c: nn.GroupNorm(4, c)),
        "U comes from GroupNorm, and this pays after",
    ),
    "legacy": (lambda: as_legacy(bottlenecks(bias=True)), EARLY),
    "se_resnet20": (se_resnet20, SUM),
    "torchvision resnet18": (lambda: torchvision.models.resnet18(num_classes=5), None),
    "torchvision's SE in bottlenecks": (lambda: ResNet(TorchvisionSEBottleneck, [1, 1, 1, 1], num_classes=5), EARLY),
    "torchvision mobilenet_v3_small": (lambda: torchvision.models.mobilenet_v3_small(num_classes=5), "U comes from ReLU"),
    "torchvision efficientnet_b0": (lambda: torchvision.models.efficientnet_b0(num_classes=5), "U comes from SiLU"),
    "torchvision regnet_y_400mf": (lambda: torchvision.models.regnet_y_400mf(num_classes=5), "U comes from ReLU"),
    "timm seresnet18": (lambda: timm.create_model("seresnet18", num_classes=5), SUM),
    "timm seresnet50": (lambda: timm.create_model("seresnet50", num_classes=5, zero_init_last=False), EARLY),
    "timm legacy_seresnet50": (lambda: timm.create_model("legacy_seresnet50", num_classes=5), EARLY),
    "timm mobilenetv3_small_050": (lambda: timm.create_model("mobilenetv3_small_050", num_classes=5), "U comes from"),
    "timm ese_vovnet19b_dw": (lambda: timm.create_model("ese_vovnet19b_dw", num_classes=5), "computes something else"),
}


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return scramble(bottlenecks())


# --- the same answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_answers_and_records_the_same(name, pictures):
    make, says = MODELS[name]
    torch.manual_seed(0)
    original = scramble(make()).double()
    fused, x = fuse(original), pictures.double()
    with torch.no_grad():
        close(fused(x), original(x), 1e-11)
        close(copy.deepcopy(fused).float()(pictures), original(x).float(), 1e-3)  # float32 may be written over U
    if says is None:
        assert report(fused) == {}
        return
    assert says in next(iter(report(fused).values()))
    expected, got = record(original, x, maps=True), record(fused, x, maps=True)
    assert list(report(fused)) == list(expected.blocks) == list(got.blocks)
    close(got.logits, expected.logits, 1e-11)
    for block in expected.blocks.values():
        for point in ("squeeze", "excitation", "maps"):
            close(getattr(got.blocks[block.name], point), getattr(block, point), 1e-11)


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith("timm") and name != "no batch norm"])
def test_no_batch_norm_is_left(name):
    fused = fuse(MODELS[name][0]())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fused.modules())


def test_inception():
    torch.manual_seed(0)
    original, x = scramble(se_inception_v3(num_classes=5)).double(), torch.randn(1, 3, 75, 75, dtype=torch.float64)
    fused = fuse(original)
    close(fused(x), original(x), 1e-11)
    assert all("U comes from cat" in said for said in report(fused).values())
    assert len(report(fused)) == 11


@pytest.mark.parametrize("name", sorted(name for name in pretrained.names() if pretrained.get(name).file))
def test_trained_networks_predict_the_same(name):
    """In float32: probabilities and recordings to 1e-5, and no picture changes its class, those of the gallery among them."""
    checkpoint, trained = pretrained.get(name), pretrained.load(name)
    shown = exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size).pictures
    x = torch.cat([checkpoint.preprocessing(shown.images), checkpoint.preprocessing(patchwork(100, 5).images)])
    expected, got = record(trained, x, maps=True), record(fuse(trained), x, maps=True)
    close(fuse(trained)(x).softmax(1), expected.logits.softmax(1), 1e-5)
    assert torch.equal(fuse(trained)(x).argmax(1), expected.logits.argmax(1))
    for block in expected.blocks.values():
        for point in ("squeeze", "excitation", "maps"):
            close(getattr(got.blocks[block.name], point), getattr(block, point), 1e-5)


@settings(max_examples=60)
@given(
    inside=st.integers(1, 6), wider=st.integers(1, 12), n=st.integers(1, 3), h=st.integers(1, 6), w=st.integers(1, 6),
    biases=st.tuples(st.booleans(), st.booleans()), seed=st.integers(0, 2**31),
)  # fmt: skip
def test_a_mean_commutes_with_a_1x1_convolution(inside, wider, n, h, w, biases, seed):
    torch.manual_seed(seed)
    conv = nn.Conv2d(inside, inside + wider, 1, bias=biases[0]).double()
    block = SEBlock(inside + wider, 2, bias=biases[1]).double()
    x = torch.randn(n, inside, h, w, dtype=torch.float64)
    fused, u = FusedSEBlock(block, conv), conv(x)
    with reuse.inside(quiet=True, allowed=False):
        torch.testing.assert_close(fused(u, mean=mean_of_maps(x)), block(u), rtol=0, atol=1e-12)
        torch.testing.assert_close(fused(u, u, mean=mean_of_maps(x)), block(u, u), rtol=0, atol=1e-12)
    assert torch.equal(fused(u), block(u))


def test_gradients_reach_the_pictures(model, pictures):
    """Attribution asks a fused network for them."""
    gradients = []
    for network in (model, fuse(model)):
        x = pictures.double().requires_grad_()
        copy.deepcopy(network).double()(x).square().sum().backward()
        gradients.append(x.grad)
    close(gradients[1] / gradients[0].abs().max(), gradients[0] / gradients[0].abs().max(), 1e-6)  # early was rounded to float32


@pytest.mark.filterwarnings("ignore:The TorchScript type system:UserWarning")  # said of every GraphModule
@pytest.mark.parametrize("behaves", [behaves for behaves in BEHAVIOURS if behaves is not checkpoints_gradients])
def test_behaves_like_any_model(behaves, model, pictures):
    behaves(fuse(model), pictures)


def test_pickles_and_fuses_again(model, pictures):
    fused, file = fuse(model), io.BytesIO()
    torch.save(fused, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(pictures), fused(pictures))
    again = fuse(fused)
    assert torch.equal(again(pictures), fused(pictures))
    assert set(report(again).values()) == {"was fused before"}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_keeps_dtype_and_memory_format(dtype, pictures):
    torch.manual_seed(0)
    original = scramble(bottlenecks()).to(dtype, memory_format=torch.channels_last)
    fused = fuse(original)
    assert {tensor.dtype for tensor in fused.state_dict().values()} == {dtype}
    out = fused(pictures.to(dtype, memory_format=torch.channels_last))
    assert torch.cosine_similarity(out.float(), original(pictures.to(dtype)).float()).min() > 0.99
    assert fused.get_submodule("layer1.0.conv2").weight.is_contiguous(memory_format=torch.channels_last)


# --- the original, and those who look inside -----------------------------------------------------------------------------------


def test_the_original_stays_as_it_was(model):
    original = copy.deepcopy(model).train()
    state = copy.deepcopy(original.state_dict())
    fused = fuse(original)
    assert original.training
    assert not fused.training
    fused.get_submodule("layer1.0.se.fc1").weight.data.zero_()
    assert all(torch.equal(value, state[key]) for key, value in original.state_dict().items())


def test_z_is_computed_only_for_who_looks_at_it(model, pictures):
    fused = fuse(model)
    expected = fused(pictures)
    for name in report(fused):
        fused.get_submodule(name).fc1.weight.data.fill_(torch.nan)
    assert torch.equal(fused(pictures), expected)  # fc1 had no part in it
    assert record(fused, pictures).logits.isnan().all()
    assert torch.equal(fused(pictures), expected)


def test_gates_can_be_overridden(model, pictures):
    fused = fuse(model)
    own = record(model, pictures)
    gates = {name: torch.full_like(block.excitation, torch.nan) for name, block in own.blocks.items()}
    gates["layer2.1.se"][:, ::2] = 0.0
    expected, got = record(model, pictures, gates=gates), record(fused, pictures, gates=gates)
    close(got.logits, expected.logits, 1e-5)
    assert not torch.allclose(got.logits, own.logits, atol=1e-2)


# --- less to move --------------------------------------------------------------------------------------------------------------


class Moved(TorchDispatchMode):
    """Counts the values that operations read and write, but convolutions', which are the same with and without SE."""

    def __init__(self) -> None:
        super().__init__()
        self.values = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        if not operation.is_view and "conv" not in operation.name() and "empty" not in operation.name():
            tensors = [leaf for leaf in tree_leaves((args, out)) if isinstance(leaf, Tensor)]
            self.values += sum(tensor.numel() for tensor in tensors)
        return out


def moved(run, *inputs: Tensor) -> int:
    with Moved() as count:
        run(*inputs)
    return count.values


def test_moves_a_quarter_of_u_more_than_no_se():
    torch.manual_seed(0)
    n, c, size = 2, 64, 32
    u = n * c * size * size
    ours = SEBottleneck(c, c // 4).eval()
    blocks = {
        "plain": fuse(Bottleneck(c, c // 4).eval()),
        "fused": fuse(ours),
        "ours": ours,
        "without": SEBottleneck(c, c // 4, se=None).eval(),
        "theirs": TorchvisionSEBottleneck(c, c // 4).eval(),
    }
    with torch.no_grad():
        sizes = {name: moved(block, torch.randn(n, c, size, size)) / u for name, block in blocks.items()}
    few = 0.03  # the layers' weights and the sum's third operand, one value per channel
    assert sizes["fused"] - sizes["plain"] == pytest.approx(1 / 4, abs=few)
    assert sizes["ours"] - sizes["without"] == pytest.approx(1, abs=few)
    assert sizes["theirs"] - sizes["without"] == pytest.approx(3, abs=few)
