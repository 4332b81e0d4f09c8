"""The explorer on one screen: cause and effect in view together, a gate pulled in one motion, and a guess before the look."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from .explorer import CHAPTER, Explorer
from .live import READY
from .shallow_deep import NETWORK, truth_of

LAPTOP = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
FIRST_PAGE = "book/index.html"
NETWORK_FILES = re.compile(r"/live/(runtime|worker|se_)")
# What lies in view, below the page's own head: top and bottom of each, and whether another element covers its middle.
SEEN = """(selectors) => selectors.map((selector) => {
    const all = [...document.querySelector("figure[data-senet=explorer]").querySelectorAll(selector)];
    const { left, top, width, height } = all.at(-1).getBoundingClientRect();
    const head = document.querySelector(".bd-header-article").getBoundingClientRect().bottom;
    const met = document.elementFromPoint(left + width / 2, top + height / 2);
    return [selector, top >= head - 1 && top + height <= innerHeight, all.at(-1).contains(met) || met?.contains(all.at(-1))];
})"""


@pytest.mark.parametrize("viewport", [LAPTOP])
@pytest.mark.parametrize("path", [CHAPTER, FIRST_PAGE])
def test_cause_and_effect_share_a_screen(page: Page, book_url: str, path: str):
    """Picture, answer, ribbon and the gate in hand; the gate is pulled there, and the answer changes there."""
    explorer = Explorer(page, book_url + path)
    side = explorer.el.locator(".senet-side").last
    bring_together(explorer)
    dot = pressable(side)
    before = explorer.likeliest()
    page.mouse.move(*dot)
    page.mouse.down()
    page.mouse.move(dot[0], dot[1] + 30, steps=3)
    page.mouse.up()
    expect(explorer.el.locator(".senet-under-way")).to_contain_text("1 gate is set by hand: ", timeout=READY)
    explorer.idle()
    parts = [".senet-picture canvas", ".senet-likeliest", ".senet-verdict", ".senet-ribbon", ".senet-plot", ".senet-handle"]
    assert page.evaluate(SEEN, parts) == [[part, True, True] for part in parts]
    assert explorer.likeliest() != before
    assert explorer.el.locator(".senet-answer").evaluate("e => e.scrollHeight <= e.parentElement.clientHeight")


@pytest.mark.parametrize("viewport", [PHONE])
def test_on_a_phone_the_answer_stays_while_the_ribbon_scrolls(page: Page, book_url: str):
    explorer = Explorer(page, book_url + CHAPTER)
    parts = [".senet-picture canvas", ".senet-likeliest", ".senet-verdict"]
    for below in (".senet-network", ".senet-plot"):
        explorer.el.locator(below).last.evaluate("e => e.scrollIntoView({ block: 'center' })")
        assert page.evaluate(SEEN, parts) == [[part, True, True] for part in parts], below
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("viewport", [PHONE])
def test_on_a_phone_ticks_are_explained_and_nothing_moves_for_that(page: Page, book_url: str):
    explorer = Explorer(page, book_url + CHAPTER)
    plot, ticks = explorer.el.locator(".senet-plot").first, explorer.el.get_by_text("Ticks: before the change.")
    down = "e => e.getBoundingClientRect().top - e.closest('.senet-stage').getBoundingClientRect().top"
    explorer.idle()
    before = explorer.el.locator(".senet-network").evaluate(down)
    plot.press("ArrowRight")
    plot.press("Shift+ArrowDown")
    expect(explorer.el.locator(".senet-under-way")).to_contain_text("1 gate is set by hand: ", timeout=READY)
    expect(ticks).to_be_visible()
    assert explorer.el.locator(".senet-network").evaluate(down) == pytest.approx(before, abs=0.5)
    bottom = "e => e.getBoundingClientRect().bottom"
    assert ticks.evaluate(bottom) <= explorer.el.locator(".senet-prediction").evaluate(bottom)  # and no line is cut


def test_a_chart_of_many_channels_has_its_sorted_gates_beside_it(page: Page, book_url: str):
    """On the same axis, in a frame of its own: among the dots, readers took the curve for channels."""
    explorer = Explorer(page, book_url + CHAPTER)
    few, many = (explorer.el.locator(".senet-side").nth(i) for i in (0, 1))
    expect(few.locator(".senet-sorted")).to_be_hidden()
    curve = many.locator(".senet-sorted svg")
    heights = [float(y) for y in re.findall(r"[ML]\d+ ([\d.]+)h1", curve.locator("path").get_attribute("d"))]
    s = np.sort(explorer.gates(many.get_attribute("data-block")))[::-1]
    np.testing.assert_allclose(heights, 100 * (1 - s), atol=1e-3)
    plot, frame = (box.bounding_box() for box in (many.locator(".senet-plot"), curve))
    assert (plot["y"], plot["x"] + plot["width"] < frame["x"]) == (pytest.approx(frame["y"], abs=1), True)


@pytest.mark.parametrize("viewport", [LAPTOP])
def test_one_click_from_the_first_paint_to_a_change(page: Page, book_url: str):
    """With no scrolling: a link lies in view that leads to the network with another picture, and its answer changes."""
    explorer = Explorer(page, book_url + FIRST_PAGE)
    page.evaluate("scrollTo(0, 0)")
    before = explorer.likeliest()
    box = page.locator(".senet-hero a.senet-try").bounding_box()
    assert box["y"] + box["height"] <= LAPTOP["height"]
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    expect(explorer.el.locator(".senet-title")).to_have_text("a German shepherd")
    explorer.idle()
    assert explorer.likeliest() != before
    expect(explorer.el.locator(".senet-likeliest")).to_be_in_viewport()
    expect(explorer.el.locator(".senet-verdict")).to_contain_text("Right: its class is dog")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Back to the text").click()
    expect(page.locator(".senet-hero a.senet-try")).to_be_focused()  # where the reader left, not where the second step is


@pytest.mark.parametrize("viewport", [LAPTOP])
def test_the_tour_says_what_to_notice(page: Page, book_url: str):
    """Each step has its sentence; the cat stays what the others are compared with; marks are explained; and gates help the dog."""
    fetched = []
    page.on("request", lambda request: NETWORK_FILES.search(request.url) and fetched.append(request.url))
    explorer = Explorer(page, book_url + FIRST_PAGE)
    explorer.el.get_by_role("button", name="Show me around").click()
    bar = page.get_by_role("group", name="The way back")
    legend = explorer.el.locator(".senet-legend")
    for step in (1, 2):
        expect(bar.locator("strong")).to_contain_text(f"{step} of 3: ")
        expect(bar.locator("span")).to_have_text(re.compile(r"^[A-Z].{40,}\.$"))
        explorer.idle()
        expect(legend.first).to_contain_text("right part: the gates for Chelsea the cat; bars: mean gate difference")
        if step == 1:
            assert not fetched
            with page.expect_request(NETWORK_FILES):  # the third step sets a gate: the network starts while the second is read
                bar.get_by_role("button", name="Next").click()
    bar.get_by_role("button", name="Next").click()
    expect(legend.first).to_contain_text("right part: its gates before the change")
    bar.get_by_role("button", name="Previous").click()
    explorer.idle()
    expect(explorer.el.locator(".senet-verdict")).to_contain_text("Right: its class is bird")
    expect(legend.last).to_contain_text("chosen channel")
    bar.get_by_role("button", name="Previous").click()
    explorer.idle()
    expect(explorer.el.locator(".senet-verdict")).to_contain_text("Right: its class is dog")
    expect(explorer.el.locator(".senet-fixed")).to_contain_text("✗ With average gates (means over many pictures): horse")
    expect(legend.last).to_contain_text("chosen channel")  # the ring that this step says to drag
    bar.get_by_role("button", name="Next").click()
    bar.get_by_role("button", name="Next").click()
    done = bar.get_by_role("button", name="Done")
    expect(done).to_be_focused()  # in the place of Next, and the keyboard stays there
    done.click()
    expect(bar).to_be_hidden()


@pytest.mark.parametrize("viewport", [LAPTOP])
def test_one_gate_turns_the_bird_into_an_airplane(page: Page, book_url: str):
    """As the first page says, and the closed gate is in view with the answer."""
    explorer = Explorer(page, book_url + FIRST_PAGE)
    page.get_by_role("link", name="Close one gate for the kingfisher").click()
    expect(explorer.el.locator(".senet-under-way")).to_contain_text("1 gate is set by hand: ", timeout=READY)
    explorer.idle()
    assert explorer.likeliest()[0][0] == "airplane"
    expect(explorer.el.get_by_text("Ticks: before the change.")).to_be_visible()
    assert explorer.gates("layer1.1.se")[10] == 0
    before, after = explorer.el.locator(".senet-product canvas").all()
    expect(after).to_have_attribute("aria-label", "Map of channel 10 after the gate: mean 0.000, from 0.00 to 0.00")
    assert float(before.get_attribute("data-least")) < 0 < float(before.get_attribute("data-most"))
    expect(explorer.el.locator(".senet-product")).to_have_text("map of channel 10× 0.00 =")
    parts = [".senet-picture canvas", ".senet-likeliest", ".senet-verdict", ".senet-ribbon"]
    assert page.evaluate(SEEN, parts) == [[part, True, True] for part in parts]
    plot = explorer.el.locator(".senet-plot")
    there = plot.bounding_box()
    plot.press("Control+z")  # a shorter sentence comes back
    expect(explorer.el.locator(".senet-under-way span")).to_have_text("Drag a dot: the answer follows.")
    assert plot.bounding_box() == there  # else the dot would slip from under a finger that drags it


def test_a_channel_shows_the_pictures_that_open_it_most(page: Page, book_url: str):
    """Under the mouse and by keys; the nine that torch's gates put first."""
    explorer = Explorer(page, book_url + CHAPTER)
    truth = truth_of(NETWORK)
    side = explorer.el.locator(".senet-side").first
    side.scroll_into_view_if_needed()
    block = side.get_attribute("data-block")
    title = {picture["id"]: picture["title"] for picture in truth.gallery["pictures"]}

    def most(channel: int) -> str:
        s = np.array([gates[channel] for gates in truth.s[block]])
        first = np.argsort(-s, kind="stable")[:9]
        return ", ".join(f"{title[truth.ids[i]]} {s[i]:.2f}" for i in first)

    row = side.get_by_role("img", name="is opened most by")
    expect(row).to_be_hidden()
    box = side.locator(".senet-plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 16, box["y"] + 2)
    expect(row).to_have_accessible_name(f"channel 3 is opened most by {most(3)}")
    expect(row.locator("img:visible")).to_have_count(min(9, len(truth.ids)))  # without CIFAR-10 there are eight
    page.mouse.move(box["x"], box["y"] - 100)
    expect(row).to_be_hidden()
    side.locator(".senet-plot").press("ArrowRight")
    expect(row).to_have_accessible_name(f"channel 0 is opened most by {most(0)}")


def test_the_dot_follows_while_the_network_is_on_its_way(page: Page, book_url: str):
    """Pressed and dragged in one motion, then by keys, with nothing to answer yet; no step of it is lost."""
    held, late = [], []

    def hold(route: Route) -> None:
        if late:
            route.continue_()
        else:
            held.append(route)

    page.route(NETWORK_FILES, hold)
    explorer = Explorer(page, book_url + CHAPTER)
    side = explorer.el.locator(".senet-side").first
    bring_together(explorer)
    x, y = pressable(side)
    plot = side.locator(".senet-plot")
    box = plot.bounding_box()
    page.mouse.move(x, y)
    page.mouse.down()
    target = box["y"] + 0.5 * box["height"]
    page.mouse.move(x, target, steps=4)
    page.mouse.up()
    handle = side.locator(".senet-handle").bounding_box()
    assert handle["y"] + handle["height"] / 2 == pytest.approx(target, abs=2)
    expect(explorer.el.locator(".senet-under-way")).to_contain_text("The gates are set", timeout=READY)
    for _ in range(3):
        plot.press("Shift+ArrowDown")
    block, channel = explorer.chosen()
    value = float(side.locator(".senet-dots").get_attribute("data-s").split()[channel])
    assert value == pytest.approx(0.5 - 0.15, abs=0.02)
    late.append(True)
    for route in held:
        route.continue_()
    expect(explorer.el.locator(".senet-under-way")).to_contain_text("1 gate is set by hand: ", timeout=READY)
    explorer.idle()
    assert explorer.gates(block)[channel] == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("viewport", [PHONE])
def test_a_finger_pulls_a_dot_and_scrolls_elsewhere(browser, guard, book_url: str, viewport: dict):
    context = browser.new_context(viewport=viewport, has_touch=True, is_mobile=True)
    guard.watch(context)
    page = context.new_page()
    explorer = Explorer(page, book_url + CHAPTER)
    side = explorer.el.locator(".senet-side").first
    side.evaluate("e => e.scrollIntoView({ block: 'center' })")
    session = context.new_cdp_session(page)

    def swipe(x: float, y: float, by: float) -> None:
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 5):
            session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y + by * step / 4}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    top = page.evaluate("scrollY")
    x, y = pressable(side)
    swipe(x, y, 40)
    expect(explorer.el.locator(".senet-under-way")).to_contain_text(re.compile("set by hand: |The gates are set"), timeout=READY)
    assert page.evaluate("scrollY") == top
    assert explorer.chosen()[1] is not None
    context.close()


def test_a_guess_is_answered_from_the_gates(page: Page, book_url: str):
    """By keys alone; what it says is what torch's gates say."""
    explorer = Explorer(page, book_url + CHAPTER)
    truth = truth_of(NETWORK)
    guess = explorer.el.locator(".senet-guess")
    start = truth.ids.index(explorer.el.get_by_role("radio", checked=True).input_value())
    guess.get_by_role("button", name="stage 1").press("Enter")
    explorer.idle()
    end = truth.ids.index(explorer.el.get_by_role("radio", checked=True).input_value())
    assert end != start
    far: dict[int, list[float]] = {}
    for block in truth.gallery["network"]["blocks"]:
        name = block["name"]
        far.setdefault(block["stage"], []).append(float(np.abs(truth.s[name][start] - truth.s[name][end]).mean()))
    mean = {stage: np.mean(values) for stage, values in far.items()}
    most = max(mean, key=mean.get)
    expect(guess).to_contain_text(f"stage {most} moves most, by {mean[most]:.2f} a gate on average")
    expect(guess.get_by_role("button", name="Ask again")).to_be_focused()
    guess.get_by_role("button", name="Ask again").press("Enter")
    expect(guess.get_by_role("button", name="stage 1")).to_be_focused()


def test_the_columns_say_what_they_are(page: Page, book_url: str):
    explorer = Explorer(page, book_url + CHAPTER)
    expect(explorer.el.locator(".senet-first")).to_contain_text("Choose a picture, then press a dot in a chart and drag it")
    heads = explorer.el.locator(".senet-of-stage").all_inner_texts()
    assert heads == ["stage 1 (first layers): 16 gates each", "stage 2: 32 gates each", "stage 3 (last layers): 64 gates each"]
    assert explorer.el.locator(".senet-depth").first.inner_text() == "block 1.1"


def bring_together(explorer: Explorer) -> None:
    """As a reader scrolls: what comes before the picture has just left below the page's head. (The picture itself sticks there.)"""
    head = "document.querySelector('.bd-header-article').getBoundingClientRect().bottom"
    before = explorer.el.locator(".senet-picker")
    before.evaluate(f"e => scrollBy(0, e.getBoundingClientRect().bottom - {head})")


def pressable(side) -> tuple[float, float]:
    """Where a dot of the upper half lies, on the screen."""
    return tuple(
        side.locator(".senet-dots path").first.evaluate("""(path) => {
        const all = [...path.getAttribute("d").matchAll(/M([^ ]+) ([^h]+)h0/g)].map(([, x, y]) => new DOMPoint(+x, +y));
        const { x, y } = (all.find((dot) => dot.y > 5 && dot.y < 45) ?? all[0]).matrixTransform(path.getScreenCTM());
        return [x, y];
    }""")
    )
