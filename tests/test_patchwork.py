"""Patchwork: the same for everybody, balanced, and true to the factors that it records."""

import colorsys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from senet.images.patchwork import CLASSES, patchwork


@pytest.fixture(scope="module")
def pictures():
    return patchwork(300, seed=7)


@given(n=st.integers(1, 40), seed=st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_a_longer_set_begins_with_a_shorter_one(n, seed):
    short, long = patchwork(n, seed), patchwork(n + 13, seed)
    assert torch.equal(short.images, long.images[:n])
    assert torch.equal(short.labels, long.labels[:n])


def test_seeds_share_no_picture():
    one, other = (patchwork(60, seed).images.flatten(1).float() for seed in (1, 2))
    assert torch.cdist(one, other).min() > 0


def test_every_ten_hold_each_class(pictures):
    for ten in pictures.labels.split(10):
        assert sorted(ten.tolist()) == list(range(10))


def of(pictures, name):
    return pictures[pictures.labels == CLASSES.index(name)]


def test_context_is_what_the_corners_show(pictures):
    corners = pictures.images[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].float().mean((1, 2))
    night = torch.from_numpy(pictures.factors["context"] == "night")
    assert torch.equal(night, pictures.labels == CLASSES.index("night"))
    assert corners[night].max() < 80 < 150 < corners[~night].min()


def hue_at_centre(image: torch.Tensor) -> float:
    """Hue of the most colourful pixels, as a share of the circle."""
    pixels = image.flatten(1).T.numpy() / 255
    hsv = np.array([colorsys.rgb_to_hsv(*p) for p in pixels])
    vivid = hsv[np.argsort(hsv[:, 1] * hsv[:, 2])[-30:], 0]
    return float(np.angle(np.exp(2j * np.pi * vivid).mean()) / (2 * np.pi) % 1)


@pytest.mark.parametrize("name", ["ember", "disc", "square"])
def test_hue_is_what_was_recorded(pictures, name):
    some = of(pictures, name)
    for image, hue in zip(some.images, some.factors["hue"], strict=True):
        apart = abs(hue_at_centre(image) - hue)
        assert min(apart, 1 - apart) < 0.04


def test_only_embers_glow(pictures):
    hue = pictures.factors["hue"]
    glowing = (hue < 0.08) | (hue > 0.97)
    np.testing.assert_array_equal(glowing, pictures.labels.numpy() == CLASSES.index("ember"))


def test_twins_and_odd_pairs_differ_in_nothing_but_the_relation(pictures):
    twins, odd = of(pictures, "twins").factors, of(pictures, "odd pair").factors
    for factor in ("shape", "texture", "context", "pair"):
        assert set(twins[factor]) == set(odd[factor])
    np.testing.assert_array_equal(twins["hue"], twins["second_hue"])
    apart = abs(odd["hue"] - odd["second_hue"])
    assert np.minimum(apart, 1 - apart).min() >= 0.2


def test_one_disc_does_not_tell_twins_from_an_odd_pair():
    """Hues of the discs are spread alike in both classes; only their combination differs. Agreement within sampling noise."""
    pictures = patchwork(8000, seed=11)
    shares = []
    for name in ("twins", "odd pair"):
        factors = of(pictures, name).factors
        hues = np.concatenate([factors["hue"], factors["second_hue"]])
        shares.append(np.histogram(hues, np.linspace(0.12, 0.92, 6))[0] / len(hues))
    # Shares of 0.2, of 800 hues (twins have theirs twice) and of 1,600: the standard error of the difference is 0.017.
    assert abs(shares[0] - shares[1]).max() < 4 * 0.017


def test_bad_size():
    with pytest.raises(ValueError, match="n=0"):
        patchwork(0)
