"""The widgets' Python side, without a browser: traits, answers to the front end, the figure for pages, and refusals."""

import html
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import mobilenet_v3_small

from sebook.widgets import ShallowDeep
from sebook.widgets.gates_text import gates_from
from sebook.widgets.view import STATIC
from senet import pretrained, resnet20, se_resnet20
from senet.images import Pictures
from senet.images.patchwork import patchwork
from senet.inside.recording import record

NETWORK = "se_resnet_patchwork"


@pytest.fixture(scope="module")
def shipped() -> ShallowDeep:
    assert (STATIC / "widget.js").exists(), "run `make test`, or `npm run build` in frontend/"
    return ShallowDeep(NETWORK)


@pytest.fixture
def widget(shipped: ShallowDeep) -> ShallowDeep:
    """As it is at first; making a new one takes a second."""
    blocks = [block["name"] for block in shipped._gallery["network"]["blocks"]]
    shipped.set_trait("shallow", blocks[0])
    shipped.set_trait("deep", blocks[-1])
    for name, value in {"picture": 0, "order": "index", "compare": "predicted", "scale": "fitted"}.items():
        setattr(shipped, name, value)
    shipped.shallow_channel = shipped.deep_channel = None
    shipped.gates = ""
    return shipped


def test_begins_with_the_first_and_the_last_block(widget):
    model = pretrained.load(NETWORK)
    blocks = list(record(model, torch.zeros(1, 3, 32, 32)).blocks)
    assert (widget.shallow, widget.deep) == (blocks[0], blocks[-1])
    assert (widget.picture, widget.order, widget.compare, widget.scale) == (0, "index", "predicted", "fitted")


def test_traits_are_set_by_either_side(widget):
    widget.picture = "twins-2"
    assert widget._gallery["pictures"][widget.picture]["id"] == "twins-2"
    # What the front end sends: the whole view at once.
    view = {"picture": 4, "shallow": widget.deep, "order": "excitation", "compare": "night", "shallow_channel": 3}
    widget.set_state(view)
    assert {name: getattr(widget, name) for name in view} == view
    assert widget.get_state(list(view)) == view


def test_a_held_channel_goes_with_its_block(widget):
    last = widget._blocks[widget.deep] - 1
    widget.deep_channel = last
    widget.deep = widget.shallow
    assert widget.deep_channel is None


@pytest.mark.parametrize(
    ("trait", "value", "says"),
    [
        ("picture", 4000, "choose 0 to"),
        ("picture", -1, "choose 0 to"),
        ("picture", True, "choose 0 to"),
        ("picture", "unicorn", "disc-1"),
        ("shallow", "layer9.0.se", "choose one of 'layer1"),
        ("deep", "fc", "deep='fc' is not an SE block"),
        ("order", "size", "'excitation'"),
        ("compare", "tiger", "'odd pair'"),
        ("scale", "log", "'full'"),
        ("shallow_channel", 1000, "choose 0 to"),
        ("deep_channel", -1, "choose 0 to"),
    ],
)
def test_what_is_not_there_is_refused(widget, trait, value, says):
    before = getattr(widget, trait)
    with pytest.raises(ValueError, match=re.escape(says)):
        setattr(widget, trait, value)
    assert getattr(widget, trait) == before
    with pytest.raises(ValueError, match=re.escape(says)):
        ShallowDeep(NETWORK, **{trait: value})


def ask(widget: ShallowDeep, monkeypatch, **message):
    sent = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append((content, buffers)))
    widget._handle_custom_msg({"ask": "7", "gates": None} | message, [])
    [(content, buffers)] = sent
    assert content["answer"] == "7"
    return content, buffers


def test_answers_are_torchs(widget, monkeypatch):
    _, buffers = ask(widget, monkeypatch, picture=5)
    checkpoint = pretrained.get(NETWORK)
    truth = record(pretrained.load(checkpoint), checkpoint.preprocessing(widget._pixels[5:6]))
    expected = [truth.logits, *(v for block in truth.blocks.values() for v in (block.squeeze, block.excitation))]
    assert len(buffers) == len(expected)
    for buffer, tensor in zip(buffers, expected, strict=True):
        np.testing.assert_allclose(np.frombuffer(buffer, "<f4"), tensor[0].numpy(), atol=1e-5)


def test_gates_of_the_front_end_act(widget, monkeypatch):
    channels = widget._blocks[widget.deep]
    content, buffers = ask(widget, monkeypatch, picture=0, gates={widget.deep: [0.25] + [None] * (channels - 1)})
    assert "error" not in content
    s, own = np.frombuffer(buffers[-1], "<f4"), widget.probe(0).blocks[widget.deep].excitation[0].numpy()
    assert s[0] == 0.25
    np.testing.assert_allclose(s[1:], own[1:], atol=1e-6)


@pytest.mark.parametrize("wrong", [{"picture": 999}, {"picture": 0, "gates": {"layer9": [1.0]}}])
def test_the_front_end_hears_of_errors(widget, monkeypatch, wrong):
    content, buffers = ask(widget, monkeypatch, **wrong)
    assert "choose" in content["error"]
    assert buffers is None


def test_messages_of_others_are_not_for_us(widget, monkeypatch):
    monkeypatch.setattr(widget, "send", lambda *_: pytest.fail("answered"))
    widget._handle_custom_msg({"method": "something"}, [])
    widget._handle_custom_msg("text", [])


def test_both_a_view_and_a_figure(widget):
    widget.picture, widget.order, widget.deep_channel = "night-1", "difference", 2
    data, _ = widget._repr_mimebundle_()
    assert set(data) >= {"application/vnd.jupyter.widget-view+json", "text/html"}
    figure = ET.fromstring(data["text/html"])
    assert figure.tag == "figure"
    assert figure.get("data-senet") == "shallow-deep"
    assert figure.get("data-network") == NETWORK
    assert json.loads(figure.get("data-state")) == {
        "picture": "night-1",
        "shallow": widget.shallow,
        "deep": widget.deep,
        "order": "difference",
        "compare": "predicted",
        "scale": "fitted",
        "shallowChannel": None,
        "deepChannel": 2,
        "gates": "",
    }
    svg = figure.find(".//{http://www.w3.org/2000/svg}svg")
    assert svg.get("role") == "img"
    likeliest = widget.probe(widget.picture).logits.argmax().item()
    assert f"night 1: taken for {widget._gallery['network']['classes'][likeliest]}" in svg.get("aria-label")
    assert len(data["text/html"]) < 60_000


@pytest.mark.parametrize("compare", ["true", "all", "none", "disc"])
def test_every_comparison_can_be_drawn(widget, compare):
    widget.compare = compare
    for picture in (0, "a-cup-of-coffee"):  # one with a true class, and one without
        widget.picture = picture
        assert "<svg" in widget._repr_html_()


def test_a_network_and_pictures_of_ones_own():
    """torchvision's SE blocks, 1000 outputs of which three are named by nobody; pictures of Pillow's."""
    model = mobilenet_v3_small(num_classes=3).eval()
    pictures = [Image.new("RGB", (300, 200), colour) for colour in ("red", "blue")]
    widget = ShallowDeep(model, pictures, preprocess=lambda x: x / 255, classes=["<a>", "b", "c"], order="excitation")
    assert (widget.compare, widget.order) == ("none", "excitation")
    assert widget._gallery["network"]["title"] == "MobileNetV3"
    assert len(widget.probe(1).blocks) == 9
    assert widget._gallery["pictures"][1]["label"] is None
    markup = widget._repr_html_()
    assert "data-network" not in markup  # no page has a recorded gallery for it
    assert "&lt;a&gt;" in markup or html.escape(widget.figure()[1]) in markup
    with pytest.raises(ValueError, match="needs class means"):
        widget.compare = "all"
    with pytest.raises(ValueError, match="needs class means"):
        widget.order = "difference"


def test_means_of_ones_own():
    model, pictures = se_resnet20(num_classes=10).eval(), patchwork(4)
    blocks = record(model, torch.zeros(1, 3, 32, 32)).blocks
    means = {name: torch.full((10, block.excitation.shape[1]), 0.5) for name, block in blocks.items()}
    widget = ShallowDeep(model, pictures, preprocess=lambda x: x / 255, means=means, compare="true")
    assert widget._gallery["pictures"][0]["label"] == int(pictures.labels[0])
    assert widget.state()["compare"] == "true"


def test_a_shipped_network_on_other_pictures():
    """Labels go by the names of classes."""
    mine = Pictures(torch.zeros(1, 3, 64, 64, dtype=torch.uint8), torch.tensor([1]), ("moon", "night"), ("black",))
    widget = ShallowDeep(NETWORK, mine)
    classes = widget._gallery["network"]["classes"]
    assert classes[widget._gallery["pictures"][0]["label"]] == "night"
    assert "data-network" not in widget._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (("se_resnet_patchwerk",), {}, "se_resnet_patchwork"),
        ((7,), {}, "pass a torch module"),
        ((resnet20(num_classes=10), patchwork(1)), {"preprocess": lambda x: x / 255}, "no SE block"),
        ((se_resnet20(num_classes=10), patchwork(1)), {}, "preprocess is missing"),
        ((se_resnet20(num_classes=10),), {"preprocess": lambda x: x / 255}, "pictures is missing"),
        ((se_resnet20(num_classes=7), patchwork(1)), {"preprocess": lambda x: x / 255}, "classes has 10 names, and the network 7"),
        ((se_resnet20(num_classes=2), [Image.new("RGB", (32, 32))]), {"preprocess": lambda x: x / 255}, "classes is missing"),
        ((NETWORK, []), {}, "no pictures"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments, options, says):
    with pytest.raises(ValueError, match=says):
        ShallowDeep(*arguments, **options)


def test_without_the_front_end_it_says_what_to_run(monkeypatch):
    monkeypatch.setattr(ShallowDeep, "_esm", "")
    with pytest.raises(FileNotFoundError, match="make book"):
        ShallowDeep(NETWORK)


def test_gates_by_hand_are_a_trait(widget):
    widget.gates = "layer1.0.se:2=0;layer3.0.se:0-63=1"
    gates = gates_from(widget.gates, widget._blocks)
    assert gates["layer1.0.se"][2] == 0
    assert gates["layer1.0.se"].isnan().sum() == 15
    assert torch.equal(gates["layer3.0.se"], torch.ones(64))
    packed = gates_from("layer1.0.se:*7ps000zzz" + 13 * "3uw", widget._blocks)["layer1.0.se"]
    assert packed.nan_to_num(-1).tolist() == [1, 0, -1, *[0.5] * 13]
    drawn, _ = widget.figure()
    widget.gates = ""
    assert widget.figure()[0] != drawn


@pytest.mark.parametrize(
    ("gates", "named"),
    [
        ("layer1.0.se:", "has to look like"),
        ("layer9.0.se:0=0", "not an SE block"),
        ("layer1.0.se", "not an SE block"),
        ("layer1.0.se:16=0", "from 0 to 15"),
        ("layer1.0.se:3-2=0", "from 0 to 15"),
        ("layer1.0.se:*7ps", "has 16 channels"),
        ("layer1.0.se:*" + 16 * "7pt", "values from 0 to 1"),
        ("layer1.0.se:*7p", "has to look like"),
        ("layer1.0.se:0=1.5", "values from 0 to 1"),
        ("layer1.0.se:0=-1", "has to look like"),
    ],
)
def test_gates_that_make_no_sense_are_refused(widget, gates, named):
    with pytest.raises(ValueError, match=named):
        widget.gates = gates
    assert widget.gates == ""
