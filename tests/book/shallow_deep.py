"""The widget "Shallow and deep" as its tests see and operate it, and what torch says of the pictures that it shows."""

import functools

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from sebook.pages import encoded, gallery
from senet import pretrained
from senet.inside.recording import record

from .built import HTML

CHAPTER = "book/shallow-and-deep.html"
NETWORK = "se_resnet20_cifar10"
LARGE = "se_resnet18_slim_imagenet100"
NETWORKS = ("se_resnet_patchwork", NETWORK, LARGE)  # as the chapter shows them, one widget each
KEY = f"shallow-deep-{NETWORKS.index(NETWORK) + 1}"  # in the page's address
GALLERY = f"gallery/{NETWORK}.js"
FIGURE = "figure[data-senet=shallow-deep][data-network={}]"


class Truth:
    """What torch says of the gallery's pictures, computed from the pixels that the page shows."""

    def __init__(self, network: str) -> None:
        self.gallery = gallery.read(HTML / "_static" / "senet" / "gallery" / f"{network}.js")
        self.pictures = self.gallery["pictures"]
        self.ids = [picture["id"] for picture in self.pictures]
        self.classes = self.gallery["network"]["classes"]
        self.blocks = [block["name"] for block in self.gallery["network"]["blocks"]]
        checkpoint = pretrained.get(network)
        pixels = encoded.cut(self.gallery["sprite"], len(self.ids))
        recording = record(pretrained.load(checkpoint), checkpoint.preprocessing(pixels))
        self.logits = recording.logits.numpy()
        self.s = {name: block.excitation.numpy() for name, block in recording.blocks.items()}
        self.z = {name: block.squeeze.numpy() for name, block in recording.blocks.items()}
        self.means = {name: means.numpy() for name, means in gallery.class_means(checkpoint).items()}


@functools.cache
def truth_of(network: str) -> Truth:
    return Truth(network)


DOTS = """(group) => {
    const numbers = (text) => (text ? text.split(" ").map(Number) : []);
    const [s, z, mean] = ["s", "z", "mean"].map((name) => numbers(group.getAttribute(`data-${name}`)));
    const dots = [...group.children].flatMap((path) => {
        const there = path.getScreenCTM();
        const places = [...path.getAttribute("d").matchAll(/M([^ ]+) ([^h]+)h0/g)];
        return numbers(path.dataset.channels).map((channel, i) => {
            const { x, y } = new DOMPoint(+places[i][1], +places[i][2]).matrixTransform(there);
            const set = "set" in path.dataset;
            return { channel, value: s[channel], squeeze: z[channel], mean: mean[channel] ?? null, x, y, set };
        });
    });
    return dots.sort((a, b) => a.channel - b.channel);
}"""


def dots(side: Locator) -> list[dict]:
    """Channel, value, squeeze, mean, place, and whether it was set by hand, of each dot that a chart shows, by channel."""
    return side.locator(".senet-dots").evaluate(DOTS)


class Widget:
    """The widget as a reader has it before them."""

    def __init__(self, page: Page, url: str, network: str = NETWORK) -> None:
        page.emulate_media(reduced_motion="reduce")  # where a dot is, and not where it was
        self.page = page
        page.goto(url)
        self.el = page.locator(FIGURE.format(network))
        self.el.scroll_into_view_if_needed()
        expect(self.el).to_have_attribute("data-live", "true")

    def side(self, name: str) -> Locator:
        return self.el.locator(f"[data-side={name}]")

    def plot(self, name: str) -> Locator:
        return self.side(name).get_by_role("slider")

    def select(self, label: str) -> Locator:
        return self.el.get_by_label(label, exact=True)

    def radio(self, title: str) -> Locator:
        return self.el.get_by_role("radio", name=title, exact=True)

    def chosen(self) -> str:
        return self.el.locator("input[type=radio]:checked").input_value()  # by its role, each element's would be computed

    def block(self, name: str) -> str:
        return self.side(name).get_attribute("data-block")

    def dots(self, name: str) -> list[dict]:
        return dots(self.side(name))

    def values(self, name: str) -> np.ndarray:
        return self.numbers(name)[0]

    def numbers(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Gate and squeeze by channel."""
        dots = self.dots(name)
        assert [dot["channel"] for dot in dots] == list(range(len(dots)))
        return np.array([dot["value"] for dot in dots]), np.array([dot["squeeze"] for dot in dots])

    def order(self, name: str) -> list[int]:
        return [dot["channel"] for dot in sorted(self.dots(name), key=lambda dot: dot["x"])]

    def likeliest(self) -> list[tuple[str, float, float]]:
        rows = self.el.locator(".senet-likeliest li").evaluate_all("rows => rows.map((row) => ({...row.dataset}))")
        return [(row["class"], float(row["logit"]), float(row["probability"])) for row in rows]

    def verdict(self) -> str:
        return self.el.locator(".senet-verdict").inner_text()

    def shows(self, truth: Truth, index: int) -> None:
        """All that it shows is torch's for this picture."""
        assert self.chosen() == truth.ids[index]
        for name in ("shallow", "deep"):
            block = self.block(name)
            s, z = self.numbers(name)
            np.testing.assert_allclose(s, truth.s[block][index], atol=1e-4, rtol=0)
            np.testing.assert_allclose(z, truth.z[block][index], atol=np.ptp(truth.z[block]) / 65535 + 1e-4, rtol=0)
        logits = truth.logits[index]
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        for (name, logit, share), k in zip(self.likeliest(), np.argsort(-logits)[:5], strict=True):
            assert name == truth.classes[k]
            assert logit == pytest.approx(logits[k], abs=1e-4)
            assert share == pytest.approx(shares[k], abs=1e-4)
        label, predicted = truth.pictures[index]["label"], int(logits.argmax())
        verdict = self.verdict()
        assert ("✓" in verdict, "✗" in verdict) == (label == predicted, label not in (None, predicted))


def choose(widget: Widget, label: str, value: str, way: str) -> None:
    select = widget.select(label)
    if way == "mouse":
        select.select_option(value)
        return
    options = select.locator("option:enabled").evaluate_all("all => all.map((o) => o.value)")
    select.focus()
    steps = options.index(value) - options.index(select.input_value())
    for _ in range(abs(steps)):
        widget.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
