"""The widget "Excitation" on its published page: every number against torch, by pointer and by keyboard."""

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from sebook.widgets import Excitation

from .takeaway import taken
from .visits import opened

CHAPTER = "book/excitation.html"


@pytest.fixture(scope="module")
def kernel() -> Excitation:
    return Excitation("se_resnet_patchwork")


@pytest.fixture
def widget(page: Page, book_url: str) -> Locator:
    return opened(page, book_url + CHAPTER, "excitation")


def row(widget: Locator, name: str) -> np.ndarray:
    bars = widget.locator(f"rect.senet-{name}")
    return np.array(bars.evaluate_all("bars => bars.map((bar) => Number(bar.dataset.value))"))


def same(widget: Locator, kernel: Excitation, **traits: str) -> None:
    for name, value in ({"moved": "", "pushed": "", "rule": "sigmoid"} | traits).items():
        setattr(kernel, name, value)
    for name, truth in zip("zhs", kernel.layers(), strict=True):
        np.testing.assert_allclose(row(widget, name), truth.numpy(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("rule", ["sigmoid", "softmax", "linear"])
def test_each_picture_is_torchs(widget: Locator, kernel: Excitation, rule: str):
    widget.get_by_label("Rule").select_option(rule)
    for picture in kernel._data["pictures"]:
        widget.get_by_role("radio", name=picture["title"], exact=True).locator("..").click()
        same(widget, kernel, picture=picture["id"], rule=rule)


def test_sliders_by_keyboard(page: Page, widget: Locator, kernel: Excitation):
    widget.get_by_label("Look at").select_option("s3")
    before = row(widget, "s")
    widget.get_by_role("slider", name="Push gate").press("End")
    same(widget, kernel, picture="ember-1", pushed="3:6")
    after = row(widget, "s")
    assert after[3] > before[3]
    assert np.array_equal(np.delete(after, 3), np.delete(before, 3))
    widget.get_by_label("Rule").select_option("softmax")
    same(widget, kernel, picture="ember-1", pushed="3:6", rule="softmax")
    expect(widget.locator(".senet-effect")).to_contain_text("0 rose and 15 fell")
    widget.get_by_role("button", name="Reset").press("Enter")
    moved = widget.get_by_role("slider", name="Move z")
    moved.press("Home")
    same(widget, kernel, picture="ember-1", moved=f"0:{moved.input_value()}")
    assert page.url.count("book/excitation")  # the arrow keys' page turning has not taken the reader away


def test_a_click_chooses_and_the_sum_is_written_out(widget: Locator, kernel: Excitation):
    bar = widget.locator("[data-unit=h2]").bounding_box()
    widget.locator(".senet-layers").click(
        position={
            "x": bar["x"] + bar["width"] / 2 - widget.locator(".senet-layers").bounding_box()["x"],
            "y": bar["y"] - widget.locator(".senet-layers").bounding_box()["y"],
        }
    )
    expect(widget.get_by_label("Look at")).to_have_value("h2")
    own = widget.locator(".senet-layers line.senet-z[data-own]")
    terms = np.array(own.evaluate_all("all => all.map((line) => Number(line.dataset.term))"))
    shown = [picture["id"] for picture in kernel._data["pictures"]].index("ember-1")
    weights, z = torch.tensor(kernel._data["w1"][2]), torch.tensor(kernel._data["z"][shown])
    np.testing.assert_allclose(terms, (weights * z).numpy(), atol=1e-5)
    said = f"{abs(float(weights @ z)):.3f}"
    expect(widget.locator(".senet-sum")).to_contain_text(said)


def test_a_link_brings_the_view_back_and_nonsense_does_no_harm(page: Page, book_url: str, kernel: Excitation):
    query = "?excitation.rule=softmax&excitation.pushed=3:2.5,99:1,x&excitation.unit=z77"
    widget = opened(page, book_url + CHAPTER + query, "excitation")
    same(widget, kernel, picture="ember-1", rule="softmax", pushed="3:2.5")
    expect(widget.get_by_label("Look at")).to_have_value("s0")


def test_the_whole_path_is_drawn_and_both_matrices_shown(widget: Locator, kernel: Excitation):
    """A gate depends on every z through the units that are not silent; no other line is lit."""
    widget.get_by_label("Look at").select_option("s0")
    lines = widget.locator(".senet-layers line").evaluate_all("all => all.map(({ dataset }) => [+dataset.term, 'on' in dataset])")
    w1, w2 = np.array(kernel._data["w1"]), np.array(kernel._data["w2"])
    assert len(lines) == w1.size + w2.size
    kernel.picture = "ember-1"
    hidden = kernel.layers()[1].numpy()
    lit = np.array([on for _, on in lines[: w1.size]]).reshape(w1.shape)
    assert lit.any(1).sum() > 1
    assert not lit[hidden == 0].any()
    gates = np.array([on for _, on in lines[w1.size :]]).reshape(w2.shape)
    assert gates[0].any() and not gates[1:].any()
    for name, weights in zip(("W₁", "W₂"), (w1, w2), strict=True):
        squares = widget.get_by_role("img", name=name).locator("[data-weight]")
        shown = np.array(squares.evaluate_all("all => all.map((one) => +one.dataset.weight)"))
        np.testing.assert_allclose(shown.reshape(weights.shape), weights, atol=1e-6)


def test_numbers_to_take_away(widget: Locator, kernel: Excitation):
    widget.get_by_role("slider", name="Push gate").first.fill("2")
    kernel.picture, kernel.moved, kernel.pushed, kernel.rule = "ember-1", "", "", "sigmoid"
    own = [layer.numpy() for layer in kernel.layers()]
    heads, rows = taken(widget, "the channels")
    assert heads == ["channel", "z", "s", "z of the picture", "s of the picture"]
    found = np.array(rows, float)
    np.testing.assert_allclose(found[:, 1:], np.stack([own[0], row(widget, "s"), own[0], own[2]], 1), atol=1e-5)
    assert np.abs(found[:, 2] - found[:, 4]).max() > 0.05
    _, rows = taken(widget, "the hidden units")
    np.testing.assert_allclose(np.array(rows, float)[:, 1], own[1], atol=1e-5)


def test_one_screen_holds_what_moves_and_what_is_moved_with_its_mark(page: Page, widget: Locator):
    page.set_viewport_size({"width": 1280, "height": 800})
    sliders, drawing = widget.locator(".senet-slides").bounding_box(), widget.locator(".senet-layers").bounding_box()
    head = page.locator(".bd-header-article").bounding_box()["height"]
    assert drawing["y"] + drawing["height"] - sliders["y"] < 800 - head
    marks = widget.locator(".senet-before")
    expect(marks).to_have_count(0)
    rows = {name: row(widget, name) for name in "zhs"}
    widget.get_by_label("Look at").select_option("z5")
    widget.get_by_role("slider", name="Move z").press("End")
    marked = marks.evaluate_all("all => all.map((mark) => [mark.dataset.unit, Number(mark.dataset.value)])")
    moved = {name: np.flatnonzero(np.abs(row(widget, name) - before) > 1e-6) for name, before in rows.items()}
    assert [unit for unit, _ in marked] == [f"{name}{i}" for name, changed in moved.items() for i in changed]
    assert moved["z"].tolist() == [5] and len(moved["s"]) > 8
    assert [value for _, value in marked] == pytest.approx([rows[unit[0]][int(unit[1:])] for unit, _ in marked], abs=1e-6)
    expect(widget.locator(".senet-legend")).to_contain_text("faint: has no part in it")
