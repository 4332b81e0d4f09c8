"""Checkpoints: saved and read back, and the registry of those that ship or lie elsewhere."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch
from torch import nn

from senet import pretrained
from senet.models.cifar import small_resnet
from senet.pretrained import CheckpointError
from tests.checkpoints import CLASSES, PREPROCESSING, describe
from tests.common import scramble


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return scramble(small_resnet((1, 1), (4, 8), reduction=2, num_classes=3))


# --- saved and read ------------------------------------------------------------------------------------------------------------


def test_what_is_saved_is_read_back(model, tmp_path):
    saved = pretrained.save(model.to(memory_format=torch.channels_last), "small", tmp_path / "new", **describe())
    checkpoint = pretrained.read(tmp_path / "new" / "small.json")
    assert checkpoint == saved
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["small.json", "small.safetensors"]
    assert checkpoint.sha256 == hashlib.sha256(checkpoint.file.read_bytes()).hexdigest()
    assert checkpoint.meta["categories"] == list(CLASSES)
    assert checkpoint.preprocessing == PREPROCESSING
    assert checkpoint.provenance == {"accuracy": 0.5, "data": "none"}

    loaded = pretrained.load(checkpoint)
    assert not loaded.training
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in loaded.state_dict().items())
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(loaded(x), model(x))
    # The same through a constructor, as torchvision's weights are used.
    again = small_resnet((1, 1), (4, 8), weights=checkpoint, reduction=2)
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in again.state_dict().items())


def test_training_may_begin_with_weights_for_other_classes(model, tmp_path):
    pretrained.save(model, "small", tmp_path, **describe())
    mine = small_resnet((1, 1), (4, 8), reduction=2, num_classes=7)
    last = mine.fc.weight.clone()
    assert pretrained.begin(mine, str(tmp_path / "small.json")).title == "a small one"
    assert torch.equal(mine.fc.weight, last)  # seven classes of one's own
    assert all(torch.equal(v, mine.state_dict()[k]) for k, v in model.state_dict().items() if not k.startswith("fc."))

    same = small_resnet((1, 1), (4, 8), reduction=2, num_classes=3)
    pretrained.begin(same, str(tmp_path / "small.json"))
    assert torch.equal(same.fc.weight, model.fc.weight)

    plain = small_resnet((1, 1), (4, 8), reduction=None, num_classes=3)
    with pytest.raises(ValueError, match="is a small one, small_resnet with the arguments .* differs .* in layer1.0.se.fc1.weight"):
        pretrained.begin(plain, str(tmp_path / "small.json"))
    with pytest.raises(ValueError, match="is not a checkpoint"):
        pretrained.begin(same, "smal")


def test_half_precision_halves_the_file_and_is_read_as_float32(model, tmp_path):
    whole = pretrained.save(model, "whole", tmp_path, **describe())
    half = pretrained.save(model, "half", tmp_path, **describe(), dtype=torch.float16)
    tensors = [path.file.stat().st_size - 8 - int.from_bytes(path.file.read_bytes()[:8], "little") for path in (whole, half)]
    assert tensors[1] < 0.51 * tensors[0]
    for key, value in pretrained.load(half).state_dict().items():
        original = model.state_dict()[key]
        assert value.dtype == original.dtype
        assert torch.equal(value, original.half().to(original.dtype))


def test_saving_again_replaces_and_leaves_nothing_else(model, tmp_path):
    pretrained.save(model, "small", tmp_path, **describe())
    pretrained.save(model, "small", tmp_path, **describe(title="another"))
    assert pretrained.read(tmp_path / "small.json").title == "another"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_file_is_readable_without_senet(model, tmp_path):
    checkpoint = pretrained.save(model, "small", tmp_path, **describe())
    entry = json.loads((tmp_path / "small.json").read_text(encoding="utf-8"))
    assert entry["classes"] == list(CLASSES)
    assert entry["file"] == "small.safetensors"
    assert safetensors.torch.load_file(checkpoint.file).keys() == model.state_dict().keys()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"architecture": "resnet9"}, "architecture='resnet9' is unknown: choose one of 'se_resnet18'"),
        ({"arguments": {"layers": [1, 1], "widths": [4, 8], "reduction": None}}, "model is not what small_resnet(num_classes=3"),
        ({"classes": ("one", "two")}, "model is not what small_resnet(num_classes=2"),
        ({"dtype": torch.int8}, "dtype=torch.int8 is not for files: choose torch.float32 or torch.float16"),
        ({"name": "a/b"}, "name='a/b' becomes a file's"),
        ({"name": ""}, "name=''"),
    ],
)
def test_refuses_to_save(changes, says, model, tmp_path):
    with pytest.raises(ValueError, match=re.escape(says)):
        pretrained.save(model, changes.pop("name", "x"), tmp_path, **describe(**changes))
    assert not list(tmp_path.iterdir())


def test_refuses_to_save_what_is_not_finite(tmp_path):
    spoilt = small_resnet((1, 1), (4, 8), reduction=2, num_classes=3)
    nn.init.constant_(spoilt.fc.weight, 1e6)
    with pytest.raises(ValueError, match=r"fc\.weight is not finite in torch\.float16: save in torch\.float32"):
        pretrained.save(spoilt, "x", tmp_path, **describe(dtype=torch.float16))
    nn.init.constant_(spoilt.fc.bias, torch.nan)
    with pytest.raises(ValueError, match=r"fc\.bias is not finite in torch\.float32$"):
        pretrained.save(spoilt, "x", tmp_path, **describe())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:-1], "it is truncated or another file; restore it"),
        (lambda data: b"", "0 bytes of sha256"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "instead of"),
    ],
)
def test_a_damaged_file_is_not_read(damage, says, model, tmp_path):
    checkpoint = pretrained.save(model, "small", tmp_path, **describe())
    checkpoint.file.write_bytes(damage(checkpoint.file.read_bytes()))
    with pytest.raises(CheckpointError, match=re.escape(says)):
        pretrained.load(checkpoint)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "describes no checkpoint"),
        ("[]", "describes no checkpoint"),
        ("{}", "'preprocessing'"),
        ('{"preprocessing": {"size": 0, "mean": [0, 0, 0], "std": [1, 1, 1]}}', "size=0"),
    ],
)
def test_a_damaged_description_is_refused(text, says, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(CheckpointError, match=re.escape(says)):
        pretrained.read(tmp_path / "x.json")


def test_a_missing_file_is_named(model, tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere\.json does not exist"):
        pretrained.read(tmp_path / "nowhere.json")
    checkpoint = pretrained.save(model, "small", tmp_path, **describe())
    checkpoint.file.unlink()
    with pytest.raises(CheckpointError, match=r"small\.safetensors cannot be read: No such file"):
        pretrained.load(checkpoint)


# --- the registry --------------------------------------------------------------------------------------------------------------


def test_every_entry_can_make_its_network():
    for name in pretrained.names():
        checkpoint = pretrained.get(name)
        assert checkpoint.name == name
        with torch.device("meta"):
            made = pretrained.ARCHITECTURES[checkpoint.architecture](num_classes=len(checkpoint.classes), **checkpoint.arguments)
        assert made.fc.out_features == len(checkpoint.classes)
        assert re.fullmatch("[0-9a-f]{8,64}", checkpoint.sha256)
        assert (checkpoint.file is None) != (checkpoint.url is None)
        assert checkpoint.licence
        assert checkpoint.provenance
        assert checkpoint.title


def test_shipped_networks_load():
    shipped = [name for name in pretrained.names() if pretrained.get(name).url is None]
    for name in shipped:
        checkpoint = pretrained.get(name)
        assert len(checkpoint.sha256) == 64
        size = checkpoint.preprocessing.size
        pictures = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
        logits = pretrained.load(name)(checkpoint.preprocessing(pictures))
        assert logits.shape == (2, len(checkpoint.classes))
        assert logits.isfinite().all()
    folder = Path(pretrained.__file__).parents[2] / "data"
    assert set(shipped) >= {path.stem for path in folder.glob("*.safetensors") if "." not in path.stem}


def test_networks_elsewhere_agree_with_timm():
    """Address, input, crop and mean are timm's own, which wrote the networks down."""
    names = {
        "timm_se_resnet50_a1": "seresnet50.a1_in1k",
        "timm_se_resnet50_a2": "seresnet50.a2_in1k",
        "timm_se_resnet50_a3": "seresnet50.a3_in1k",
        "timm_se_resnet50_ra2": "seresnet50.ra2_in1k",
        "timm_se_resnext50_racm": "seresnext50_32x4d.racm_in1k",
        "legacy_se_resnet50": "legacy_seresnet50.in1k",
        "legacy_se_resnet101": "legacy_seresnet101.in1k",
        "legacy_se_resnet152": "legacy_seresnet152.in1k",
    }
    assert set(pretrained.ELSEWHERE) == set(names)
    for ours, theirs in names.items():
        checkpoint, cfg = pretrained.get(ours), timm.get_pretrained_cfg(theirs)
        assert checkpoint.url == cfg.url
        assert f"-{checkpoint.sha256}." in cfg.url
        how = checkpoint.preprocessing
        assert (3, how.size, how.size) == cfg.input_size
        assert (how.crop, how.interpolation, how.mean, how.std) == (cfg.crop_pct, cfg.interpolation, cfg.mean, cfg.std)
        assert len(checkpoint.classes) == cfg.num_classes
        assert cfg.license == "apache-2.0"


def test_an_unknown_name_brings_up_the_nearest():
    with pytest.raises(ValueError, match="name='legacy_seresnet50' is not a checkpoint: choose one of 'legacy_se_resnet50'"):
        pretrained.get("legacy_seresnet50")
    with pytest.raises(ValueError, match="name='§' is not a checkpoint"):
        pretrained.load("§")


def test_an_installed_package_finds_what_it_ships(model, tmp_path, monkeypatch):
    package = tmp_path / "senet"
    pretrained.save(model, "inside", package / "data", **describe())
    (package / "data" / "inside.profiles.json").write_text("{}")
    (package / "data" / "lonely.json").write_text("{}")
    monkeypatch.setattr(pretrained, "__file__", str(package / "pretrained" / "__init__.py"))
    assert pretrained.names()[0] == "inside"
    assert "inside.profiles" not in pretrained.names()
    assert "lonely" not in pretrained.names()
    assert pretrained.get("inside").file == package / "data" / "inside.safetensors"
