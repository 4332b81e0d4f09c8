"""The network in the reader's browser: started when asked for, its loading reported, and every answer against torch."""

import gzip
import json

import pytest
from playwright.sync_api import Page, expect

from sebook.pages import gallery

from .built import HTML
from .conftest import PHONE, Guard
from .live import LIVE, READY, answers, encoded, give, own, picture, run, shows, started
from .shallow_deep import CHAPTER, LARGE, NETWORK, Truth, Widget
from .visits import axe


def test_weighs_what_was_promised(page: Page, book_url: str):
    """Nothing of it with the page; at most 5 MB when asked for, gzipped as a host sends it."""
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    widget = Widget(page, book_url + CHAPTER)
    assert [url for url in fetched if "/live/" in url] == [f"{book_url}_static/senet/live/manifest.js"]
    run(widget).click()
    started(widget)
    wanted = [url.rsplit("/", 1)[1] for url in fetched if "/live/" in url]
    assert wanted == ["manifest.js", "worker.js", "runtime.js", f"{NETWORK}.js"]
    sizes = {name: len(gzip.compress((LIVE / name).read_bytes(), 6)) for name in wanted}
    print(sizes, "together", sum(sizes.values()))
    assert sum(sizes.values()) <= 5e6


def test_the_larger_network_answers_for_a_picture_of_the_readers_own(page: Page, book_url: str):
    """64 pixels, 100 classes: asked for by itself, at most 6 MB more than the runtime, and as right as the small ones."""
    widget = Widget(page, book_url + CHAPTER, LARGE)
    assert len(gzip.compress((LIVE / f"{LARGE}.js").read_bytes(), 6)) <= 6e6
    image = picture((64, 64), seed=5)
    give(widget, encoded(image))
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked(timeout=READY)
    shows(widget, answers(image, LARGE), network=LARGE)


def test_answers_live_for_the_gallery(widget: Widget, truth: Truth):
    """All pictures, among them 20 and more; the words say who computed them. No tolerance for what recording rounds."""
    assert "recorded from PyTorch" in widget.el.locator(".senet-about").inner_text()
    run(widget).click()
    started(widget)
    expect(widget.el.locator(".senet-about")).to_contain_text("computed in this page by ONNX Runtime")
    assert len(truth.ids) >= 20 or len(truth.ids) == len(gallery.read(HTML / "_static/senet/gallery" / f"{NETWORK}.js")["pictures"])
    for index, known in enumerate(truth.pictures):
        widget.radio(known["title"]).locator("..").click()
        # The axis of the answer that is there now: a live one comes a few milliseconds later.
        widget.page.wait_for_function(
            "el => !el.querySelector('.senet-live').hasAttribute('aria-busy')", arg=widget.el.element_handle()
        )
        widget.shows(truth, index)


def test_progress_and_cancel_by_keyboard(widget: Widget):
    page = widget.page
    page.route("**/live/runtime.js", lambda route: None)  # never answers
    run(widget).focus()
    page.keyboard.press("Enter")
    expect(own(widget)).to_have_attribute("data-engine", "loading")
    manifest = json.loads((LIVE / "manifest.js").read_text("utf-8").partition(",")[2].removesuffix(");\n"))
    total = sum(manifest[name] for name in ("worker", "runtime", NETWORK)) / 1e6
    expect(own(widget).locator(".senet-engine-line")).to_contain_text(f"0.1 MB of {total:.1f} MB")
    bar = own(widget).get_by_role("progressbar")
    assert 0 < bar.evaluate("bar => bar.position") < 0.05
    own(widget).get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(own(widget)).to_have_attribute("data-engine", "idle")
    expect(run(widget)).to_be_focused()
    page.unroute("**/live/runtime.js")
    run(widget).click()
    started(widget)


@pytest.mark.parametrize("file", ["worker", "runtime", NETWORK])
def test_a_download_that_fails(widget: Widget, guard: Guard, truth: Truth, file: str):
    guard.allow("console: .*ERR_FAILED")
    page = widget.page
    page.route(f"**/live/{file}.js", lambda route: route.abort())
    give(widget, encoded(picture()))
    expect(own(widget)).to_have_attribute("data-engine", "failed")
    assert "The recorded pictures still work." in own(widget).locator(".senet-engine-line").inner_text()
    widget.radio(truth.pictures[1]["title"]).locator("..").click()
    widget.shows(truth, 1)
    page.unroute(f"**/live/{file}.js")
    own(widget).get_by_role("button", name="Try again").click()
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked()  # it has waited
    shows(widget, answers(picture()))


def test_a_download_cut_short_or_of_another_build(widget: Widget):
    path = LIVE / f"{NETWORK}.js"
    widget.page.route("**/live/runtime.js", lambda route: route.fulfill(body=(LIVE / "runtime.js").read_bytes()[:-1000]))
    run(widget).click()
    expect(own(widget).locator(".senet-engine-line")).to_contain_text("bytes)")
    widget.page.unroute("**/live/runtime.js")
    # As long as the right one, and yet no network: what unpacks it notices.
    data = bytearray(path.read_bytes())
    data[1000:1040] = b"A" * 40
    widget.page.route(f"**/live/{NETWORK}.js", lambda route: route.fulfill(body=bytes(data)))
    own(widget).get_by_role("button", name="Try again").click()
    expect(own(widget)).to_have_attribute("data-engine", "failed", timeout=READY)
    widget.page.unroute(f"**/live/{NETWORK}.js")
    own(widget).get_by_role("button", name="Try again").click()
    started(widget)


def test_a_browser_without_webassembly(page: Page, book_url: str, truth: Truth):
    """Stands for all that can go wrong inside: no WASM, none with SIMD, no memory for it."""
    worker = (LIVE / "worker.js").read_text("utf-8").replace('"live/worker","', '"live/worker","delete self.WebAssembly;')
    size = len((LIVE / "worker.js").read_bytes())
    manifest = (LIVE / "manifest.js").read_text("utf-8").replace(f'"worker":{size}', f'"worker":{len(worker.encode())}')
    page.route("**/live/worker.js", lambda route: route.fulfill(body=worker))
    page.route("**/live/manifest.js", lambda route: route.fulfill(body=manifest))
    widget = Widget(page, book_url + CHAPTER)
    run(widget).click()
    expect(own(widget)).to_have_attribute("data-engine", "failed", timeout=READY)
    assert "The recorded pictures still work." in own(widget).locator(".senet-engine-line").inner_text()
    widget.radio(truth.pictures[2]["title"]).locator("..").click()
    widget.shows(truth, 2)


def test_newest_question_wins(widget: Widget, truth: Truth):
    """A reader runs through the gallery faster than the network answers: what stays is the last picture, with its own numbers."""
    run(widget).click()
    started(widget)
    widget.el.evaluate("el => el.querySelectorAll('.senet-thumbs input').forEach((input) => input.click())")
    widget.page.wait_for_function(
        "el => !el.querySelector('.senet-live').hasAttribute('aria-busy')", arg=widget.el.element_handle()
    )
    widget.shows(truth, len(truth.ids) - 1)
    expect(widget.el.locator(".senet-problem").last).to_be_empty()


@pytest.mark.parametrize("where", ["book_prefix_url", "book_file_url"])
def test_elsewhere(page: Page, request: pytest.FixtureRequest, where: str):
    """Below a prefix, and from a folder with no server: nothing can be fetched there, and it works all the same."""
    widget = Widget(page, request.getfixturevalue(where) + CHAPTER)
    image = picture(seed=4)
    give(widget, encoded(image))
    started(widget)
    expect(widget.radio("mine.png")).to_be_checked()
    shows(widget, answers(image))


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", PHONE)])
def test_accessible_in_every_state(widget: Widget, theme: str):
    axe(widget.page, "figure.senet-widget")
    widget.page.route("**/live/runtime.js", lambda route: None)
    run(widget).click()
    expect(own(widget)).to_have_attribute("data-engine", "loading")
    axe(widget.page, "figure.senet-widget")
    own(widget).get_by_role("button", name="Cancel").click()
    widget.page.unroute("**/live/runtime.js")
    give(widget, encoded(picture((90, 60))))
    started(widget)
    give(widget, b"nothing", "nothing.png")
    expect(own(widget).get_by_role("alert")).not_to_be_empty()
    axe(widget.page, "figure.senet-widget")
    assert widget.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
