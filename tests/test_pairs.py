"""timm's pairs of networks: the table as its tool writes it, what the widget says of it, and who kept SE."""

import csv
import json
from pathlib import Path

import pytest

from sebook.measure import gains, pairs
from sebook.widgets import Pairs
from tools import timm_pairs, who_kept_se

ROOT = Path(__file__).parents[1]


def rows(name: str) -> list[dict]:
    """A table as timm's, with every network of the pairs: with SE 1 point better, and a tenth longer."""
    made = []
    for without, with_se, side in timm_pairs.PAIRS:
        for gain, network in enumerate((without, with_se)):
            if "benchmark" in name:
                rate = 1000 / (1 + gain / 10)
                made.append({"model": network.split(".")[0], "infer_img_size": side, "infer_samples_per_sec": rate})
            else:
                made.append({"model": network, "img_size": side, "top1": 70 + gain, "param_count": 2 + gain})
    return made


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in (*(f"results-{one}" for one in timm_pairs.SETS), *timm_pairs.MACHINES):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows(name)[0])
            writer.writeheader()
            writer.writerows(rows(name))
    return tmp_path


def test_the_tool_pairs_networks(results):
    made = timm_pairs.made(results)
    assert len(made["pairs"]) == 14
    for pair in made["pairs"]:
        assert set(pair["top1"]) == set(timm_pairs.SETS)
        assert all(both == [70, 71] for both in pair["top1"].values())
        assert all(ratio == 1.1 for ratio in pair["time"].values())
    shipped = pairs.read()
    assert [(pair["without"], pair["with"], pair["pixels"]) for pair in shipped["pairs"]] == list(timm_pairs.PAIRS)
    assert shipped["sets"] == timm_pairs.SETS and shipped["machines"] == timm_pairs.MACHINES


def test_the_tool_says_what_is_missing(results, monkeypatch, capsys):
    (results / "results-sketch.csv").unlink()
    monkeypatch.setattr("sys.argv", ["timm_pairs", str(results)])
    with pytest.raises(SystemExit):
        timm_pairs.main()
    assert "results-sketch.csv" in capsys.readouterr().err


def test_the_widget_says_what_the_table_holds():
    widget = Pairs()
    for name in pairs.read()["sets"]:
        widget.measure = name
        counted = gains.in_timm(name)
        mean = f"{counted['mean']:+.2f}".replace("-", "−")
        assert widget.figure()[1].endswith(f"{mean} points on average; {counted['up']} of 14 pairs gain.")
    widget.order = "difference"
    values = [value for _, value in widget.differences()]
    assert values == sorted(values, reverse=True)
    widget.measure = next(iter(pairs.read()["machines"]))
    assert "% more time" in widget.figure()[1]


def test_a_question_quotes_the_table():
    pair = next(pair for pair in pairs.read()["pairs"] if pair["with"] == "seresnet50.a1_in1k")
    page = (ROOT / "book" / "what-became.ipynb").read_text(encoding="utf-8")
    assert "It fell from {:.2f} to {:.2f} %.".format(*pair["top1"]["imagenet"]) in page


def test_who_kept_se_is_what_timm_builds():
    """The table's count for networks that are quick to build, found again; and a name for every gate's family."""
    import timm

    shipped = json.loads((ROOT / "data" / "results" / "who-kept-se.json").read_text(encoding="utf-8"))["networks"]
    assert [row["network"] for row in shipped] == [network for network, *_ in who_kept_se.NETWORKS]
    by_name = {row["network"]: row for row in shipped}
    for name in ("lcnet_100", "mobilenetv4_conv_small"):
        found = who_kept_se.gated(timm.create_model(name))
        assert found == {key: by_name[name][key] for key in found}
    for row in shipped:
        assert sum(row["strides"].values()) == sum(row["families"].values()) == row["gates"]
