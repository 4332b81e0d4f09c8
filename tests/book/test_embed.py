"""One widget in a frame of another page: alone, as high as it says, and working in the sandbox of a learning platform."""

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from .conftest import Guard
from .live import encoded, picture

HOST = (
    """<!doctype html><h1>Lesson</h1><iframe id="se" sandbox="allow-scripts" src="{}" style="width:900px;height:300px"></iframe>"""
)
LISTEN = """window.heights = []; addEventListener("message", (event) => {
    const frame = document.getElementById("se");
    if (event.source !== frame.contentWindow || event.data?.senet !== "height") return;
    heights.push(event.data.height); frame.style.height = `${event.data.height}px`; })"""


@pytest.fixture
def framed(page: Page, guard: Guard, book_url: str) -> FrameLocator:
    # The theme's own script and its icons' fonts complain in a sandbox; neither is shown in a frame.
    guard.allow("localStorage|Access to font|net::ERR_FAILED|invalid theme mode")
    page.add_init_script(LISTEN)
    page.route(
        "**/lesson", lambda route: route.fulfill(body=HOST.format(f"{book_url}book/explorer.html?embed"), content_type="text/html")
    )
    page.goto(book_url + "lesson")
    frame = page.frame_locator("#se")
    expect(frame.locator("figure[data-live=true]")).to_be_visible(timeout=60_000)
    return frame


def test_a_widget_alone_in_a_sandboxed_frame(framed: FrameLocator, page: Page):
    for hidden in ("h1", ".bd-sidebar-primary", "footer", ".bd-header"):
        for element in framed.locator(hidden).all():
            expect(element).to_be_hidden()
    assert framed.locator("figure.senet-widget:visible").count() == 1
    # The whole page is one step away, and links lead there.
    link = framed.get_by_role("link", name="The explorer")
    assert "embed" not in link.get_attribute("href")
    assert "embed" not in framed.get_by_role("link", name="Link to this view").get_attribute("href")
    # It says how high it is, and nothing has to be scrolled for.
    page.wait_for_function("heights.length > 0 && heights.at(-1) > 400")
    page.wait_for_timeout(500)
    over = framed.locator("html").evaluate("el => el.scrollHeight - el.clientHeight")
    assert over <= 1
    wide = framed.locator("html").evaluate("el => el.scrollWidth - el.clientWidth")
    assert wide <= 0
    # A picture of one's own, which needs the network: nothing can be fetched there, so it comes as a script.
    mine = {"name": "mine.png", "mimeType": "image/png", "buffer": encoded(picture())}
    framed.locator(".senet-own input[type=file]").set_input_files(mine)
    expect(framed.locator(".senet-own")).to_have_attribute("data-engine", "ready", timeout=90_000)
    expect(framed.locator(".senet-prediction .senet-title")).to_have_text("mine.png")
    expect(framed.get_by_role("link", name="Link to this view, but your picture is not in it")).to_be_visible()
