"""The widgets with plotted charts, Python's side: every number that they hand over, what they refuse, a run that they follow."""

import csv
import json
import math
import xml.etree.ElementTree as ET

import pytest
import torch

from sebook.experiments import linear_probe, profiles, study
from sebook.experiments.profiles import Profile
from sebook.pages import encoded
from sebook.widgets import Curves, Profiles
from sebook.widgets import curves as curves_module
from sebook.widgets.profiles import about, build, packed
from senet import pretrained
from senet.images.patchwork import patchwork
from senet.models.cifar import small_resnet
from senet.training import Recipe, fit

CIFAR = "se_resnet20_cifar10"


def some(classes: int = 3, **channels: int) -> Profile:
    """Class means known by their places."""
    mean = {f"{name}.se": torch.rand(classes, width, dtype=torch.float64) for name, width in channels.items()}
    variance = {name: torch.full_like(values, 0.01) for name, values in mean.items()}
    return Profile(torch.tensor([10] * classes), mean, variance)


def test_a_page_has_each_measure_with_its_interval():
    shipped = profiles.shipped(CIFAR)
    data = Profiles(CIFAR)._data["networks"][CIFAR]
    assert data["classes"] == list(pretrained.get(CIFAR).classes)
    assert data["pictures"] == int(shipped.counts.sum())
    probed = linear_probe.probed(CIFAR)
    for block in data["blocks"]:
        name = block["name"]
        assert block["channels"] == shipped.mean[name].shape[1]
        assert block["specificity"] == pytest.approx(list(shipped.mean_specificity(name)), abs=1e-4)
        saturation = shipped.saturation(name)
        for measure in ("closed", "open", "still"):
            value, low, high = block[measure]
            assert value == pytest.approx(getattr(saturation, measure), abs=1e-4)
            assert low <= value <= high
        assert block["probe"] == (pytest.approx(list(probed[name]), abs=1e-4) if probed else None)


def test_a_probe_of_other_weights_is_none(monkeypatch, tmp_path):
    checkpoint = pretrained.get(CIFAR)
    (tmp_path / "results").mkdir()
    file = tmp_path / "results" / f"probe-{CIFAR}.json"
    said = {"weights": checkpoint.sha256, "blocks": {"layer1.0.se": {"value": 0.5, "low": 0.4, "high": 0.6}}}
    moved = type(checkpoint)(**{**vars(checkpoint), "file": tmp_path / checkpoint.file.name})
    monkeypatch.setattr(pretrained, "get", lambda name: moved)
    assert linear_probe.probed(CIFAR) == {}
    file.write_text(json.dumps(said))
    assert linear_probe.probed(CIFAR) == {"layer1.0.se": (0.5, 0.4, 0.6)}
    file.write_text(json.dumps(said | {"weights": "others"}))
    assert linear_probe.probed(CIFAR) == {}


def test_means_are_within_half_a_step():
    profile = some(layer1=5, layer2=7)
    for arrays, truth in zip(packed(profile)["means"], profile.mean.values(), strict=True):
        found = encoded.unpacked(arrays, truth.shape[1])
        assert (found - truth).abs().max() <= (truth.max() - truth.min()) / 510 + 1e-6


def test_a_page_fetches_the_means_of_shipped_networks(tmp_path):
    widget = Profiles("se_resnet_patchwork")
    figure = ET.fromstring(widget._repr_html_())
    data = json.loads(figure.get("data-data"))
    assert data["arrays"] == {}
    assert figure.find(".//figcaption").text.startswith("SE-ResNet-8 on Patchwork, block 3.1.")
    text = build("se_resnet_patchwork", tmp_path).read_text()
    assert text.startswith('SENet.provide("profiles/se_resnet_patchwork",{')
    assert json.loads(text[text.index("{") : text.rindex("}") + 1]) == widget._data["arrays"]["se_resnet_patchwork"]


def test_profiles_of_yours_travel_with_the_widget():
    mine = {"before": some(layer1=4), "after": some(layer1=4)}
    widget = Profiles(mine, class_names=["a", "b", "c"], measure="specificity")
    assert (widget.network, widget.block, widget.classes) == ("before", "layer1.se", ["a", "b", "c"])
    assert set(json.loads(ET.fromstring(widget._repr_html_()).get("data-data"))["arrays"]) == {"before", "after"}
    assert widget._data["networks"]["after"]["blocks"][0]["open"] is None
    widget.channel = 3
    assert widget.state()["channel"] == "3"
    with pytest.raises(ValueError, match="class_names"):
        Profiles(mine)
    with pytest.raises(ValueError, match="2 names, and the profile 3"):
        about(mine["before"], ["a", "b"], title="x")


def test_another_network_lets_go_of_what_it_does_not_have():
    widget = Profiles("se_resnet_patchwork", classes=["disc"], block="layer3.0.se", channel=63)
    widget.network = "se_resnet18_slim_imagenet100"
    assert widget.classes == ["goldfish", "cliff", "espresso", "banana"]
    assert (widget.block, widget.channel) == ("layer3.0.se", 63)
    widget.block = "layer1.0.se"
    assert widget.channel is None


def test_curves_hold_what_training_wrote():
    data = Curves()._data
    for name in curves_module.SHIPPED:
        run = data["histories"][pretrained.get(name).title]
        with (pretrained.get(name).file.parent / "results" / f"{name}.training.csv").open() as file:
            rows = list(csv.DictReader(file))
        for field, values in run.items():
            assert values == pytest.approx([float(row[field]) for row in rows], rel=1e-4)


def test_studies_hold_every_run_and_its_interval():
    for name, found in Curves()._data["studies"].items():
        result = curves_module.study_result(name)
        rows = {row.arm: row for row in study.rows(result)}
        assert [arm["name"] for arm in found["arms"]] == list(rows)
        assert sum(len(arm["runs"]) for arm in found["arms"]) == len(result["runs"])
        for arm in found["arms"]:
            assert arm["mean"] == pytest.approx(rows[arm["name"]].accuracy, abs=1e-5)
            half = rows[arm["name"]].half
            assert arm["half"] is None if math.isnan(half) else arm["half"] == pytest.approx(half, rel=1e-3)


def test_without_studies_there_are_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(curves_module, "_results", lambda: tmp_path)
    assert curves_module.studies() == {}
    begun = {"study": {"title": "t", "arms": [{"group": "", "value": "standard"}]}, "runs": []}
    (tmp_path / "study-begun.json").write_text(json.dumps(begun))
    assert curves_module.studies() == {}  # no run yet
    run = {"arm": "standard", "seed": 0, "accuracy": 0.5, "parameters": 7}
    (tmp_path / "study-begun.json").write_text(json.dumps(begun | {"runs": [run]}))
    (arm,) = curves_module.studies()["study-begun"]["arms"]
    assert (arm["runs"], arm["mean"], arm["half"]) == ([[0, 0.5]], 0.5, None)


def test_a_run_is_followed_epoch_by_epoch(tmp_path):
    pictures = patchwork(40, seed=1)
    preprocess = pretrained.get("se_resnet_patchwork").preprocessing
    widget = Curves({})
    assert widget.runs == []
    assert "no epoch has ended" in widget.figure()[1]
    told = []
    widget.observe(lambda change: told.append(change.new["histories"]), "_data")
    recipe = Recipe(epochs=3, batch_size=20, peak_rate=0.05, bf16=False)
    file = tmp_path / "state.pt"

    def train(**more):
        model = small_resnet((1, 1, 1), (4, 8, 8), num_classes=10, reduction=4, min_hidden=1)
        return fit(model, pictures, pictures[:10], recipe, preprocess, progress=False, **more)

    history = train(checkpoint=file, after_epoch=widget.follow("mine"))
    assert widget.runs == ["mine"]
    assert [len(data["mine"]["epoch"]) for data in told if "mine" in data] == [1, 2, 3]
    assert told[-1]["mine"]["loss"] == pytest.approx([epoch["loss"] for epoch in history], rel=1e-4)
    assert "mine from" in widget.figure()[1]
    train(checkpoint=file, after_epoch=widget.follow("mine"))  # a run that goes on where it was tells what was before
    assert widget._data["histories"]["mine"]["epoch"] == [1, 2, 3]
    alone = Curves(history)
    assert alone.runs == ["this run"]
    assert alone._data["studies"] == {}


def test_every_study_can_be_the_figure():
    for name in Curves()._data["studies"]:
        svg, caption = Curves(show=name).figure()
        assert svg.startswith("<svg")
        assert caption.startswith("Change of accuracy in points")
