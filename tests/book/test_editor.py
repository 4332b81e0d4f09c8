"""A picture of the reader's own in the editor: square, brush, sliders, by hand and by keys; each answer against torch."""

import math
import re

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from senet.images.picture import square

from ..test_adjust import by_torchvision
from .conftest import PHONE
from .editor import SIZE, seen, settled
from .live import answered, encoded, give, own, picture, run, started
from .shallow_deep import CHAPTER, Widget
from .visits import axe

ZOOMED = {"width": 320, "height": 256}  # what is left of 1280 x 1024 at 400 %


@pytest.fixture
def editor(widget: Widget) -> Locator:
    """With a picture in it that the network has answered for."""
    give(widget, encoded(picture((96, 64), seed=2)))
    started(widget)
    answered(widget, "mine.png")
    editor = own(widget).get_by_role("group", name="Edit your picture")
    expect(editor).to_be_visible()
    return editor


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
