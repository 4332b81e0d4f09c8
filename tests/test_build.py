"""Constructors take a checkpoint's arguments, or name those that don't fit, and fetch nothing first."""

import re
from types import SimpleNamespace

import pytest
import torch

from senet import pretrained
from senet.inside.recording import se_blocks
from senet.models import cifar, inception, legacy, resnet

CIFAR10 = "se_resnet20_cifar10"


def test_the_arguments_are_the_checkpoints():
    checkpoint = pretrained.get(CIFAR10)
    assert checkpoint.arguments["reduction"] != 16  # SEBlock's own
    expected = pretrained.load(CIFAR10).state_dict()
    for given in ({}, checkpoint.arguments, {"gate": "sigmoid", "num_classes": 10}):
        got = cifar.se_resnet20(checkpoint, progress=False, **given).state_dict()
        assert all(torch.equal(got[key], value) for key, value in expected.items())


def test_every_shipped_checkpoint_fills_its_constructor():
    for name in pretrained.names():
        if (checkpoint := pretrained.get(name)).file:
            model = pretrained.ARCHITECTURES[checkpoint.architecture](weights=checkpoint)
            expected = pretrained.load(name).state_dict()
            assert all(torch.equal(expected[key], value) for key, value in model.state_dict().items())


class Unfetched(SimpleNamespace):
    """A checkpoint whose weights nobody may ask for."""

    meta = {"categories": ["no", "yes"]}

    def get_state_dict(self, progress):
        raise AssertionError("fetched")


@pytest.mark.parametrize(
    ("make", "architecture", "arguments", "given", "says"),
    [
        (cifar.se_resnet20, "se_resnet20", {"reduction": 4}, {"reduction": 16}, "(reduction=4), not with reduction=16"),
        (cifar.se_resnet20, "se_resnet20", {}, {"gate": "tanh"}, "not with gate='tanh': leave gate out"),
        (cifar.se_resnet20, "se_resnet20", {"gate": "tanh"}, {"gate": "sigmoid"}, "(gate='tanh'), not with gate='sigmoid'"),
        (cifar.se_resnet32, "se_resnet20", {"reduction": 4}, {}, "se_resnet20(reduction=4), not to se_resnet32: call that"),
        (cifar.small_resnet, "small_resnet", {"layers": [1, 1]}, {"layers": (2, 1)}, "not with layers=(2, 1)"),
        (resnet.se_resnet18, "se_resnet18", {}, {"placement": "pre"}, "not with placement='pre'"),
        (resnet.se_resnext50_32x4d, "se_resnet50", {}, {}, "not to se_resnext50_32x4d"),
        (legacy.legacy_se_resnet50, "legacy_se_resnet50", {}, {"bias": False}, "not with bias=False"),
        (inception.se_inception_v3, "se_inception_v3", {"squeeze": "max"}, {"squeeze": "avg"}, "not with squeeze='avg'"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_are_named_before_anything_is_fetched(make, architecture, arguments, given, says):
    weights = Unfetched(architecture=architecture, arguments=arguments)
    with pytest.raises(ValueError, match=re.escape(says)):
        make(weights=weights, **given)


@pytest.mark.parametrize("make", [resnet.se_resnet18, cifar.se_resnet20])
def test_stages_may_come_from_a_generator(make):
    with torch.device("meta"):
        model = make(stages=(stage for stage in (1, 3)))
    assert {name.split(".")[0] for name in se_blocks(model)} == {"layer1", "layer3"}
