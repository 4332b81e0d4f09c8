"""Drawings that a reader saves from charts: each says by itself what it shows, wherever it goes."""

import io
import re
import xml.etree.ElementTree as ET

import pytest
from PIL import Image
from playwright.sync_api import Page

from .takeaway import saved
from .visits import opened

SHALLOW, TRAINING, WHAT_IF = "book/shallow-and-deep.html", "book/training.html", "book/what-if.html"


def test_saved_drawings_stand_alone(page: Page, book_url: str):
    widget = opened(page, book_url + WHAT_IF, "curves")
    data = saved(widget, "SVG: save the chart")
    drawing = ET.fromstring(data)
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"var(--" not in data
    assert b"accuracy" in data
    image = Image.open(io.BytesIO(saved(widget, "PNG: save the chart")))
    assert image.size == (2 * int(float(drawing.get("width"))), 2 * int(float(drawing.get("height"))))
    assert len(image.convert("RGB").getcolors(1 << 24)) > 20  # something is drawn


@pytest.mark.parametrize(
    ("path", "key", "what", "query"),
    [
        (SHALLOW, "profiles", "the class means", "profiles.marks=dots"),
        (SHALLOW, "profiles", "the class means", "profiles.marks=lines"),
        (TRAINING, "curves", "the chart", ""),
    ],
)
def test_saved_lines_and_dots_are_named(page: Page, book_url: str, path: str, key: str, what: str, query: str):
    """On the page the buttons above name them. A saved drawing has a row below it for each, with its mark, within its bounds."""
    widget = opened(page, f"{book_url}{path}?{query}", key)
    names = widget.locator(".senet-chip").evaluate_all("all => all.map((e) => e.dataset.name)")
    assert len(names) >= 2
    drawing = ET.fromstring(saved(widget, f"SVG: save {what}"))
    space = "{http://www.w3.org/2000/svg}"
    rows = {row.findtext(f"{space}text"): row for row in drawing.findall(f"{space}g") if row.find(f"{space}svg") is not None}
    assert list(rows) == names
    marks = [[path.attrib for path in row.iter(f"{space}path")] for row in rows.values()]
    assert all(marks.count(mark) == 1 for mark in marks)
    (_, _, _, high) = map(float, drawing.get("viewBox").split())
    tops = [float(re.fullmatch(r"translate\(\S+ (\S+)\)", row.get("transform"))[1]) for row in rows.values()]
    assert tops == sorted(tops) and tops[-1] + 12 <= high == float(drawing.get("height"))
    assert widget.locator(".senet-plotted svg").first.get_attribute("height") == f"{tops[0]:g}"
