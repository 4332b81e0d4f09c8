"""A picture of the reader's own goes from widget to widget: to the next network, and between two of one network."""

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from senet import pretrained

from .editor import seen, settled
from .live import READY, answered, answers, encoded, give, own, picture, run, shows, started
from .shallow_deep import CHAPTER, LARGE, NETWORK, Widget
from .test_engine import beside


def test_a_picture_goes_along_to_the_next_network(widget: Widget):
    """Given to one widget, it waits in the next one down the page, cut again for what that network takes."""
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
