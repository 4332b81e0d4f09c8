"""The widgets of one SE block, Python's side: what they hand over is the network's, and what they refuse."""

import json

import pytest
import torch

from sebook.pages import encoded, exhibits
from sebook.widgets import Excitation, Rescale
from senet import pretrained
from senet.inside.recording import record

NETWORK, BLOCK = "se_resnet_patchwork", "layer1.0.se"


@pytest.fixture(scope="module")
def excitation() -> Excitation:
    return Excitation(NETWORK)


@pytest.fixture(scope="module")
def rescale() -> Rescale:
    return Rescale(NETWORK)


def test_weights_and_z_are_the_networks(excitation):
    model, data = pretrained.load(NETWORK, progress=False), excitation._data
    se = model.get_submodule(BLOCK)
    s = se.excite(torch.tensor(data["z"]))
    shown = exhibits.exhibits(pretrained.get(NETWORK).classes, 32)
    pixels = shown.pictures.images[[shown.ids.index(picture["id"]) for picture in data["pictures"]]]
    truth = record(model, pretrained.get(NETWORK).preprocessing(pixels)).blocks[BLOCK]
    torch.testing.assert_close(s, truth.excitation)
    assert torch.equal(torch.tensor(data["w1"]), se.fc1.weight)
    torch.testing.assert_close(excitation.layers()[2], truth.excitation[0])


def test_softmax_gates_compete_and_sigmoid_gates_do_not(excitation):
    before = excitation.layers()[2]
    excitation.pushed = "3:4"
    after = excitation.layers()[2]
    others = [c for c in range(len(before)) if c != 3]
    assert after[3] > before[3] and torch.equal(after[others], before[others])
    excitation.rule = "softmax"
    torch.testing.assert_close(excitation.layers()[2].sum(), torch.tensor(1.0))
    excitation.rule, excitation.pushed = "sigmoid", ""


def test_maps_are_the_networks_in_256_steps(rescale):
    truth = rescale._record.maps[0]
    found = encoded.unpacked(rescale._data["u"][0], truth[0].numel()).view_as(truth)
    assert (found - truth).abs().max() <= (truth.max() - truth.min()) / 510 + 1e-5  # half a step


def test_the_shortcut_is_what_the_block_adds(rescale):
    model = pretrained.load(NETWORK, progress=False)
    outputs = {}
    model.layer1[0].register_forward_hook(lambda _m, _x, out: outputs.update(out=out))
    shown = exhibits.exhibits(pretrained.get(NETWORK).classes, 32)
    first = [shown.ids.index(rescale._data["pictures"][0]["id"])]
    with torch.inference_mode():
        model(pretrained.get(NETWORK).preprocessing(shown.pictures.images[first]))
    ours = (rescale._record.rescaled[:1] + rescale._shortcut[:1]).relu()
    torch.testing.assert_close(ours, outputs["out"])


def test_an_unknown_block_is_refused():
    with pytest.raises(ValueError, match=r"layer9.*layer1\.0\.se"):
        Excitation(NETWORK, "layer9")


def test_a_page_gets_a_figure_and_the_data(excitation, rescale):
    for widget in (excitation, rescale):
        text = widget._repr_html_()
        assert 'role="img"' in text and "<figcaption>" in text
        assert json.loads(json.dumps(widget._data)) == widget._data
