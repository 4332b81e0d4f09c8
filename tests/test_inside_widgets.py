"""The widgets "Attribution" and "Relatives", Python's side: what they hand over is torch's, and what they refuse."""

import gzip
import json

import pytest
import torch

from sebook.experiments.attribution import channels, pixels
from sebook.pages import encoded, exhibits
from sebook.relatives import family
from sebook.widgets import Attribution, Relatives
from sebook.widgets.attribution import IMAGENET, SHOWN
from senet import pretrained
from senet.inside.recording import record

NETWORK, BLOCK = "se_resnet_patchwork", "layer2.0.se"


@pytest.fixture(scope="module")
def attribution() -> Attribution:
    return Attribution(NETWORK, ("disc-1", "night-1"), block=BLOCK, steps=4)


@pytest.fixture(scope="module")
def relatives() -> Relatives:
    return Relatives()


def shown(widget: Attribution, what: str, width: int) -> torch.Tensor:
    block = next(block for block in widget._data["networks"][NETWORK]["blocks"] if block["name"] == BLOCK)
    return encoded.unpacked(block[what], width)


def test_what_it_hands_over_is_torchs(attribution):
    checkpoint = pretrained.get(NETWORK)
    model, known = pretrained.load(checkpoint, progress=False), exhibits.exhibits(checkpoint.classes, 32)
    x = checkpoint.preprocessing(known.pictures.images[[known.ids.index(name) for name in ("disc-1", "night-1")]])
    truth = record(model, x)
    target = truth.logits.argmax(1)
    s = truth.blocks[BLOCK].excitation
    count = s.shape[1]
    torch.testing.assert_close(shown(attribution, "s", count), s, atol=1e-4, rtol=0)
    found = channels(model, x, target, BLOCK, method="ablation")
    span = float(found.max() - found.min())
    torch.testing.assert_close(shown(attribution, "ablation", count), found, atol=span / 65535, rtol=0)
    assert [p["answer"] for p in attribution._data["networks"][NETWORK]["pictures"]] == [checkpoint.classes[k] for k in target]
    grid = shown(attribution, "opened", 64).view(2, count, 8, 8)
    one = pixels(model, x, BLOCK, 3, method="occlusion", window=4)
    step = float(grid.max() - grid.min()) / 255
    torch.testing.assert_close(grid[:, 3].repeat_interleave(4, 1).repeat_interleave(4, 2), one, atol=step, rtol=0)


def test_traits_and_figure(attribution):
    attribution.method, attribution.picture, attribution.channel = "conductance", "night-1", 31
    svg, caption = attribution.figure()
    assert "conductance" in caption and "32 channels" in caption and "<svg" in svg
    assert attribution.state() == {
        **{"network": NETWORK, "picture": "night-1", "block": BLOCK, "method": "conductance", "channel": "31", "overlay": "on"},
    }
    attribution.block = "layer1.0.se"  # which has 16 channels
    assert attribution.channel == 0
    attribution.block = BLOCK
    page = attribution._repr_html_()
    assert 'data-senet="attribution"' in page and len(page) < 60_000
    assert json.loads(json.dumps(attribution._data)) == attribution._data


def test_attribution_refuses_pictures_that_are_not_there():
    with pytest.raises(ValueError, match="unicorn"):
        Attribution(NETWORK, ("unicorn",))


def test_a_network_without_pictures_of_its_own_says_what_to_pass():
    with pytest.raises(ValueError, match=r"network='se_resnet20_cifar10' has no pictures here: pass pictures, or choose"):
        Attribution("se_resnet20_cifar10")


def test_photographs_are_a_second_network():
    """Its pictures and blocks take the first one's place, and a page carries no more for it than a page may."""
    both = Attribution(NETWORK, ("disc-1",), others=[IMAGENET], steps=2)
    assert both.state()["network"] == NETWORK and both.picture == "disc-1"
    both.network = IMAGENET
    pictures, blocks = SHOWN[IMAGENET]
    assert (both.picture, both.block) == (pictures[0], blocks[-1])
    assert [name for name, _ in both.answers[IMAGENET]] == ["tabby", "German shepherd"]
    checkpoint = pretrained.get(IMAGENET)
    known = exhibits.exhibits(checkpoint.classes, 64)
    x = checkpoint.preprocessing(known.pictures.images[[known.ids.index(name) for name in pictures]])
    truth = record(pretrained.load(checkpoint, progress=False), x)
    torch.testing.assert_close(both.values[IMAGENET][blocks[0]]["s"], truth.blocks[blocks[0]].excitation)
    both.picture = pictures[1]
    assert "taken for German shepherd" in both.figure()[1]
    assert len(gzip.compress(json.dumps(both._page_data()).encode())) < 100_000


def test_relatives_show_what_is_laid_out(relatives):
    for name in family.RELATIVES:
        for stage in family.STAGES:
            assert relatives._data["relatives"][name][str(stage)] == family.laid_out(name, stage)
    relatives.relative, relatives.stage = "cbam", 4
    table, caption = relatives.figure()
    assert table.count("<tr>") == 1 + 3 and "2 × 2048" in table and "CBAM beside SE in stage 4" in caption
    assert 'data-senet="relatives"' in relatives._repr_html_()
