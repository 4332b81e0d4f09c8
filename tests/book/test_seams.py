"""The widget "Seams" on its page: what its network makes there, in tiles and as a whole, is what torch makes of the same pixels."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from sebook.shipping import upscaler
from sebook.widgets import Seams
from sebook.widgets.seams import LIGHTS

from .live import encoded, picture
from .visits import opened

CHAPTER = "book/wild.html"
PIXELS = """async ([url, side]) => {
    const image = Object.assign(new Image(), { src: url });
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return Array.from(context.getImageData(0, 0, side, side).data);
}"""


@pytest.fixture(scope="module")
def kernel() -> Seams:
    return Seams()


@pytest.fixture
def widget(page: Page, book_url: str) -> Locator:
    figure = opened(page, book_url + CHAPTER, "seams")
    expect(figure.locator(".senet-effect")).to_contain_text("tiles")
    return figure


def test_nothing_of_it_is_hidden_in_a_frame(page: Page, book_url: str):
    """A frame hides what is outside the widget, by an attribute that nothing in a widget has."""
    widget = opened(page, f"{book_url}{CHAPTER}?embed=seams", "seams")
    expect(page.locator("html")).to_have_attribute("data-embed", "")
    for canvas in widget.locator(".senet-seams canvas").all():
        expect(canvas).to_be_visible()


def choose(widget: Locator, said: str, **menus: str) -> None:
    for name, value in menus.items():
        widget.get_by_label(name.capitalize(), exact=True).select_option(value)
    expect(widget.locator(".senet-effect")).to_contain_text(said)


def gates(widget: Locator) -> np.ndarray:
    """(tiles, 2, 16)"""
    strips = widget.locator(".senet-seams-gates span").evaluate_all("all => all.map((each) => each.dataset.values)")
    return np.array([each.split(" ") for each in strips], np.float64).reshape(-1, 2, 16)


def told(widget: Locator) -> dict[str, float]:
    made = widget.locator(".senet-seams canvas").first
    return {name: float(made.get_attribute(f"data-{name}")) for name in ("across", "inside", "away")}


def drawn(widget: Locator) -> np.ndarray:
    code = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    data = widget.locator(".senet-seams canvas").first.evaluate(code)
    return np.array(data, np.float64).reshape(288, 288, 4)[..., :3]


def test_what_it_makes_is_torchs_and_the_wholes_gates_take_the_seams_away(widget: Locator, kernel: Seams):
    """To 1e-4: gates, and the picture as far as 8 bits can tell; from the pixels that this browser decodes."""
    shown = kernel._data["pictures"][0]
    pixels = np.array(widget.page.evaluate(PIXELS, [shown["url"], 288]), np.float32).reshape(288, 288, 4)[..., :3]
    photograph = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    small = upscaler.given(photograph, torch.tensor(LIGHTS["evening"][1]).view(1, 3, 1, 1))
    model = kernel._model
    whole, carried = upscaler.upscaled(model, small), upscaler.gates(model, small)

    choose(widget, "9 tiles, each with its own gates", tiles="3", gates="own")
    made = upscaler.upscaled(model, small, 3)
    own, seam = told(widget), upscaler.seam(made, whole, 3)
    assert own["across"] == pytest.approx(seam.across, abs=0.01) and own["inside"] == pytest.approx(seam.inside, abs=0.01)
    assert own["across"] > 4 * own["inside"] > 0
    np.testing.assert_allclose(drawn(widget), 255 * made[0].clamp(0, 1).permute(1, 2, 0), atol=0.51)
    first = upscaler.gates(model, small[..., : 48 + upscaler.REACH, : 48 + upscaler.REACH])
    np.testing.assert_allclose(gates(widget)[0], np.stack([s[0] for s in first.values()]), atol=1e-4)

    choose(widget, "9 tiles, all with the whole picture’s gates", gates="whole")
    given = told(widget)
    assert max(given["across"], given["inside"]) < 1e-3 and given["away"] < own["away"]
    np.testing.assert_allclose(gates(widget), np.stack([[s[0] for s in carried.values()]] * 9), atol=1e-4)
    np.testing.assert_allclose(drawn(widget), 255 * whole[0].clamp(0, 1).permute(1, 2, 0), atol=0.51)

    choose(widget, "9 tiles, by a network without SE", gates="none")
    assert told(widget)["across"] < 1e-3 and told(widget)["away"] > given["away"]
    expect(widget.locator(".senet-seams-gates span")).to_have_count(0)
    expect(widget.locator(".senet-seams-side .senet-legend")).to_have_text("This network has no gates")
    choose(widget, "One tile, which is the whole picture", tiles="1")
    assert told(widget)["across"] == 0


def test_a_picture_of_the_readers_is_made_in_tiles_too(widget: Locator, kernel: Seams):
    image = picture((288, 288))
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": encoded(image)}
    widget.locator("input[type=file]").set_input_files(file)
    made = widget.locator(".senet-seams canvas").first
    expect(made).to_have_attribute("aria-label", re.compile(r"^mine\.png, twice as large\. 4 tiles"))
    photograph = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 255
    choose(widget, "16 tiles, each", light="water", tiles="4", gates="own")
    small = upscaler.given(photograph, torch.tensor(LIGHTS["water"][1]).view(1, 3, 1, 1))
    seam = upscaler.seam(upscaler.upscaled(kernel._model, small, 4), upscaler.upscaled(kernel._model, small), 4)
    assert told(widget)["across"] == pytest.approx(seam.across, abs=0.01)
    broken = {"name": "no.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\nnothing"}
    widget.locator("input[type=file]").set_input_files(broken)
    expect(widget.get_by_role("alert")).to_contain_text("no.png")
    widget.get_by_role("radio").nth(1).check(force=True)
    expect(made).to_have_attribute("aria-label", re.compile(r"^an arch in Paris .+ 16 tiles"))
