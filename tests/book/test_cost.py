"""The widget "Cost" on its published page: each choice by mouse and by keyboard, and every number against
``sebook.measure.cost``."""

import pytest
from playwright.sync_api import Locator, Page, expect

from sebook.measure import cost_table, published
from senet.models.resnet import PLACEMENTS

from .conftest import without_scripts
from .takeaway import taken
from .visits import opened

CHAPTER = "book/placement-and-cost.html"


def shows(widget: Locator, network: str, reduction: int, placement: str) -> None:
    """The same as the shipped table, which its own test counts again."""
    entry = cost_table.read()["networks"][network]
    parameters, products, passes, moved = entry["se"][placement][str(reduction)]
    rows = widget.locator("tr[data-kind]").evaluate_all("rows => rows.map((row) => ({...row.dataset}))")
    assert [row["kind"] for row in rows] == ["parameters", "multiply-adds", "bytes"]
    assert [int(row["plain"]) for row in rows] == entry["plain"]
    assert [int(row["added"]) for row in rows] == [parameters, products + passes, moved]
    said = widget.locator("tr[data-kind=parameters] td").all_inner_texts()
    assert float(said[2].strip("+%")) == pytest.approx(100 * parameters / entry["plain"][0], abs=0.05)


def test_every_choice_by_mouse(page: Page, book_url: str):
    widget = opened(page, book_url + CHAPTER, "cost")
    shows(widget, "se_resnet50", 16, "standard")
    for network in cost_table.NETWORKS:
        widget.get_by_label("Network", exact=True).select_option(network)
        shows(widget, network, 16, "standard")
    for reduction in cost_table.REDUCTIONS:
        widget.get_by_label("Reduction ratio r").select_option(str(reduction))
        shows(widget, network, reduction, "standard")
    for placement in PLACEMENTS:
        widget.get_by_label("Placement").select_option(placement)
        shows(widget, network, reduction, placement)
    widget.get_by_role("button", name="Reset").click()
    shows(widget, "se_resnet50", 16, "standard")


def test_one_count_afresh(page: Page, book_url: str):
    """Through no file: what the page says of the paper's network is what is counted now."""
    widget = opened(page, book_url + f"{CHAPTER}?cost.network=se_resnet18&cost.reduction=8&cost.placement=pre", "cost")
    counted = cost_table.one("se_resnet18", 8, "pre")
    rows = widget.locator("tr[data-kind]").evaluate_all("rows => rows.map((row) => ({...row.dataset}))")
    assert int(rows[0]["added"]) == counted["se_parameters"]
    assert int(rows[1]["added"]) == counted["se_multiply_adds"] + counted["se_elementwise"]
    assert int(rows[2]["added"]) == pytest.approx(counted["se_bytes"], rel=0.02)


def test_by_keyboard_alone(page: Page, book_url: str):
    widget = opened(page, book_url + CHAPTER, "cost")
    widget.get_by_label("Network", exact=True).focus()
    page.keyboard.press("ArrowDown")
    shows(widget, "se_resnet101", 16, "standard")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    shows(widget, "se_resnet101", 32, "standard")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    shows(widget, "se_resnet101", 32, "3x3")
    expect(widget.get_by_role("status")).to_contain_text("SE-ResNet-101, r = 32, 3x3")
    assert page.url.split("#")[0].startswith(book_url + CHAPTER)  # no key has turned the page


def test_a_view_has_an_address(page: Page, book_url: str):
    widget = opened(page, book_url + CHAPTER, "cost")
    widget.get_by_label("Reduction ratio r").select_option("2")
    widget.get_by_label("Placement").select_option("post")
    link = widget.get_by_role("link", name="Link to this view").get_attribute("href")
    expect(page).to_have_url(link.partition("#")[0])  # a moment later; the link leads to the widget, too
    again = opened(page, link, "cost")
    shows(again, "se_resnet50", 2, "post")
    shows(
        opened(page, book_url + CHAPTER + "?cost.reduction=3&cost.placement=x&cost.network=y", "cost"),
        "se_resnet50",
        16,
        "standard",
    )


def test_measured_time_and_the_papers_errors_stand_where_they_belong(page: Page, book_url: str):
    widget = opened(page, book_url + CHAPTER, "cost")
    measured = cost_table.measured()["rows"]
    ratios = widget.locator("td[data-ratio]").evaluate_all("cells => cells.map((cell) => Number(cell.dataset.ratio))")
    assert ratios == [row[way]["ratio"] for row in measured for way in cost_table.WAYS]
    errors = widget.locator(".senet-cost-paper tbody tr")
    assert errors.count() == 1 + len(published.BY_REDUCTION)
    expect(widget.locator("tr[data-here]")).to_contain_text("22.28")
    widget.get_by_label("Placement").select_option("identity")
    expect(widget.locator("tr[data-here]")).to_contain_text("22.20")
    expect(widget.locator("td[data-ratio]")).to_have_count(0)  # that placement was not timed
    widget.get_by_label("Reduction ratio r").select_option("4")
    expect(widget.locator(".senet-cost-paper")).to_contain_text("never both")
    widget.get_by_label("Network", exact=True).select_option("se_resnet18")
    expect(widget.locator(".senet-cost-paper")).to_contain_text("SE-ResNet-50 only")


def test_numbers_to_take_away(page: Page, book_url: str):
    widget = opened(page, book_url + f"{CHAPTER}?cost.network=se_resnet34&cost.reduction=8&cost.placement=pre", "cost")
    entry = cost_table.read()["networks"]["se_resnet34"]

    def added(placement: str, reduction: int) -> list[int]:
        parameters, products, passes, moved = entry["se"][placement][str(reduction)]
        return [parameters, products + passes, moved]

    heads, rows = taken(widget, "the costs")
    assert heads == ["cost", "without SE", "SE adds", "more, %"]
    assert [[int(plain), int(more)] for _, plain, more, _ in rows] == [
        list(pair) for pair in zip(entry["plain"], added("pre", 8), strict=True)
    ]
    assert all(float(share) == pytest.approx(100 * int(more) / int(plain)) for _, plain, more, share in rows)

    heads, rows = taken(widget, "every choice")
    assert heads[:3] == ["placement", "r", "parameters"]
    every = [(placement, r) for placement in PLACEMENTS for r in cost_table.REDUCTIONS]
    assert [[placement, *map(int, row)] for placement, *row in rows] == [
        [placement, r, *added(placement, r)] for placement, r in every
    ]

    _, rows = taken(widget, "the times")
    measured = cost_table.measured()["rows"]
    assert measured
    for row, said in zip(rows, measured, strict=True):
        assert row[:3] == [said["dtype"], said["format"].replace("_", " "), str(said["batch"])]
        expected = [value for way in cost_table.WAYS for value in (said[way]["ratio"], *said[way]["interval"])]
        assert [float(value) for value in row[3:]] == expected

    widget.get_by_label("Placement").select_option("post")  # what is open follows
    _, rows = taken(widget, "the costs")
    assert [int(row[2]) for row in rows] == added("post", 8)


@without_scripts
def test_without_scripts_the_numbers_are_there(page: Page, book_url: str):
    page.goto(book_url + CHAPTER)
    expect(page.locator("figure[data-senet=cost] table")).to_contain_text("25,557,032")
