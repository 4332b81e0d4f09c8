"""The commands, run as a person would run them: a network trained, measured, profiled and looked into."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from sebook.cli import datasets
from sebook.cli import parser as commands
from sebook.experiments import profiles
from senet import pretrained

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module", autouse=True)
def tiny(folder):
    """A small Patchwork, and the checkpoints of this folder alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "PATCHWORK", {"train": (60, 1), "test": (40, 2)})
        patch.setattr(pretrained, "_shipped", lambda: {path.stem: path for path in folder.glob("*.json")})
        yield


@pytest.fixture(scope="module")
def trained(folder, tiny):
    shape = '{"layers": [1, 1], "widths": [8, 16], "reduction": 4}'
    arguments = ["train", "small_resnet", "--arguments", shape, "--name", "tiny", "--out", str(folder), "--half", "--bf16", "off"]
    assert commands.main([*arguments, "--epochs", "2", "--batch-size", "20", "--device", "cpu"]) == 0
    return folder


def test_train_saves_a_network_with_its_provenance(trained):
    checkpoint = pretrained.read(trained / "tiny.json")
    made = checkpoint.provenance
    assert made["recipe"]["epochs"] == 2
    assert made["command"].startswith("python -m senet ")
    assert made["data"] == "patchwork"
    assert torch.__version__ in made["versions"]
    assert made["parameters"] == sum(p.numel() for p in pretrained.load(checkpoint).parameters())
    assert {t.dtype for t in load_file(trained / "tiny.safetensors").values() if t.is_floating_point()} == {torch.float16}
    rows = list(csv.DictReader((trained / "results" / "tiny.training.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    # Normalised by the training pictures: mean and deviation to the four digits that are stored.
    images = datasets.DATA["patchwork"]("train").images.double() / 255
    np.testing.assert_allclose(checkpoint.preprocessing.mean, images.mean((0, 2, 3)), atol=5.1e-5)
    np.testing.assert_allclose(checkpoint.preprocessing.std, images.std((0, 2, 3), correction=0), atol=5.1e-5)


def test_training_goes_on_from_weights(trained, tmp_path, senet):
    """With a rate of next to nothing, what is saved is what was begun with; and it says where it came from."""
    start = pretrained.read(trained / "tiny.json")
    shape = ["--arguments", json.dumps(start.arguments)]
    small = [
        "--epochs",
        "2",
        "--batch-size",
        "20",
        "--peak-rate",
        "1e-9",
        "--bf16",
        "off",
        "--device",
        "cpu",
        "--out",
        str(tmp_path),
    ]
    assert commands.main(["train", "small_resnet", *shape, "--name", "on", "--start", "tiny", *small]) == 0
    on = pretrained.read(tmp_path / "on.json")
    for (name, begun), now in zip(pretrained.load(start).named_parameters(), pretrained.load(on).parameters(), strict=True):
        torch.testing.assert_close(now, begun, rtol=0, atol=1e-6, msg=name)
    assert on.provenance["start"] == start.provenance | {"weights": start.sha256}
    before, after = (
        list(csv.reader((folder / "results" / f"{name}.training.csv").read_text().splitlines()))
        for folder, name in ((trained, "tiny"), (tmp_path, "on"))
    )
    assert after[:3] == before  # the epochs that led there
    assert [row[0] for row in after[1:]] == ["1", "2", "3", "4"]
    other = ["--arguments", json.dumps(start.arguments | {"widths": [8, 12]})]
    said = senet(["train", "small_resnet", *other, "--name", "other", "--start", str(tmp_path / "on.json"), *small], status=1)
    assert "differs from the network to be trained in layer2.0" in said
    assert '"widths": [8, 16]' in said
    assert not (tmp_path / "other.json").exists()


def test_evaluate_gives_the_stored_accuracy_again(trained, senet):
    measured, stored = re.findall(r"([\d.]+)%", senet(["evaluate", "tiny"]))
    assert measured == stored


def test_profile_lies_beside_the_weights(trained, senet):
    assert senet(["profile", "tiny"]).count("variance lies between classes") == 2
    profile = profiles.shipped("tiny")
    assert list(profile.mean) == ["layer1.0.se", "layer2.0.se"]
    assert profile.counts.tolist() == [4] * 10


def test_record_a_picture(trained, tmp_path, senet):
    pictures = [tmp_path / "one.png", tmp_path / "two.jpg"]
    for path in pictures:
        Image.effect_noise((60, 40), 80).save(path)
    out = senet(["record", "tiny", *map(str, pictures), "--out", str(tmp_path / "gates.safetensors")])
    assert "one.png:" in out
    assert "layer2.0.se" in out
    tensors = load_file(tmp_path / "gates.safetensors")
    assert tensors["layer2.0.se/s"].shape == (2, 16)
    assert tensors["logits"].shape == (2, 10)


def test_weights_lists_and_tells(trained, senet):
    out = senet(["weights"])
    assert out.startswith("tiny")
    assert "fetched when first used" in out
    assert json.loads(senet(["weights", "tiny"]))["architecture"] == "small_resnet"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "tinny"], "name='tinny' is not a checkpoint: choose one of 'tiny'"),
        (["evaluate", "timm_se_resnet50_a1"], "test pictures are not known here"),
        (["record", "tiny", "nowhere.png"], "nowhere.png"),
        (["train", "se_resnet20", "--epochs", "0"], "epochs=0"),
        (["train", "se_resnet20", "--arguments", '{"gate": "step"}'], "gate='step'"),
    ],
)
def test_errors_are_one_line(trained, senet, arguments, words):
    err = senet(arguments, status=1)
    assert words in err
    assert "Traceback" not in err


def test_interrupt_is_no_traceback(trained, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.training, "fit", stopped)
    assert commands.main(["train", "se_resnet20"]) == 130
    assert "goes on from its last whole epoch" in capsys.readouterr().err


def test_usage_of_every_command(capsys):
    (named,) = (action for action in commands._parser()._actions if isinstance(action.choices, dict))
    assert {"train", "evaluate", "cost-table", "preflight"} <= set(named.choices)
    for command in named.choices:
        with pytest.raises(SystemExit) as done:
            commands.main([command, "--help"])
        assert done.value.code == 0
        said = " ".join(capsys.readouterr().out.split())
        assert len(said) > 200 and "default: None" not in said and "default: []" not in said
        assert str(ROOT) not in said and not re.search(r"default: (/|[A-Z]:)", said), "a path of this machine"
        assert "--device" not in said or re.search(r"--device DEVICE [\w ]+: cpu(,| or) cuda", said), "which devices?"
        if command == "train":  # by Recipe's docstring
            assert "mirror each picture left to right with probability 1/2 (default: True)" in said
            assert "share of the target spread over all classes (default: 0.0)" in said


def test_train_and_evaluate_on_a_folder_of_pictures(folder, tiny, tmp_path, capsys, senet):
    for split in ("train", "val"):
        for i, name in enumerate(("dark", "light")):
            (tmp_path / split / name).mkdir(parents=True)
            for j in range(10):
                Image.new("RGB", (40, 30), (200 * i + j,) * 3).save(tmp_path / split / name / f"{j}.png")
    data = ["--data", f"imagefolder:{tmp_path}", "--size", "16", "--store", str(tmp_path / "pixels")]
    shape = ["--arguments", '{"layers": [1], "widths": [8]}', "--name", "lights", "--device", "cpu"]
    recipe = ["--epochs", "3", "--batch-size", "10", "--bf16", "off"]
    assert commands.main(["train", "small_resnet", *shape, *data, *recipe, "--out", str(folder)]) == 0
    checkpoint = pretrained.read(folder / "lights.json")
    assert checkpoint.classes == ("dark", "light")
    assert checkpoint.preprocessing.size == 16
    capsys.readouterr()
    measured, stored = re.findall(r"([\d.]+)%", senet(["evaluate", "lights"]))
    assert measured == stored
    (tmp_path / "val" / "light").rename(tmp_path / "val" / "bright")
    assert "other classes to train on than to test on, such as 'bright'" in senet(["train", "small_resnet", *data], status=1)
    (folder / "lights.json").unlink()  # other tests list what is there


def test_data_that_are_not_known_are_refused(senet):
    for data, words in (("mnist", "data='mnist' is unknown"), ("imagefolder:/nowhere", "is not a folder")):
        assert words in senet(["train", "se_resnet20", "--data", data], status=1)


def test_cost_tells_and_gives_json(senet):
    few = ["cost", "se_resnet20", "--size", "32", "--seconds", "0"]
    assert "| se_resnet20 | 0.27 M |" in senet(few)
    row = json.loads(senet([*few, "--json", "--arguments", '{"reduction": 4}']))
    assert row["se_parameters"] == sum(3 * 2 * c * (c // 4) for c in (16, 32, 64))


def test_bench_writes_what_it_measured(tmp_path, capsys):
    out = tmp_path / "results" / "bench.json"
    few = ["--only", "squeeze", "--modes", "eval", "--dtypes", "float32", "--formats", "nchw", "--minutes", "0.05"]
    assert commands.main(["bench", *few, "--device", "cpu", "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["command"].startswith("python -m senet ")
    assert result["cases"]
    assert all(times["ms"] > 0 for case in result["cases"] for times in case["results"].values())
    assert "squeeze" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["train", "se_resnet20", "--arguments", "{reduction: 8}"], "is not JSON"),
        (["train", "se_resnet20", "--arguments", "[8]"], "write keywords and values"),
        (["train", "se_resnet20", "--device", "abacus"], "choose cpu"),
        (["train", "se_resnet20", "--name", "a/b"], "leave out folders"),
        (["train", "se_resnet20", "--out", "{file}"], "is a file: name a folder"),
        (["train", "se_resnet20", "--out", "{file}/there"], "nothing can be written to"),
        (["profile", "tiny", "--out", "{folder}"], "is a folder: name a file in it"),
        (["study", "patchwork", "--checkpoints", "{file}"], "is a file: name a folder"),
    ],
)
def test_what_cannot_be_is_said_before_the_work_begins(asked, words, tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(SystemExit):  # argparse's own
        commands.main([word.format(file=tmp_path / "file", folder=tmp_path) if "{f" in word else word for word in asked])
    assert words in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_arguments_that_a_network_does_not_take(senet):
    assert "does not fit se_resnet20" in senet(["cost", "se_resnet20", "--arguments", '{"reductoin": 8}'], status=1)
