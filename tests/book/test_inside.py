"""The widgets "Attribution" and "Relatives" on their published pages: against Python, by pointer, by keyboard, by address."""

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy.stats import spearmanr

from sebook.experiments import attribution
from sebook.pages import exhibits
from sebook.relatives import family
from sebook.widgets import Attribution, Relatives
from sebook.widgets.attribution import IMAGENET, SHOWN
from senet import pretrained
from senet.inside.recording import record

from .takeaway import taken
from .visits import opened

NETWORK = "se_resnet_patchwork"
GATES, FAMILY = "book/which-gates-matter.html", "book/relatives.html"


@pytest.fixture(scope="module")
def kernel() -> Attribution:
    return Attribution(NETWORK)


def dots(widget: Locator) -> tuple[np.ndarray, np.ndarray]:
    found = widget.locator(".senet-scatter-dots circle").evaluate_all(
        "all => all.map((dot) => [Number(dot.dataset.value), Number(dot.dataset.attribution)])"
    )
    return tuple(np.array(found).T)


def test_every_view_is_torchs(page: Page, book_url: str, kernel: Attribution):
    widget = opened(page, book_url + GATES, "attribution")
    for block in kernel.values[NETWORK]:
        widget.get_by_label("Block", exact=True).select_option(block)
        for method in ("ablation", "integrated", "conductance"):
            widget.get_by_label("Method", exact=True).select_option(method)
            s, found = dots(widget)
            truth = kernel.values[NETWORK][block][method][0].numpy()
            np.testing.assert_allclose(s, kernel.values[NETWORK][block]["s"][0].numpy(), atol=1e-4)
            np.testing.assert_allclose(
                found, truth, atol=2e-3 * max(1, np.abs(kernel.values[NETWORK][block][method].numpy()).max())
            )
            told = float(widget.locator(".senet-scatter").get_attribute("data-correlation"))
            assert told == pytest.approx(spearmanr(s, np.abs(found)).statistic, abs=1e-6)


def test_photographs_are_a_second_network(page: Page, book_url: str):
    """Its pictures and blocks take the place of the first one's, its gates are torch's, and a link leads to it."""
    widget = opened(page, book_url + GATES, "attribution")
    widget.get_by_label("Network", exact=True).select_option(IMAGENET)
    pictures, blocks = SHOWN[IMAGENET]
    assert widget.get_by_label("Block", exact=True).locator("option").evaluate_all("all => all.map((e) => e.value)") == blocks
    expect(widget.get_by_role("radio")).to_have_count(len(pictures))
    checkpoint = pretrained.get(IMAGENET)
    shown = exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size)
    x = checkpoint.preprocessing(shown.pictures.images[[shown.ids.index(id) for id in pictures]])
    truth = record(pretrained.load(checkpoint, progress=False), x)
    for i, (name, block) in enumerate(zip(truth.logits.argmax(1).tolist(), blocks, strict=False)):
        widget.get_by_role("radio").nth(i).check(force=True)
        widget.get_by_label("Block", exact=True).select_option(block)
        expect(widget.get_by_text(f"taken for {checkpoint.classes[name]}")).to_be_visible()
        np.testing.assert_allclose(dots(widget)[0], truth.blocks[block].excitation[i].numpy(), atol=1e-4)
    again = opened(page, widget.get_by_role("link", name="Link to this view").get_attribute("href"), "attribution")
    expect(again.get_by_label("Network", exact=True)).to_have_value(IMAGENET)
    again.get_by_role("button", name="Reset").click()
    expect(again.get_by_role("radio")).to_have_count(6)


def test_the_chosen_channel_is_ringed(page: Page, book_url: str):
    """The ring is seen, and round the dot: the brush of the picture editor has a ring of its own, which is hidden at rest."""
    widget = opened(page, book_url + GATES, "attribution")
    ring = widget.locator(".senet-scatter > svg > circle")
    for channel in ("7", "2"):
        widget.get_by_label("Channel", exact=True).select_option(channel)
        dot = widget.locator(f".senet-scatter-dots circle[data-channel='{channel}']")
        for place in ("cx", "cy"):
            expect(ring).to_have_attribute(place, dot.get_attribute(place))
        expect(ring).to_be_visible()
        expect(ring).to_have_css("stroke-width", "2.5px")


def test_a_channel_by_keyboard_by_pointer_and_by_list(page: Page, book_url: str):
    widget = opened(page, book_url + GATES, "attribution")
    s, _ = dots(widget)
    order = np.argsort(s, kind="stable")
    slider, listed = widget.get_by_role("slider"), widget.get_by_label("Channel", exact=True)
    slider.press("Home")
    expect(listed).to_have_value(str(order[0]))
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(listed).to_have_value(str(order[2]))
    assert f"Channel {order[2]}:" in slider.get_attribute("aria-valuetext")
    assert page.url.startswith(book_url + GATES)  # the arrow keys turned no page
    slider.press("End")
    expect(listed).to_have_value(str(order[-1]))
    slider.scroll_into_view_if_needed()
    dot = widget.locator(f".senet-scatter-dots circle[data-channel='{order[0]}']").bounding_box()
    page.mouse.click(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    expect(listed).to_have_value(str(order[0]))
    listed.select_option("7")
    assert "Channel 7:" in slider.get_attribute("aria-valuetext")


def test_what_opened_a_gate_can_be_hidden(page: Page, book_url: str):
    widget = opened(page, book_url + GATES, "attribution")
    expect(widget.locator("[data-cell]")).to_have_count(64)
    assert "covered, it changes the gate" in widget.locator(".senet-opened").get_attribute("aria-label")
    assert set(widget.locator("[data-cell] text").all_text_contents()) >= {"+"}
    widget.get_by_label("Show what opened its gate").uncheck()
    expect(widget.locator("[data-cell]")).to_have_count(0)
    widget.locator("details summary").click()
    expect(widget.locator("details tbody").first.locator("tr")).to_have_count(64)


def test_numbers_to_take_away(page: Page, book_url: str, kernel: Attribution):
    widget, (block, *_) = opened(page, book_url + GATES, "attribution"), kernel.values[NETWORK]
    widget.get_by_label("Block", exact=True).select_option(block)
    widget.get_by_label("Channel", exact=True).select_option("3")
    heads, rows = taken(widget, "the channels")
    assert heads == ["channel", "gate s", "ablation", "integrated", "conductance"]
    for name, column in zip(("s", *heads[2:]), np.array(rows, float).T[1:], strict=True):
        truth = kernel.values[NETWORK][block][name].numpy()
        np.testing.assert_allclose(column, truth[0], atol=2e-3 * max(1, np.abs(truth).max()))
    heads, rows = taken(widget, "what opened the gate")
    assert heads == ["row", "column", "change of s"]
    checkpoint = pretrained.get("se_resnet_patchwork")
    shown, size = exhibits.exhibits(checkpoint.classes, checkpoint.preprocessing.size), checkpoint.preprocessing.size
    of_page = [shown.ids.index(id) for id in kernel.known["pictures"][NETWORK]]
    x = checkpoint.preprocessing(shown.pictures.images[of_page])
    opening = attribution.opened(pretrained.load(checkpoint), x, window=size // 8)[block].numpy()
    change = np.array(rows, float)[:, 2].reshape(8, 8)
    np.testing.assert_allclose(change, -opening[0, 3], atol=np.ptp(opening) / 255)
    assert [row[:2] for row in rows[:9]] == [["1", str(i + 1)] for i in range(8)] + [["2", "1"]]


def test_a_view_has_an_address(page: Page, book_url: str):
    widget = opened(page, book_url + GATES, "attribution")
    widget.get_by_label("Block", exact=True).select_option("layer1.0.se")
    widget.get_by_label("Channel", exact=True).select_option("15")
    again = opened(page, widget.get_by_role("link", name="Link to this view").get_attribute("href"), "attribution")
    expect(again.get_by_label("Channel", exact=True)).to_have_value("15")
    expect(again.get_by_label("Block", exact=True)).to_have_value("layer1.0.se")
    nonsense = "?attribution.block=x&attribution.channel=99&attribution.method=<b>&attribution.picture=&attribution.overlay=2"
    calm = opened(page, book_url + GATES + nonsense, "attribution")
    expect(calm.get_by_label("Method", exact=True)).to_have_value("ablation")


def test_every_relative_in_every_stage(page: Page, book_url: str):
    widget, python = opened(page, book_url + FAMILY, "relatives"), Relatives()
    for name, relative in family.RELATIVES.items():
        widget.get_by_role("radio", name=relative.title, exact=True).check(force=True)
        for stage in (1, 4):
            widget.get_by_label("Stage of ResNet-50").select_option(str(stage))
            shown = widget.locator("li[data-shape]").evaluate_all("all => all.map((step) => step.dataset.shape)")
            laid = [python._data["relatives"][n][str(stage)] for n in dict.fromkeys(("se", name))]
            assert shown == ["x".join(map(str, shape)) for one in laid for lane in one["lanes"] for shape in lane["shapes"][1:]]
    assert "relatives.relative=sk" in widget.get_by_role("link", name="Link to this view").get_attribute("href")


def test_every_relative_to_take_away(page: Page, book_url: str):
    widget, python = opened(page, book_url + FAMILY + "?relatives.stage=2", "relatives"), Relatives()
    for stage in ("2", "4"):
        widget.get_by_label("Stage of ResNet-50").select_option(stage)
        heads, rows = taken(widget, "every relative")
        steps = python._data["steps"]
        assert heads == [
            "relative",
            "lane",
            "weights",
            "maps in",
            *(f"{step}: {what}" for step in steps for what in ("shape", "beside SE")),
        ]
        lanes = [(laid[stage]["title"], lane) for laid in python._data["relatives"].values() for lane in laid[stage]["lanes"]]
        for row, (title, lane) in zip(rows, lanes, strict=True):
            shapes = [" × ".join(map(str, shape)) for shape in lane["shapes"]]
            assert row[:4] == [title, lane["title"], str(lane["weights"]), shapes[0]]
            assert row[4::2] == shapes[1:]
            assert row[5::2] == ["as in SE" if step in lane["same"] else "changed" for step in steps]


def test_relatives_by_keyboard(page: Page, book_url: str):
    widget = opened(page, book_url + FAMILY + "?relatives.relative=nobody&relatives.stage=7", "relatives")
    eca = widget.get_by_role("radio", name="ECA", exact=True)
    expect(eca).to_be_checked()  # nonsense in an address is let alone
    eca.focus()
    page.keyboard.press("ArrowRight")
    expect(widget.get_by_role("radio", name="CBAM", exact=True)).to_be_checked()
    expect(widget.get_by_role("heading", name="CBAM: two lanes, one after the other")).to_be_visible()
    assert page.url.startswith(book_url + FAMILY)
    expect(widget.get_by_role("status")).to_contain_text("CBAM changes")
