"""What a crawler knows of a control, a widget that it goes through, and the usual ways to operate each kind of control."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, Route, expect

from .built import PATIENCE
from .conftest import arrive

DOWNLOAD = "a download"
OPEN = "the disclosure"
SCROLL = "its own scroll, where it overflows"
PAGE_LINK = "the address, or the clipboard"


@dataclass(frozen=True)
class Control:
    """One control, or several alike.

    Attributes:
        name: what it is and what it is called, as a regular expression: ``"button: Reset"``. See ``NAMES``.
        changes: a selector below the figure, of what has to look different afterwards; or one of the words above.
        first: what to do before.
        each: whether all that fit are operated, or the first one only.
        pointer, keys: how, if not in its kind's usual way. None: there is no such way, since another control does the same.
        within: a selector of what it lies in.
    """

    name: str
    changes: str
    first: "Callable[[Crawl], None] | None" = None
    each: bool = False
    pointer: "Callable[[Crawl, Locator], None] | str | None" = "usual"
    keys: "Callable[[Crawl, Locator], None] | str | None" = "usual"
    within: str = "*"


LISTENED = """
    const add = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (type, ...rest) {
        const watched = ["click", "dblclick", "pointerdown", "mousedown", "touchstart", "input", "change"];
        if (this instanceof Element && watched.includes(type)) this.listensForReaders = true;
        return add.call(this, type, ...rest);
    };
"""


# A camera of the page's own, so that the headless shell will do, which has none: a whole Chromium takes a third more for the same
# crawl. Chromium's own camera is asked in test_camera.py.
FILMED = """
    navigator.mediaDevices.getUserMedia = async () => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
        const drawing = canvas.getContext("2d");
        let turn = 0;
        setInterval(() => {
            drawing.fillStyle = `hsl(${turn++ * 20} 80% 50%)`;
            drawing.fillRect((turn * 5) % 64, 0, 20, 48);
        }, 50);
        return canvas.captureStream();
    };
"""


# Marks every control below the figure with its number, and says of each what it is and what it is called.
NAMES = """(figure) => {
    const played = "audio[controls], video[controls]";
    const usual = `a[href], button, input, select, textarea, summary, ${played}, [tabindex], [contenteditable], [role=slider]`;
    const kind = (e) => e.getAttribute("role") ?? ({ A: "link", INPUT: e.type }[e.tagName] ?? e.tagName.toLowerCase());
    const name = (e) => e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText || e.getAttribute("class") || "";
    const one = (text) => text.trim().split("\\n")[0].trim();
    const found = [];
    for (const e of figure.querySelectorAll("*")) {
        delete e.dataset.crawled;
        if (!(e.matches(usual) || e.listensForReaders) || e.tabIndex < 0 && !e.listensForReaders) continue;
        if (!e.checkVisibility() || e.closest("details:not([open]) > :not(summary)")) continue;
        e.dataset.crawled = found.length;
        const special = e.matches(usual) ? kind(e) : "element";
        found.push([`${special}: ${special === "element" ? e.getAttribute("class") : one(name(e))}`, e.disabled === true]);
    }
    return found;
}"""


# All that can be seen of some elements: text and attributes, what is set and chosen, and the pixels of canvases, as a number that
# any other pixel changes: each look would else take their encoding as a PNG.
LOOK = """(figure, selector) => [...figure.querySelectorAll(selector)].map((e) => {
    const inner = [e, ...e.querySelectorAll("*")];
    const pixels = (each) => {
        if (each.tagName !== "CANVAS" || !each.width) return 0;
        const drawn = each.getContext("2d").getImageData(0, 0, each.width, each.height).data;
        return new Uint32Array(drawn.buffer).reduce((sum, pixel) => Math.imul(sum, 31) + pixel | 0, each.width);
    };
    const state = inner.map((each) => [each.value, each.checked, each.open, pixels(each)]);
    return e.outerHTML.replace(/ data-crawled="\\d+"/g, "") + JSON.stringify(state);
}).join("\\n")"""


class Crawl:
    """A widget on a page of its own, and one way to operate it."""

    def __init__(self, page: Page, url: str, path: str, key: str, hand: str) -> None:
        self.page, self.hand = page, hand
        page.set_default_timeout(PATIENCE)
        page.emulate_media(reduced_motion="reduce")
        page.add_init_script(LISTENED)
        page.add_init_script(FILMED)
        arrive(page, url + path)
        self.figure = page.locator(f"figure#{key}")
        self.stalled: list[Route] = []
        self.arrived()

    def arrived(self) -> None:
        """Wait until the widget is alive, and open what is folded in it.

        Its tables are long, and written at every change while they are open: by keys they are so all the while, by the pointer
        from when it opens them.
        """
        self.figure.scroll_into_view_if_needed()
        expect(self.figure).to_have_attribute("data-live", "true", timeout=PATIENCE)
        folds = "details" if self.hand == "keys" else "details:not(:has(> .senet-tables))"
        self.figure.evaluate("(e, folds) => e.querySelectorAll(folds).forEach((each) => { each.open = true; })", folds)

    def controls(self) -> list[tuple[str, bool]]:
        """Names, in order, and whether each is disabled."""
        return [(name, disabled) for name, disabled in self.figure.evaluate(NAMES)]

    def find(self, name: str, within: str = "*") -> list[Locator]:
        """Those that can be operated."""
        named = [i for i, (known, disabled) in enumerate(self.controls()) if re.fullmatch(name, known) and not disabled]
        found = [self.figure.locator(f'[data-crawled="{i}"]') for i in named]
        return found if within == "*" else [each for each in found if each.evaluate("(e, within) => e.closest(within)", within)]

    def do(self, name: str, within: str = "*") -> None:
        """Operate another control by the usual way of its kind, as a preparation."""
        found = self.find(name, within)
        assert found, f"no control {name!r} is there to be operated: {self.controls()}"
        self.operate(name, found[0], None)

    def operate(self, name: str, control: Locator, way: "Callable[[Crawl, Locator], None] | None") -> None:
        if way is not None:
            return way(self, control)
        usual = USUAL[name.split(":")[0].strip("(").split("|")[0]]
        return usual[self.hand](self, control)

    def look(self, selector: str) -> str:
        return self.figure.evaluate(LOOK, selector)

    def quiet(self) -> None:
        self.page.wait_for_function(
            "(e) => !e.querySelector('[aria-busy=true]')", arg=self.figure.element_handle(), timeout=PATIENCE
        )


# ---- the usual ways of each kind


def click(crawl: Crawl, control: Locator) -> None:
    control.click()


def enter(crawl: Crawl, control: Locator) -> None:
    control.press("Enter")


def choose_another(crawl: Crawl, control: Locator) -> None:
    """A native menu is the browser's own window, which a page can't click: its choice is made for it."""
    options = "(e) => [...e.options].filter((o) => !o.disabled && !o.selected && o.value).map((o) => o.value)"
    control.select_option(control.evaluate(options)[0])


def arrow_to_another(crawl: Crawl, control: Locator) -> None:
    before = control.input_value()
    control.press("ArrowDown")
    if control.input_value() == before:
        control.press("ArrowUp")


def click_another(crawl: Crawl, control: Locator) -> None:
    """Of radio buttons: the label of one that is not chosen."""
    group = control.get_attribute("name")
    crawl.figure.locator(f"label:has(input[name='{group}']:not(:checked))").first.click()


def arrow_on(crawl: Crawl, control: Locator) -> None:
    group = control.get_attribute("name")
    crawl.figure.locator(f"input[name='{group}']:checked").press("ArrowDown")


def click_along(crawl: Crawl, control: Locator) -> None:
    """Of sliders: a place where they are not."""
    box = control.bounding_box()
    now, least, most = control.evaluate(
        "(e) => e.tagName === 'INPUT' ? [e.value, e.min, e.max] : [e.ariaValueNow, e.ariaValueMin, e.ariaValueMax]"
    )
    share = (float(now) - float(least)) / (float(most) - float(least))
    control.click(position={"x": box["width"] * (0.12 if share > 0.5 else 0.88), "y": box["height"] * 0.3})


def to_the_end(crawl: Crawl, control: Locator) -> None:
    before = control.get_attribute("aria-valuenow") or control.input_value()
    control.press("Home")
    if (control.get_attribute("aria-valuenow") or control.input_value()) == before:
        control.press("End")


def wheel(crawl: Crawl, control: Locator) -> None:
    control.hover()
    crawl.page.mouse.wheel(0, 120)


def arrow_down(crawl: Crawl, control: Locator) -> None:
    control.press("ArrowDown")


def drag_left(crawl: Crawl, control: Locator) -> None:
    """From the middle to the edge."""
    box = control.bounding_box()
    control.drag_to(
        control,
        source_position={"x": box["width"] / 2, "y": box["height"] / 2},
        target_position={"x": 3, "y": box["height"] / 2},
    )


def type_over(crawl: Crawl, control: Locator) -> None:
    control.click()
    control.fill("0.37")
    control.blur()


USUAL = {
    "button": {"pointer": click, "keys": enter},
    "summary": {"pointer": click, "keys": enter},
    "link": {"pointer": click, "keys": enter},
    "select": {"pointer": choose_another, "keys": arrow_to_another},
    "radio": {"pointer": click_another, "keys": arrow_on},
    "range": {"pointer": click_along, "keys": to_the_end},
    "slider": {"pointer": click_along, "keys": to_the_end},
    "checkbox": {"pointer": click, "keys": lambda crawl, control: control.press("Space")},
    "number": {"pointer": type_over, "keys": lambda crawl, control: control.press("ArrowUp")},
    "application": {"pointer": drag_left, "keys": lambda crawl, control: control.press("Shift+ArrowRight")},
    "group": {"pointer": wheel, "keys": arrow_down},
    "element": {"pointer": click, "keys": None},
}
