"""What `fuse` leaves as it is, what it refuses, and by how much it says that it differs."""

import copy
import pickle
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

from senet.fusion import difference, fuse, report
from senet.models.se import SEBlock
from tests.variants import STANDARD, made

PICTURE_SIDE = 32


def doubled(model: nn.Module, path: str) -> None:
    model.get_submodule(path).register_forward_hook(lambda module, args, out: out * 2)


class Twice(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight * 2


CHANGES: dict[str, Callable[[nn.Module], object]] = {
    "a hook on a convolution": lambda m: doubled(m, "layer2.0.conv3"),
    "a hook on a batch norm": lambda m: doubled(m, "layer2.0.bn3"),
    "a hook on SE": lambda m: doubled(m, "layer2.0.se"),
    "a hook on a gate": lambda m: doubled(m, "layer2.0.se.gate"),
    "a hook on a ReLU": lambda m: doubled(m, "layer2.0.relu"),
    "a hook on a stage": lambda m: doubled(m, "layer2"),
    "a parametrized convolution": lambda m: parametrize.register_parametrization(m.layer2[0].conv3, "weight", Twice()),
    "a parametrized layer of SE": lambda m: parametrize.register_parametrization(m.layer2[0].se.fc1, "weight", Twice()),
    "a replaced forward": lambda m: setattr(m.layer2[0].bn3, "forward", lambda x: x * 3),
}


@pytest.mark.parametrize("name", CHANGES)
def test_fuse_leaves_what_a_user_changed(name, pictures):
    model = made(STANDARD).double()
    before = model(pictures.double())
    CHANGES[name](model)
    treated, expected = fuse(model), model(pictures.double())
    assert not torch.allclose(expected, before)
    torch.testing.assert_close(treated(pictures.double()), expected, rtol=1e-9, atol=1e-9)


class ByKeyword(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.se = nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), SEBlock(8)

    def forward(self, x: Tensor) -> Tensor:
        return self.se(u=self.bn(input=self.conv(input=x)))


def test_calls_by_keyword_are_left_as_they_are(pictures):
    model = ByKeyword().eval()
    treated = fuse(model)
    assert report(treated) == {"se": "left as it is: it is called by keyword"}
    torch.testing.assert_close(treated(pictures), model(pictures))


def traced_model() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(SEBlock(8), torch.randn(1, 8, 2, 2))


def hooked_model() -> nn.Module:
    model = SEBlock(8)
    model.register_forward_hook(lambda module, args, out: out)
    return model


def pruned_model() -> nn.Module:
    model = ByKeyword()
    prune.random_unstructured(model.conv, "weight", 0.5)
    return model


@pytest.mark.filterwarnings("ignore:`torch.jit")
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: "se_resnet50", "fuse takes an nn.Module, not str"),
        (lambda: torch.jit.script(SEBlock(8)), "is scripted or traced: fuse the model"),
        (traced_model, "is scripted or traced: fuse the model"),
        (
            lambda: nn.Sequential(nn.Conv2d(3, 8, 1, device="meta")),
            "device 'meta' and has no weights",
        ),
        (
            lambda: torch.export.export(ByKeyword().eval(), (torch.randn(1, 3, 8, 8),)).module(),
            "was exported: fuse the model",
        ),
        (
            lambda: torch.export.export(ByKeyword().eval(), (torch.randn(1, 3, 8, 8),)),
            "fuse takes an nn.Module, not ExportedProgram",
        ),
        (hooked_model, "itself carries hooks"),
        (
            pruned_model,
            r"can't be copied .*: make pruning permanent by torch.nn.utils.prune.remove",
        ),
    ],
)
def test_fuse_refuses_in_words(make, says):
    with pytest.raises(ValueError, match=says):
        fuse(make())


def test_fuse_says_by_how_much_it_differs(pictures, monkeypatch):
    model = made(STANDARD)
    assert difference(fuse(model)) < 1e-12
    assert difference(fuse(model, pictures)) < 1e-12
    assert difference(fuse(nn.Sequential(nn.Linear(3, 4)))) is None
    treated = fuse(model)
    assert report(copy.deepcopy(treated)) == report(treated)
    assert report(pickle.loads(pickle.dumps(treated))) == report(treated)
    # A rule that is wrong is found: here the fused squeeze is off by a thousandth.
    from senet.fusion import blocks

    product = blocks._product

    def wrong(fc1: nn.Linear, conv: nn.Conv2d) -> nn.Linear:
        layer = product(fc1, conv)
        layer.weight.data *= 1.001
        return layer

    monkeypatch.setattr(blocks, "_product", wrong)
    with pytest.raises(ValueError, match="answers differently when fused, by .* use it unfused"):
        fuse(model)
