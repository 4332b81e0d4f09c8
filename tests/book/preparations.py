"""What some controls need: what is done before they can be operated, or an unusual way to do so."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from ..onnx_networks import Variant, write
from .crawl import PATIENCE, USUAL, Crawl
from .live import encoded, picture


def click_another_tile(crawl: Crawl, control: Locator) -> None:
    control.locator("> :not([data-chosen])").first.click()


def click_elsewhere(crawl: Crawl, control: Locator) -> None:
    """Where the window of a convolution is not."""
    box, column = control.bounding_box(), int(crawl.figure.locator("[data-control=window]").get_attribute("data-column"))
    control.click(position={"x": box["width"] * (0.2 if column > 15 else 0.8), "y": box["height"] / 2})


def give_a_picture(crawl: Crawl, control: Locator) -> None:
    with crawl.page.expect_file_chooser() as chooser:
        USUAL["button"][crawl.hand](crawl, control)
    chooser.value.set_files({"name": "mine.png", "mimeType": "image/png", "buffer": encoded(picture((96, 64)))})


def give_a_network(crawl: Crawl, control: Locator) -> None:
    """A small one, as a file; the explorer shows it once it has answered for a few pictures."""
    with crawl.page.expect_file_chooser() as chooser:
        USUAL["button"][crawl.hand](crawl, control)
    with tempfile.TemporaryDirectory() as folder:
        data = write(Path(folder) / "mine.onnx", Variant()).read_bytes()
    chooser.value.set_files({"name": "mine.onnx", "mimeType": "application/octet-stream", "buffer": data})
    expect(crawl.figure.locator(".senet-your-network [role=status]")).to_contain_text("mine.onnx: 2 gates")


def stalled(crawl: Crawl) -> None:
    """The network does not arrive when it is asked for."""
    crawl.page.route("**/live/**", lambda route: crawl.stalled.append(route))


def stalled_with_a_channel(crawl: Crawl) -> None:
    stalled(crawl)
    crawl.do("slider: Channels of the deeper block")


def second_there(crawl: Crawl) -> None:
    """The second picture has its answer, which comes after the menu's choice."""
    crawl.figure.get_by_role("button", name="Swap the two").wait_for()


def held_up(crawl: Crawl) -> None:
    """The network is on its way and does not arrive, so that there is time to cancel."""
    if not crawl.find("button: Cancel", ".senet-engine"):
        stalled(crawl)
        crawl.do("button: Run the network in this page .*")


def padded(crawl: Crawl) -> None:
    """There are zeros that the squeeze may leave out."""
    crawl.figure.get_by_role("slider", name="Rows and columns of zeros").fill("8")


def released(crawl: Crawl) -> None:
    for route in crawl.stalled:
        route.abort()
    crawl.page.unroute("**/live/**")


def running(crawl: Crawl) -> None:
    expect(crawl.figure.locator(".senet-own")).to_have_attribute("data-engine", "ready", timeout=PATIENCE)
    crawl.quiet()


def scanning(crawl: Crawl) -> None:
    expect(crawl.figure.get_by_role("button", name="Stop scanning")).to_be_visible(timeout=PATIENCE)


def covered(crawl: Crawl) -> None:
    if not crawl.find("button: Undo", ".senet-editor"):
        crawl.do("application: What the network sees.*")


def given_up(crawl: Crawl) -> None:
    """No network learns, and none will: the test of what it learns is another's."""
    if not crawl.stalled:
        stalled(crawl)
    if crawl.find("button: Give up"):
        crawl.do("button: Give up")
    expect(crawl.figure.get_by_role("button", name="Train", exact=True)).to_be_enabled(timeout=PATIENCE)


def give_a_result(crawl: Crawl, control: Locator) -> None:
    lines = (f"senet quick 0.1 r 4 seed {seed} se 0.5 none 0.4{seed}" for seed in (1, 2, 3))
    control.fill("\n".join(lines))


def give_no_network(crawl: Crawl, control: Locator) -> None:
    control.set_input_files({"name": "odd.safetensors", "mimeType": "", "buffer": b"none"})


def begun(crawl: Crawl) -> None:
    if not crawl.stalled:
        stalled(crawl)
    if not crawl.find("button: Give up"):
        crawl.do("button: Train")


def gates_let_go(side: str) -> Callable[[Crawl], None]:
    """And a channel of this side is held."""

    def let_go(crawl: Crawl) -> None:
        if not crawl.find(f"button: off: close the gate, {side}"):
            crawl.do(f"slider: Channels of the {side} block")
        if crawl.find("button: Let all gates go"):
            crawl.do("button: Let all gates go")
            expect(crawl.figure.locator(".senet-hand-line")).to_have_text("All gates are the network’s own.", timeout=PATIENCE)

    return let_go


def a_gate_pulled(side: str) -> Callable[[Crawl], None]:
    def pull(crawl: Crawl) -> None:
        gates_let_go(side)(crawl)
        crawl.do(f"button: off: close the gate, {side}")
        expect(crawl.figure.locator(".senet-hand-line")).to_contain_text("set by hand: ", timeout=PATIENCE)

    return pull


def undone(side: str) -> Callable[[Crawl], None]:
    def undo(crawl: Crawl) -> None:
        a_gate_pulled(side)(crawl)
        crawl.do("button: Undo", ".senet-by-hand")
        expect(crawl.figure.locator(".senet-hand-line")).not_to_contain_text("set by hand: ", timeout=PATIENCE)

    return undo


def chosen(name: str, within: str = "*") -> Callable[[Crawl], None]:
    return lambda crawl: crawl.do(name, within)


def answered_why(crawl: Crawl) -> None:
    expect(crawl.figure.locator(".senet-why details")).to_be_visible(timeout=PATIENCE)


def a_study(crawl: Crawl) -> None:
    for menu in crawl.find("select: Show"):
        if menu.input_value() == "runs":
            menu.select_option(menu.evaluate("(e) => [...e.options].find((o) => o.value !== 'runs').value"))


def runs_shown(crawl: Crawl) -> None:
    for menu in crawl.find("select: Show"):
        menu.select_option("runs")
