"""Which models and pictures `record` refuses, and how another class of block becomes known."""

import copy
import re

import pytest
import torch
import torchvision
from torch import Tensor, nn

from senet.inside import recording
from senet.inside.recording import record
from senet.models.cifar import resnet20
from senet.models.se import SEBlock


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
