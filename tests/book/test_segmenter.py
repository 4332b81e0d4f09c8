"""The widget "Segmenter" on its page: recorded answers, the reader's own picture and camera, frozen gates; against Python."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect
from skimage import data

from sebook.network_files.onnx_network import OnnxNetwork
from sebook.widgets import Segmenter
from sebook.wild import segmenter

from .built import HTML
from .conftest import with_camera
from .live import READY, encoded

CHAPTER = "book/wild.html"
RESULTS = HTML.parents[1] / "data" / "results" / "wild-stories.json"


def begins(words: str) -> re.Pattern:
    return re.compile(f"^{re.escape(words)}")


class Shown:
    """The widget as a reader has it."""

    def __init__(self, page: Page, address: str) -> None:
        page.goto(address)
        self.page, self.el = page, page.locator("figure.senet-widget[data-senet=segmenter]")
        self.el.scroll_into_view_if_needed()
        expect(self.el).to_have_attribute("data-live", "true")

    @property
    def own(self) -> Locator:
        return self.el.get_by_role("group", name="Your own picture")

    @property
    def canvas(self) -> Locator:
        return self.el.locator(".senet-segmenter canvas")

    def gates(self) -> list[np.ndarray]:
        strips = self.el.locator(".senet-segmenter-inks").evaluate_all("all => all.map(each => each.dataset.values)")
        return [np.array(each.split(" "), np.float64) for each in strips]

    def mask(self, image: np.ndarray) -> np.ndarray:
        """Where the canvas is as bright as the picture, (256, 256); black pixels count as neither."""
        data = self.canvas.evaluate("c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)")
        light = np.array(data).reshape(256, 256, 4)[..., :3].sum(2)
        return np.where(image.sum(2) > 60, light > 0.6 * image.sum(2), np.nan)

    def set(self, gates: str) -> None:
        self.el.get_by_label("Gates", exact=True).select_option(label=gates)

    def says(self, text: str) -> None:
        expect(self.el.locator(".senet-effect")).to_contain_text(text, timeout=READY)


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> OnnxNetwork:
    return OnnxNetwork(segmenter.write(tmp_path_factory.mktemp("wild") / "selfie_segmentation.onnx"))


@pytest.fixture(scope="module")
def means() -> dict:
    return json.loads(RESULTS.read_text("utf8"))["stories"]["segmenter"]["means"]


@pytest.fixture(scope="module")
def python(network: OnnxNetwork, means: dict) -> Segmenter:
    return Segmenter(means, network.path)


def agrees(shown: Shown, image: np.ndarray, mask: np.ndarray, gates: list[np.ndarray], atol: float) -> None:
    for mine, theirs in zip(shown.gates(), gates, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=atol, rtol=0)
    drawn = shown.mask(image)
    known = ~np.isnan(drawn)
    assert known.mean() > 0.5 and (drawn[known] == mask[known]).mean() > 0.999


def test_what_is_recorded_is_pythons(page: Page, book_url: str, python: Segmenter):
    shown = Shown(page, book_url + CHAPTER)
    for picture, gates, words in (
        ("astronaut", "its own", "for a person."),
        ("astronaut", "frozen at their means", "frozen at their means, the mask overlaps"),
        ("cat", "all at 1", "all at 1, the mask overlaps"),
    ):
        title = next(each["title"] for each in python._data["pictures"] if each["id"] == picture)
        shown.el.get_by_role("radio", name=title).check(force=True)
        shown.set(gates)
        expect(shown.canvas).to_have_attribute("aria-label", begins(title))
        shown.says(words)
        python.choose(picture=picture, gates={"its own": "own", "frozen at their means": "frozen", "all at 1": "ones"}[gates])
        shown.says(f"takes {100 * python.mask().mean():.1f} % of the picture")
        image = np.asarray(python._shown[picture], np.int64)
        agrees(shown, image, python.mask(), python.excitations(), atol=1.6e-5)  # 16 bits
    assert "segmenter.gates=ones" in shown.el.get_by_role("link", name="Link to this view").get_attribute("href")
    shown.el.get_by_role("button", name="Reset").click()
    shown.says("for a person.")


def test_the_readers_picture_is_answered_as_python_says(page: Page, book_url: str, network: OnnxNetwork, means: dict):
    shown = Shown(page, book_url + CHAPTER)
    image = Image.fromarray(data.astronaut()[:420, 30:450]).resize((256, 256)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": encoded(image)}
    shown.own.locator("input[type=file]").set_input_files(file)
    expect(shown.own).to_have_attribute("data-engine", "ready", timeout=READY)
    expect(shown.canvas).to_have_attribute("aria-label", begins("mine.png."), timeout=READY)
    pixels = np.asarray(image, np.int64)
    x = segmenter.planes(pixels[None])
    frozen = {name: np.float32(values) for name, values in means.items()}
    for how, given, words in (("its own", None, "for a person."), ("frozen at their means", frozen, "frozen at their means, the")):
        shown.set(how)
        shown.says(words)
        reading = network.run(x, given)
        mask = reading.outputs[0][0, 0] > 0.5
        shown.says(f"takes {100 * mask.mean():.1f} % of the picture")
        agrees(shown, pixels, mask, [row[0] for row in reading.excitation.values()], atol=1e-4)
    shown.el.get_by_role("radio").first.check(force=True)  # back to a picture of the widget's
    expect(shown.canvas).not_to_have_attribute("aria-label", begins("mine.png."))


@with_camera
def test_gates_follow_the_camera(context: BrowserContext, page: Page, book_url: str):
    """Frame after frame, each answered; how many a second is for a machine that does nothing else."""
    context.grant_permissions(["camera"])
    shown = Shown(page, book_url + CHAPTER)
    shown.own.get_by_role("button", name="Use the camera").click()
    expect(shown.own).to_have_attribute("data-engine", "ready", timeout=READY)
    expect(shown.canvas).to_have_attribute("aria-label", begins("your camera."), timeout=READY)
    before = shown.el.locator(".senet-segmenter-inks").first.get_attribute("data-values")
    page.wait_for_function(
        "before => document.querySelector('.senet-segmenter-inks').dataset.values !== before", arg=before, timeout=READY
    )
    shown.own.get_by_role("button", name="Stop the camera").click()
    expect(shown.own.get_by_role("button", name="Use the camera")).to_be_visible()


def test_a_book_without_the_network_says_so(page: Page, book_url: str):
    """As where another build left it out: the recorded pictures answer, and nothing offers to run it."""
    body = 'SENet.provide("live/manifest",{"worker":1,"runtime":1});'
    page.route("**/live/manifest.js", lambda route: route.fulfill(body=body, content_type="text/javascript"))
    shown = Shown(page, book_url + CHAPTER)
    expect(shown.el).to_contain_text("This book was built without the network")
    expect(shown.own).to_have_count(0)
    shown.set("frozen at their means")
    shown.says("the mask overlaps")
