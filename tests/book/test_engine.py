"""What can go wrong with a network in the page, and stays one line: the recorded gallery goes on, and trying again works."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from .live import LIVE, READY, answered, answers, encoded, give, own, picture, run, shows, started
from .shallow_deep import CHAPTER, NETWORK, NETWORKS, Truth, Widget

PATCHWORK = NETWORKS[0]

# A page whose worker a test can reach, as if something happened to it.
WORKERS = """
    window.workers = [];
    window.Worker = class extends Worker {
        constructor(...all) { super(...all); window.workers.push(this); }
    };
"""


@pytest.fixture
def widget(page: Page, book_url: str) -> Widget:
    page.add_init_script(WORKERS)
    return Widget(page, book_url + CHAPTER)


def beside(widget: Widget, network: str) -> Widget:
    """Another widget of the same page."""
    other = object.__new__(Widget)
    other.page = widget.page
    other.el = widget.page.locator(f"figure[data-senet=shallow-deep][data-network={network}]")
    other.el.scroll_into_view_if_needed()
    expect(other.el).to_have_attribute("data-live", "true")
    return other


def line(widget: Widget):
    return own(widget).locator(".senet-engine-line")


def failed(widget: Widget, words: str) -> None:
    expect(own(widget)).to_have_attribute("data-engine", "failed", timeout=READY)
    expect(line(widget)).to_contain_text(words)
    expect(line(widget)).to_contain_text("The recorded pictures still work.")


def goes_on(widget: Widget, truth: Truth, index: int) -> None:
    """From the recording, to the last digit, and without a word of complaint."""
    widget.radio(truth.pictures[index]["title"]).locator("..").click()
    expect(widget.el.locator(".senet-title")).to_have_text(truth.pictures[index]["title"])
    widget.shows(truth, index)
    expect(widget.el.locator(".senet-about")).to_contain_text("recorded from PyTorch")
    expect(widget.el.locator(".senet-live > .senet-problem")).to_be_empty()


def again(widget: Widget) -> None:
    own(widget).get_by_role("button", name="Try again").click()
    started(widget)


def fetched(page: Page) -> list[str]:
    names: list[str] = []
    page.on("request", lambda request: names.append(Path(request.url).stem) if "/live/" in request.url else None)
    return names


def test_a_browser_without_simd(page: Page, book_url: str, truth: Truth):
    """It says so at once, instead of fetching 5 MB first."""
    page.add_init_script("WebAssembly.validate = () => false")
    widget = Widget(page, book_url + CHAPTER)
    names = fetched(page)
    give(widget, encoded(picture()))
    failed(widget, "WebAssembly is too old")
    assert names == []
    goes_on(widget, truth, 1)


def test_a_download_that_stalls(page: Page, book_url: str, truth: Truth):
    page.clock.install()
    widget = Widget(page, book_url + CHAPTER)
    page.route("**/live/runtime.js", lambda route: None)  # never answers
    run(widget).click()
    expect(line(widget)).to_contain_text("0.1 MB of")
    page.clock.run_for(15_000)
    expect(own(widget)).to_have_attribute("data-engine", "loading")
    page.clock.run_for(6_000)
    failed(widget, "nothing has come for 20 seconds")
    page.unroute("**/live/runtime.js")
    goes_on(widget, truth, 2)
    again(widget)


def test_two_networks_share_one_runtime(page: Page, widget: Widget):
    """Fetched once, also when both ask at the same time; and what one of them gives up the other keeps."""
    names = fetched(page)
    held: list[Route] = []
    page.route("**/live/runtime.js", lambda route: held.append(route))
    other = beside(widget, PATCHWORK)
    run(widget).click()
    run(other).click()
    expect(line(widget)).to_contain_text("0.1 MB of")
    expect(line(other)).to_contain_text("0.1 MB of")
    own(widget).get_by_role("button", name="Cancel").click()
    expect(own(widget)).to_have_attribute("data-engine", "idle")
    page.wait_for_timeout(100)
    assert len(held) == 1
    held[0].continue_()
    started(other)
    assert names == ["worker", "runtime", PATCHWORK]
    # There is less to fetch for the second, and its button says so.
    size = json.loads((LIVE / "manifest.js").read_text("utf-8").partition(",")[2].removesuffix(");\n"))[NETWORK]
    expect(run(widget)).to_have_text(f"Run the network in this page ({size / 1e6:.1f} MB)")
    run(widget).click()
    started(widget)
    assert names == ["worker", "runtime", PATCHWORK, NETWORK]
    assert page.evaluate("workers.length") == 1
    # Both answer, each for itself.
    image = picture(seed=6)
    for each, network in ((widget, NETWORK), (other, PATCHWORK)):
        give(each, encoded(image))
        answered(each, "mine.png")
        shows(each, answers(image, network), network=network)


def test_a_network_that_is_broken_leaves_the_other_running(page: Page, widget: Widget, truth: Truth):
    other = beside(widget, PATCHWORK)
    run(other).click()
    started(other)
    data = bytearray((LIVE / f"{NETWORK}.js").read_bytes())
    data[1000:1040] = b"A" * 40
    page.route(f"**/live/{NETWORK}.js", lambda route: route.fulfill(body=bytes(data)))
    run(widget).click()
    failed(widget, "The network could not be started")
    goes_on(widget, truth, 3)
    image = picture(seed=8)
    give(other, encoded(image))
    answered(other, "mine.png")
    shows(other, answers(image, PATCHWORK), network=PATCHWORK)
    page.unroute(f"**/live/{NETWORK}.js")
    again(widget)


@pytest.fixture
def running(widget: Widget) -> Iterator[Widget]:
    give(widget, encoded(picture(seed=1)))
    started(widget)
    answered(widget, "mine.png")
    yield widget


def recovers(widget: Widget, truth: Truth) -> None:
    """The recorded pictures at once, the reader's own after another try."""
    goes_on(widget, truth, 4)
    again(widget)
    give(widget, encoded(picture(seed=2)), "next.png")
    answered(widget, "next.png")
    shows(widget, answers(picture(seed=2)))


def test_a_thread_that_crashes(running: Widget, truth: Truth):
    other = beside(running, PATCHWORK)
    run(other).click()
    started(other)
    running.page.evaluate("workers[0].dispatchEvent(new ErrorEvent('error', {message: 'out of memory'}))")
    failed(running, "out of memory")
    failed(other, "out of memory")  # it was its thread, too
    expect(running.el.locator(".senet-live > .senet-problem")).to_contain_text("No answer for this picture")
    recovers(running, truth)
    again(other)


def test_a_thread_that_falls_silent(page: Page, book_url: str, truth: Truth):
    """A browser short of memory ends a thread without a word. The picture that was asked for is then the recorded one."""
    page.add_init_script(WORKERS)
    page.clock.install()
    widget = Widget(page, book_url + CHAPTER)
    run(widget).click()
    started(widget)
    page.evaluate("workers[0].terminate()")
    widget.radio(truth.pictures[5]["title"]).locator("..").click()
    expect(widget.el.locator(".senet-live")).to_have_attribute("aria-busy", "true")
    page.clock.run_for(50_000)
    expect(own(widget)).to_have_attribute("data-engine", "ready")
    page.clock.run_for(12_000)
    failed(widget, "has not answered for 60 seconds")
    expect(widget.el.locator(".senet-title")).to_have_text(truth.pictures[5]["title"])
    widget.shows(truth, 5)
    recovers(widget, truth)


def test_a_page_that_is_frozen_in_the_middle(page: Page, widget: Widget):
    """As a phone does with a page that its reader has put away for a while."""
    held: list[Route] = []
    page.route("**/live/runtime.js", lambda route: held.append(route))
    run(widget).click()
    expect(line(widget)).to_contain_text("0.1 MB of")
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    held[0].continue_()
    session.send("Page.setWebLifecycleState", {"state": "active"})
    started(widget)
    give(widget, encoded(picture(seed=3)))
    answered(widget, "mine.png")
    shows(widget, answers(picture(seed=3)))


def test_a_page_that_is_left_in_the_middle(page: Page, book_url: str, widget: Widget, truth: Truth):
    """And come back to: nothing is half there, and nothing has been complained about."""
    page.route("**/live/runtime.js", lambda route: None)
    give(widget, encoded(picture()))
    expect(line(widget)).to_contain_text("0.1 MB of")
    page.goto(book_url + "book/excitation.html")
    page.unroute("**/live/runtime.js")
    page.go_back()
    widget.el.scroll_into_view_if_needed()
    expect(widget.el).to_have_attribute("data-live", "true")
    goes_on(widget, truth, 6)
    if own(widget).get_attribute("data-engine") != "idle":  # the page was kept as it was left
        own(widget).get_by_role("button", name="Cancel").or_(own(widget).get_by_role("button", name="Try again")).first.click()
    own(widget).get_by_role("button", name="Run the network").or_(own(widget).get_by_role("button", name="Try again")).first.click()
    started(widget)


def test_nothing_is_dropped_silently(running: Widget, truth: Truth):
    """Every question that the page asks is answered, or told that a newer one has taken its place; the newest is what is shown."""
    page = running.page
    page.evaluate("""() => {
        const worker = workers[0], post = worker.postMessage.bind(worker);
        window.asked = []; window.told = [];
        worker.postMessage = (message) => { window.asked.push(message.id); post(message); };
        worker.addEventListener("message", ({ data }) => window.told.push(data.id));
    }""")
    running.el.evaluate("el => el.querySelectorAll('.senet-thumbs input').forEach((input) => input.click())")
    page.wait_for_function(
        "el => !el.querySelector('.senet-live').hasAttribute('aria-busy')", arg=running.el.element_handle(), timeout=READY
    )
    assert running.chosen() == "yours"  # the last of them
    shows(running, answers(picture(seed=1)))
    asked, told = page.evaluate("[asked, told]")
    assert asked == told
    assert 2 <= len(asked) < len(truth.ids)  # the first and the newest, and not one for each picture passed
