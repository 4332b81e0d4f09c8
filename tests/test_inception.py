"""SE-Inception-v3: eleven SE blocks, each really called, and otherwise torchvision's Inception-v3."""

import copy
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.inception import Inception3, InceptionOutputs

from senet import record, se_inception_v3
from senet.models.se import SEBlock
from tests.common import BEHAVIOURS, on_meta, parameters, scramble

PICTURE_SIDE = 80

# The channels that each module returns: table 1 of Szegedy et al., arXiv 1512.00567, as torchvision has it.
CHANNELS = {
    "Mixed_5b": 256,
    "Mixed_5c": 288,
    "Mixed_5d": 288,
    "Mixed_6a": 768,
    "Mixed_6b": 768,
    "Mixed_6c": 768,
    "Mixed_6d": 768,
    "Mixed_6e": 768,
    "Mixed_7a": 1280,
    "Mixed_7b": 2048,
    "Mixed_7c": 2048,
}


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return scramble(se_inception_v3(num_classes=6))


@pytest.fixture(scope="module")
def plain(model) -> nn.Module:
    plain = Inception3(num_classes=6, init_weights=False).eval()
    plain.load_state_dict({key: value for key, value in model.state_dict().items() if ".se." not in key})
    return plain


# torchvision's own warnings: of its auxiliary head when scripted, and of the tuple that a scripted Inception always returns.
@pytest.mark.filterwarnings("ignore:The TorchScript type system doesn't support instance-level annotations")
@pytest.mark.filterwarnings("ignore:Scripted Inception3 always returns Inception3 Tuple")
@pytest.mark.parametrize("behaves", BEHAVIOURS)
def test_behaves_like_torchvisions_models(behaves, model, pictures):
    if behaves.__name__ == "checkpoints_gradients":  # predicting, the auxiliary head is not called and has no gradients
        model = scramble(se_inception_v3(num_classes=6, aux_logits=False))
    behaves(model, pictures)


def test_every_se_layer_is_called(model, pictures):
    recording = record(model, pictures, maps=True)
    assert {name.removesuffix(".se"): block.squeeze.shape[1] for name, block in recording.blocks.items()} == CHANNELS
    assert list(recording.blocks) == [f"{name}.se" for name in CHANNELS]  # in this order
    for name, block in recording.blocks.items():
        module = model.get_submodule(name)
        torch.testing.assert_close(module.excite(module.squeeze(block.maps)), block.excitation)
        closed = record(model, pictures, gates={name: torch.zeros(module.channels)}).logits
        assert not torch.equal(closed, recording.logits), name


def test_gates_of_one_give_torchvisions_network(model, plain, pictures):
    ones = {f"{name}.se": torch.ones(channels) for name, channels in CHANNELS.items()}
    torch.testing.assert_close(record(model, pictures, gates=ones).logits, plain(pictures), rtol=0, atol=1e-5)
    assert not torch.allclose(model(pictures), plain(pictures), atol=1e-2)


def test_torchvisions_weights_load_but_for_se(plain):
    result = se_inception_v3(num_classes=6).load_state_dict(plain.state_dict(), strict=False)
    assert not result.unexpected_keys
    assert result.missing_keys == [f"{name}.se.{layer}.weight" for name in CHANNELS for layer in ("fc1", "fc2")]


def test_extra_parameters_are_the_papers_formula():
    plain = parameters(on_meta(Inception3, init_weights=False))
    for reduction in (8, 16):
        formula = sum(2 * c * c // reduction for c in CHANNELS.values())
        biases = sum(c + c // reduction for c in CHANNELS.values())
        assert parameters(on_meta(se_inception_v3, reduction=reduction)) == plain + formula
        assert parameters(on_meta(se_inception_v3, reduction=reduction, bias=True)) == plain + formula + biases


def test_trains_with_its_auxiliary_head():
    torch.manual_seed(0)
    model = se_inception_v3(num_classes=4)
    out = model(torch.randn(2, 3, 299, 299))
    assert isinstance(out, InceptionOutputs)
    assert out.logits.shape == out.aux_logits.shape == (2, 4)
    labels = torch.tensor([1, 3])
    (F.cross_entropy(out.logits, labels) + 0.4 * F.cross_entropy(out.aux_logits, labels)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
    assert isinstance(model.eval()(torch.randn(1, 3, 75, 75)), torch.Tensor)


def test_trains_without_its_auxiliary_head():
    torch.manual_seed(0)
    model = se_inception_v3(num_classes=4, aux_logits=False)
    assert model.AuxLogits is None
    assert model(torch.randn(2, 3, 80, 90)).shape == (2, 4)


@pytest.mark.parametrize("size", [(75, 75), (80, 131), (299, 299)])
def test_takes_any_size_that_the_plain_network_takes(size, model, plain):
    x = torch.randn(1, 3, *size)
    assert model(x).shape == plain(x).shape


def test_transform_input_acts(model, pictures):
    """It undoes the mean and std of ImageNet, and scales to -1...1."""
    plain = copy.deepcopy(model).double()
    other = se_inception_v3(num_classes=6, transform_input=True).double().eval()
    other.load_state_dict(plain.state_dict())
    x = pictures.double()
    mean, std = (torch.tensor(values).double().view(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    torch.testing.assert_close(other(x), plain((x * std + mean - 0.5) / 0.5), rtol=1e-4, atol=1e-4)


def test_block_options_reach_every_block():
    with torch.device("meta"):
        model = se_inception_v3(reduction=4, bias=True, gate="tanh", squeeze="max", dropout=0.1)
    blocks = [module for module in model.modules() if isinstance(module, SEBlock)]
    assert len(blocks) == 11
    for block in blocks:
        assert block.reduction == 4
        assert block.fc2.bias is not None
        assert isinstance(block.gate, nn.Tanh)
        assert block.pool == "max"
    assert model.dropout.p == 0.1
    assert "C=2048, r=4" in repr(model)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"reduction": 0}, "reduction=0"),
        ({"gate": "step"}, "gate='step'"),
        ({"squeeze": "sum"}, "squeeze='sum'"),
        ({"min_hidden": 0}, "min_hidden=0"),
        ({"weights": "DEFAULT"}, "weights='DEFAULT' is not a checkpoint"),
    ],
)
def test_refuses(arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        se_inception_v3(**arguments)


def test_gates_begin_neither_open_nor_shut():
    """Inception's own spread of weights, 0.1, is made for convolutions and would saturate gates of 2048 inputs."""
    torch.manual_seed(0)
    model = se_inception_v3(num_classes=2, aux_logits=False)
    for module in model.modules():
        if isinstance(module, SEBlock):
            for layer in (module.fc1, module.fc2):
                assert layer.weight.std().item() == pytest.approx((3 * layer.in_features) ** -0.5, rel=0.05)


def test_an_unknown_keyword_is_not_swallowed():
    with pytest.raises(TypeError, match="placement"):
        se_inception_v3(placement="pre")
