"""Excitation against attribution: the numbers by hand, and the command at a tiny size."""

import json
from pathlib import Path

import pytest
import torch

from sebook.cli import datasets
from sebook.cli import parser as commands
from sebook.experiments import importance
from senet import pretrained
from senet.images.patchwork import patchwork
from senet.images.picture import Preprocessing
from senet.inside.recording import record
from senet.models.cifar import small_resnet
from tests.common import scramble

ROOT = Path(__file__).parents[1]
PLAIN = Preprocessing(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return scramble(small_resnet((1, 1), (8, 16), num_classes=10)).eval()


def test_it_measures_what_it_says(model):
    pictures = patchwork(12, 3)
    measured = importance.measure(model, pictures, PLAIN, count=5, steps=24, seed=1, batch_size=3, progress=False)
    assert measured["pictures"] == 5
    assert list(measured["blocks"]) == list(record(model, PLAIN(pictures.images[:1])).blocks)
    for block in measured["blocks"].values():
        assert block["channels"] in (8, 16)
        for value, low, high in block["agreement"].values():
            assert -1 <= low <= value <= high <= 1
        value, low, high = block["overlap"]
        assert 0 <= low <= value <= high <= 1
        assert 0 <= block["against"] <= 1
        assert max(block["completeness"].values()) < 0.1


def test_more_steps_keep_the_promise_better(model):
    pictures = patchwork(6, 3)
    few, many = (
        importance.measure(model, pictures, PLAIN, count=2, steps=steps, progress=False)["blocks"]["layer1.0.se"]["completeness"]
        for steps in (4, 48)
    )
    assert many["conductance"] < few["conductance"]


def test_overlap_by_hand():
    guess = torch.tensor([[4.0, 3, 2, 1], [4, 3, 2, 1], [4, 3, 2, 1]])
    found = torch.tensor([[9.0, 8, 1, 0], [9, 1, 8, 0], [0, 1, 8, 9]])
    assert importance.overlap(guess, found, top=0.5).tolist() == [1, 0.5, 0]


def test_one_seed_one_answer(model):
    pictures = patchwork(8, 3)
    first, again = (importance.measure(model, pictures, PLAIN, count=3, steps=4, progress=False) for _ in range(2))
    assert first == again


def test_the_command_at_a_tiny_size(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "PATCHWORK", {"train": (20, 1), "test": (10, 2)})
    name = "se_resnet_patchwork"
    assert commands.main(["attribution", name, "--pictures", "2", "--steps", "4", "--out", str(tmp_path)]) == 0
    made = json.loads((tmp_path / f"attribution-{name}.json").read_text())
    assert made["pictures"] == 2 and made["steps"] == 4 and made["network"] == name
    assert made["weights"] == pretrained.get(name).sha256[:16]
    assert {"date", "machine", "versions", "captum", "data", "command", "seed"} <= set(made)
    assert "layer1.0.se" in capsys.readouterr().out


MEASURED = sorted(path.stem.removeprefix("attribution-") for path in (ROOT / "data" / "results").glob("attribution-*.json"))


@pytest.mark.parametrize("name", MEASURED)
def test_what_ships_is_of_the_weights_that_ship(name):
    """The book reads these numbers beside the network: after a new training they are to be made again."""
    checkpoint = pretrained.get(name)
    made = json.loads((checkpoint.file.parent / "results" / f"attribution-{name}.json").read_text("utf8"))
    assert made["weights"] == checkpoint.sha256[:16], f"run `python -m senet attribution {name}` again"
    assert made["command"].startswith(f"python -m senet attribution {name}")
    for block in made["blocks"].values():
        assert set(block["agreement"]) == {f"{a} ~ {b}" for a, b in importance.PAIRS}
        assert max(block["completeness"].values()) < 0.1
