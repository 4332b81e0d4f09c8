"""The widget "Cost" on Python's side: traits, refusals, and the table that a page shows before any script runs."""

import html
import json
import re

import pytest

from sebook.measure import cost_table
from sebook.pages import diagrams
from sebook.widgets import Cost
from sebook.widgets.base import ViewError
from senet.models.resnet import PLACEMENTS


@pytest.fixture
def widget() -> Cost:
    return Cost()


def test_it_starts_with_the_papers_network(widget: Cost):
    assert widget.state() == {"network": "se_resnet50", "reduction": "16", "placement": "standard"}
    (_, plain, added), *_ = widget.counts()
    assert (plain, added) == (25_557_032, 2_514_944)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_it_shows_what_the_table_has(widget: Cost, placement: str):
    widget.placement, widget.network, widget.reduction = placement, "se_resnet18", 4
    entry = cost_table.read()["networks"]["se_resnet18"]
    parameters, products, passes, moved = entry["se"][placement]["4"]
    assert [added for _, _, added in widget.counts()] == [parameters, products + passes, moved]
    table, caption = widget.figure()
    assert f"{parameters:,}" in table
    assert placement in caption
    assert "ResNet-18" in caption


@pytest.mark.parametrize(("name", "value"), [("network", "resnet50"), ("reduction", 3), ("placement", "behind")])
def test_unknown_choices_are_refused_in_words(widget: Cost, name: str, value: object):
    with pytest.raises(ViewError, match=f"{name}={value!r} is not in the table: choose one of"):
        setattr(widget, name, value)
    with pytest.raises(ValueError, match=name):
        Cost(**{name: value})


def test_the_page_gets_the_whole_table_and_the_view(widget: Cost):
    widget.reduction = 2
    page = widget._repr_html_()
    table = json.loads(html.unescape(re.search(r'data-data="([^"]*)"', page)[1]))
    state = json.loads(html.unescape(re.search(r'data-state="([^"]*)"', page)[1]))
    assert state["reduction"] == "2"
    assert table["networks"] == cost_table.read()["networks"]
    assert table["errors"]["placement"]["identity"] == [22.20, 6.15]
    assert len(page) < 40_000
    assert "text/html" in widget._repr_mimebundle_()[0]


def test_the_box_is_drawn_open_as_well():
    """Squeeze, both layers and the product, in the order of the block, and in the colours of what they make."""
    (_, box), (_, opened) = diagrams.opened().figures
    assert box.count(">SE<") == 1 and ">SE<" not in opened
    steps = ["1×1", "3×3", "1×1", "squeeze: mean", "layer W₁", "ReLU", "layer W₂", "sigmoid", "×", "+"]
    assert [text for text in re.findall(r">([^<>]+)</text>", opened) if text in steps][: len(steps)] == steps
    colours = {text: colour for colour, text in re.findall(r'fill="([^"]+)">([^<>]+)</text>', opened)}
    for symbol, key in (("u", "u"), ("z", "z"), ("s", "s"), ("x̃", "x"), ("squeeze: mean", "z"), ("sigmoid", "s")):
        assert colours[symbol].startswith(f"var(--senet-{key},"), symbol


def test_every_placement_is_drawn_where_it_is():
    figures = dict(diagrams.placements().figures)
    assert list(figures) == list(PLACEMENTS)
    for placement, svg in figures.items():
        assert svg.count(">SE<") == 1
        assert diagrams.SAID[placement] in html.unescape(re.search(r'aria-label="([^"]*)"', svg)[1])
    order = {name: re.findall(r">(1×1|3×3|SE|\+|ReLU)<", svg) for name, svg in figures.items()}
    assert order["pre"][0] == "SE"
    assert order["post"][-1] == "SE"
    assert order["3x3"][:4] == ["1×1", "3×3", "SE", "1×1"]
    assert order["standard"][:4] == ["1×1", "3×3", "1×1", "SE"]
    with pytest.raises(ValueError, match="behind"):
        diagrams.placements("behind")
