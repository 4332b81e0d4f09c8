"""Figures for pages: SVG that takes its ink from the page, says what it shows, and shows what it was given."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from sebook.experiments.profiles import Profile
from sebook.pages import page_svg, plots, strips

CLASSES = ("cat", "dog", "ship")


@pytest.fixture
def profile():
    generator = torch.Generator().manual_seed(0)
    mean = {f"layer{i}.0.se": torch.rand(3, 4 * i, generator=generator, dtype=torch.float64) for i in (1, 2)}
    return Profile(torch.tensor([5, 5, 5]), mean, {block: torch.full_like(values, 0.01) for block, values in mean.items()})


def drawn(drawing: page_svg.Drawing) -> ET.Element:
    markup = drawing._repr_html_()
    return ET.fromstring(re.search(r"<svg.*</svg>", markup, re.DOTALL)[0])


def test_svg_takes_the_pages_ink():
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.5, "hello", color=page_svg.INK)
    figure.text(0.5, 0.5, "gate", color=page_svg.SYMBOLS["s"])
    svg = page_svg.to_svg(figure, 'what it "shows" & more')
    element = ET.fromstring(svg)
    assert element.get("aria-label") == 'what it "shows" & more'
    assert element.get("role") == "img"
    assert "currentColor" in svg
    assert "var(--senet-s," in svg
    assert not re.search("#01020[3-7]", svg)
    assert element.get("width") is None  # the page's to choose
    assert "<style" not in svg  # would act on the whole page


def test_same_figure_same_svg(profile):
    once, again = (plots.specificity(profile)._repr_html_() for _ in range(2))
    assert once == again


def test_class_means_says_how_far_lines_lie_apart(profile):
    drawing = plots.class_means(profile, CLASSES, ["cat", "ship"], ["layer2.0.se"])
    two = profile.mean["layer2.0.se"][[0, 2]]
    assert f"{(two[0] - two[1]).abs().mean():.2f} in layer2.0" in drawing.label
    words = "".join(drawn(drawing).itertext())
    assert "cat" in words
    assert "ship" in words
    assert "dog" not in words


def test_strips_are_few_paths_of_many_cells():
    """Neighbours that are alike share a piece, and all pieces of a strength a path."""
    axes = Figure().subplots()
    strips.rows(axes, np.array([[0, 1, 1], [0.5, 0.5, 0]]), ["cat", "dog"])
    full, half = sorted(axes.patches, key=lambda patch: -patch.get_alpha())
    assert (full.get_alpha(), half.get_alpha()) == (1, 0.5)
    assert full.get_path().vertices.tolist() == [[0.5, -0.4], [2.5, -0.4], [2.5, 0.4], [0.5, 0.4], [0.5, -0.4]]
    assert half.get_path().get_extents().extents.tolist() == [-0.5, 0.6, 1.5, 1.4]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["cat", "dog"]


def test_specificity_gives_each_block_its_number(profile):
    drawing = plots.specificity(profile)
    for block in profile.mean:
        assert f"{block.removesuffix('.se')} {profile.specificity(block).mean():.0%}" in drawing.label
    dots = [e for e in drawn(drawing).iter() if e.tag.endswith("use")]
    assert len(dots) >= 4 + 8  # one for each channel


def test_refusals(profile):
    with pytest.raises(ValueError, match="whale"):
        plots.class_means(profile, CLASSES, ["whale"], ["layer1.0.se"])
    with pytest.raises(ValueError, match="one to 4"):
        plots.class_means(profile, CLASSES, [], ["layer1.0.se"])


def test_study_says_each_difference_and_the_papers():
    arms = [
        {"group": group, "value": value, "arguments": {}, "paper_error": error}
        for group, value, error in (("", "standard", 22.28), ("reduction", "no SE", 23.3), ("gate", "softmax", None))
    ]
    said = [
        ("standard", 0, 0.9),
        ("reduction no SE", 0, 0.8),
        ("gate softmax", 0, 0.95),
        ("standard", 1, 0.8),
        ("reduction no SE", 1, 0.74),
    ]
    runs = [{"arm": arm, "seed": seed, "accuracy": a, "parameters": 1} for arm, seed, a in said]
    drawing = plots.study({"study": {"arms": arms}, "runs": runs})
    assert "reduction no SE -8.0 (paper -1.02); gate softmax +5.0." in drawing.label
    text = " ".join(drawn(drawing).itertext())
    assert "no SE" in text and "gate softmax" in text and "85.0 %" in text


def test_curves_say_where_they_begin_and_end():
    history = [{"epoch": i, "accuracy": 0.1 * i, "test_accuracy": 0.2 * i} for i in (1, 2, 3)]
    drawing = plots.curves({"one": history, "two": history[:1]}, chance=0.1)
    assert "one from 20% after epoch 1 to 60% after 3; two from 20% after epoch 1 to 20% after 1" in drawing.label
    drawn(drawing)
    for count in (0, 5):
        with pytest.raises(ValueError, match=f"{count} histories"):
            plots.curves({str(i): history for i in range(count)})
