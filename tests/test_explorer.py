"""The explorer's Python side, without a browser: gates both ways, and what is asked inside the network, against torch."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import mobilenet_v3_small

from sebook.experiments import attribution
from sebook.pages.encoded import unpacked
from sebook.pages.excitation_weights import Layers, build, layers
from sebook.widgets import Explorer
from senet import pretrained, se_resnet20
from senet.inside.recording import record, se_blocks

from .common import scramble

NETWORK = "se_resnet_patchwork"


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer(NETWORK)


@pytest.fixture
def block(explorer) -> str:
    explorer.gates, explorer.channel = {}, None
    return list(explorer._blocks)[1]


def ask(explorer, monkeypatch, **message):
    sent = []
    monkeypatch.setattr(explorer, "send", lambda content, buffers=None: sent.append((content, buffers)))
    explorer._handle_custom_msg({"ask": "7", "gates": None} | message, [])
    [(content, buffers)] = sent
    assert content["answer"] == "7"
    return content, [np.frombuffer(buffer, "<f4") for buffer in buffers or []]


def test_gates_are_set_channel_by_channel_or_all_at_once(explorer, block):
    count = explorer._blocks[block]
    explorer.gates[block] = {3: 0}
    explorer.gates[block] = {5: 0.25}  # the other stays
    row = explorer.gates[block]
    assert (row[3], row[5], int(row.isnan().sum())) == (0, 0.25, count - 2)
    assert explorer.pulled[block][3] == 0  # what the page gets
    assert explorer.pulled[block][4] is None
    explorer.gates[block] = {3: None}  # let go
    assert explorer.gates[block][3].isnan()
    explorer.gates[block] = torch.ones(count)
    assert list(explorer.gates) == [block]
    assert (explorer.gates[block] == 1).all()
    np.testing.assert_allclose(explorer.probe(0, explorer.gates).blocks[block].excitation, 1)
    del explorer.gates[block]
    assert len(explorer.gates) == 0
    with pytest.raises(KeyError):
        del explorer.gates[block]


def test_a_readers_pull_is_seen_and_heard(explorer, block):
    heard = []
    explorer.observe(lambda change: heard.append(change.new), "pulled")
    row = [None] * explorer._blocks[block]
    row[2] = 0.5
    explorer.set_state({"pulled": {block: row}, "channel": 2, "block": block})  # as the page sends it
    explorer.unobserve_all("pulled")
    assert heard == [{block: row}]
    assert explorer.gates[block][2] == 0.5
    assert "2: 0.5" in repr(explorer.gates)
    explorer.gates = {block: [None] * len(row)}
    assert explorer.pulled == {}  # nothing set is nothing


@pytest.mark.parametrize(
    ("set_it", "says"),
    [
        (lambda e, b: e.gates.__setitem__(b, {99: 0}), "has no channel 99: choose 0 to"),
        (lambda e, b: e.gates.__setitem__(b, {True: 0}), "has no channel True"),
        (lambda e, b: e.gates.__setitem__(b, {0: 1.5}), "a gate goes from 0 (closed) to 1 (open)"),
        (lambda e, b: e.gates.__setitem__(b, [1.0]), "has 1 values, and the block"),
        (lambda e, b: e.gates.__setitem__("layer9", {0: 0}), "is not an SE block of this network"),
        (lambda e, b: setattr(e, "gates", {b: [2.0] * e._blocks[b]}), "a gate goes from 0"),
        (lambda e, b: setattr(e, "channel", 4000), "choose 0 to"),
        (lambda e, b: setattr(e, "second", "unicorn"), "is not among the pictures"),
        (lambda e, b: setattr(e, "picture", None), "is not among the pictures"),
        (lambda e, b: setattr(e, "beside", "fc"), "beside='fc' is not an SE block"),
        (lambda e, b: setattr(e, "compare", "tiger"), "'second'"),
        (lambda e, b: setattr(e, "zoom", 7), "choose one of 0, 64"),
        (lambda e, b: setattr(e, "start", -1), "before the first place"),
        (lambda e, b: e.maps(0, "fc"), "is not an SE block"),
        (lambda e, b: e.occlude(0, b, -1), "choose 0 to"),
        (lambda e, b: Explorer(NETWORK, others=["resnet"]), "others='resnet'"),
    ],
)
def test_what_is_not_there_is_refused(explorer, block, set_it, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        set_it(explorer, block)
    assert explorer.pulled == {}


def test_a_block_makes_room_and_takes_its_channel_along(explorer, block):
    explorer.beside = next(name for name in explorer._blocks if name != block)
    explorer.block = block
    explorer.channel = 3
    other = explorer.beside
    explorer.block = other
    assert (explorer.beside, explorer.channel) == (block, None)


def test_a_map_before_and_after_its_gate(explorer, block, monkeypatch):
    gates = {block: [None, 0.25] + [None] * (explorer._blocks[block] - 2)}
    _, (u, x, shape) = ask(explorer, monkeypatch, picture=4, gates=gates, map={"block": block, "channel": 1})
    checkpoint = pretrained.get(NETWORK)
    truth = record(pretrained.load(checkpoint), checkpoint.preprocessing(explorer._pixels[4:5]), maps=True).blocks[block]
    np.testing.assert_allclose(u, truth.maps[0, 1].flatten(), atol=1e-5)
    np.testing.assert_allclose(x, 0.25 * truth.maps[0, 1].flatten(), atol=1e-5)
    assert shape.tolist() == list(truth.maps.shape[2:])


def test_an_occlusion_agrees_with_captums(explorer, block, monkeypatch):
    """Captum's window steps by its own width. So only places that both have are compared, and only as far as a grey that is
    rounded to whole steps of 255 can be the exact mean."""
    checkpoint = pretrained.get(NETWORK)
    picture, channel, window = 2, 5, 8
    images = checkpoint.preprocessing(explorer._pixels[picture : picture + 1])
    fall = attribution.pixels(pretrained.load(checkpoint), images, block, channel, method="occlusion", window=window)[0]
    own = record(pretrained.load(checkpoint), images).blocks[block].excitation[0, channel]
    patches = [{"left": left, "top": top, "side": window} for top in range(0, 32, window) for left in range(0, 32, window)]
    _, (values,) = ask(explorer, monkeypatch, picture=picture, cover={"block": block, "channel": channel, "patches": patches})
    np.testing.assert_allclose(own.item() - values.reshape(4, 4), fall[::window, ::window].numpy(), atol=5e-3)
    assert np.ptp(values) > 0.01  # it matters where the patch lies


def test_occlude_is_its_patches_one_by_one(explorer, block):
    found = explorer.occlude(3, block, 2, steps=4)
    pixels = explorer._pixels[3].clone()
    pixels[:, 4:20, 12:28] = explorer._grey  # row 1, column 2 of 4: sixteen pixels wide, its middle at 12 down and 20 across
    assert found[1, 2].item() == pytest.approx(
        record(explorer._module, explorer._preprocess(pixels[None])).blocks[block].excitation[0, 2].item(), abs=1e-6
    )


def test_layers_make_z_into_s(explorer, block, monkeypatch):
    _, (w1, b1, w2, b2) = ask(explorer, monkeypatch, picture=0, layers=block)
    se = explorer._module.get_submodule(block)
    np.testing.assert_allclose(w1, se.fc1.weight.detach().flatten())
    np.testing.assert_allclose(w2, se.fc2.weight.detach().flatten())
    assert not b1.any()
    assert len(b2) == explorer._blocks[block]


def test_layers_of_others_and_of_none():
    """torchvision's gate isn't a sigmoid: what isn't equation 3 isn't shown as if it were."""
    x = torch.randn(3, 3, 64, 64)
    model = scramble(mobilenet_v3_small(), x).eval()
    blocks = record(model, x).blocks
    assert all(layers(points, blocks[name]) is None for name, points in se_blocks(model).items())
    for points in se_blocks(model).values():
        points.block.scale_activation = nn.Sigmoid()
    again, points = record(model, x).blocks, se_blocks(model)
    for name, block in again.items():
        found = layers(points[name], block)
        assert found is not None  # 1x1 convolutions with biases
        assert found.b1.abs().max() > 0
        torch.testing.assert_close(found.excite(block.squeeze), block.excitation, atol=1e-5, rtol=0)


def test_a_file_of_layers_is_read_back(tmp_path):
    text = build(NETWORK, tmp_path).read_text("utf-8")
    about = json.loads(re.fullmatch(r'SENet\.provide\("layers/[^"]+",(.*)\);\n', text)[1])
    model = pretrained.load(NETWORK)
    recorded = record(model, torch.randn(2, 3, 32, 32)).blocks
    assert len(about["blocks"]) == len(recorded)
    for written, block in zip(about["blocks"], recorded.values(), strict=True):
        channels = block.squeeze.shape[1]
        w1 = unpacked(written["w1"], channels)
        b1, b2 = (unpacked(written[name], 1).flatten() for name in ("b1", "b2"))
        found = Layers(w1, b1, unpacked(written["w2"], len(w1)), b2)
        torch.testing.assert_close(found.excite(block.squeeze), block.excitation, atol=1e-3, rtol=0)  # written in 16 bits
    assert all(0 <= value <= 255 for value in about["grey"])


def test_the_readers_own_network_and_pictures(monkeypatch):
    model = scramble(se_resnet20(num_classes=3), torch.randn(4, 3, 32, 32))
    pictures = [Image.effect_noise((32, 32), sigma).convert("RGB") for sigma in (10, 60)]
    explorer = Explorer(model, pictures, preprocess=lambda x: x / 255, classes=["a", "b", "c"], second=1)
    first = next(iter(explorer._blocks))
    explorer.gates[first] = {0: 0}
    assert explorer.compare == "none"
    content, buffers = ask(explorer, monkeypatch, picture=1, gates=explorer.pulled)
    assert "error" not in content
    assert buffers[2][0] == 0
    assert explorer.occlude(0, first, 1).shape == (8, 8)
    html = explorer._repr_html_()
    assert "data-network" not in html  # no page knows this network: the figure stays as it is
    assert "SE blocks from shallow to deep" in html


def test_the_page_is_told_the_view_and_the_networks():
    explorer = Explorer(NETWORK, others=("se_resnet20_cifar10",), channel=2, second="twins-1", compare="second", small=True)
    explorer.gates[explorer.block] = {0: 0.5}
    state = explorer.state()
    assert [name for name, _ in state["networks"]] == [NETWORK, "se_resnet20_cifar10"]
    assert (state["second"], state["channel"], state["small"]) == ("twins-1", 2, True)
    assert state["gates"] == f"{explorer.block}:0=0.5000"
    svg, caption = explorer.figure()
    assert caption in svg.replace("&#x27;", "'") or "aria-label" in svg
    assert svg.count("<path") > sum(explorer._blocks.values())
