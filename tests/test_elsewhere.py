"""Networks of others under one name: opened, recorded and profiled by the same tools, and refused in words."""

import socket

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision import models

from sebook import open_network
from sebook.cli import parser as commands
from sebook.experiments import profiles
from senet import record
from senet.models.resnet import se_resnet18
from senet.pretrained import CheckpointError
from senet.pretrained.convert import convert


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No name is found, and nothing was fetched before."""

    def unknown(*_arguments, **_options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("SENET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def pictures(tmp_path):
    for k, colour in enumerate(("red", "blue")):
        for n in range(3):
            path = tmp_path / "pictures" / colour / f"{n}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.effect_noise((80, 70), 40 + 30 * k + n).convert("RGB").save(path)
    return tmp_path / "pictures"


@pytest.mark.parametrize("name", ["timm_se_resnet50_a1", "torchvision:mobilenet_v3_small"])
def test_without_a_network_it_says_so(name, offline):
    with pytest.raises(CheckpointError, match="(?s)(could not be fetched|are not available).*check the network"):
        open_network.opened(name)


def test_timm_without_a_network_says_so(monkeypatch):
    timm = pytest.importorskip("timm")
    make = timm.create_model

    def refused(name, pretrained=False, **options):
        if pretrained:
            raise OSError("no route to host\nand a long trace")
        return make(name, **options)

    monkeypatch.setattr(timm, "create_model", refused)
    with pytest.raises(CheckpointError, match="timm:seresnet18.x are not available .no route to host.: check the network") as error:
        open_network.opened("timm:seresnet18.x")
    assert "long trace" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("timm:seresnet5", "not a model of timm"),
        ("torchvision:mobilenet", "not a classifier of torchvision"),
        ("torchvision:resnet18", "no SE block"),
        ("keras:senet", "'keras' is not a known library"),
        ("se_resnet21", "is not a checkpoint"),
    ],
)
def test_names_that_are_refused(name, says):
    with pytest.raises(ValueError, match=says):
        open_network.opened(name)


def test_random_weights_are_the_same_each_time_and_nobodys_luck_is_touched():
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    one, two = (open_network.opened("torchvision:mobilenet_v3_small", weights=False) for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert not one.trained and not one.model.training
    assert all(torch.equal(a, b) for a, b in zip(one.model.state_dict().values(), two.model.state_dict().values(), strict=True))


def test_preprocessing_is_the_librarys_own():
    opened = open_network.opened("torchvision:mobilenet_v3_small", weights=False)
    noise = np.random.default_rng(0).normal(128, 60, (260, 300)).clip(0, 255)  # Pillow's own noise can't be seeded
    picture = Image.fromarray(noise.astype(np.uint8)).convert("RGB")
    theirs = models.MobileNet_V3_Small_Weights.DEFAULT.transforms()(picture)
    torch.testing.assert_close(opened.preprocessing(picture)[0], theirs, atol=0.02, rtol=0)  # one grey level: rounding differs
    assert len(opened.classes) == 1000


def test_timms_network_is_ours():
    pytest.importorskip("timm")
    theirs = open_network.opened("timm:seresnet18", weights=False)
    ours = se_resnet18(bias=True, min_hidden=8).eval()
    ours.load_state_dict(convert(theirs.model.state_dict(), "timm", "se_resnet18"))
    x = torch.randn(2, 3, 64, 64)
    a, b = record(theirs.model, x), record(ours, x)
    for mine, yours in zip(a.blocks.values(), b.blocks.values(), strict=True):
        torch.testing.assert_close(mine.excitation, yours.excitation)
    torch.testing.assert_close(a.logits, b.logits)


def test_record_for_anybodys_network(pictures, tmp_path, senet):
    out = tmp_path / "gates.safetensors"
    picture = str(pictures / "red" / "0.png")
    said = senet(["record", "torchvision:mobilenet_v3_small", picture, "--random", "--out", str(out)])
    assert "mean nothing" in said and "C=576" in said
    opened = open_network.opened("torchvision:mobilenet_v3_small", weights=False)
    truth = record(opened.model, opened.preprocessing(Image.open(picture)))
    saved = load_file(out)
    for block in truth.blocks.values():
        torch.testing.assert_close(saved[f"{block.name}/s"], block.excitation)


def test_profile_for_anybodys_network(pictures, tmp_path, capsys):
    out = tmp_path / "mobilenet.profiles.safetensors"
    command = ["profile", "torchvision:mobilenet_v3_small", "--random", "--data", f"imagefolder:{pictures}", "--out", str(out)]
    assert commands.main(command) == 0
    profile = profiles.load(out)
    assert profile.counts.tolist() == [3, 3]
    assert [values.shape[0] for values in profile.mean.values()] == [2] * 9
    assert "lies between classes" in capsys.readouterr().out


def test_profile_asks_for_pictures(senet, tmp_path):
    assert "--data FOLDER" in senet(["profile", "torchvision:mobilenet_v3_small", "--random"], status=1)
    nowhere = ["--data", str(tmp_path / "none"), "--out", str(tmp_path / "x")]
    assert "not a folder" in senet(["profile", "torchvision:mobilenet_v3_small", "--random", *nowhere], status=1)
