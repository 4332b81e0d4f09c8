"""The widget "Shallow and deep" as a part of its page: its address, how it arrives, and where and how a reader may open it."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import DESKTOP, PHONE, Guard, without_scripts
from .shallow_deep import CHAPTER, FIGURE, GALLERY, KEY, NETWORK, NETWORKS, Truth, Widget
from .visits import axe


def test_a_link_shows_the_view_again(widget: Widget, truth: Truth, browser: Browser):
    widget.radio(truth.pictures[5]["title"]).locator("..").click()
    widget.select("Shallow").select_option(truth.blocks[1])
    widget.select("Order channels by").select_option("excitation")
    widget.select("Compare with the mean of").select_option("all")
    widget.plot("deep").press("End")
    link = widget.el.get_by_role("link", name="Link to this view").get_attribute("href")
    widget.page.wait_for_url(link.partition("#")[0])  # the address follows; the link leads to the widget, too
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
    other = len(truth.pictures) - 1  # of eight, where CIFAR-10 wasn't there when the book was built
    assert truth.ids[other] != author
    widget.radio(truth.pictures[other]["title"]).locator("..").click()
    widget.select("Order channels by").select_option("excitation")
    again = Widget(widget.page, book_url + CHAPTER)
    again.shows(truth, other)
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
    expect(figure.get_by_role("alert")).to_contain_text("failed to load")
    expect(figure.get_by_role("img").first).to_be_visible()
    again = figure.get_by_role("button", name="Try again")
    again.click()
    expect(figure.get_by_role("alert")).to_have_count(1)
    page.unroute(f"**/{GALLERY}")
    figure.get_by_role("button", name="Try again").press("Enter")
    expect(figure).to_have_attribute("data-live", "true")
    expect(figure.get_by_role("radio")).to_have_count(len(truth.ids))


@without_scripts
def test_the_static_figure_needs_no_script(page: Page, book_url: str):
    page.goto(book_url + CHAPTER)
    figure = page.locator(FIGURE.format(NETWORK))
    box = figure.locator("svg").bounding_box()
    assert box["width"] > 400
    assert figure.bounding_box()["height"] < box["height"] + 80  # no room is kept for what will not come
    assert "taken for" in figure.get_by_role("img").first.get_attribute("aria-label")


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
