"""The chapter on SE-ResNet shows a block that cannot run, and one that is corrected: both are what the chapter says."""

import json
from pathlib import Path

import pytest
import torch
from torchvision.models.resnet import Bottleneck

from senet.models.se import SEBlock

CHAPTER = Path(__file__).parents[1] / "book" / "se-resnet.ipynb"


@pytest.fixture(scope="module")
def listing() -> dict:
    """What the chapter's cells define, beginning with the faulty block."""
    names = {"Bottleneck": Bottleneck, "SEBlock": SEBlock, "torch": torch}
    cells = {cell["id"]: "".join(cell["source"]) for cell in json.loads(CHAPTER.read_text("utf8"))["cells"]}
    for cell in ("broken", "find", "corrected"):
        exec(compile(cells[cell], cell, "exec"), names)
    return names


@pytest.mark.parametrize("planes", [16, 64, 512])
def test_the_listing_is_built_and_cannot_run(listing: dict, planes: int):
    block = listing["Slipped"](planes * 4, planes)
    with pytest.raises(RuntimeError, match=rf"cannot be multiplied \(2x{planes * 4} and {planes}x"):
        block(torch.zeros(2, planes * 4, 4, 4))


@pytest.mark.parametrize("planes", [16, 64, 512])
def test_one_number_corrects_it(listing: dict, planes: int):
    x = torch.randn(2, planes * 4, 4, 4)
    assert listing["Corrected"](planes * 4, planes)(x).shape == x.shape


def test_the_chapters_search_names_the_place(listing: dict, capsys: pytest.CaptureFixture):
    listing["shapes"](listing["Slipped"](256, 64).eval(), torch.zeros(2, 256, 8, 8))
    said = capsys.readouterr().out.splitlines()
    assert said[-2].startswith("bn3")  # the last layer that ran, with its output: SE's input
    assert said[-2].endswith("(2, 256, 8, 8)")
    assert "2x256 and 64x4" in said[-1]
