"""Others' state dicts, by their keys and shapes: which of them fit, and which are refused."""

import pytest
import timm
import torch
from torch import Tensor

from senet.models import legacy, resnet
from senet.pretrained import convert


@pytest.fixture(scope="module")
def states() -> dict[str, dict[str, Tensor]]:
    names = ("seresnet50", "legacy_seresnet50", "legacy_seresnet18", "resnet50", "seresnext50_32x4d", "legacy_seresnext50_32x4d")
    with torch.device("meta"):
        return {name: timm.create_model(name).state_dict() for name in names} | {"moskomule": moskomule_names()}


def moskomule_names() -> dict[str, Tensor]:
    ours = resnet.se_resnet50().state_dict()
    return {key.replace("se.fc1", "se.fc.0").replace("se.fc2", "se.fc.2"): tensor for key, tensor in ours.items()}


@pytest.mark.parametrize(
    ("name", "source", "architecture", "says"),
    [
        ("legacy_seresnet50", "timm", None, r"fits no network of source 'timm' .*conv1\.weight is missing"),
        ("moskomule", "timm", None, r"layer1\.0\.se\.fc1\.weight is missing"),
        ("resnet50", "timm", None, r"layer1\.0\.se\.fc1\.weight is missing"),
        ("legacy_seresnext50_32x4d", "timm", None, "fits no network"),
        # The same shapes and another arithmetic: only its names tell.
        ("seresnet50", "legacy", None, r"no key matches '\^layer0"),
        ("legacy_seresnext50_32x4d", "legacy", None, r"layer1\.0\.conv1\.weight is \(128, 64, 1, 1\), not \(64, 64, 1, 1\)"),
        ("legacy_seresnet18", "legacy", None, r"Against legacy_se_resnet50: layer1\.0\.conv3\.weight is missing"),
        ("seresnet50", "moskomule", None, r"no key matches .*fc.*0"),
        ("legacy_seresnet50", "moskomule", None, r"no key matches"),
        ("seresnet50", "timm", "se_resnet101", r"Against se_resnet101: layer3\.6\.conv1\.weight is missing"),
        ("seresnext50_32x4d", "timm", "se_resnet50", r"conv1\.weight is \(128, 64, 1, 1\), not \(64, 64, 1, 1\)"),
        (
            "seresnet50",
            "timm",
            "legacy_se_resnet50",
            "architecture='legacy_se_resnet50' is none of 'timm': choose one of se_resnet18",
        ),
        ("seresnet50", "keras", None, "source='keras' is unknown: choose one of 'timm', 'legacy', 'moskomule', 'SE_Block'"),
    ],
)
def test_what_does_not_fit_is_refused(name, source, architecture, says, states):
    with pytest.raises(ValueError, match=says):
        convert(states[name], source, architecture)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("layer4.2.bn3.running_var"), r"layer4\.2\.bn3\.running_var is missing"),
        (lambda state: state.update({"extra.weight": torch.ones(1)}), r"extra\.weight is unknown"),
        (
            lambda state: state.update({"conv1.weight": torch.ones(64, 4, 7, 7)}),
            r"conv1\.weight is \(64, 4, 7, 7\), not \(64, 3, 7, 7\)",
        ),
        (lambda state: state.update({"layer1.0.se.fc1.weight": torch.ones(16, 256)}), r"\(16, 256\), but 'timm' has 4 dimensions"),
        (
            lambda state: state.update({"layer1.0.se.fc1.weight": torch.ones(16, 256, 3, 3)}),
            r"is \(16, 256, 3, 3\), not \(16, 256\)",
        ),
        (lambda state: state.update({"layer1.0.se.fc1.weight": torch.ones(8, 256, 1, 1)}), r"is \(8, 256\), not \(16, 256\)"),
        (lambda state: state.clear(), "fits no network"),
    ],
)
def test_a_changed_state_dict_is_refused(change, says, states):
    state = dict(states["seresnet50"])
    change(state)
    with pytest.raises(ValueError, match=says):
        convert(state, "timm")


def test_two_names_for_one_tensor_are_refused(states):
    state = dict(states["legacy_seresnet50"])
    state["conv1.weight"] = state["layer0.conv1.weight"]
    with pytest.raises(ValueError, match=r"two keys become 'conv1\.weight'"):
        convert(state, "legacy")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {f"module.{key}": value for key, value in state.items()}},
        lambda state: {f"_orig_mod.module.{key}": value for key, value in state.items()},
        lambda state: {f"ema_model.backbone.{key}": value for key, value in state.items()},
        lambda state: {"model_state_dict": {f"model.{key}": value for key, value in state.items()}},
        lambda state: {"n_averaged": torch.tensor(3)} | {f"module.{key}": value for key, value in state.items()},
    ],
)
def test_the_usual_wrappings_come_off(wrap, states):
    converted = convert(wrap(states["seresnet50"]), "timm")
    assert converted.keys() == convert(states["seresnet50"], "timm").keys()
    assert (converted.architecture, converted.arguments) == (
        "se_resnet50",
        {"bias": True, "min_hidden": 8, "num_classes": 1000},
    )
    assert converted.difference is None  # nothing to run


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([1, 2], "weights is a list, and no state dict is in it"),
        ("seresnet50.pth", "weights is a str"),
        ({"net": 1}, "weights is a dict with 'net', and no state dict is in it: pass model.state_dict"),
        ({"state_dict": 3}, "no state dict is in it"),
    ],
)
def test_what_is_no_state_dict_is_refused(weights, says):
    with pytest.raises(ValueError, match=says):
        convert(weights, "timm")


def test_files_older_than_batch_norms_counter_are_taken(states):
    state = {key: torch.ones(value.shape) for key, value in states["legacy_seresnet50"].items() if "num_batches" not in key}
    converted = convert(state, "legacy")
    assert converted["bn1.num_batches_tracked"].item() == 0
    legacy.legacy_se_resnet50().load_state_dict(converted)


def test_the_two_kinds_of_network_refuse_each_others_weights(states):
    """Their tensors have the same shapes; without the mark they would load, and answer wrongly."""
    with torch.device("meta"):
        ours, caffe = resnet.se_resnet50(bias=True), legacy.legacy_se_resnet50()
    with pytest.raises(RuntimeError, match=r"Unexpected key.*maxpool\.caffe"):
        ours.load_state_dict(convert(states["legacy_seresnet50"], "legacy"), assign=True)
    with pytest.raises(RuntimeError, match=r"Missing key.*maxpool\.caffe"):
        caffe.load_state_dict(convert(states["seresnet50"], "timm"), assign=True)
