"""The explorer's questions to the network: what gates pulled by hand change, and why a gate opened, against torch."""

import math
import re

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from sebook.pages.excitation_weights import grey
from senet import pretrained
from senet.inside.recording import record

from .explorer import Explorer, said
from .live import READY, encoded, give, picture, started
from .shallow_deep import NETWORK, Truth


def test_gates_pulled_on_a_picture_of_ones_own(explorer: Explorer):
    """By pointer and by key, against torch; maps and an occlusion map with the same gates."""
    image = picture(seed=11)
    give(explorer, encoded(image))
    started(explorer)
    expect(explorer.radio("mine.png")).to_be_checked(timeout=READY)
    explorer.agrees(said(image))
    block = explorer.open()[0]
    explorer.plot("shallower").focus()
    for _ in range(3):
        explorer.page.keyboard.press("ArrowRight")
    explorer.idle()

    # The handle is dragged to a quarter, in steps that are one to undo.
    explorer.plot("shallower").scroll_into_view_if_needed()
    handle = explorer.el.locator("[data-side=shallower] .senet-handle").bounding_box()
    box = explorer.plot("shallower").bounding_box()
    mouse = explorer.page.mouse
    mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    mouse.down()
    for share in (0.5, 0.6, 0.75):
        mouse.move(handle["x"] + handle["width"] / 2, box["y"] + share * box["height"])
    mouse.up()
    explorer.idle()
    pulled = explorer.gates(block)[2]
    assert pulled == pytest.approx(0.25, abs=0.03)

    def only(value: float) -> dict:
        row = torch.full((16,), math.nan)
        row[2] = value
        return {block: row}

    explorer.agrees(said(image, only(pulled)))
    explorer.plot("shallower").press("Shift+ArrowDown")
    explorer.idle()
    down = explorer.gates(block)[2]
    assert down == pytest.approx(pulled - 0.05, abs=0.006)
    recording = said(image, only(down), maps=True)
    explorer.agrees(recording)

    before = explorer.detail().locator("canvas[data-map=u]")
    expect(before).to_have_attribute("aria-label", re.compile("Map of channel 2 before the gate"))
    u = recording.blocks[block].maps[0, 2].numpy()
    for letter, values in (("u", u), ("x", u * down)):
        canvas = explorer.detail().locator(f"canvas[data-map={letter}]")
        expect(canvas).to_have_attribute("width", str(u.shape[1]))
        beside = explorer.el.locator(".senet-product:visible canvas").nth("ux".index(letter))
        for each in (canvas, beside):
            seen = [float(each.get_attribute(f"data-{name}")) for name in ("mean", "least", "most")]
            np.testing.assert_allclose(seen, [values.mean(), values.min(), values.max()], atol=1e-3)
    expect(explorer.detail().locator(".senet-s-line")).to_contain_text("set by hand; by itself it would be")

    # Why did this gate open? The question leaves its own pull out; pulls of other gates would take part.
    explorer.detail().get_by_role("button", name="Why did this gate open?").click()
    line = explorer.detail().locator(".senet-why-line")
    expect(line).to_contain_text("With nothing covered", timeout=READY)
    explorer.detail().get_by_text("Numbers of this map").click()
    cells = explorer.detail().locator(".senet-why td").evaluate_all("all => all.map((e) => Number(e.dataset.value))")
    np.testing.assert_allclose(cells, occluded(image, block, 2), atol=1e-4)

    explorer.el.get_by_text("Pull gates by hand").click()
    undo = explorer.el.locator(".senet-by-hand").get_by_role("button", name="Undo")
    undo.click()
    explorer.agrees(said(image, only(pulled)))
    undo.click()
    explorer.agrees(said(image))
    expect(undo).to_be_disabled()
    explorer.el.get_by_role("button", name="all 1: open all gates, deeper").click()
    explorer.agrees(said(image, {explorer.open()[1]: torch.ones(64)}))


def occluded(image: Image.Image, block: str, channel: int, steps: int = 8) -> np.ndarray:
    checkpoint = pretrained.get(NETWORK)
    pixels, step, found = np.array(image.convert("RGB")), 32 // steps, []
    for y in range(steps):
        for x in range(steps):
            covered = pixels.copy()
            top, left = y * step - step // 2, x * step - step // 2
            covered[max(0, top) : top + 2 * step, max(0, left) : left + 2 * step] = grey(checkpoint.preprocessing.mean)
            found.append(torch.from_numpy(covered).permute(2, 0, 1))
    answers = record(pretrained.load(checkpoint), checkpoint.preprocessing(torch.stack(found)))
    return answers.blocks[block].excitation[:, channel].numpy()


def test_an_occlusion_map_can_be_stopped_and_gives_way(explorer: Explorer, truth: Truth):
    explorer.run()
    explorer.plot("deeper").press("ArrowRight")
    detail = explorer.detail()
    why = detail.get_by_role("button", name="Why did this gate open?")
    detail.get_by_label("Patch", exact=True).select_option("fine")
    # All in the page: it takes less than the way from here and back.
    cancelled = explorer.el.evaluate("""async (el) => {
        const part = (name) => el.querySelector(`.senet-why ${name}`);
        const frame = () => new Promise((resolve) => setTimeout(resolve, 5));
        part("button").click();
        for (let i = 0; i < 2000 && !Number(part("canvas").dataset.done); i++) await frame();
        const [cancel] = [...el.querySelectorAll(".senet-why button")].filter((e) => e.textContent === "Cancel");
        cancel.click();
        for (let i = 0; i < 2000 && el.querySelector(".senet-why[data-busy]"); i++) await frame();
        return [part(".senet-why-line").textContent, part("canvas").hidden, document.activeElement.textContent];
    }""")
    assert cancelled == ["Cancelled.", True, "Why did this gate open?"]
    why.click()
    explorer.choose(truth.pictures[2]["title"])  # another picture: the old question is gone
    expect(detail.locator(".senet-why-line")).to_have_text("")
    expect(detail.locator(".senet-why canvas")).to_be_hidden()
    detail.get_by_label("Patch", exact=True).select_option("coarse")
    why.press("Enter")
    expect(detail.locator(".senet-why-line")).to_contain_text("the gate", timeout=READY)
    expect(detail.locator(".senet-why canvas")).to_have_attribute("data-done", "64")
