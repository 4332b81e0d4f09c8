"""Gates by hand: what a pull does to the prediction, against torch with the same gates; undone and let go; by keyboard."""

import math

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from senet import pretrained
from senet.inside.recording import record

from .conftest import PHONE
from .live import answered, encoded, give, own, picture, started
from .shallow_deep import CHAPTER, NETWORK, Widget
from .visits import axe


@pytest.fixture
def widget(page: Page, book_url: str) -> Widget:
    widget = Widget(page, book_url + CHAPTER, NETWORK)
    give(widget, encoded(picture(seed=7)))
    started(widget)
    answered(widget, "mine.png")
    panel(widget).locator("summary").click()
    return widget


def panel(widget: Widget):
    return widget.el.locator(".senet-by-hand")


def truth(gates: dict | None = None):
    checkpoint = pretrained.get(NETWORK)
    pixels = torch.from_numpy(np.array(picture(seed=7).convert("RGB"))).permute(2, 0, 1)[None]
    return record(pretrained.load(checkpoint), checkpoint.preprocessing(pixels), gates=gates)


def settled(widget: Widget) -> None:
    widget.page.wait_for_function(
        "el => !el.querySelector('.senet-live').hasAttribute('aria-busy')", arg=widget.el.element_handle()
    )


def agrees(widget: Widget, gates: dict | None) -> None:
    settled(widget)
    expected = truth(gates)
    for name in ("shallow", "deep"):
        s = expected.blocks[widget.block(name)].excitation[0].numpy()
        np.testing.assert_allclose(widget.values(name), s, atol=1e-4, rtol=0)
    logits = expected.logits[0].numpy()
    classes = pretrained.get(NETWORK).classes
    for (label, logit, _), k in zip(widget.likeliest(), np.argsort(-logits)[:5], strict=True):
        assert label == classes[k]
        assert logit == pytest.approx(logits[k], abs=1e-3)


def button(widget: Widget, name: str):
    return panel(widget).get_by_role("button", name=name, exact=True)


def only(channels: int, **values: float) -> torch.Tensor:
    row = torch.full((channels,), math.nan)
    for channel, value in values.items():
        row[int(channel[1:])] = value
    return row


def test_a_pull_by_keyboard_answers_as_torch_does_and_is_undone(widget: Widget):
    keys = widget.page.keyboard
    chart = widget.el.get_by_role("slider", name="Channels of the shallow block")
    chart.focus()
    for _ in range(4):
        keys.press("ArrowRight")
    block = widget.block("shallow")
    slider = panel(widget).get_by_role("slider").first
    expect(slider).to_be_enabled()
    slider.focus()
    keys.press("Home")
    for _ in range(3):
        keys.press("ArrowRight")
    expect(panel(widget).locator(".senet-hand-line")).to_contain_text("1 gate is set by hand")
    pulled = {block: only(16, c3=0.03)}
    agrees(widget, pulled)
    assert [dot["channel"] for dot in widget.dots("shallow") if dot["set"]] == [3]
    assert widget.el.locator(".senet-share[data-before]").count() == 5

    button(widget, "all 1: open all gates, deep").click()
    deep = widget.block("deep")
    agrees(widget, pulled | {deep: torch.ones(64)})
    keys.press("Control+z")
    agrees(widget, pulled)
    button(widget, "Undo").click()
    while button(widget, "Undo").is_enabled():  # steps by key are steps
        button(widget, "Undo").click()
    agrees(widget, None)
    assert widget.el.locator("path[data-set], .senet-share[data-before]").count() == 0
    button(widget, "Redo").click()
    agrees(widget, {block: only(16, c3=0.0)})
    button(widget, "Let all gates go").click()
    agrees(widget, None)
    assert button(widget, "Let all gates go").is_disabled()


def test_off_one_mean_and_own(widget: Widget):
    widget.el.get_by_role("slider", name="Channels of the deep block").press("End")
    deep = widget.block("deep")
    button(widget, "off: close the gate, deep").click()
    agrees(widget, {deep: only(64, c63=0.0)})
    button(widget, "1: open the gate, deep").click()
    agrees(widget, {deep: only(64, c63=1.0)})
    button(widget, "own: let the gate go, deep").click()
    agrees(widget, None)
    button(widget, "all mean: set all gates to their mean, deep").click()
    settled(widget)
    assert np.ptp(widget.values("deep")) > 0
    before = widget.values("deep")
    widget.el.get_by_role("radio").first.locator("..").click()  # gates stay when the picture changes
    settled(widget)
    np.testing.assert_allclose(widget.values("deep"), before, atol=1e-6)


def test_the_first_pull_fetches_the_network(page: Page, book_url: str):
    widget = Widget(page, book_url + CHAPTER, NETWORK)
    panel(widget).locator("summary").click()
    expect(panel(widget).locator(".senet-hand-line")).to_have_text("The first pull fetches the network.")
    button(widget, "all 1: open all gates, shallow").click()
    expect(own(widget)).not_to_have_attribute("data-engine", "idle")
    started(widget)
    expect(panel(widget).locator(".senet-hand-line")).to_contain_text("16 gates are set by hand: ")
    settled(widget)
    np.testing.assert_allclose(widget.values("shallow"), 1)


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", PHONE)])
def test_for_everybody(widget: Widget):
    button(widget, "all 1: open all gates, deep").click()
    settled(widget)
    axe(widget.page, ".senet-by-hand")
    assert widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
