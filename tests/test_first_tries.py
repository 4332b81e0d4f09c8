"""What people try first, after reports about similar projects: it works, or the error says what to write instead."""

import copy
import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from timm import create_model
from timm.data import create_transform
from torch import Tensor, nn

from sebook import open_network
from sebook.cli import commands, datasets, options
from sebook.experiments import attribution, profiles
from sebook.widgets import Explorer, ShallowDeep
from sebook.widgets.given import open_pictures
from senet import fuse, pretrained, record, se_resnet20
from senet.fusion import difference, report
from senet.images import from_pil, image_folder

NAME = "se_resnet20_cifar10"


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def path(photograph, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "cat.png"
    Image.fromarray(photograph).save(path)
    return path


def test_one_picture_or_several_in_any_form(photograph, path):
    tensor = torch.from_numpy(photograph).permute(2, 0, 1)
    one = (path, str(path), path.read_bytes(), Image.open(path), photograph, tensor)
    several = (
        np.stack([photograph] * 2),
        torch.stack([tensor] * 2),
        [tensor] * 2,
        [path, photograph],
        (str(path), Image.open(path)),
    )
    for given in (*one, *several):
        got = open_pictures(given)
        assert len(got) == (1 if any(given is each for each in one) else 2)
        assert all(np.array_equal(np.asarray(picture), photograph) for picture in got)
    for values in (tensor / 255, photograph.astype(np.int64)):
        with pytest.raises(ValueError, match="no known range: pass bytes"):
            open_pictures(values)


@pytest.mark.parametrize("widget", [Explorer, ShallowDeep])
def test_a_widget_takes_a_path_alone(widget, path):
    shown = widget(NAME, str(path))
    expected = pretrained.get(NAME)
    (picture,) = open_pictures(path)
    assert shown._pixels.shape == (1, 3, 32, 32)
    pixels = torch.from_numpy(np.array(picture.crop((0, 4, 32, 36)))).permute(2, 0, 1)[None]
    answer = record(pretrained.load(expected), expected.preprocessing(pixels))
    torch.testing.assert_close(shown.probe(0).logits, answer.logits)


def test_a_widget_takes_timms_transform_and_bfloat16(photograph):
    model, means = se_resnet20(num_classes=2).eval(), (0.1, 0.2, 0.3)
    pixels = torch.from_numpy(photograph[:32]).permute(2, 0, 1)[None]
    transform = create_transform((3, 32, 32), mean=means, std=(1, 1, 1), crop_pct=1.0)
    shown = ShallowDeep(model, from_pil(open_pictures(pixels), 32), preprocess=transform, classes=["a", "b"])
    x = pixels / 255 - torch.tensor(means)[:, None, None]
    torch.testing.assert_close(shown.probe(0).logits, record(model, x).logits)
    half = copy.deepcopy(model).bfloat16()
    shown = ShallowDeep(half, pixels, preprocess=lambda x: (x / 255).bfloat16(), classes=["a", "b"])
    assert shown.probe(0).blocks["layer1.0.se"].excitation.dtype == torch.float32
    with pytest.raises(ValueError, match=r"preprocess fails on uint8 \(1, 3, 224, 224\)"):
        ShallowDeep(model, pixels, preprocess=lambda x: x.nothing, classes=["a", "b"])


class Answers(nn.Module):
    def __init__(self, form) -> None:
        super().__init__()
        self.model, self.form = se_resnet20(num_classes=4).eval(), form

    def forward(self, x: Tensor):
        return self.form(self.model(x))


FORMS = {"tuple": lambda y: (y, y), "dict": lambda y: {"out": y}, r"\(2, 4, 1, 1\)": lambda y: y[:, :, None, None]}


@pytest.mark.parametrize("got", FORMS)
def test_what_is_not_a_classifier_is_named(got):
    model, pixels = Answers(FORMS[got]), torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    with pytest.raises(ValueError, match=f"Answers answers with {got}, not with logits"):
        ShallowDeep(model, pixels, preprocess=lambda x: x / 255, classes="abcd")
    for method in attribution.CHANNEL_METHODS:
        with pytest.raises(ValueError, match=f"Answers answers with {got}, not with logits"):
            attribution.channels(model, pixels / 255, 1, "model.layer1.0.se", method=method)


@pytest.mark.parametrize(
    "target", [None, 4, -1, "cat", 1.0, True, torch.tensor([1, 9]), torch.tensor([1, 2, 3]), torch.tensor([0.0, 1.0])]
)
def test_a_target_is_a_class(target):
    model, x = se_resnet20(num_classes=4), torch.randn(2, 3, 32, 32)
    with pytest.raises(ValueError, match=r"target=.* has to be a class, 0 to 3, or one for each of the 2 pictures"):
        attribution.channels(model, x, target, "layer1.0.se", method="gradient")
    for right in (1, torch.tensor(1), torch.tensor([1, 3]), [1, 3]):
        assert attribution.channels(model, x, right, "layer1.0.se", method="gradient").shape == (2, 16)


@pytest.mark.parametrize(
    "names", [["layer1.9.se", "layer1.10.se"], ["blocks.stem.se", "blocks.0.se"], ["s1.b10.se", "s1.b2.se", "a"]]
)
def test_a_profile_keeps_the_order_of_its_blocks(names, tmp_path):
    values = {name: torch.rand(2, 4, dtype=torch.float64) for name in names}
    made = profiles.Profile(torch.ones(2, dtype=torch.int64), values, values)
    file = tmp_path / "a new folder" / "p.safetensors"
    profiles.save(made, file)
    read = profiles.load(file)
    assert list(read.mean) == list(read.variance) == names
    torch.testing.assert_close(read.mean, {name: value.float().double() for name, value in values.items()})


def test_hidden_files_are_no_classes_and_no_pictures(path, tmp_path):
    for name in (
        "cat/1.png",
        "cat/._1.png",
        "cat/.ipynb_checkpoints/1.png",
        "cat/.DS_Store",
        "dog/1.png",
        "dog/2.heic",
        ".hidden/1.png",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.read_bytes())
    (tmp_path / "__MACOSX").mkdir()
    with pytest.warns(UserWarning) as said:
        found = image_folder(tmp_path, 32, progress=False)
    assert found.classes == ("cat", "dog")
    assert found.labels.tolist() == [0, 1]
    (text,) = [str(each.message) for each in said]
    for name in ("._1.png", "cat/.ipynb_checkpoints/1.png", "dog/2.heic", ".hidden"):
        assert name in text
    assert "DS_Store" not in text
    assert "MACOSX" not in text
    with pytest.raises(FileNotFoundError, match="needs a folder of pictures for each class"):
        image_folder(tmp_path / "cat" / ".ipynb_checkpoints", 32)


def test_a_file_in_a_new_folder(tmp_path):
    assert options.file(str(tmp_path / "new" / "p.safetensors")).parent.is_dir()


def test_a_checkpoint_of_ones_own_is_evaluated_by_its_file(path, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in ("train", "val"):
        for label in ("a", "b"):
            file = tmp_path / "data" / kind / label / "1.png"
            file.parent.mkdir(parents=True)
            file.write_bytes(path.read_bytes())
    model = se_resnet20(num_classes=2)
    about = {"title": "mine", "architecture": "se_resnet20", "arguments": {}, "classes": ("a", "b"), "licence": "BSD-3-Clause"}
    how = pretrained.Preprocessing(32, (0.5,) * 3, (0.5,) * 3)
    provenance = {"data": "imagefolder:~/data", "test_accuracy": 0.5}
    pretrained.save(model, "mine", tmp_path, preprocessing=how, provenance=provenance, **about)
    commands.evaluate_checkpoint(Namespace(name=str(tmp_path / "mine.json")))
    assert "of 2 test pictures" in capsys.readouterr().out
    assert datasets.pictures("imagefolder:~/data", "train", 32).classes == ("a", "b")
    assert open_network.folder_of("imagefolder:~/data") == tmp_path / "data"
    assert json.loads((tmp_path / "mine.json").read_text())["architecture"] == "se_resnet20"


@pytest.mark.parametrize("name", ["timm/NAME", "hf-hub:timm/NAME", "hf_hub:timm/NAME", "timm:timm/NAME"])
def test_a_name_as_on_its_card(name):
    asked = name.replace("NAME", "legacy_seresnet18.in1k")
    assert "layer1.0.se_module" in record(open_network.opened(asked, weights=False).model, torch.randn(1, 3, 64, 64)).blocks


def test_a_report_is_of_what_fuse_returned():
    model = se_resnet20(num_classes=2).eval()
    traced = torch.fx.symbolic_trace(model)
    for ask in (report, difference):
        with pytest.raises(ValueError, match="was not made by senet.fuse: pass what fuse returned"):
            ask(traced)
    assert difference(copy.deepcopy(fuse(model))) < 1e-9


@pytest.mark.parametrize(
    ("network", "size", "kind", "count"),
    [
        ("sehalonet33ts", 256, "SEModule", 6),  # SE in its first stages, halo attention in the others
        ("hgnet_tiny", 64, "EseModule", 5),
        ("eca_resnet33ts", 64, "EcaModule", 10),
    ],
)
def test_timms_blocks_are_recorded_as_their_own_hooks_see_them(network, size, kind, count):
    torch.manual_seed(0)
    model, x, seen = create_model(network, num_classes=3).eval(), torch.randn(1, 3, size, size), {}
    blocks = {name: module for name, module in model.named_modules() if type(module).__name__ == kind}
    for name, block in blocks.items():
        block.register_forward_hook(lambda module, args, out, name=name: seen.__setitem__(name, (args[0], out)))
    recording = record(model, x, maps=True)
    assert list(recording.blocks) == list(seen) == list(blocks)
    assert len(blocks) == count
    for name, block in recording.blocks.items():
        assert torch.equal(block.maps, seen[name][0])
        assert torch.equal(block.rescaled, seen[name][1])


@pytest.mark.filterwarnings("ignore")
def test_a_quantized_network_is_recorded_in_numbers():
    """torchvision's MobileNetV3 in 8 bits: z, s and U as float32, and gates of one's own, as far as 8 bits can say them."""
    torch.manual_seed(0)
    model, x = torchvision.models.quantization.mobilenet_v3_large(weights=None, quantize=True).eval(), torch.randn(1, 3, 64, 64)
    (name, block), *_ = record(model, x, maps=True).blocks.items()
    assert block.squeeze.dtype == block.excitation.dtype == block.rescaled.dtype == torch.float32
    torch.testing.assert_close(block.squeeze, block.maps.mean((2, 3)), rtol=0, atol=0.02)
    closed = record(model, x, gates={name: torch.zeros(block.excitation.shape[1])})
    assert not closed.blocks[name].excitation.any()
    same = record(model, x, gates={name: lambda s: s})
    assert torch.equal(same.logits, record(model, x).logits)
