"""The explorer on its published page: every control by pointer and by keyboard, and every number against torch."""

import csv
import io
import json
import math
import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from sebook.pages.excitation_weights import grey
from senet import pretrained
from senet.inside.recording import record

from .conftest import PHONE, Guard
from .test_live import READY, encoded, give, picture, started
from .test_shallow_deep import LARGE, NETWORK, Truth, dots, truth_of
from .visits import axe

CHAPTER = "book/explorer.html"
FIRST_PAGE = "book/index.html"


class Explorer:
    """The widget as a reader has it before them."""

    def __init__(self, page: Page, url: str) -> None:
        page.emulate_media(reduced_motion="reduce")
        page.goto(url)
        self.page = page
        self.el = page.locator("figure[data-senet=explorer]").first
        self.el.scroll_into_view_if_needed()
        expect(self.el).to_have_attribute("data-live", "true", timeout=READY)

    def idle(self) -> None:
        expect(self.el.locator("[aria-busy]")).to_have_count(0, timeout=READY)

    def radio(self, title: str) -> Locator:
        return self.el.get_by_role("radio", name=title, exact=True)

    def choose(self, title: str) -> None:
        self.radio(title).locator("..").click()
        self.idle()

    def select(self, label: str) -> Locator:
        return self.el.get_by_label(label, exact=True)

    def column(self, block: str) -> Locator:
        return self.el.locator(f".senet-strip[data-block='{block}']")

    def gates(self, block: str, side: int = 0) -> np.ndarray:
        """Of a strip, by channel."""
        return np.array(self.strips(block).nth(side).get_attribute("data-values").split(), float)

    def strips(self, block: str) -> Locator:
        """One a picture."""
        return self.column(block).locator(".senet-inks > span")

    def plot(self, side: str) -> Locator:
        return self.el.get_by_role("slider", name=f"Channels of the {side} block")

    def open(self) -> list[str]:
        return self.el.locator(".senet-side").evaluate_all("all => all.map((e) => e.dataset.block)")

    def detail(self) -> Locator:
        return self.el.get_by_role("group", name="The chosen channel")

    def chosen(self) -> tuple[str, int | None]:
        block, channel = self.detail().evaluate("e => [e.dataset.block, e.dataset.channel ?? null]")
        return block, None if channel is None else int(channel)

    def run(self) -> None:
        self.el.get_by_role("button", name="Run the network").click()
        started(self)
        self.idle()

    def likeliest(self) -> list[tuple[str, float]]:
        rows = self.el.locator(".senet-likeliest li").evaluate_all("rows => rows.map((row) => ({...row.dataset}))")
        return [(row["class"], float(row["logit"])) for row in rows]

    def query(self) -> dict[str, str]:
        self.page.wait_for_timeout(300)  # the address follows after a while
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query, keep_blank_values=True).items()}

    def agrees(self, recording) -> None:
        self.idle()
        for name, block in recording.blocks.items():
            np.testing.assert_allclose(self.gates(name), block.excitation[0].numpy(), atol=1e-4, rtol=0)
        logits = recording.logits[0].numpy()
        for (name, logit), k in zip(self.likeliest(), np.argsort(-logits)[:5], strict=True):
            assert name == pretrained.get(NETWORK).classes[k]
            assert logit == pytest.approx(logits[k], abs=1e-3)


@pytest.fixture
def explorer(page: Page, book_url: str) -> Explorer:
    return Explorer(page, book_url + CHAPTER)


@pytest.fixture
def truth() -> Truth:
    return truth_of(NETWORK)


@pytest.fixture
def first(truth: Truth) -> int:
    """Of the picture that the chapter begins with."""
    return truth.ids.index("chelsea-the-cat")


def said(image: Image.Image, gates=None, **options):
    checkpoint = pretrained.get(NETWORK)
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
    return record(pretrained.load(checkpoint), checkpoint.preprocessing(pixels), gates=gates, **options)


def test_every_gate_of_every_block(explorer: Explorer, truth: Truth):
    for index in (0, 1, len(truth.ids) - 1):
        explorer.choose(truth.pictures[index]["title"])
        predicted = int(truth.logits[index].argmax())
        for name in truth.blocks:
            np.testing.assert_allclose(explorer.gates(name), truth.s[name][index], atol=1e-4, rtol=0)
            distance = np.abs(truth.s[name][index] - truth.means[name][predicted]).mean()
            assert float(explorer.column(name).get_attribute("data-distance")) == pytest.approx(distance, abs=1e-4)


def test_the_ribbon_by_keyboard(explorer: Explorer, truth: Truth):
    blocks, keys = truth.blocks, explorer.page.keyboard
    assert explorer.open() == [blocks[0], blocks[-1]]
    explorer.column(blocks[0]).focus()
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(explorer.column(blocks[2])).to_be_focused()
    assert explorer.chosen() == (blocks[-1], None)  # to go along chooses nothing
    keys.press("Enter")
    assert explorer.open() == [blocks[2], blocks[-1]]
    expect(explorer.column(blocks[2])).to_have_attribute("aria-pressed", "true")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert explorer.chosen() == (blocks[2], 1)
    assert "channel 1 chosen" in explorer.column(blocks[2]).text_content()
    keys.press("End")
    expect(explorer.column(blocks[-1])).to_be_focused()
    keys.press("ArrowUp")  # from nothing, the last
    assert explorer.chosen() == (blocks[-1], len(truth.s[blocks[-1]][0]) - 1)
    keys.press("Escape")
    assert explorer.chosen() == (blocks[-1], None)
    keys.press("Home")
    expect(explorer.column(blocks[0])).to_be_focused()
    assert CHAPTER in explorer.page.url  # arrow keys turn the book's pages elsewhere


def test_the_ribbon_by_pointer(explorer: Explorer, truth: Truth):
    block = truth.blocks[4]
    cells = explorer.column(block).locator(".senet-cells")
    box = cells.bounding_box()
    count = len(truth.s[block][0])
    cells.click(position={"x": box["width"] / 2, "y": box["height"] * 10.5 / count})
    assert explorer.chosen() == (block, 10)
    assert explorer.open() == [block, truth.blocks[-1]]  # the one chosen before stays
    explorer.column(truth.blocks[1]).locator(".senet-depth").click()  # its head opens it and chooses nothing in it
    assert explorer.chosen() == (truth.blocks[1], None)
    cells.hover(position={"x": box["width"] / 2, "y": 1})
    expect(explorer.el.locator(".senet-ribbon-readout")).to_contain_text("channel 0: s = ")


def test_a_strip_is_as_dark_as_its_gates_are_open(explorer: Explorer, truth: Truth, first: int):
    """What is seen, not what is said of it: the ink of each place of a strip against its gate."""
    block = truth.blocks[4]
    strip = explorer.strips(block).first
    strip.scroll_into_view_if_needed()
    shot = np.asarray(Image.open(io.BytesIO(strip.screenshot())).convert("L"), float)
    gates = truth.s[block][first]
    place = (np.arange(len(gates)) + 0.5) / len(gates) * len(shot)
    ink = 255 - shot[place.astype(int), shot.shape[1] // 2]
    assert np.corrcoef(ink, gates)[0, 1] > 0.99


def test_a_channel_is_followed_through_both_layers(explorer: Explorer, truth: Truth, first: int):
    """Recorded, with no network in the page: the weights come by themselves, and make z into s."""
    model = pretrained.load(NETWORK)
    for block, channel in ((truth.blocks[0], 3), (truth.blocks[-1], 20)):
        explorer.column(block).focus()
        explorer.page.keyboard.press("ArrowDown")
        for _ in range(channel):
            explorer.page.keyboard.press("ArrowDown")
        assert explorer.chosen() == (block, channel)
        line = explorer.detail().locator(".senet-s-line")
        expect(line).to_contain_text("σ(")
        assert float(line.get_attribute("data-own")) == pytest.approx(truth.s[block][first][channel], abs=2e-4)
        se, z = model.get_submodule(block), torch.from_numpy(truth.z[block][first])
        hidden = torch.relu(se.fc1.weight @ z).detach()
        units = explorer.detail().locator("[data-unit]").evaluate_all("all => all.map((e) => ({...e.dataset}))")
        assert len(units) == len(hidden)
        np.testing.assert_allclose([float(unit["hidden"]) for unit in units], hidden, atol=5e-3)
        np.testing.assert_allclose([float(unit["added"]) for unit in units], (se.fc2.weight[channel] * hidden).detach(), atol=5e-3)
        np.testing.assert_allclose(
            [float(unit["given"]) for unit in units], (se.fc1.weight[:, channel] * z[channel]).detach(), atol=5e-3
        )
    expect(explorer.detail()).to_contain_text("they come from the network itself")
    explorer.detail().get_by_role("button", name="Fetch the network").click()
    started(explorer)
    expect(explorer.detail().get_by_role("img", name=re.compile("Map of channel 20 before"))).to_be_visible()


def test_orders_comparisons_scales_and_zoom(explorer: Explorer, truth: Truth, first: int):
    deep = truth.blocks[-1]
    s = truth.s[deep][first]

    def order() -> list[int]:
        shown = dots(explorer.el.locator("[data-side=deeper]"))
        return [dot["channel"] for dot in sorted(shown, key=lambda dot: dot["x"])]

    explorer.select("Order channels by").select_option("excitation")
    assert np.all(np.diff(s[order()]) <= 1e-4)
    explorer.select("Behind the gates").select_option("dog")
    explorer.select("Order channels by").select_option("difference")
    dog = truth.means[deep][truth.classes.index("dog")]
    assert np.all(np.diff((s - dog)[order()]) <= 1e-4)
    explorer.select("Order channels by").select_option("index")
    explorer.select("Channels shown").select_option("16")
    assert order() == list(range(16))
    slide = explorer.el.get_by_role("slider", name="from place")
    slide.focus()
    explorer.page.keyboard.press("ArrowRight")
    assert order() == list(range(1, 17))
    explorer.plot("deeper").press("End")  # what is chosen is shown
    assert order() == list(range(48, 64))
    explorer.select("Scale").select_option("fitted")
    low = float(explorer.el.locator("[data-side=deeper] .senet-scale span").first.inner_text())
    explorer.select("Scale").select_option("full")
    assert float(explorer.el.locator("[data-side=deeper] .senet-scale span").first.inner_text()) <= low
    explorer.select("Behind the gates").select_option("none")
    assert explorer.column(deep).get_attribute("data-distance") == ""
    assert explorer.query() | {"picture": ""} == {
        "picture": "", "explorer.channel": "63", "explorer.compare": "none", "explorer.zoom": "16", "explorer.from": "48",
    }  # fmt: skip
    explorer.el.get_by_role("button", name="Reset").click()
    assert list(explorer.query()) == ["picture"]


def test_a_second_picture(explorer: Explorer, truth: Truth, first: int):
    explorer.select("Second picture").select_option(truth.ids[4])
    explorer.idle()
    for name in truth.blocks:
        np.testing.assert_allclose(explorer.gates(name, 1), truth.s[name][4], atol=1e-4, rtol=0)
        distance = np.abs(truth.s[name][first] - truth.s[name][4]).mean()
        assert float(explorer.column(name).get_attribute("data-distance")) == pytest.approx(distance, abs=1e-4)
    assert explorer.select("Behind the gates").input_value() == "second"
    expect(explorer.el.locator(".senet-second-line")).to_contain_text(truth.classes[int(truth.logits[4].argmax())])
    explorer.el.get_by_role("button", name="Swap the two").press("Enter")
    explorer.idle()
    np.testing.assert_allclose(explorer.gates(truth.blocks[0]), truth.s[truth.blocks[0]][4], atol=1e-4)
    explorer.select("Second picture").select_option("")
    explorer.idle()
    assert explorer.strips(truth.blocks[0]).count() == 1
    assert explorer.select("Behind the gates").input_value() == "predicted"


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
        seen = [float(canvas.get_attribute(f"data-{name}")) for name in ("mean", "least", "most")]
        np.testing.assert_allclose(seen, [values.mean(), values.min(), values.max()], atol=1e-3)
    expect(explorer.detail().locator(".senet-s-line")).to_contain_text("set by hand; by itself it would be")

    # Why did this gate open? Its own pull is no part of the question, others would be.
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


def test_a_link_brings_the_whole_view_back(page: Page, book_url: str, truth: Truth):
    block, beside = truth.blocks[5], truth.blocks[2]
    wanted = (
        f"picture={truth.ids[3]}&explorer.second={truth.ids[6]}&explorer.compare=second&explorer.block={block}&explorer.beside={beside}"
        f"&explorer.channel=7&explorer.order=excitation&explorer.scale=fitted&explorer.gates={block}:7=0"
    )
    explorer = Explorer(page, f"{book_url}{CHAPTER}?{wanted}")
    assert explorer.chosen() == (block, 7)
    assert explorer.open() == [beside, block]
    assert explorer.el.get_by_role("radio", checked=True).input_value() == truth.ids[3]
    explorer.el.get_by_text("Pull gates by hand").click()
    hand = explorer.el.locator(".senet-hand-line")
    expect(hand).to_contain_text(
        "1 gate is set by hand; the prediction answers when the network runs"
    )  # nothing is fetched unasked
    link = explorer.el.get_by_role("link", name="Link to this view").get_attribute("href")
    assert {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()} == {
        name: values[0] for name, values in parse_qs(wanted).items()
    }
    explorer.run()
    expect(hand).to_contain_text("1 gate is set by hand: ")
    assert explorer.gates(block)[7] == 0


def test_nonsense_in_an_address_is_let_alone(page: Page, book_url: str, truth: Truth, first: int):
    nonsense = "network=../x&second=__proto__&block=%3Cb%3E&channel=1e3&order=size&zoom=-1&from=x&gates=a:1=1;;layer1.0.se:999=0"
    query = "&".join(f"explorer.{part}" for part in nonsense.split("&"))
    explorer = Explorer(page, f"{book_url}{CHAPTER}?picture=unicorn&{query}")
    assert explorer.open() == [truth.blocks[0], truth.blocks[-1]]
    assert explorer.chosen() == (truth.blocks[-1], None)
    np.testing.assert_allclose(explorer.gates(truth.blocks[0]), truth.s[truth.blocks[0]][first], atol=1e-4)


def test_another_network_comes_by_itself(page: Page, book_url: str, guard: Guard):
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.rsplit("/", 1)[1]))
    explorer = Explorer(page, book_url + CHAPTER)
    assert f"{LARGE}.js" not in fetched
    guard.allow("console: Failed to load resource")
    page.route(f"**/gallery/{LARGE}.js", lambda route: route.abort())
    explorer.select("Network").select_option(LARGE)
    expect(explorer.el.locator(".senet-problem").first).to_contain_text("This network did not load")
    assert explorer.select("Network").input_value() == NETWORK
    page.unroute(f"**/gallery/{LARGE}.js")
    other = truth_of(LARGE)
    explorer.select("Network").select_option(LARGE)
    expect(explorer.column("layer4.1.se")).to_be_visible()
    explorer.idle()
    assert explorer.select("Network").input_value() == LARGE
    index = other.ids.index(explorer.el.get_by_role("radio", checked=True).input_value())
    for name in other.blocks:
        np.testing.assert_allclose(explorer.gates(name), other.s[name][index], atol=1e-4)
    explorer.select("Channels shown").select_option("32")
    expect(page).to_have_url(re.compile(r"explorer\.zoom=32"))  # as the frame does that shows it
    assert explorer.query()["explorer.network"] == LARGE
    again = Explorer(page, page.url)
    expect(again.column("layer4.1.se")).to_be_visible()
    expect(again.select("Channels shown")).to_have_value("32")


def test_prose_and_other_widgets_drive_it(explorer: Explorer, truth: Truth):
    """Whoever shares the picture of a page is followed."""
    detail = json.dumps({"picture": truth.ids[5], "from": None})
    explorer.page.evaluate(f"document.dispatchEvent(new CustomEvent('senet:picture', {{ detail: {detail} }}))")
    expect(explorer.radio(truth.pictures[5]["title"])).to_be_checked()
    np.testing.assert_allclose(explorer.gates(truth.blocks[0]), truth.s[truth.blocks[0]][5], atol=1e-4)


def test_numbers_and_drawing_to_take_away(explorer: Explorer, truth: Truth, first: int):
    explorer.plot("shallower").press("ArrowRight")
    files = {}
    for kind in ("CSV", "SVG", "PNG"):
        with explorer.page.expect_download() as download:
            explorer.el.get_by_role("button", name=re.compile(f"^{kind}:")).press("Enter")
        assert download.value.suggested_filename == f"{NETWORK}-{truth.ids[first]}.{kind.lower()}"
        files[kind] = download.value.path().read_bytes()
    rows = list(csv.DictReader(io.StringIO(files["CSV"].decode())))
    for name in truth.blocks:
        mine = [row for row in rows if row["quantity"] == "s" and row["block"] == name]
        assert [int(row["channel"]) for row in mine] == list(range(len(mine)))
        np.testing.assert_allclose([float(row["value"]) for row in mine], truth.s[name][first], atol=1e-4)
    logits = [float(row["value"]) for row in rows if row["quantity"] == "logit"]
    np.testing.assert_allclose(logits, truth.logits[first], atol=1e-4)
    drawing = ET.fromstring(files["SVG"])
    circles = drawing.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(circles) == sum(len(truth.s[truth.blocks[side]][0]) for side in (0, -1))
    shown = Image.open(io.BytesIO(files["PNG"]))
    assert shown.width == 2 * float(drawing.get("width"))
    assert len(shown.convert("RGB").getcolors(1 << 20)) > 20  # something is on it


@pytest.mark.parametrize("viewport", [PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_for_everybody(explorer: Explorer, viewport: dict[str, int]):
    explorer.run()
    explorer.select("Second picture").select_option(index=4)
    explorer.plot("deeper").press("ArrowRight")
    for summary in explorer.el.locator("summary:visible").all():
        summary.click()
    explorer.detail().get_by_role("button", name="Why did this gate open?").click()
    expect(explorer.detail().locator(".senet-why-line")).to_contain_text("the gate", timeout=READY)
    axe(explorer.page, "figure[data-senet=explorer]")
    assert explorer.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    text = explorer.el.locator(".senet-unseen[role=status]").last
    expect(text).to_contain_text("Channel 0 of stage 3, block 3")
    expect(text).to_contain_text("9 blocks; the gates of")


def test_the_first_page_shows_it_at_once_in_small(page: Page, book_url: str, truth: Truth):
    explorer = Explorer(page, book_url + FIRST_PAGE)
    assert explorer.el.bounding_box()["y"] < 900  # no scrolling until it shows
    explorer.choose(truth.pictures[1]["title"])
    for name in truth.blocks:
        np.testing.assert_allclose(explorer.gates(name), truth.s[name][1], atol=1e-4)
    assert explorer.el.get_by_role("group", name="Your own picture").count() == 0
    page.get_by_role("link", name="the explorer").first.click()
    heading = page.locator("main h1:visible").last  # until its styles are there, the heading for paper is seen, too
    expect(heading).to_contain_text("The explorer")


TIMES = """async ([figure, live]) => {
    const painted = [];
    const plots = [...figure.querySelectorAll(".senet-plot")], radios = [...figure.querySelectorAll(".senet-thumbs input")];
    const stage = figure.querySelector(".senet-stage");
    const settle = () => new Promise((resolve) => {
        const look = () => (stage.hasAttribute("aria-busy") ? channel.port2.postMessage(0) : resolve());
        const channel = new MessageChannel();
        channel.port1.onmessage = look;
        channel.port2.postMessage(0);
    });
    const key = (name, shiftKey) => plots[1].dispatchEvent(new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true }));
    key("ArrowRight", false);
    await settle();
    const best = Array(200).fill(Infinity);
    for (let n = 0; n < 800; n++) {
        const i = n % 200;
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const start = performance.now();
        if (live) key(i % 2 ? "ArrowUp" : "ArrowDown", true); // a gate is pulled: the network answers
        else if (i % 2) radios[(i >> 1) % radios.length].click();
        else key(i % 4 ? "ArrowRight" : "ArrowLeft", false);
        await settle();
        document.body.offsetHeight;
        best[i] = Math.min(best[i], performance.now() - start);
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        painted.push(performance.now() - start);
    }
    return [best, painted];
}"""


@pytest.mark.budget
def test_answers_in_time(explorer: Explorer):
    """From the event to the answer drawn and laid out, 200 interactions: recorded 16 ms, live 33 ms, for 95 of 100. Each is the
    best of four, since a machine does other things too; what it took of the processor is printed beside it."""
    session = explorer.page.context.new_cdp_session(explorer.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
        return 1000 * sum(metrics[f"{name}Duration"] for name in ("Script", "RecalcStyle", "Layout"))

    for live, most in ((False, 16), (True, 33)):
        if live:
            explorer.run()
        before = spent()
        times, painted = explorer.page.evaluate(TIMES, [explorer.el.element_handle(), live])
        p50, p95 = np.quantile(times, [0.5, 0.95])
        said, frame = "live" if live else "recorded", np.quantile(painted, 0.95)
        print(f"{said}: {(spent() - before) / len(painted):.1f} ms of the processor for script, style and layout, on average")
        print(f"{said}: median {p50:.1f} ms, p95 {p95:.1f} ms; p95 with the wait for the next frame {frame:.1f} ms")
        assert p95 <= most
