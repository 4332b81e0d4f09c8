"""The figure of the SE block says what the shipped network computes; the chapters' listings are the package's networks."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sebook.pages import block_card, block_figure
from senet import SEBlock
from senet.models import resnet

BOOK = Path(__file__).parents[1] / "book"


def defined(chapter: str, *cells: str) -> dict:
    """What cells of a chapter define."""
    found = {cell["id"]: "".join(cell["source"]) for cell in json.loads((BOOK / f"{chapter}.ipynb").read_text("utf8"))["cells"]}
    names = {"glue": lambda *_, **__: None}
    for cell in cells:
        exec(compile(found[cell], cell, "exec"), names)
    return names


def test_the_figure_is_the_networks_own():
    """What the lines carry to a gate adds up to it, by equation 3."""
    block = block_figure.computed()
    np.testing.assert_allclose(1 / (1 + np.exp(-block.w2.sum(1))), block.s, atol=1e-6)
    assert block.hidden.min() >= 0
    assert len(block.s) == len(block_figure.CHANNELS) < block.channels
    assert np.ptp(block.s) > 0.5  # it shows what gates do: some nearly close, some nearly open
    assert block.maps.min() == 0
    assert block.maps.max() == 1


def test_its_svg_is_small_coloured_by_the_page_and_put_in_words():
    svg = block_figure.svg()
    assert len(svg.encode()) < 30_000
    assert not re.search(r'(?:fill|stroke)="#', svg), "a colour of its own would not follow the page's theme"
    label = re.search(r'aria-label="([^"]+)"', svg)[1]
    for gate in block_figure.computed().s:
        assert f"{gate:.2f}" in label
        assert f"--s:{gate:.2f}" in svg
    assert "data-plays" in block_figure.BlockFigure(plays=True)._repr_html_()
    assert "data-plays" not in block_figure.BlockFigure()._repr_html_()


def test_a_gate_is_a_column_that_is_filled_as_far_as_it_is_open():
    """Round ones in a glow looked like buttons."""
    heights = [float(each) for each in re.findall(r'<rect class="level" [^>]*height="([\d.]+)"', block_figure.svg())]
    np.testing.assert_allclose(heights, block_figure.GAUGE[1] * block_figure.computed().s, atol=0.06)


def test_the_card_shows_it(tmp_path: Path):
    block_card.draw_card(tmp_path / "card.png", ["Squeeze", "& Excite"])
    with Image.open(tmp_path / "card.png") as card:
        assert card.size == (1200, 630)
        shades = np.asarray(card.convert("L"))
    assert shades.std() > 20


def test_the_clean_block_is_the_packages_bit_for_bit():
    clean = defined("rescale", "imports", "clean")["SE_Block"](64)
    packaged = SEBlock(64)
    packaged.load_state_dict(clean.state_dict())
    u = torch.randn(2, 64, 9, 7)
    with torch.no_grad():
        assert torch.equal(clean(u), packaged(u))


@pytest.mark.parametrize("depth", [18, 50])
def test_the_clean_networks_are_the_packages(depth: int):
    names = defined("se-resnet", "imports", "helpers", "basic", "bottleneck", "network")
    clean = names[f"se_resnet{depth}"](num_classes=7).double().eval()
    packaged = getattr(resnet, f"se_resnet{depth}")(num_classes=7).double().eval()
    packaged.load_state_dict(clean.state_dict())
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():  # the package rescales and adds in one pass, which rounds once less
        torch.testing.assert_close(clean(x), packaged(x), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("depth", [34, 101, 152])
def test_the_deeper_ones_have_the_same_parts(depth: int):
    names = defined("se-resnet", "imports", "helpers", "basic", "bottleneck", "network")
    with torch.device("meta"):
        clean, packaged = names[f"se_resnet{depth}"](), getattr(resnet, f"se_resnet{depth}")()
    shapes = {name: tuple(value.shape) for name, value in clean.state_dict().items()}
    assert shapes == {name: tuple(value.shape) for name, value in packaged.state_dict().items()}
