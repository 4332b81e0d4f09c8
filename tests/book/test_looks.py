"""Every slide and every drawing as it looks, in both colour schemes: nothing runs out of its place, and words can be read.

One page is opened for each scheme and turned through by its own buttons, so that all this takes seconds.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from .built import HTML
from .visits import settle

SLIDES = "book/slides.html"
LEAST = 4.5  # WCAG 1.4.3, the contrast of text of ordinary size

# What of the part that is shown runs out of the screen or below the bar, and what scrolls in a box of its own: nobody in a room
# can scroll it.
OUTSIDE = """() => {
    const root = document.documentElement;
    const bar = document.querySelector(".slides-bar").getBoundingClientRect();
    const faults = [];
    for (const box of document.querySelectorAll(".slide.now .fitted")) {
        if (box.scrollHeight > box.clientHeight + 1) faults.push(`scrolls in its box: ${box.scrollHeight} > ${box.clientHeight}`);
    }
    if (root.scrollHeight > innerHeight) faults.push(`the screen scrolls: ${root.scrollHeight} > ${innerHeight}`);
    if (root.scrollWidth > innerWidth) faults.push(`the screen scrolls sideways: ${root.scrollWidth} > ${innerWidth}`);
    for (const block of document.querySelectorAll(".slide.now > *, .slide.now .cell > *")) {
        if (!block.checkVisibility() || block.parentElement.closest(".fitted")) continue;
        const { bottom, right } = block.getBoundingClientRect();
        const name = `${block.tagName}.${block.className}`;
        if (bottom > bar.top + 1 || right > innerWidth + 1) faults.push(`${name}: ${bottom} > ${bar.top}`);
        const { zoom } = getComputedStyle(block.querySelector("[style*=zoom]") ?? block);
        if (Number(zoom || 1) < 0.74) faults.push(`${name} is too small for a room: ${zoom}`);
    }
    return faults;
}"""

# Words in drawings whose colour is too near to what lies below them: a shape of the drawing, or a background.
FAINT = """(least) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = "#0000";
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((one, i) => one * a + below[i] * (1 - a));
    const light = (c) => c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    const luminance = (c) => { const [r, g, b] = light(c); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const paint = (e) => {
        const style = getComputedStyle(e);
        const [r, g, b, a] = rgba(e instanceof SVGElement && !e.matches("svg") ? style.fill : style.backgroundColor);
        return [r, g, b, a * style.opacity * (e instanceof SVGElement ? style.fillOpacity : 1)];
    };
    const faint = [];
    for (const text of document.querySelectorAll("main svg text")) {
        if (!text.textContent.trim() || !text.checkVisibility()) continue;
        const box = () => text.getBoundingClientRect();
        const inView = { block: "center", behavior: "instant" };
        if (box().top < 0 || box().bottom > innerHeight) text.scrollIntoView(inView);
        const { left, top, width, height } = box();
        const x = left + width / 2, y = top + height / 2;
        if (!width || x < 0 || y < 0 || x > innerWidth || y > innerHeight) continue;
        const below = document.elementsFromPoint(x, y).filter((e) => !e.closest("text") && !e.closest(".slides-bar"));
        let ground = [255, 255, 255];
        for (const e of [document.documentElement, ...below.reverse()]) {
            if (e.contains(text) || e instanceof SVGGeometryElement) ground = over(paint(e), ground);
        }
        const { stroke, strokeWidth } = getComputedStyle(text);
        if (stroke !== "none" && parseFloat(strokeWidth) > 0) ground = over(rgba(stroke), ground); // an outline
        const [one, two] = [luminance(over(paint(text), ground)), luminance(ground)].sort((a, b) => b - a);
        const contrast = (one + 0.05) / (two + 0.05);
        if (contrast < least) faint.push(`${text.textContent.trim()}: ${contrast.toFixed(1)} on rgb(${ground.map(Math.round)})`);
    }
    return faint;
}"""


def turn_through(page: Page):
    """The name of each slide and part, once it is shown with its widgets alive."""
    after = page.get_by_role("button", name="Next", exact=True)
    status = page.locator(".slides-bar [role=status]")
    while True:
        now = page.locator(".slide.now")
        for widget in now.locator("figure.senet-widget:visible").all():
            expect(widget).to_have_attribute("data-live", "true")
        settle(page)
        yield f"{now.get_attribute('id')}, {status.inner_text()}"
        if after.is_disabled():
            return
        after.click()


@pytest.mark.parametrize(
    ("theme", "viewport"),
    [("light", {"width": 1280, "height": 800}), ("dark", {"width": 1920, "height": 1080})],
)
def test_every_slide_fits_a_projector_and_can_be_read(page: Page, book_url: str):
    page.goto(f"{book_url}{SLIDES}?present")
    faults, seen = {}, 0
    for name in turn_through(page):
        seen += 1
        if found := [*page.evaluate(OUTSIDE), *page.evaluate(FAINT, LEAST)]:
            faults[name] = found
    assert faults == {}
    assert seen >= page.locator(".slide").count() > 80


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_words_of_every_drawing_can_be_read(page: Page, book_url: str, theme: str):
    drawn = [
        path
        for path in sorted((HTML / "book").glob("*.html"))
        if re.search("senet-drawing|senet-linked-figure", path.read_text("utf8"))
    ]
    assert len(drawn) >= 5
    page.emulate_media(reduced_motion="reduce")  # what is animated shows its words one by one
    faint = {}
    for path in drawn:
        if path.name == "slides.html":
            continue
        page.goto(f"{book_url}book/{path.name}")
        if found := page.evaluate(FAINT, LEAST):
            faint[path.name] = found
    assert faint == {}


def test_the_explorer_has_slides():
    text = (HTML / SLIDES).read_text("utf8")
    assert re.search(
        r'<section class="slide" id="explorer-\d+"(?:(?!</section>).)*<figure[^>]*data-senet="explorer"', text, re.DOTALL
    )
