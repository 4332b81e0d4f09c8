"""The widget "Convolution" on its published page: its numbers are torch's; moved, edited, played, linked to."""

import re

import pytest
import torch
import torch.nn.functional as F
from playwright.sync_api import Locator, Page, expect

from sebook.widgets import Convolution
from sebook.widgets.convolution import parsed

from .takeaway import taken
from .visits import opened

CHAPTER = "book/convolution.html"


@pytest.fixture(scope="module")
def kernel() -> Convolution:
    return Convolution()


@pytest.fixture
def widget(page: Page, book_url: str) -> Locator:
    return opened(page, book_url + CHAPTER, "convolution")


def numbers(widget: Locator) -> list[float]:
    """Of red, green and blue, then their sum, where the window is."""
    stages = [widget.locator(f"[data-stage={name}]") for name in ("map-red", "map-green", "map-blue", "sum")]
    return [float(stage.get_attribute("data-value")) for stage in stages]


def place(widget: Locator) -> tuple[int, int]:
    picture = widget.locator("[data-stage=picture]")
    return int(picture.get_attribute("data-row")), int(picture.get_attribute("data-column"))


def agree(widget: Locator, kernel: Convolution) -> None:
    (row, column), (apart, total) = place(widget), kernel.maps()
    truth = [*apart[:, row, column].tolist(), float(total[row, column])]
    assert numbers(widget) == pytest.approx(truth, abs=1e-4)


def filled(widget: Locator) -> int:
    """Pixels of the sum that are painted."""
    script = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v > 0).length"
    return widget.locator("[data-stage=sum] canvas").evaluate(script)


def test_every_kernel_and_picture_gives_what_torch_gives(widget: Locator, kernel: Convolution):
    titles = {picture["id"]: picture["title"] for picture in kernel._data["pictures"]}
    stem = [id for id in kernel._kernels if id.startswith("stem-")][3]
    for id, choice in zip(titles, ["edge", "blur", "red-green", "colour-edge", "copy-red", stem], strict=True):
        widget.get_by_role("radio", name=titles[id], exact=True).locator("..").click()
        widget.get_by_label("Kernel", exact=True).select_option(choice)
        kernel.picture, kernel.kernel = id, choice
        for x, y in ((0.5, 0.5), (0.02, 0.03), (0.98, 0.9)):
            box = widget.locator("[data-stage=picture]").bounding_box()
            widget.locator("[data-stage=picture]").click(position={"x": x * box["width"], "y": y * box["height"]})
            agree(widget, kernel)
    kernel.picture, kernel.kernel = next(iter(titles)), "edge"


def test_a_grey_picture_is_nothing_to_red_against_green(widget: Locator):
    widget.get_by_role("radio", name="photographer on a lawn", exact=True).locator("..").click()
    widget.get_by_label("Kernel", exact=True).select_option("red-green")
    red, green, blue, total = numbers(widget)
    assert red == pytest.approx(-green) and abs(red) > 0.05 and blue == 0 and total == pytest.approx(0, abs=1e-9)


def test_the_keyboard_moves_the_window_and_stays_on_the_page(page: Page, widget: Locator, kernel: Convolution):
    picture = widget.locator("[data-stage=picture]")
    picture.focus()
    row, column = place(widget)
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert place(widget) == (row - 1, column + 2 - 8)
    for _ in range(6):
        page.keyboard.press("Shift+ArrowUp")
    assert place(widget)[0] == 0
    assert CHAPTER in page.url
    agree(widget, kernel)


def test_a_drag_on_any_map_moves_all_windows(page: Page, widget: Locator, kernel: Convolution):
    stage = widget.locator("[data-stage=map-green]")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.77 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    assert place(widget) == (int(0.6 * 24) - 1, int(0.77 * 24) - 1)
    page.mouse.move(box["x"], box["y"])  # no longer held
    assert place(widget) == (13, 17)
    agree(widget, kernel)


def test_a_weight_is_typed_over(page: Page, widget: Locator):
    weight = widget.get_by_label("weight of green, row 2, column 3", exact=True)
    weight.fill("-2.5")
    weight.press("Enter")
    expect(widget.get_by_label("Kernel", exact=True)).to_have_value("own")
    typed = numbers(widget)
    expect(page).to_have_url(re.compile("convolution.kernel"))
    address = page.evaluate("new URL(location).searchParams.get('convolution.kernel')")
    weights, constant = parsed(address)
    assert weights[1, 1, 2] == -2.5 and constant == 0
    mine = Convolution(kernel=address)
    apart, _ = mine.maps()
    assert typed[:3] == pytest.approx(apart[:, 9, 9].tolist(), abs=1e-4)
    weight.press("ArrowUp")
    expect(weight).to_have_value("-2.4")
    page.wait_for_function("old => new URL(location).searchParams.get('convolution.kernel') !== old", arg=address)
    mine_then = page.evaluate("new URL(location).searchParams.get('convolution.kernel')")
    weight.fill("")
    weight.press("Tab")
    assert numbers(widget)[1] == pytest.approx(typed[1] + 0.1 * _pixel(mine, 1, 10, 11), abs=1e-4)  # nothing typed changes nothing
    problem = widget.get_by_role("alert")
    expect(problem).to_have_text("That is not a number, so −2.40 stays: type a number from −9 to 9.")
    weight.fill("1e99")
    weight.press("Enter")
    expect(weight).to_have_value("-2.4")
    expect(problem).to_have_text("1e99 is out of range, so −2.40 stays: type a number from −9 to 9.")
    assert page.evaluate("new URL(location).searchParams.get('convolution.kernel')") == mine_then
    weight.fill("9")
    weight.press("ArrowUp")  # as far as it goes
    expect(weight).to_have_value("9")
    expect(problem).to_be_hidden()


def _pixel(widget: Convolution, channel: int, row: int, column: int) -> float:
    return widget._images[0, channel, row, column].item() / 255


def test_the_arithmetic_is_written_out(widget: Locator):
    """Each line of arithmetic, recomputed as written, gives the number shown."""
    for name, value in zip(("red", "green", "blue"), numbers(widget), strict=False):
        line = (
            widget.locator(f"[data-channel={name}] .senet-terms").inner_text().replace("−", "-").replace("(", "").replace(")", "")
        )
        terms, result = line.split(":")[1].split("=")
        products = [float(a) * float(b) for a, b in re.findall(r"(-?[\d.]+) × (-?[\d.]+)", terms)]
        assert len(products) == 6  # an edge leaves its middle column out
        assert float(result) == pytest.approx(value, abs=6e-4)
        assert sum(products) == pytest.approx(value, abs=0.05)


def test_step_and_play_fill_the_maps(page: Page, widget: Locator):
    assert filled(widget) == 22 * 22
    widget.get_by_role("button", name="Step", exact=True).press("Enter")
    assert place(widget) == (9, 10) and filled(widget) == 9 * 22 + 11
    widget.get_by_role("button", name="Step back").click()
    assert filled(widget) == 9 * 22 + 10
    play = widget.locator("button", has_text=re.compile("^(Play|Pause)$"))
    play.click()
    expect(play).to_have_text("Pause")
    expect(widget.locator("[data-stage=picture]")).to_have_attribute("data-row", re.compile(r"^1\d$"))
    play.click()
    stopped = place(widget)
    page.wait_for_timeout(200)
    assert place(widget) == stopped and filled(widget) == stopped[0] * 22 + stopped[1] + 1
    widget.get_by_role("button", name="Whole maps").click()
    assert filled(widget) == 22 * 22
    widget.get_by_role("button", name="Reset").click()
    assert place(widget) == (9, 9)


def test_a_link_shows_the_same_view_and_nonsense_is_left(page: Page, book_url: str, kernel: Convolution):
    view = "convolution.picture=stripes-1&convolution.kernel=blur&convolution.row=3&convolution.column=20&convolution.shown=sofar"
    widget = opened(page, f"{book_url}{CHAPTER}?{view}", "convolution")
    assert place(widget) == (3, 20) and filled(widget) == 3 * 22 + 21
    kernel.picture, kernel.kernel = "stripes-1", "blur"
    agree(widget, kernel)
    kernel.picture, kernel.kernel = kernel._data["pictures"][0]["id"], "edge"
    nonsense = "convolution.picture=%3Cb%3E&convolution.kernel=1,2,3&convolution.row=-1&convolution.column=99&convolution.shown=no"
    widget = opened(page, f"{book_url}{CHAPTER}?{nonsense}", "convolution")
    assert place(widget) == (9, 9)
    agree(widget, kernel)


def test_the_page_says_what_torch_says(kernel: Convolution):
    x = kernel._images[:1].float() / 255
    torch.testing.assert_close(kernel.maps()[1], F.conv2d(x, kernel.weights()[0][None])[0, 0])


def test_numbers_to_take_away(widget: Locator, kernel: Convolution):
    """Of the window, and the whole maps: the second makes up the first."""
    kernel.picture, kernel.kernel = kernel._data["pictures"][0]["id"], kernel._data["kernels"][0]["id"]
    widget.locator("[data-stage=picture]").press("Shift+ArrowDown")
    (row, column), (apart, total) = place(widget), kernel.maps()
    heads, rows = taken(widget, "the maps")
    assert heads == ["row", "column", "red", "green", "blue", "sum"]
    maps = torch.tensor([[float(cell) for cell in line] for line in rows])
    torch.testing.assert_close(maps[:, 2:].T, torch.cat([apart, total[None]]).flatten(1), atol=1e-4, rtol=0)
    assert maps[:, :2].tolist() == [[r, c] for r in range(total.shape[0]) for c in range(total.shape[1])]
    heads, (*rows, constant) = taken(widget, "the window")
    assert heads == ["channel", "row", "column", "pixel", "weight", "product"]
    pixel, weight, product = torch.tensor([[float(cell) for cell in line[3:]] for line in rows]).T
    torch.testing.assert_close(pixel * weight, product)
    torch.testing.assert_close(product.reshape(3, 9).sum(1), apart[:, row, column], atol=1e-4, rtol=0)
    assert product.sum() + float(constant[-1]) == pytest.approx(float(total[row, column]), abs=1e-4)
