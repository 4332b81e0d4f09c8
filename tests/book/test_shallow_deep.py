"""The widget "Shallow and deep" on its published page: every control by mouse and by keyboard, and every number against torch."""

import re
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import expect

from .live import READY
from .shallow_deep import CHAPTER, NETWORKS, Truth, Widget, choose


@pytest.mark.parametrize("network", NETWORKS)
def test_each_picture_by_mouse(widget: Widget, truth: Truth, network: str):
    seen = []
    for index, picture in enumerate(truth.pictures):
        widget.radio(picture["title"]).locator("..").click()
        widget.shows(truth, index)
        seen.append((tuple(widget.values("shallow")), tuple(widget.values("deep")), tuple(widget.likeliest())))
    for before, after in pairwise(seen):
        assert before[0] != after[0]  # the shallow chart
        assert before[2] != after[2]  # the prediction
        # The deep chart also changes, but not for Patchwork's nights: they wake no hidden unit of that block, so all gates are 0.5.
        asleep = np.allclose(after[1], 0.5, atol=1e-5)
        assert before[1] != after[1] or asleep
        assert not asleep or network == "se_resnet_patchwork"


@pytest.mark.parametrize("network", NETWORKS)
def test_each_picture_by_keyboard(widget: Widget, truth: Truth):
    keys = widget.page.keyboard
    widget.el.get_by_role("radio", checked=True).focus()
    keys.press("Home")
    for index in range(len(truth.ids)):
        widget.shows(truth, index)
        keys.press("ArrowDown")
    assert widget.chosen() == truth.ids[0]  # round and round
    keys.press("ArrowRight")
    widget.shows(truth, 3)  # a column on
    keys.press("ArrowLeft")
    widget.shows(truth, 0)
    keys.press("ArrowLeft")
    widget.shows(truth, 0)  # there is no column before the first
    keys.press("End")
    widget.shows(truth, len(truth.ids) - 1)
    assert CHAPTER in widget.page.url  # arrow keys turn the book's pages elsewhere


@pytest.mark.budget
def test_answers_within_a_frame(widget: Widget):
    """From a click to changed charts, laid out again: 95 of 100. Each is the best of eight, as the machine does other things."""
    milliseconds = widget.el.evaluate("""async (figure) => {
        const inputs = [...figure.querySelectorAll(".senet-thumbs input")], times = inputs.map(() => Infinity);
        for (let i = 0; i < 8 * inputs.length; i++) {
            const input = inputs[i % inputs.length], start = performance.now();
            input.click();
            await new Promise((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))));
            document.body.offsetHeight;
            times[i % inputs.length] = Math.min(times[i % inputs.length], performance.now() - start);
        }
        return times;
    }""")
    print(f"Shallow and deep, recorded: p95 {np.quantile(milliseconds, 0.95):.1f} ms")
    assert np.quantile(milliseconds, 0.95) <= 16


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_each_block_in_each_chart(widget: Widget, truth: Truth, way: str):
    for name, label in (("shallow", "Shallow"), ("deep", "Deep")):
        choose(widget, label, truth.blocks[0], way)
        for block in truth.blocks:
            choose(widget, label, block, way)
            assert widget.block(name) == block
            np.testing.assert_allclose(widget.values(name), truth.s[block][truth.ids.index(widget.chosen())], atol=1e-4, rtol=0)


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_orders(widget: Widget, truth: Truth, way: str):
    index = truth.ids.index(widget.chosen())
    predicted = truth.logits[index].argmax()
    for order in ("excitation", "difference", "index"):
        choose(widget, "Order channels by", order, way)
        for name in ("shallow", "deep"):
            s, mean = truth.s[widget.block(name)][index], truth.means[widget.block(name)][predicted]
            key = {"index": -np.arange(len(s)), "excitation": s, "difference": s - mean}[order]
            falling = key[widget.order(name)]
            assert (np.diff(falling) <= 1e-4).all(), order


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_comparisons(widget: Widget, truth: Truth, way: str):
    index = next(i for i, picture in enumerate(truth.pictures) if picture["label"] is not None)
    widget.radio(truth.pictures[index]["title"]).locator("..").click()
    label, predicted = truth.pictures[index]["label"], truth.logits[index].argmax()
    for compare in ("predicted", "true", "all", "none", *truth.classes):
        choose(widget, "Compare with the mean of", compare, way)
        for name in ("shallow", "deep"):
            means = truth.means[widget.block(name)]
            drawn = [dot["mean"] for dot in widget.dots(name)]
            lines = widget.side(name).locator(".senet-means path").count()
            if compare == "none":
                assert (set(drawn), lines) == ({None}, 0)
                continue
            rows = {"predicted": means[predicted], "true": means[label], "all": means.mean(0)}
            expected = rows[compare] if compare in rows else means[truth.classes.index(compare)]
            np.testing.assert_allclose(np.array(drawn, float), expected, atol=1e-4, rtol=0)
            # of all classes a line each, or, where lines of so many channels would be a tangle, their range
            each = 1 if len(expected) >= 64 else len(truth.classes)
            assert lines == (1 + each if compare == "all" else 1)


def test_a_picture_of_no_class_has_no_true_class(widget: Widget, truth: Truth):
    index = next(i for i, picture in enumerate(truth.pictures) if picture["label"] is None)
    widget.select("Compare with the mean of").select_option("true")
    widget.radio(truth.pictures[index]["title"]).locator("..").click()
    assert "classes, and this is none of them" in widget.verdict()
    assert widget.select("Compare with the mean of").locator("option[value=true]").is_disabled()
    assert {dot["mean"] for dot in widget.dots("deep")} == {None}
    expect(widget.el.locator(".senet-legend")).to_contain_text("no true class")


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_scales(widget: Widget, way: str):
    for scale in ("full", "fitted"):
        choose(widget, "Scale", scale, way)
        for name in ("shallow", "deep"):
            box = widget.plot(name).bounding_box()
            ends = [float(t) for t in (widget.side(name).locator(".senet-scale span").all_inner_texts())]
            low, high = min(ends), max(ends)
            assert (low, high) == (0, 1) or scale == "fitted"
            for dot, value in zip(widget.dots(name), widget.values(name), strict=True):
                assert low <= value <= high
                # A dot is where its value is, to a pixel and a half.
                assert dot["y"] == pytest.approx(box["y"] + (high - value) / (high - low) * (box["height"] - 1), abs=5)


def test_a_channel_by_mouse(widget: Widget, truth: Truth):
    index, block = truth.ids.index(widget.chosen()), widget.block("deep")
    channels = len(truth.s[block][index])
    plot, readout = widget.plot("deep"), widget.side("deep").locator(".senet-readout")
    box = plot.bounding_box()
    for channel in (0, 7, channels - 1):
        plot.hover(position={"x": (channel + 0.5) / channels * box["width"], "y": 40})
        expect(readout).to_contain_text(f"channel {channel}:")
        z, s, mean = [float(n.replace("−", "-")) for n in re.findall(r"−?\d\.\d{3}", readout.inner_text())[:3]]
        # What is recorded lies within 1e-4 of torch's, and three digits of it are shown.
        assert z == pytest.approx(truth.z[block][index][channel], abs=6e-4)
        assert s == pytest.approx(truth.s[block][index][channel], abs=6e-4)
        assert mean == pytest.approx(truth.means[block][truth.logits[index].argmax()][channel], abs=6e-4)
    widget.page.mouse.move(0, 0)
    expect(readout).to_contain_text("Press a dot and drag it")
    where = {"x": 7.5 / channels * box["width"], "y": 40}
    plot.click(position=where)
    widget.page.mouse.move(0, 0)
    expect(readout).to_contain_text("channel 7:")  # held
    plot.click(position=where)
    widget.page.mouse.move(0, 0)
    expect(readout).to_contain_text("Press a dot and drag it")


def test_a_dot_is_dragged_in_one_motion(widget: Widget, truth: Truth):
    """Pressed and pulled down: the dot stays where it was let go, the network is fetched, and the answer is another."""
    index, block = truth.ids.index(widget.chosen()), widget.block("deep")
    own = truth.s[block][index]
    channel = int(np.argmax(own))
    plot, first = widget.plot("deep"), widget.el.locator(".senet-likeliest li").first
    before = float(first.get_attribute("data-probability"))
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x = box["x"] + (channel + 0.5) / len(own) * box["width"]
    widget.page.mouse.move(x, box["y"] + 5)
    widget.page.mouse.down()
    widget.page.mouse.move(x, box["y"] + box["height"] - 2, steps=4)
    widget.page.mouse.up()
    expect(widget.el.locator(".senet-under-way")).to_contain_text("1 gate is set by hand: ", timeout=READY)
    expect(first).not_to_have_attribute("data-probability", str(before))
    shown = np.array(widget.side("deep").locator(".senet-dots").get_attribute("data-s").split(), float)
    assert shown[channel] < own[channel] - 0.1
    assert np.delete(shown, channel) == pytest.approx(np.delete(own, channel), abs=2e-4)  # z of its block is from before the gate


def test_a_channel_by_keyboard(widget: Widget):
    widget.select("Order channels by").select_option("excitation")
    order = widget.order("shallow")
    plot, press = widget.plot("shallow"), widget.page.keyboard.press
    plot.focus()
    for key, place in (
        ("ArrowRight", 0),
        ("ArrowRight", 1),
        ("ArrowUp", 2),
        ("ArrowLeft", 1),
        ("End", -1),
        ("ArrowRight", -1),
        ("Home", 0),
    ):
        press(key)
        expect(plot).to_have_attribute("data-held", str(order[place]))
        expect(plot).to_have_attribute("aria-valuenow", str(place % len(order)))
        assert f"channel {order[place]}:" in plot.get_attribute("aria-valuetext")
        expect(widget.side("shallow").locator(".senet-flag")).to_have_text(str(order[place]))
    press("Escape")
    expect(widget.side("shallow").locator(".senet-readout")).to_contain_text("Press a dot and drag it")


def test_a_screen_reader_hears_what_changed(widget: Widget, truth: Truth):
    """A new picture is announced: its title, what it is taken for, and which gates stand out."""
    widget.radio(truth.pictures[4]["title"]).locator("..").click()
    status = widget.el.get_by_role("status")
    expect(status).to_contain_text(truth.pictures[4]["title"])
    expect(status).to_contain_text(truth.classes[truth.logits[4].argmax()])
    block = truth.s[widget.block("deep")][4]
    expect(status).to_contain_text(f"(channel {block.argmax()})")
    expect(widget.el.locator(".senet-picture canvas")).to_have_attribute("aria-label", truth.pictures[4]["alt"])


def test_tables_hold_all_numbers(widget: Widget, truth: Truth):
    """What the charts draw can be read, number by number, in tables that are kept up."""
    index = 2
    widget.el.get_by_text("All numbers as tables").press("Enter")
    widget.radio(truth.pictures[index]["title"]).locator("..").click()  # kept up while open
    logits = widget.el.get_by_role("group", name="Prediction").locator("tbody tr")
    read = [float(row.get_attribute("data-logit")) for row in logits.all()]
    np.testing.assert_allclose(read, truth.logits[index], atol=1e-4)
    rows = widget.el.get_by_role("group", name="Deep").locator("tbody tr")
    read = rows.evaluate_all("rows => rows.map((row) => [+row.dataset.channel, +row.dataset.value])")
    np.testing.assert_allclose([s for _, s in sorted(read)], truth.s[widget.block("deep")][index], atol=1e-4)
