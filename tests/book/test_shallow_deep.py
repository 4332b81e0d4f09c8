"""The widget "Shallow and deep" on its published page: every control by mouse and by keyboard, and every number against torch."""

import base64
import functools
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sebook.pages import encoded, gallery
from sebook.widgets import ShallowDeep
from sebook.widgets.base import STATIC
from senet import pretrained
from senet.inside.recording import record

from .conftest import DESKTOP, HTML, PHONE, Guard
from .visits import axe

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


@pytest.fixture
def network() -> str:
    return NETWORK


@pytest.fixture
def truth(network: str) -> Truth:
    return truth_of(network)


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
        return self.el.get_by_role("radio", checked=True).input_value()

    def block(self, name: str) -> str:
        return self.side(name).get_attribute("data-block")

    def dots(self, name: str) -> list[dict]:
        return dots(self.side(name))

    def values(self, name: str) -> np.ndarray:
        dots = self.dots(name)
        assert [dot["channel"] for dot in dots] == list(range(len(dots)))
        return np.array([dot["value"] for dot in dots])

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
            np.testing.assert_allclose(self.values(name), truth.s[block][index], atol=1e-4, rtol=0)
            z = [dot["squeeze"] for dot in self.dots(name)]
            np.testing.assert_allclose(z, truth.z[block][index], atol=np.ptp(truth.z[block]) / 65535 + 1e-4, rtol=0)
        logits = truth.logits[index]
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        for (name, logit, share), k in zip(self.likeliest(), np.argsort(-logits)[:5], strict=True):
            assert name == truth.classes[k]
            assert logit == pytest.approx(logits[k], abs=1e-4)
            assert share == pytest.approx(shares[k], abs=1e-4)
        label, predicted = truth.pictures[index]["label"], int(logits.argmax())
        assert ("✓" in self.verdict(), "✗" in self.verdict()) == (label == predicted, label not in (None, predicted))


@pytest.fixture
def widget(page: Page, book_url: str, network: str) -> Widget:
    return Widget(page, book_url + CHAPTER, network)


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
        # The deep one, too, but for Patchwork's nights: no hidden unit of that block wakes for them, and all its gates are a half.
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
    """From a click to changed charts, laid out anew: 95 of 100. Each the best of eight, since the machine does other things too."""
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
            assert lines == (1 + len(truth.classes) if compare == "all" else 1)


def test_a_picture_of_no_class_has_no_true_class(widget: Widget, truth: Truth):
    index = next(i for i, picture in enumerate(truth.pictures) if picture["label"] is None)
    widget.select("Compare with the mean of").select_option("true")
    widget.radio(truth.pictures[index]["title"]).locator("..").click()
    assert "none of the network’s classes" in widget.verdict()
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
                # A dot of no length stands where its value is, to a pixel and a half.
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
    expect(readout).to_contain_text("Point at a dot")
    where = {"x": 7.5 / channels * box["width"], "y": 40}
    plot.click(position=where)
    widget.page.mouse.move(0, 0)
    expect(readout).to_contain_text("channel 7:")  # held
    plot.click(position=where)
    widget.page.mouse.move(0, 0)
    expect(readout).to_contain_text("Point at a dot")


def test_a_channel_by_keyboard(widget: Widget, truth: Truth):
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
    expect(widget.side("shallow").locator(".senet-readout")).to_contain_text("Point at a dot")


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


def test_a_link_shows_the_view_again(widget: Widget, truth: Truth, browser: Browser):
    widget.radio(truth.pictures[5]["title"]).locator("..").click()
    widget.select("Shallow").select_option(truth.blocks[1])
    widget.select("Order channels by").select_option("excitation")
    widget.select("Compare with the mean of").select_option("all")
    widget.plot("deep").press("End")
    link = widget.el.get_by_role("link", name="Link to this view").get_attribute("href")
    widget.page.wait_for_url(link)  # the address follows
    context = browser.new_context()  # another reader's browser, which has stored nothing
    other = Widget(context.new_page(), link)
    other.shows(truth, 5)
    assert other.block("shallow") == truth.blocks[1]
    assert other.order("deep") == widget.order("deep")
    assert other.select("Compare with the mean of").input_value() == "all"
    assert other.plot("deep").get_attribute("data-held") == widget.plot("deep").get_attribute("data-held")
    context.close()


def test_the_link_is_copied(widget: Widget):
    widget.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = widget.el.get_by_role("link", name="Link to this view")
    address = link.get_attribute("href")
    link.click()
    expect(widget.el.get_by_role("link", name="Link copied")).to_be_visible()
    assert widget.page.evaluate("navigator.clipboard.readText()") == address


def test_nonsense_in_the_address_is_left(page: Page, book_url: str, truth: Truth):
    query = f"picture=unicorn&{KEY}.order=%3Cscript%3E&{KEY}.deep=layer9&{KEY}.deep-channel=1e9&other=1"
    widget = Widget(page, f"{book_url}{CHAPTER}?{query}")
    author = json.loads(widget.el.get_attribute("data-state"))
    assert widget.block("deep") == author["deep"]
    assert widget.select("Order channels by").input_value() == author["order"]
    widget.shows(truth, truth.ids.index(widget.chosen()))
    widget.radio(truth.pictures[7]["title"]).locator("..").click()
    page.wait_for_url(lambda url: f"picture={truth.ids[7]}" in url)
    assert "other=1" in page.url  # not ours, so not ours to take out
    assert "unicorn" not in page.url


def test_the_picture_stays_with_the_reader(widget: Widget, truth: Truth, book_url: str):
    """It goes along to the next page; Reset brings the author's view back."""
    author = widget.chosen()
    widget.radio(truth.pictures[8]["title"]).locator("..").click()
    widget.select("Order channels by").select_option("excitation")
    again = Widget(widget.page, book_url + CHAPTER)
    again.shows(truth, 8)
    assert again.select("Order channels by").input_value() == "index"  # that was this page's
    again.select("Order channels by").select_option("excitation")
    again.el.get_by_role("button", name="Reset").press("Enter")
    assert again.chosen() == author
    assert again.select("Order channels by").input_value() == "index"


def test_works_from_a_folder(page: Page, book_file_url: str, truth: Truth):
    widget = Widget(page, book_file_url + CHAPTER)
    widget.radio(truth.pictures[6]["title"]).locator("..").click()
    widget.shows(truth, 6)
    assert widget.el.get_by_role("link", name="Link to this view").get_attribute("href").startswith("file://")


def test_works_below_a_prefix(page: Page, book_prefix_url: str, truth: Truth):
    widget = Widget(page, book_prefix_url + CHAPTER)
    widget.shows(truth, truth.ids.index(widget.chosen()))


def test_without_its_gallery_the_figure_stands_still(page: Page, book_url: str, guard: Guard, truth: Truth):
    guard.allow(f"console: .*{GALLERY}")
    page.route(f"**/{GALLERY}", lambda route: route.abort())
    page.goto(book_url + CHAPTER)
    figure = page.locator(FIGURE.format(NETWORK))
    figure.scroll_into_view_if_needed()
    expect(figure.get_by_role("alert")).to_contain_text("did not load")
    expect(figure.get_by_role("img").first).to_be_visible()
    again = figure.get_by_role("button", name="Try again")
    again.click()
    expect(figure.get_by_role("alert")).to_have_count(1)
    page.unroute(f"**/{GALLERY}")
    figure.get_by_role("button", name="Try again").press("Enter")
    expect(figure).to_have_attribute("data-live", "true")
    expect(figure.get_by_role("radio")).to_have_count(len(truth.ids))


def test_the_static_figure_needs_no_script(browser: Browser, book_url: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(book_url + CHAPTER)
    figure = page.locator(FIGURE.format(NETWORK))
    box = figure.locator("svg").bounding_box()
    assert box["width"] > 400
    assert figure.bounding_box()["height"] < box["height"] + 80  # no room is kept for what will not come
    assert "taken for" in figure.get_by_role("img").first.get_attribute("aria-label")
    context.close()


def test_a_gallery_waits_for_its_reader(page: Page, book_url: str):
    asked = []
    page.on("request", lambda request: asked.append(Path(request.url).name))
    page.goto(book_url + CHAPTER)
    expect(page.locator(FIGURE.format(NETWORKS[0]))).to_have_attribute("data-live", "true")
    galleries = [f"{network}.js" for network in NETWORKS]
    assert [name for name in asked if name in galleries] == galleries[:1]
    Widget(page, book_url + CHAPTER, NETWORKS[1])
    assert galleries[1] in asked


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_nothing_jumps(page: Page, book_url: str):
    page.add_init_script(
        "window.jumps = 0; new PerformanceObserver((list) => list.getEntries().forEach((e) => (window.jumps += e.value)))"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    widget = Widget(page, book_url + CHAPTER)
    widget.el.scroll_into_view_if_needed()
    assert page.evaluate("window.jumps") <= 0.02


@pytest.mark.parametrize("theme", ["dark"])
def test_dark(page: Page, book_url: str, truth: Truth):
    widget = Widget(page, book_url + CHAPTER)
    widget.shows(truth, truth.ids.index(widget.chosen()))
    colours = widget.el.locator(".senet-dots path").first.evaluate("e => getComputedStyle(e).stroke")
    assert colours == "rgb(250, 130, 64)"
    text = widget.el.locator(".senet-title").evaluate("e => getComputedStyle(e).color.match(/[0-9.]+/g).map(Number)")
    assert min(text[:3]) > 150


@pytest.mark.parametrize("viewport", [PHONE])
def test_on_a_phone(page: Page, book_url: str, truth: Truth):
    widget = Widget(page, book_url + CHAPTER)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    widget.el.get_by_text("All numbers as tables").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    shallow, deep = (widget.side(name).bounding_box() for name in ("shallow", "deep"))
    assert deep["y"] >= shallow["y"] + shallow["height"]  # below each other
    controls = widget.el.locator("select, button, summary, .senet-link, .senet-thumbs input").all()
    shown = [control for control in controls if control.is_visible()]  # the others wait for what they are for, such as to undo
    assert len(shown) > len(truth.ids)
    for control in shown:
        assert control.bounding_box()["height"] >= 32
    last = widget.radio(truth.pictures[-1]["title"]).locator("..")
    last.click()  # in the strip that scrolls
    widget.shows(truth, len(truth.ids) - 1)
    assert page.evaluate("scrollX") == 0


@pytest.mark.parametrize("media", [{"forced_colors": "active"}, {"media": "print"}])
def test_in_forced_colours_and_on_paper(widget: Widget, media: dict):
    widget.page.emulate_media(**media)
    dot = widget.el.locator(".senet-dots path").first
    assert dot.evaluate("e => getComputedStyle(e).stroke") not in ("none", "rgba(0, 0, 0, 0)")
    expect(widget.el.locator(".senet-plot").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_when_all_is_open(page: Page, book_url: str):
    widget = Widget(page, book_url + CHAPTER)
    for summary in widget.el.locator("summary").all():
        summary.click()
    widget.select("Compare with the mean of").select_option("all")
    widget.plot("deep").press("End")
    axe(page, FIGURE.format(NETWORK))


NOTEBOOK = """<!doctype html><html lang="en"><title>a notebook</title><div id="out"></div><script type="module">
    import widget from "./widget.js";
    const state = await python("state"), heard = {};
    const tell = (event, ...args) => (heard[event] ?? []).slice().forEach((callback) => callback(...args));
    const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
    window.model = {
        get: (name) => state[name],
        set(name, value) { if (state[name] !== value) { state[name] = value; tell(`change:${name}`); } },
        save_changes: () => python("save", Object.fromEntries(Object.entries(state).filter(([name]) => name[0] !== "_"))),
        send: async (message) => { const [content, buffers] = await python("send", message);
                                   tell("msg:custom", content, buffers.map(bytes)); },
        on: (event, callback) => (heard[event] ??= []).push(callback),
        off: (event, callback) => (heard[event] = heard[event].filter((other) => other !== callback)),
    };
    window.end = await widget.render({ model, el: document.getElementById("out") });
</script></html>"""


def test_in_a_notebook_python_answers(page: Page, book_url: str, monkeypatch: pytest.MonkeyPatch):
    """The notebook's bundle with a kernel behind it; between them stands, for Jupyter, a stand-in for anywidget's model."""
    kernel = ShallowDeep(NETWORK, order="excitation")
    names = ("picture", "shallow", "deep", "order", "compare", "scale", "shallow_channel", "deep_channel")
    sent: list = []
    monkeypatch.setattr(kernel, "send", lambda content, buffers=None: sent.append((content, buffers or [])))

    def python(what: str, message: dict | None = None):
        if what == "state":
            return {name: getattr(kernel, name) for name in ("_widget", "_gallery", "_fields", *names)}
        if what == "save":
            return kernel.set_state(message)
        kernel._handle_custom_msg(message, [])
        content, buffers = sent.pop()
        return [content, [base64.b64encode(buffer).decode() for buffer in buffers]]

    page.expose_function("python", python)
    page.route("**/notebook/", lambda route: route.fulfill(body=NOTEBOOK, content_type="text/html; charset=utf-8"))
    page.route("**/notebook/widget.js", lambda route: route.fulfill(path=STATIC / "widget.js", content_type="text/javascript"))
    page.goto(book_url + "notebook/")

    def shows(picture: int, block: str) -> None:
        """Kernel and page agree on the picture, and the page has this kernel's numbers."""
        expect(page.locator(".senet-title")).to_have_text(kernel._gallery["pictures"][picture]["title"])
        assert kernel.picture == picture
        shown = [dot["value"] for dot in dots(page.locator("[data-side=deep]"))]
        np.testing.assert_allclose(shown, kernel.probe(picture).blocks[block].excitation[0].numpy(), atol=1e-6)

    shows(0, kernel.deep)
    expect(page.get_by_label("Order channels by")).to_have_value("excitation")
    page.get_by_role("radio").nth(3).locator("..").click()
    page.get_by_label("Deep", exact=True).select_option("layer2.0.se")
    expect(page.locator("[data-side=deep]")).to_have_attribute("data-block", "layer2.0.se")
    shows(3, "layer2.0.se")
    assert kernel.deep == "layer2.0.se"
    page.evaluate("model.set('picture', 1)")  # as when a cell sets the trait
    kernel.picture = 1
    shows(1, "layer2.0.se")
    monkeypatch.setattr(kernel, "probe", lambda *_: (_ for _ in ()).throw(RuntimeError("out of memory")))
    page.get_by_role("radio").nth(0).locator("..").click()
    expect(page.get_by_role("alert")).to_contain_text("out of memory")
    page.evaluate("end()")
    expect(page.get_by_role("radio")).to_have_count(0)
