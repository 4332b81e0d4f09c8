"""The table of gates in networks of timm and torchvision: what it says is what is counted and found, and can be found again."""

import json
import re
from pathlib import Path

import pytest
import timm
from PIL import Image
from safetensors.torch import load_file

from sebook.cli import main
from sebook.measure import coverage
from sebook.shipping.folding import without_se
from tools import coverage_elsewhere

ROOT = Path(__file__).parents[1]
KEPT = json.loads((ROOT / "data/results/coverage.json").read_text("utf8"))
ROWS = {row["network"]: row for row in KEPT["networks"]}


def test_all_that_is_counted_is_found():
    assert tuple(ROWS) == coverage.NETWORKS
    assert {name: row["found"] for name, row in ROWS.items()} == {name: row["counted"] for name, row in ROWS.items()}
    assert {family for row in ROWS.values() for family in row["found"]} >= set(coverage.CLASSES.values())
    for name, row in ROWS.items():
        assert row["proved"] == sum(row["found"].values()), name


def test_all_that_is_counted_elsewhere_is_found():
    kept = json.loads((ROOT / "data/results/coverage-elsewhere.json").read_text("utf8"))
    rows = kept["networks"]
    assert {row["network"].partition(":")[0] for row in rows} == {"smp", "transformers"}
    assert all(row["found"] == row["counted"] and row["proved"] == sum(row["found"].values()) > 0 for row in rows)
    assert kept["packages"] == dict(each.split("==") for each in coverage_elsewhere.PINNED[:2])


@pytest.mark.parametrize("name", ["timm:test_byobnet", "timm:gcresnext26ts", "torchvision:lraspp_mobilenet_v3_large"])
def test_a_row_can_be_found_again(name):
    assert {key: value for key, value in coverage.row(name).items() if key != "search"} == {
        key: value for key, value in ROWS[name].items() if key != "search"
    }


def test_the_command_says_what_it_finds(capsys, tmp_path):
    assert main(["coverage", "timm:test_efficientnet", "--out", str(tmp_path / "c.json")]) == 0
    assert json.loads((tmp_path / "c.json").read_text())["networks"][0]["found"] == ROWS["timm:test_efficientnet"]["found"]
    assert "| `timm:test_efficientnet` |" in capsys.readouterr().out


def test_anatomy_of_a_network_by_its_name(capsys, tmp_path):
    for colour in ("teal", "gold"):
        Image.new("RGB", (64, 48), colour).save(tmp_path / f"{colour}.png")
    files = {option: str(tmp_path / f"x.{option}") for option in ("svg", "json")}
    files["fold"] = str(tmp_path / "x.safetensors")
    options = [word for option, path in files.items() for word in (f"--{option}", path)]
    assert main(["anatomy", "timm:ghostnet_050", str(tmp_path), "--random", "--steady", "1", *options]) == 0
    said = capsys.readouterr()
    assert re.search(r"GhostNet: \d+ gates", said.out) and "has random weights" in said.err
    assert "SE, hard sigmoid of slope 0.1667" in said.out and "7 gates on 2 pictures" in said.out
    told = json.loads(Path(files["json"]).read_text())
    assert {gate["proof"] for gate in told["gates"]} == {"proved"} and told["pictures"] == 2
    assert "The 7 gates of timm:ghostnet_050" in Path(files["svg"]).read_text()
    empty = without_se(timm.create_model("ghostnet_050"), {gate["name"]: 0 for gate in told["gates"]})
    empty.load_state_dict(load_file(files["fold"]))  # all seven are gone, and nothing else
    for wrong, why in {"--mean=0.5": "--mean: for .onnx and .tflite files", "--fold=x.onnx": "has to end in .safetensors"}.items():
        assert main(["anatomy", "timm:ghostnet_050", str(tmp_path / "teal.png"), "--random", wrong]) == 1
        assert why in capsys.readouterr().err


def test_the_pages_code_runs(capsys):
    """As a reader would copy it."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "book/any-network.md").read_text("utf8"), re.DOTALL)
    names: dict = {"__name__": "page"}
    exec(compile(code, "any-network.md", "exec"), names)
    said = capsys.readouterr().out
    assert "SE, hard sigmoid of slope 0.1667, 8/32, mean, residual (any-network.md:" in said
    assert "proved" in said
    assert names["block"].excitation.shape == (4, 32)
    assert names["closed"].blocks[""].excitation[:, [0, 5]].abs().max() == 0
    assert len(names["frozen"].blocks[""].excitation.unique(dim=0)) == 1
