"""What a reader saves of a widget: files, and tables as numbers."""

import csv
import io

import pytest
from playwright.sync_api import Locator, expect


def saved(widget: Locator, name: str) -> bytes:
    """What a button gives to save."""
    button = widget.get_by_role("button", name=name)
    if widget.page.context.browser.browser_type.name == "firefox":  # which tells Playwright of no downloads
        widget.page.evaluate(
            """() => {
                const address = URL.createObjectURL;
                URL.createObjectURL = (blob) => { window.given = blob.arrayBuffer(); return address(blob); };
            }"""
        )
        button.click()
        return bytes(widget.page.evaluate("given.then((bytes) => [...new Uint8Array(bytes)])"))
    with widget.page.expect_download() as download:
        button.click()
    return download.value.path().read_bytes()


def cells(data: bytes) -> list[list[str]]:
    """Of a CSV file, row by row."""
    return list(csv.reader(io.StringIO(data.decode())))


def taken(widget: Locator, what: str) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a table that a widget gives to take away; what it shows is the same, to four places."""
    details = widget.locator("details.senet-numbers")
    details.evaluate("(e) => { e.open = true; }")
    heads, *rows = cells(saved(widget, f"CSV: save {what}"))
    shown = details.locator(".senet-tables > div").filter(has=widget.page.get_by_role("button", name=f"CSV: save {what}"))
    expect(shown.locator("tbody tr")).to_have_count(len(rows))
    lines = shown.locator("tr").evaluate_all("all => all.map((row) => [...row.cells].map((cell) => cell.textContent))")
    assert lines[0] == heads
    for line, row in zip(lines[1:], rows, strict=True):
        for cell, value in zip(line, row, strict=True):
            assert cell == (value or "–") or float(cell) == pytest.approx(float(value), abs=0.501e-4)
    return heads, rows
