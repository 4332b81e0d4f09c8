"""A picture of the reader's own in the editor: square, brush, sliders, camera, by hand and by keys; each answer against torch."""

import math
import os
import re

import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, expect

from senet import pretrained
from senet.images.picture import square

from ..test_adjust import by_torchvision
from .conftest import PHONE, with_camera
from .test_engine import beside
from .test_live import NETWORK, READY, answered, answers, encoded, give, own, picture, run, shows, started
from .test_shallow_deep import CHAPTER, LARGE, Widget
from .visits import axe

SIZE = 32
ZOOMED = {"width": 320, "height": 256}  # what is left of 1280 x 1024 at 400 %


@pytest.fixture
def widget(page: Page, book_url: str) -> Widget:
    return Widget(page, book_url + CHAPTER)


@pytest.fixture
def editor(widget: Widget) -> Locator:
    """With a picture in it that the network has answered for."""
    give(widget, encoded(picture((96, 64), seed=2)))
    started(widget)
    answered(widget, "mine.png")
    editor = own(widget).get_by_role("group", name="Edit your picture")
    expect(editor).to_be_visible()
    return editor


def looks(canvas: Locator) -> np.ndarray:
    """(H, W, 3) of a canvas."""
    data = canvas.evaluate(
        "c => [c.height, c.width, ...c.getContext('2d', {willReadFrequently: true}).getImageData(0, 0, c.width, c.height).data]"
    )
    return np.array(data[2:], np.uint8).reshape(*data[:2], 4)[..., :3]


def seen(widget: Widget) -> np.ndarray:
    return looks(widget.el.locator(".senet-picture canvas"))


def settled(widget: Widget, before: np.ndarray | None = None) -> np.ndarray:
    """Wait until an answer is shown, for something else than before; every number is then torch's for the pixels that are shown."""
    widget.page.wait_for_function(
        """([el, before]) => {
            const canvas = el.querySelector(".senet-picture canvas"), square = el.querySelector(".senet-board canvas");
            const text = (c) => c.getContext("2d", {willReadFrequently: true}).getImageData(0, 0, c.width, c.height).data.join();
            window.rest = (window.rest ?? 0) + 1;
            if (el.querySelector(".senet-live").hasAttribute("aria-busy") || text(canvas) !== text(square)) window.rest = 0;
            return window.rest > 3 && (before === null || text(canvas) !== before);
        }""",
        arg=[widget.el.element_handle(), None if before is None else ",".join(map(str, with_alpha(before).ravel()))],
        timeout=READY,
    )
    now = seen(widget)
    shows(widget, answers(Image.fromarray(now)))
    return now


def with_alpha(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], -1)


def box(editor: Locator) -> tuple[int, int, int]:
    """Left, top and side of the square, as the editor words it."""
    words = editor.locator(".senet-crop-words").inner_text()
    if "used whole" in words:
        return 0, 0, 96
    side, left, top = map(int, re.fullmatch(r"(\d+) × \1 of 96 × 64 pixels, from (\d+) across and (\d+) down\.", words).groups())
    return left, top, side


def cut_as_in_python(now: np.ndarray, editor: Locator) -> None:
    wanted = np.asarray(square(picture((96, 64), seed=2), SIZE, box(editor)), float)
    assert np.corrcoef(now.ravel(), wanted.ravel())[0, 1] > 0.97
    assert np.abs(now - wanted).mean() < 12


def test_the_square_is_moved_and_zoomed(widget: Widget, editor: Locator):
    """Cropping a picture of one's own, by mouse and by keyboard alone."""
    keys, mouse = widget.page.keyboard, widget.page.mouse
    frame = editor.get_by_role("application", name="mine.png")
    now = settled(widget)
    assert box(editor) == (16, 0, 64)

    frame.scroll_into_view_if_needed()
    at = frame.bounding_box()
    middle = (at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    mouse.move(*middle)
    mouse.down()
    mouse.move(middle[0] - 500, middle[1], steps=4)  # further than it goes
    mouse.up()
    now = settled(widget, now)
    assert box(editor) == (0, 0, 64)
    cut_as_in_python(now, editor)

    frame.focus()
    keys.press("ArrowRight")
    now = settled(widget, now)
    assert box(editor) == (4, 0, 64)
    for key in "++++":
        keys.press(key)
    now = settled(widget, now)
    assert box(editor) == (20, 16, 32)
    cut_as_in_python(now, editor)
    keys.press("Shift+ArrowDown")
    keys.press("-")
    now = settled(widget, now)
    cut_as_in_python(now, editor)
    zoom = editor.get_by_role("slider", name="Zoom")
    zoom.focus()
    keys.press("End")
    now = settled(widget, now)
    assert box(editor)[2] == 8  # no closer
    expect(zoom).to_have_attribute("aria-valuetext", "× 8.0")
    frame.focus()
    keys.press("Home")
    now = settled(widget, now)
    assert box(editor) == (16, 0, 64)
    assert CHAPTER in widget.page.url  # arrow keys turn the book's pages elsewhere

    # Two fingers, from 20 to 80 pixels apart, and the page stays where it is.
    session = widget.page.context.new_cdp_session(widget.page)
    scrolled = widget.page.evaluate("scrollY")

    def fingers(apart):
        return [{"x": middle[0] + side * apart / 2, "y": middle[1], "id": id} for id, side in enumerate((-1, 1))]

    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": fingers(20)})
    for apart in (40, 60, 80):
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": fingers(apart)})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    now = settled(widget, now)
    assert box(editor)[2] == 16
    cut_as_in_python(now, editor)
    assert widget.page.evaluate("scrollY") == scrolled


def under(points: list[tuple[float, float]], radius: float) -> np.ndarray:
    """(SIZE, SIZE): pixels whose middle lies within ``radius`` of the line through ``points``."""
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    mask = np.zeros((SIZE, SIZE), bool)
    for (x0, y0), (x1, y1) in zip(points[:-1] or points, points[1:] or points, strict=True):
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        share = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1) if length else np.zeros_like(x)
        mask |= np.hypot(x - x0 - share * (x1 - x0), y - y0 - share * (y1 - y0)) <= radius
    return mask


def test_a_brush_covers(widget: Widget, editor: Locator):
    """Painting over a part of it, by mouse and by keyboard alone, and undoing that."""
    keys, mouse = widget.page.keyboard, widget.page.mouse
    board = editor.get_by_role("application", name="What the network sees")
    undo, redo, clear = (editor.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo", "Clear"))
    plain = settled(widget)
    for button in (undo, redo, clear):
        expect(button).to_be_disabled()

    def covers(now: np.ndarray, mask: np.ndarray) -> None:
        expected = plain.copy()
        expected[mask] = 128
        np.testing.assert_array_equal(now, expected)

    # By mouse, along a line. Its corners come as whole pixels of the screen.
    board.scroll_into_view_if_needed()
    at = board.bounding_box()

    def point(x, y):
        return (at["x"] + x * at["width"] / SIZE, at["y"] + y * at["height"] / SIZE)

    editor.get_by_role("slider", name="Brush").fill("4")
    mouse.move(*point(4, 4))
    mouse.down()
    mouse.move(*point(20, 4))
    mouse.move(*point(20, 24))
    mouse.up()
    line = settled(widget, plain)
    covers(line, under([(4, 4), (20, 4), (20, 24)], 2))

    undo.click()
    covers(settled(widget, line), np.zeros((SIZE, SIZE), bool))
    redo.click()
    covers(settled(widget, plain), under([(4, 4), (20, 4), (20, 24)], 2))
    clear.click()
    covers(settled(widget, line), np.zeros((SIZE, SIZE), bool))

    # By keys: three to the right without painting, a dot, and a stroke downwards.
    mouse.move(0, 0)
    board.focus()
    keys.press("Escape")
    spot = (20.0, 24.0)
    for _ in range(3):
        keys.press("ArrowLeft")
    keys.press("Space")
    dot = settled(widget, plain)
    covers(dot, under([(math.floor(spot[0]) - 3 + 0.5, math.floor(spot[1]) + 0.5)], 2))
    expect(editor.locator("p[role=status]")).to_have_text("Covered at column 18, row 25 of 32.")
    keys.down("Shift")
    for _ in range(4):
        keys.press("ArrowUp")
    keys.up("Shift")
    stroke = settled(widget, dot)
    covers(stroke, under([(17.5, y + 0.5) for y in range(24, 19, -1)], 2))
    keys.press("Control+z")
    covers(settled(widget, stroke), under([(17.5, 24.5)], 2))
    keys.press("Control+Shift+Z")
    stroke = settled(widget, dot)

    # What is covered stays covered when the square moves, and is let go with the picture.
    editor.get_by_role("application", name="mine.png").focus()
    keys.press("Shift+ArrowRight")  # a quarter of the square is 8 of the network's pixels
    now = settled(widget, stroke)
    grey = (now == 128).all(-1)
    np.testing.assert_array_equal(grey, under([(9.5, y + 0.5) for y in range(24, 19, -1)], 2))
    give(widget, encoded(picture((96, 64), seed=3)), "next.png")
    answered(widget, "next.png")
    now = settled(widget)
    assert not (now == 128).all(-1).any()
    expect(undo).to_be_disabled()


def test_sliders(widget: Widget, editor: Locator):
    keys = widget.page.keyboard
    plain = settled(widget)

    def slider(name):
        return editor.get_by_role("slider", name=name)

    reset = editor.get_by_role("button", name="Reset sliders")
    expect(reset).to_be_disabled()
    now = plain
    wanted: dict[str, float] = {}
    for name, key, value, words in (
        ("Hue", "End", 180, "+180°"),
        ("Brightness", "Home", 0, "× 0.00"),
        ("Brightness", "ArrowRight", 0.05, "× 0.05"),
        ("Brightness", "End", 2, "× 2.00"),
        ("Blur", "ArrowRight ArrowRight", 0.5, "0.50 px"),
        ("Blur", "End", 4, "4.00 px"),
    ):
        slider(name).focus()
        for each in key.split():
            keys.press(each)
        wanted[name.lower()] = value
        now = settled(widget, now)
        np.testing.assert_allclose(now, by_torchvision(plain, **wanted), atol=0.501)
        expect(slider(name)).to_have_attribute("aria-valuetext", words)
    reset.click()
    np.testing.assert_array_equal(settled(widget, now), plain)
    assert CHAPTER in widget.page.url


def test_a_picture_of_the_gallery_is_edited(widget: Widget):
    radio = widget.el.get_by_role("radio").nth(4)
    radio.locator("..").click()
    title = radio.get_attribute("aria-label")
    original = seen(widget)
    edit = own(widget).get_by_role("button", name="Edit this picture")
    edit.focus()
    widget.page.keyboard.press("Enter")
    started(widget)
    answered(widget, f"{title}, edited")
    np.testing.assert_array_equal(settled(widget), original)  # to the bit, until it is edited
    expect(edit).to_be_hidden()
    expect(own(widget).get_by_role("application").first).to_be_focused()
    widget.page.keyboard.press("+")
    assert (settled(widget, original) != original).any()
    radio.locator("..").click()  # and the gallery's own is as it was
    expect(edit).to_be_visible()
    expect(widget.el.locator(".senet-title")).to_have_text(title)
    np.testing.assert_array_equal(seen(widget), original)


def test_a_picture_goes_along_to_the_next_network(widget: Widget):
    """Given to one widget, it waits in the next one down the page, cut anew for what that network takes."""
    image = picture((64, 64), seed=9)
    give(widget, encoded(image))
    started(widget)
    answered(widget, "mine.png")
    other = beside(widget, LARGE)
    expect(own(other)).to_contain_text("mine.png waits for this network.")
    expect(own(other)).to_contain_text("What the network sees: 64 × 64")
    run(other).click()
    started(other)
    answered(other, "mine.png")
    shows(other, answers(image, LARGE), network=LARGE)


# ---- two widgets of one network on a page


def twins(page: Page, url: str, kind: str) -> list[Widget]:
    """A page's first widget of a kind for NETWORK, and a copy of it below, both alive."""
    figure = f"figure[data-senet={kind}][data-network={NETWORK}]"
    page.add_init_script(
        f"""document.addEventListener("readystatechange", () => {{ // before the page's own script, which waits for no more
            if (document.readyState !== "interactive") return;
            const figure = document.querySelector("{figure}");
            const copy = figure.cloneNode(true);
            copy.id = "copy";
            figure.after(copy);
        }})"""
    )
    page.set_default_timeout(READY)
    page.goto(url)
    found = []
    for place in (f"{figure}:not(#copy) >> nth=0", "figure#copy"):
        widget = object.__new__(Widget)
        widget.page, widget.el = page, page.locator(place)
        widget.el.scroll_into_view_if_needed()
        expect(widget.el).to_have_attribute("data-live", "true")
        found.append(widget)
    return found


def at_rest(*widgets: Widget) -> None:
    for widget in widgets:
        expect(widget.el.locator(".senet-live[aria-busy]")).to_have_count(0)


def test_widgets_of_one_network_share_the_picture(page: Page, book_url: str):
    """Given to one, the other can choose it; where it is shown, a newer one takes its place; who edits last has the editor."""
    first, second = twins(page, book_url + CHAPTER, "shallow-deep")
    board = [each.el.get_by_role("group", name="Edit your picture") for each in (first, second)]
    give(first, encoded(picture(seed=3)))
    started(first)
    answered(first, "mine.png")
    expect(second.radio("mine.png")).not_to_be_checked()
    expect(board[1]).to_be_hidden()
    expect(own(second)).to_contain_text("from another figure on this page")
    second.radio("mine.png").locator("..").click()
    answered(second, "mine.png")
    at_rest(first, second)
    shows(second, answers(picture(seed=3)))

    give(first, encoded(picture(seed=4)), "other.png")
    answered(first, "other.png")
    answered(second, "other.png")
    at_rest(first, second)
    for each in (first, second):
        shows(each, answers(picture(seed=4)))
        np.testing.assert_array_equal(seen(each), np.asarray(picture(seed=4)))
    expect(second.radio("mine.png")).to_have_count(0)

    expect(board[0]).to_be_visible()
    own(second).get_by_role("button", name="Edit this picture").click()
    answered(second, "other.png, edited")
    answered(first, "other.png, edited")
    expect(board[0]).to_be_hidden()
    page.keyboard.press("+")
    now = settled(second, np.asarray(picture(seed=4)))
    at_rest(first)
    np.testing.assert_array_equal(seen(first), now)
    shows(first, answers(Image.fromarray(now)))
    expect(own(first).get_by_role("button", name="Edit this picture")).to_be_visible()  # and it can be taken back


def test_a_second_picture_is_the_readers_newest(page: Page, book_url: str):
    first, second = twins(page, book_url + "book/explorer.html", "explorer")
    give(first, encoded(picture(seed=5)))
    started(first)
    answered(first, "mine.png")
    menu = second.el.get_by_label("Second picture")
    menu.select_option("mine.png")
    line = second.el.locator(".senet-second-line")
    expect(line).to_contain_text("taken for")
    give(first, encoded(picture(seed=6)), "other.png")
    answered(first, "other.png")
    expect(menu.locator("option:checked")).to_have_text("other.png")
    top, k = answers(picture(seed=6)).logits[0].softmax(0).max(0)
    expect(line).to_contain_text(f"taken for {pretrained.get(NETWORK).classes[k]}, {top:.1%}")


# ---- camera: Chromium's own, which shows a pattern that moves


# A frame is asked for when the one before has been answered and drawn.
ASKED = """
    window.frames = [];
    const ask = HTMLVideoElement.prototype.requestVideoFrameCallback;
    HTMLVideoElement.prototype.requestVideoFrameCallback = function (call) {
        frames.push(performance.now());
        return ask.call(this, call);
    };
"""


def spent(session: CDPSession) -> tuple[float, float]:
    """Seconds of a processor so far: of the page's own thread, and of all browsers that this test has started."""
    metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    processes = [process for process in psutil.Process().children(recursive=True) if "chrom" in process.name().lower()]
    return metrics["TaskDuration"], sum(sum(process.cpu_times()[:2]) for process in processes)


def camera(widget: Widget) -> Locator:
    return own(widget).get_by_role("button", name=re.compile("the camera"))


def filmed(context: BrowserContext, page: Page, book_url: str) -> Widget:
    """A widget whose camera is on and has been answered once; ``frames`` counts from here."""
    page.add_init_script(ASKED)
    widget = Widget(page, book_url + CHAPTER)
    context.grant_permissions(["camera"])
    camera(widget).focus()
    page.keyboard.press("Enter")
    started(widget)
    answered(widget, "your camera")
    expect(camera(widget)).to_have_text("Stop the camera")
    page.evaluate("frames.length = 0")
    return widget


@with_camera
@pytest.mark.budget
def test_a_camera_is_answered_fifteen_times_a_second(context: BrowserContext, page: Page, book_url: str):
    """15 pictures a second and more, each of them shown and answered.

    Of some seconds the best half, since the machine does other things too. Where those take more than all of its processors, no
    clock says what this page can do, and what counts is the processors' own time for a picture: of the page's thread, and of all.
    """
    filmed(context, page, book_url)
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate("frames.length = 0")
    before, best = spent(session), 0.0
    for count in range(20, 200, 20):
        page.wait_for_function("count => frames.length > count", arg=count, timeout=READY)
        times = np.array(page.evaluate("frames"))
        best = 8000 / (times[8:] - times[:-8]).min()
        if count >= 40 and best >= 15:
            break
    per_picture = [(after - start) / len(times) for after, start in zip(spent(session), before, strict=True)]
    possible = min(1 / per_picture[0], 2 / per_picture[1])  # on two processors
    print(
        f"pictures a second: {best:.1f} at best, {1000 * (len(times) - 1) / np.ptp(times):.1f} on average, {possible:.1f} possible"
    )
    assert (possible if os.getloadavg()[0] > 2 * os.cpu_count() else best) >= 15


@with_camera
def test_a_camera_is_answered_live(context: BrowserContext, page: Page, book_url: str):
    """Picture after picture, each of them shown and answered; how many a second is for a machine that does nothing else."""
    widget = filmed(context, page, book_url)
    page.wait_for_function("() => frames.length > 20", timeout=READY)
    expect(own(widget).locator(".senet-note")).to_contain_text("pictures a second")
    first = seen(widget)
    looked = ",".join(map(str, with_alpha(first).ravel()))
    widget.page.wait_for_function(  # it moves
        """([el, before]) => {
            const canvas = el.querySelector(".senet-picture canvas");
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return pixels.join() !== before;
        }""",
        arg=[widget.el.element_handle(), looked],
        timeout=READY,
    )
    # Editing goes on while it runs.
    own(widget).get_by_role("slider", name="Brightness").fill("0")
    widget.page.wait_for_function(
        "el => el.querySelector('.senet-picture canvas').getContext('2d').getImageData(9, 9, 1, 1).data[0] === 0",
        arg=widget.el.element_handle(),
    )
    own(widget).get_by_role("button", name="Reset sliders").click()
    camera(widget).click()
    expect(camera(widget)).to_have_text("Use the camera")
    still = settled(widget)
    assert still.std() > 5


WATCHED = """
    window.tracks = [];
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        window.tracks.push(...stream.getTracks());
        return stream;
    };
"""


def tracks(widget: Widget) -> int:
    """How many cameras are on."""
    return widget.page.evaluate("tracks.filter((track) => track.readyState === 'live').length")


@with_camera
def test_a_camera_stops_when_nobody_looks(context: BrowserContext, page: Page, book_url: str):
    page.add_init_script(WATCHED)
    context.grant_permissions(["camera"])
    widget = Widget(page, book_url + CHAPTER)
    camera(widget).click()
    started(widget)
    answered(widget, "your camera")
    assert tracks(widget) == 1
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", {get: () => true, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
        delete document.hidden;
    }""")
    assert tracks(widget) == 0
    expect(own(widget).get_by_role("alert")).to_have_text("The camera was switched off while this page was hidden.")
    settled(widget)

    camera(widget).click()
    expect(camera(widget)).to_have_text("Stop the camera")
    expect(own(widget).locator(".senet-note")).to_contain_text("Live", timeout=READY)
    radio = widget.el.get_by_role("radio").first
    radio.locator("..").click()  # another picture's turn
    expect(camera(widget)).to_have_text("Use the camera")
    assert tracks(widget) == 0
    expect(widget.el.locator(".senet-title")).to_have_text(radio.get_attribute("aria-label"))

    camera(widget).click()
    expect(camera(widget)).to_have_text("Stop the camera")
    page.evaluate("tracks.at(-1).dispatchEvent(new Event('ended'))")  # as when it is unplugged
    expect(own(widget).get_by_role("alert")).to_contain_text("The camera went away")
    assert tracks(widget) == 0


@with_camera
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("", "not allowed to this page"),  # headless, and nobody has granted it
        ("NotFoundError", "There is no camera: connect one"),
        ("NotReadableError", "in use by another program: close it there"),
        (None, "open the book over https"),
    ],
)
def test_no_camera_in_plain_words(page: Page, book_url: str, fault: str | None, words: str):
    if fault is None:
        page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    elif fault:
        page.add_init_script(f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{fault}'))")
    widget = Widget(page, book_url + CHAPTER)
    camera(widget).click()
    expect(own(widget).get_by_role("alert")).to_contain_text(words)
    expect(camera(widget)).to_have_text("Use the camera")
    expect(own(widget)).to_have_attribute("data-engine", "idle")  # nothing fetched for nothing
    give(widget, encoded(picture()))  # and another way in is open
    answered(widget, "mine.png")
    expect(own(widget).locator(".senet-problem")).to_be_empty()


@pytest.mark.parametrize(("theme", "viewport"), [("light", PHONE), ("dark", PHONE), ("dark", ZOOMED)])
def test_the_editor_for_everybody(widget: Widget, editor: Locator):
    axe(widget.page, ".senet-own")
    assert widget.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    # Every hand of it is reached by Tab, and what has the focus can be seen.
    own(widget).get_by_role("button", name="Choose a picture").focus()
    names = []
    for _ in range(12):
        widget.page.keyboard.press("Tab")
        focused = widget.page.evaluate(
            "[document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent "
            "?? document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert focused[1] != "none", focused
        names.append(focused[0])
    for part in ("camera", "mine.png", "Zoom", "What the network sees", "Brush", "Hue", "Brightness", "Blur"):
        assert any(part in name for name in names), (part, names)
    assert not run(widget).is_visible()
