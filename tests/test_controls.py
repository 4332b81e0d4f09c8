"""Controls: gates in other hands, against what follows from the definition."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sebook.cli import datasets
from sebook.cli import parser as commands
from sebook.experiments import controls
from senet import pretrained
from senet.images import Pictures
from senet.images.patchwork import patchwork
from senet.inside.recording import record
from senet.models.cifar import small_resnet
from senet.models.se import SEBlock
from tests.common import scramble

PREPROCESS = pretrained.Preprocessing(32, (0.5,) * 3, (0.25,) * 3)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return scramble(small_resnet((1, 1), (8, 16), reduction=2)).eval()


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return patchwork(60, seed=3)


@pytest.fixture(scope="module")
def frozen(model, pictures):
    return controls.mean_gates(model, pictures, PREPROCESS, batch_size=17)


def test_mean_gates_are_the_mean_of_recorded_ones(model, pictures, frozen):
    blocks = record(model, PREPROCESS(pictures.images)).blocks
    assert list(frozen) == list(blocks)
    for name, block in blocks.items():
        torch.testing.assert_close(frozen[name], block.excitation.mean(0), atol=1e-6, rtol=0)


@pytest.mark.parametrize("batch_size", [7, 60])
def test_trained_is_the_network_itself(model, pictures, frozen, batch_size):
    plain = model(PREPROCESS(pictures.images)).argmax(1) == pictures.labels
    assert torch.equal(controls.right(model, pictures, PREPROCESS, "trained", frozen, batch_size=batch_size), plain)
    assert torch.equal(controls.right(model, pictures, PREPROCESS, "frozen", frozen, blocks=()), plain)  # nowhere


def test_one_is_the_network_without_its_gates(model, pictures, frozen):
    bare = small_resnet((1, 1), (8, 16), reduction=None).eval()
    bare.load_state_dict({name: value for name, value in model.state_dict().items() if ".se." not in name})
    expected = bare(PREPROCESS(pictures.images)).argmax(1) == pictures.labels
    assert torch.equal(controls.right(model, pictures, PREPROCESS, "one", frozen), expected)


def test_gates_that_never_move_are_frozen_and_shuffled_at_no_cost(pictures):
    torch.manual_seed(1)
    still = scramble(small_resnet((1, 1), (8, 16), reduction=2)).eval()
    for block in still.modules():
        if isinstance(block, SEBlock):
            torch.nn.init.zeros_(block.fc2.weight)  # every gate is the sigmoid of nothing
    gates = controls.mean_gates(still, pictures, PREPROCESS)
    trained = controls.right(still, pictures, PREPROCESS, "trained", gates)
    for control in ("frozen", "shuffled"):
        changed = controls.right(still, pictures, PREPROCESS, control, gates)
        assert controls.difference(changed, trained)["difference"] == 0


def test_shuffled_gates_are_those_of_the_stranger(model, pictures, frozen):
    """A batch of two can only change places."""
    pair = pictures[[0, 1]]
    x = PREPROCESS(pair.images)
    own = record(model, x).blocks
    logits = record(model, x, gates={name: block.excitation.flip(0) for name, block in own.items()}).logits
    expected = logits.argmax(1) == pair.labels
    assert torch.equal(controls.right(model, pair, PREPROCESS, "shuffled", frozen), expected)
    with pytest.raises(ValueError, match="n=1 picture"):
        controls.right(model, pictures[[0]], PREPROCESS, "shuffled", frozen)


@given(st.integers(2, 50), st.integers(0, 1000))
def test_strangers(n, seed):
    donors = controls.strangers(n, torch.Generator().manual_seed(seed))
    assert sorted(donors.tolist()) == list(range(n))
    assert (donors != torch.arange(n)).all()


def test_difference_by_hand():
    trained, changed = torch.tensor([1, 1, 1, 0]), torch.tensor([1, 0, 0, 1])
    said = controls.difference(changed, trained)
    assert said["accuracy"] == 0.5
    assert said["difference"] == -0.25
    # Differences 0, -1, -1, 1: their variance is 2.75 / 3.
    assert said["high"] - said["low"] == pytest.approx(2 * 1.96 * (2.75 / 3 / 4) ** 0.5)


def test_measure_counts_every_control_and_block(model, pictures):
    result = controls.measure(model, pictures, pictures, PREPROCESS, seeds=2, progress=False)
    assert tuple(result["controls"]) == controls.CONTROLS
    assert result["controls"]["trained"]["difference"] == 0
    assert list(result["frozen"]) == list(record(model, PREPROCESS(pictures.images[:1])).blocks)
    with pytest.raises(ValueError, match="control='off' is unknown"):
        controls.right(model, pictures, PREPROCESS, "off", {})


def test_the_command_writes_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(datasets.DATA, "patchwork", lambda split: patchwork(40, 5 if split == "train" else 6))
    assert commands.main(["controls", "se_resnet_patchwork", "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "controls-se_resnet_patchwork.json").read_text("utf-8"))
    assert result["pictures"] == {"train": 40, "test": 40}
    assert result["network"] == "se_resnet_patchwork"
    assert {"command", "date", "machine", "versions", "data"} <= set(result)
    said = capsys.readouterr().out
    for control in controls.CONTROLS:
        assert f"{control:9} {result['controls'][control]['accuracy']:.2%}" in said
