"""The explorer's views: orders, comparisons and scales, another network, links to a view, and files of it."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from senet import pretrained

from .conftest import Guard
from .explorer import CHAPTER, Explorer
from .live import READY, encoded, give, picture
from .shallow_deep import LARGE, NETWORK, Truth, dots, truth_of
from .takeaway import saved


def test_orders_comparisons_scales_and_zoom(explorer: Explorer, truth: Truth, first: int):
    deep = truth.blocks[-1]
    s = truth.s[deep][first]

    def order() -> list[int]:
        shown = dots(explorer.el.locator("[data-side=deeper]"))
        return [dot["channel"] for dot in sorted(shown, key=lambda dot: dot["x"])]

    explorer.select("Order channels by").select_option("excitation")
    assert np.all(np.diff(s[order()]) <= 1e-4)
    explorer.select("Compare the gates with").select_option("dog")
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
    explorer.select("Compare the gates with").select_option("none")
    expect(explorer.column(deep)).to_have_attribute("data-distance", "")
    assert explorer.query() | {"picture": ""} == {
        "picture": "", "explorer.channel": "63", "explorer.compare": "none", "explorer.zoom": "16", "explorer.from": "48",
    }  # fmt: skip
    explorer.el.get_by_role("button", name="Reset").click()
    assert list(explorer.query()) == ["picture"]


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


def test_a_drawing_of_ones_own_picture_links_to_no_other_picture(explorer: Explorer):
    """An address can't carry it: the view there would show the book's cat."""
    give(explorer, encoded(picture()))
    expect(explorer.el.locator(".senet-title")).to_have_text("mine.png", timeout=READY)
    words = "".join(ET.fromstring(saved(explorer.el, "SVG: save this view")).itertext())
    page = explorer.page.url.split("?")[0].split("#")[0]
    assert f"A picture of my own, in {page}#explorer" in words
    assert "picture=" not in words


def test_a_flat_answer_is_called_not_sure(page: Page, book_url: str):
    """Where the network was wrong more often than right on test pictures of which it was as unsure."""
    measured = pretrained.get(LARGE).file.parent / "results" / f"unfamiliar-{LARGE}.json"
    steps = json.loads(measured.read_text("utf8"))["sure"]
    explorer = Explorer(page, f"{book_url}{CHAPTER}?explorer.network={LARGE}&picture=chelsea-the-cat")
    expect(explorer.column("layer4.1.se")).to_be_visible()
    share = float(explorer.el.locator(".senet-likeliest li").first.get_attribute("data-probability"))
    (step,) = (each for each in steps if each["from"] < share <= each["to"])
    assert 2 * step["right"] < step["of"]
    said = f"Not sure: of answers this flat on test pictures, {step['right'] / step['of']:.1%} are right."
    expect(explorer.el.locator(".senet-doubt")).to_have_text(said)


@pytest.mark.parametrize(("viewport", "most"), [({"width": 1280, "height": 720}, 650), ({"width": 390, "height": 844}, 900)])
def test_the_widget_is_near_the_top_of_its_page(page: Page, book_url: str, most: int):
    page.goto(book_url + CHAPTER)
    top = "e => e.getBoundingClientRect().top"
    head = page.get_by_role("heading", level=1, name="The explorer").evaluate(top)
    assert page.locator("figure[data-senet=explorer]").evaluate(top) - head <= most


def test_a_blocks_name_is_explained(page: Page, book_url: str):
    explorer = Explorer(page, f"{book_url}{CHAPTER}?explorer.block=layer1.1.se")
    expect(explorer.el.locator(".senet-ribbon-readout")).to_contain_text("Block 1.2 is the 2nd of stage 1.")
    expect(explorer.el.get_by_text("block 1.2: 16 channels")).to_be_visible()


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 720}, {"width": 390, "height": 844}])
def test_the_first_pages_line_says_that_it_means_something_else_now(page: Page, book_url: str):
    """With another picture it is the cat's gates; once a gate is pulled, the picture's own from before."""
    explorer = Explorer(page, book_url + "book/index.html?picture=a-kingfisher&explorer.block=layer1.1.se")
    legend = explorer.el.locator(".senet-legend").last
    expect(legend).to_contain_text("gate s of this picture")
    expect(legend).to_contain_text("the gates for Chelsea the cat")
    plot, top = (
        explorer.el.locator(".senet-plot"),
        "e => e.getBoundingClientRect().top - e.closest('figure').getBoundingClientRect().top",
    )
    plot.press("ArrowRight")
    expect(legend).to_contain_text("chosen channel")
    before = plot.evaluate(top)
    plot.press("Shift+ArrowDown")
    expect(legend).to_contain_text("now its gates before the change (no longer Chelsea the cat’s)", timeout=READY)
    assert plot.evaluate(top) == pytest.approx(before, abs=0.5)  # the chart stays below the hand that pulls


def test_a_drag_selects_no_text(page: Page, book_url: str):
    """The number over the dot was marked as selected once a hand had gone over it."""
    explorer = Explorer(page, book_url + "book/index.html?explorer.channel=2")
    explorer.el.locator(".senet-plot").scroll_into_view_if_needed()
    handle = explorer.el.locator(".senet-handle").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for share in (1, -1, 0.5):  # down, and over the number again and above the plot
        page.mouse.move(x, y + 60 * share, steps=8)
    page.mouse.up()
    assert page.evaluate("getSelection().toString().trim()") == ""
