"""From a picture to a network's input: as timm does it, at any size, and what is refused."""

import re

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from senet import pretrained
from senet.pretrained import Preprocessing
from tests.checkpoints import PREPROCESSING


def test_a_picture_of_the_right_size_is_only_scaled():
    pictures = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    mean, std = np.array(PREPROCESSING.mean), np.array(PREPROCESSING.std)
    expected = (pictures.numpy() / 255 - mean[:, None, None]) / std[:, None, None]
    out = PREPROCESSING(pictures)
    assert out.dtype == torch.float32
    np.testing.assert_allclose(out.numpy(), expected, rtol=0, atol=1e-5)
    picture = Image.fromarray(pictures[0].permute(1, 2, 0).numpy())
    assert torch.equal(PREPROCESSING(picture), out[:1])
    assert torch.equal(PREPROCESSING(picture.convert("RGBA")), out[:1])


@pytest.mark.parametrize("name", sorted(pretrained.ELSEWHERE))
def test_photographs_are_prepared_as_timm_does(name):
    """To the rounding of a resize: timm resizes with Pillow, which keeps eight bits between its two passes."""
    how = pretrained.get(name).preprocessing
    generator = np.random.default_rng(0)
    low = Image.fromarray(generator.integers(0, 256, (9, 13, 3), dtype=np.uint8))
    for size in ((500, 375), (300, 480)):
        picture = low.resize(size, Image.Resampling.BICUBIC)
        theirs = timm.data.create_transform(
            (3, how.size, how.size), crop_pct=how.crop, interpolation=how.interpolation, mean=how.mean, std=how.std
        )
        difference = (how(picture)[0] - theirs(picture)).abs() * torch.tensor(how.std).view(3, 1, 1) * 255
        assert difference.max() < 2.5  # of 255


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (100, 7), (31, 33)])
def test_any_size_becomes_the_networks(size):
    assert PREPROCESSING(torch.full((2, 3, *size), 128, dtype=torch.uint8)).shape == (2, 3, 32, 32)
    flat = PREPROCESSING(torch.full((1, 3, *size), 128, dtype=torch.uint8))
    torch.testing.assert_close(flat, PREPROCESSING(torch.full((1, 3, 32, 32), 128, dtype=torch.uint8)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"size": 0}, "size=0"),
        ({"crop": 0}, "crop=0 has to be above 0 and at most 1"),
        ({"crop": 1.1}, "crop=1.1"),
        ({"mean": (0.5,)}, "mean=(0.5,) has to be three numbers"),
        ({"std": (1, 0, 1)}, "std=(1, 0, 1) has to be three numbers, for R, G and B, above 0"),
        ({"interpolation": "cubic"}, "interpolation='cubic' is unknown: choose one of 'nearest', 'bilinear', 'bicubic'"),
    ],
)
def test_refuses_to_prepare(arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        Preprocessing(**({"size": 32, "mean": (0.5, 0.5, 0.5), "std": (1, 1, 1)} | arguments))


@pytest.mark.parametrize(
    "pictures",
    [torch.rand(1, 3, 32, 32), torch.zeros(3, 32, 32, dtype=torch.uint8), torch.zeros(1, 1, 32, 32, dtype=torch.uint8), "cat.jpg"],
)
def test_refuses_what_is_no_picture(pictures):
    with pytest.raises(ValueError, match=r"have to be uint8 \(N, 3, H, W\), with values 0 to 255, or one PIL picture"):
        PREPROCESSING(pictures)
