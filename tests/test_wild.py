"""Others' networks: out of their package by hash, converted as another runtime reads them, and what the chapter says of them."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from sebook.network_files import pictures
from sebook.network_files.onnx_network import OnnxNetwork
from sebook.widgets.segmenter import Segmenter, runs
from sebook.wild import figures, listed, segmenter, tflite_tables, to_onnx
from senet.pretrained import CheckpointError
from tools import wild_stories
from tools.in_the_wild import ZERO_ONE

from .test_download import cache, served  # noqa: F401  fixtures

RESULTS = Path(__file__).parents[1] / "data" / "results"
STORIES = json.loads((RESULTS / "wild-stories.json").read_text("utf8"))["stories"]
NETWORKS = json.loads((RESULTS / "in-the-wild.json").read_text("utf8"))["networks"]
MEANS = STORIES["segmenter"]["means"]


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> OnnxNetwork:
    """The segmenter, which npm fetched with the page's runtime."""
    return OnnxNetwork(segmenter.write(tmp_path_factory.mktemp("wild") / "selfie_segmentation.onnx"))


@pytest.fixture(scope="module")
def widget(network: OnnxNetwork) -> Segmenter:
    return Segmenter(MEANS, network.path)


def test_the_converted_network_is_what_litert_runs(network: OnnxNetwork):
    """LiteRT ran the TFLite file on these crops for data/results: ten gates, all channels, and the masks that come of them."""
    other, tested = wild_stories.people()
    means = network.run(pictures.taken(network, other, ZERO_ONE)).excitation
    assert list(means) == list(MEANS)
    for name, s in means.items():
        np.testing.assert_allclose(s.mean(0), MEANS[name], rtol=1e-3, atol=1e-5)
    again = wild_stories.masks(network, *(pictures.taken(network, each[:8], ZERO_ONE) for each in (other, tested)), 0.5)
    assert again["own"] == 1 and again["ones"] < again["frozen"] < 1
    assert all(gate.proof == "proved" for gate in network.prove(pictures.taken(network, tested[:2], ZERO_ONE)).gates)


def test_the_file_says_where_it_is_from_and_what_was_changed(network: OnnxNetwork):
    said = {each.key: each.value for each in network.model.metadata_props}
    assert said == segmenter.ABOUT and said["licence"] == "Apache-2.0"
    assert segmenter.VERSION in said["source"] and "converted from TFLite" in said["changes"]


def test_npm_pins_the_package_that_is_converted():
    lock = json.loads((segmenter.CHECKOUT.parents[3] / "package-lock.json").read_text("utf8"))
    pinned = lock["packages"][f"node_modules/{segmenter.PACKAGE}"]
    assert pinned["version"] == segmenter.VERSION and pinned["integrity"].startswith("sha512-")
    assert pinned["license"] == segmenter.ABOUT["licence"]


def package(data: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"package/{segmenter.FILE}")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def test_without_a_checkout_the_package_is_fetched_once(served, cache, monkeypatch, capsys):  # noqa: F811
    folder, url = served
    data = segmenter.fetched()
    (folder / "package.tgz").write_bytes(package(data))
    monkeypatch.setattr(segmenter, "CHECKOUT", folder / "no-checkout")
    monkeypatch.setattr(segmenter, "URL", f"{url}/package.tgz")
    monkeypatch.setattr(segmenter, "SHA256", hashlib.sha256(package(data)).hexdigest())
    assert segmenter.fetched(progress=False) == data
    (folder / "package.tgz").unlink()
    path = segmenter.at_hand()  # from the cache
    assert path == cache / "selfie_segmentation.onnx" and len(OnnxNetwork(path).anatomy.gates) == 10

    (cache / "package.tgz").unlink()
    assert segmenter.at_hand() is None
    assert "answers 404" in (said := capsys.readouterr().out) and "do nothing here" in said
    (folder / "package.tgz").write_bytes(package(data[:-1] + b"?"))
    with pytest.raises(CheckpointError, match="instead of"):
        segmenter.fetched(progress=False)


def test_what_is_not_converted_is_refused(monkeypatch):
    data = segmenter.fetched()
    with pytest.raises(ValueError, match="TFL3 as their fifth to eighth byte"):
        to_onnx.converted(b"\0" * 64, {})
    monkeypatch.delitem(tflite_tables.NAMES, 14)
    with pytest.raises(ValueError, match="operation 14 of TFLite is not read here"):
        to_onnx.converted(data, {})
    monkeypatch.setitem(tflite_tables.NAMES, 14, "LOGISTIC_OF_ANOTHER_KIND")
    with pytest.raises(ValueError, match="LOGISTIC_OF_ANOTHER_KIND is not converted here"):
        to_onnx.converted(data, {})


# ---- the widget, Python's side
def test_the_widget_answers_as_the_network(widget: Segmenter, network: OnnxNetwork):
    widget.choose(picture="cameraman", gates="frozen")
    x = segmenter.planes(widget._shown["cameraman"][None])
    means = {name: np.float32(values) for name, values in MEANS.items()}
    np.testing.assert_array_equal(widget.mask(), network.run(x, means).outputs[0][0, 0] > 0.5)
    for s, mean in zip(widget.excitations(), means.values(), strict=True):
        np.testing.assert_array_equal(s, mean)
    svg, caption = widget.figure()
    assert f"takes {widget.mask().mean():.0%} of the picture for a person" in caption and "frozen at their means" in caption
    assert 'role="img"' in svg
    widget.choose(picture="astronaut", gates="own")


def test_the_widget_refuses_means_of_another_network(network: OnnxNetwork):
    with pytest.raises(ValueError, match="means: these are not the gates of this network"):
        Segmenter({"multiply": [0.5] * 16}, network.path)


@pytest.mark.parametrize("mask", [[[0, 0], [1, 1]], [[1, 0], [0, 1]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]])
def test_runs_are_the_mask(mask: list):
    lengths = runs(np.array(mask, bool))
    back = np.repeat(np.arange(len(lengths)) % 2, lengths)
    np.testing.assert_array_equal(back.reshape(2, 2), mask)


# ---- what the chapter says
def test_the_chapters_words_hold():
    moves = {name: [gate["between_inputs"] for gate in story.get("gates", ())] for name, story in STORIES.items()}
    assert max(moves["reader"]) < min(moves["segmenter"])  # "near the bottom", and "follow each picture"
    for name in ("segmenter", "detector", "reader", "turner"):
        story = STORIES[name]
        assert story["ones"] < 0.6 * story["own"], "with all gates at 1, nothing useful remains"
        assert story["frozen"] > 0.85 * story["own"], "little is lost with frozen gates"
    assert STORIES["reader"]["ones"] == 0 and STORIES["turner"]["ones"] == STORIES["turner"]["of"] / 2  # as by guessing
    assert STORIES["segmenter"]["without_a_person"]["own"] > 0.1  # it knows of nobody
    still = max(STORIES["detector"]["gates"], key=lambda gate: gate["never_moves"])
    assert still["never_moves"] == 1 and still["zero"] + still["one"] == 1  # "a list of switches"
    first, second = STORIES["classifier"]["gates"][:2]
    assert first["dead"] == first["hidden"] and second["dead"] >= second["hidden"] - 1
    assert STORIES["classifier"]["first_gate_as_a_constant_changes_nothing"] is True
    for seams in STORIES["upscaler"]["pictures"]:
        assert seams["tiles_most"] > 10 and seams["given_most"] < 0.01 and seams["tiles_step"] > seams["step"]
    detector = next(each for each in NETWORKS if each["file"].startswith("PP-OCRv4_det"))
    assert {round(gate["slope"], 3) for gate in detector["gates"]} == {0.167, 0.2}  # "in one file with both"
    own = next(each for each in NETWORKS if each["file"] == segmenter.FILE)
    assert [gate["same"] for gate in own["gates"]] == [True] * 6 + [False] * 4  # "six of the ten"


def test_the_table_has_each_network_once():
    text = listed.table(NETWORKS)
    assert text.count("\n") == 1 + len(listed.different(NETWORKS)) and text.count("finds text") == 1
    assert "hard sigmoid, slope 0.167; hard sigmoid, slope 0.2" in text and "CC BY-NC-SA" in text


def test_figures_say_what_they_show():
    switches, dead = figures.switches(STORIES["detector"]).label, figures.dead(STORIES["classifier"]).label
    assert switches.count("gate ") == 10 and "gate 7: 62% at 0, 38% at 1" in switches and "gate 1: 8 of 8" in dead
    assert "reads a line: 0.0" in figures.moving({"reads a line": STORIES["reader"]}).label
