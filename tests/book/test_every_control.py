"""A crawler: on every page, every control of every widget is known, and does something when it is operated by pointer and by keys.

``CONTROLS`` knows the controls of each kind of widget, as whoever uses them knows them: what they are, and what they are called.
The crawl goes through a widget twice, once by each hand, each time on a fresh page (``crawls`` has the exceptions). It fails on a
control that ``CONTROLS`` doesn't know, on one that changes nothing of what it should, and on an entry that a widget lacks.

To add a widget, add its kind: one line a control. ``Control("select: Order channels by", ".senet-dots")`` says that the menu of
this name has to change the dots. A name is a regular expression; the first control that fits is operated, or each. What a control
needs before it can be operated, ``first`` does. Where two controls have one name, ``within`` says which.

A control is whatever can have the focus, and whatever listens for clicks or changes: ``addEventListener`` is watched.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from .conftest import HTML, PATIENCE, Guard, arrive, book_pages
from .test_live import encoded, picture

FIGURE = re.compile(r'<figure id="([\w-]+)" class="senet-widget" data-senet="([\w-]+)"([^>]*)>')
REPEATED = "book/slides.html"  # its widgets are the chapters' own: tests/book/test_slides.py operates them there
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

# Marks every control below the figure with its number, and says of each what it is and what it is called.
NAMES = """(figure) => {
    const usual = "a[href], button, input, select, textarea, summary, audio, video, [tabindex], [contenteditable], [role=slider]";
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

# All that can be seen of some elements: text and attributes, what is set and chosen, and the pixels of canvases.
LOOK = """(figure, selector) => [...figure.querySelectorAll(selector)].map((e) => {
    const inner = [e, ...e.querySelectorAll("*")];
    const pixels = (each) => each.tagName === "CANVAS" && each.width ? each.toDataURL() : 0;
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
        arrive(page, url + path)
        self.figure = page.locator(f"figure#{key}")
        self.stalled: list[Route] = []
        self.arrived()

    def arrived(self) -> None:
        """Wait until the widget is alive, and open what is folded in it."""
        self.figure.scroll_into_view_if_needed()
        expect(self.figure).to_have_attribute("data-live", "true", timeout=PATIENCE)
        self.figure.evaluate("(e) => e.querySelectorAll('details').forEach((each) => { each.open = true; })")

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


def drag_up(crawl: Crawl, control: Locator) -> None:
    control.hover()
    box = control.bounding_box()
    crawl.page.mouse.down()
    crawl.page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 20)
    crawl.page.mouse.up()


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


# ---- what some controls need


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


def stalled(crawl: Crawl) -> None:
    """The network does not arrive when it is asked for."""
    crawl.page.route("**/live/**", lambda route: crawl.stalled.append(route))


def stalled_with_a_channel(crawl: Crawl) -> None:
    stalled(crawl)
    crawl.do("slider: Channels of the deeper block")


def held_up(crawl: Crawl) -> None:
    """The network is on its way and does not arrive, so that there is time to cancel."""
    if not crawl.find("button: Cancel", ".senet-engine"):
        stalled(crawl)
        crawl.do("button: Run the network in this page .*")


def released(crawl: Crawl) -> None:
    for route in crawl.stalled:
        route.abort()
    crawl.page.unroute("**/live/**")


def running(crawl: Crawl) -> None:
    expect(crawl.figure.locator(".senet-own")).to_have_attribute("data-engine", "ready", timeout=PATIENCE)
    crawl.quiet()


def covered(crawl: Crawl) -> None:
    if not crawl.find("button: Undo", ".senet-editor"):
        crawl.do("application: What the network sees.*")


def gates_let_go(side: str) -> Callable[[Crawl], None]:
    """And a channel of this side is held."""

    def let_go(crawl: Crawl) -> None:
        if not crawl.find(f"button: off: close the gate, {side}"):
            crawl.do(f"slider: Channels of the {side} block")
        if crawl.find("button: Let all gates go"):
            crawl.do("button: Let all gates go")
            expect(crawl.figure.locator(".senet-hand-line")).to_have_text("All gates are the network’s own.", timeout=PATIENCE)

    return let_go


def handle_in_sight(side: str) -> Callable[[Crawl], None]:
    """And the channel that is held is among those shown: which these are depends on the network."""

    def bring(crawl: Crawl) -> None:
        gates_let_go(side)(crawl)
        if not crawl.find("element: senet-handle"):
            crawl.do(f"slider: Channels of the {side} block")

    return bring


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


# ---- what each kind of widget has


TABLES = [Control("summary: All numbers as tables", OPEN), Control("group: .+", SCROLL, each=True)]
SAVES = [Control("button: (SVG|PNG|CSV): save .+", DOWNLOAD, each=True)]


def foot(changed: str) -> list[Control]:
    """Link and Reset. ``changed`` names a control to operate, so that there is something to reset."""
    return [
        Control("link: (Link to this view|Link copied)", PAGE_LINK),
        Control("button: Reset", ".senet-live", first=chosen(changed)),
    ]


def hand(side: str) -> list[Control]:
    """The gates of one side."""
    line, let_go = ".senet-hand-line", gates_let_go(side)
    set_ = ("off: close the gate", "1: open the gate", "mean: set the gate to its mean", "all 1: open all gates")
    return [
        Control(f"slider: Channels of the {side} block", f"[data-side={side}] .senet-readout"),
        *(Control(f"button: {name}, {side}", line, first=let_go) for name in (*set_, "all mean: set all gates to their mean")),
        *(
            Control(f"button: {name}, {side}", line, a_gate_pulled(side))
            for name in ("own: let the gate go", "all own: let all gates go")
        ),
        Control(
            r"range: (s of channel .*|Choose a channel in the chart\.)",
            line,
            let_go,
            within=f"fieldset:has([aria-label$=', {side}'])",
        ),
    ]


def by_hand(side: str) -> list[Control]:
    """What the gates of both sides have in common, shown on a gate of one."""
    return [
        Control("button: Undo", ".senet-hand-line", a_gate_pulled(side), within=".senet-by-hand"),
        Control("button: Redo", ".senet-hand-line", undone(side), within=".senet-by-hand"),
        Control("button: Let all gates go", ".senet-hand-line", a_gate_pulled(side)),
        Control("summary: Pull gates by hand", OPEN),
    ]


CAMERA = Control("button: Use the camera", "[aria-label='your camera']")  # which takes a whole browser: see conftest.py
# A picture joins the gallery once the network answers for it, and an edit is another answer: nothing less will do. Black pixels
# have no blur, so brightness is the last.
OWN = [
    Control("button: Cancel", ".senet-engine", first=held_up, within=".senet-engine"),
    Control("button: Run the network in this page .*", ".senet-engine", first=released),
    Control("button: Edit this picture", "[aria-label$=', edited']", first=running),
    CAMERA,
    Control("button: Stop the camera", ".senet-ways"),
    Control("button: Choose a picture of yours", "[aria-label='mine.png']", pointer=give_a_picture, keys=give_a_picture),
    Control("application: .+: .+ pixels.*", ".senet-dots"),
    Control("range: Zoom.*", ".senet-dots"),
    Control("application: What the network sees.*", ".senet-dots"),
    Control("range: Brush.*", ".senet-board"),
    Control("button: Undo", ".senet-dots", covered, within=".senet-editor"),
    Control("button: Redo", ".senet-dots", within=".senet-editor"),
    Control("button: Clear", ".senet-dots"),
    *(Control(f"range: {name}.*", ".senet-dots") for name in ("Hue", "Blur", "Brightness")),
    Control("button: Reset sliders", ".senet-dots"),
]


CONTROLS: dict[str, list[Control]] = {
    "shallow-deep": [
        Control("radio: .+", ".senet-prediction, .senet-dots"),
        *OWN,
        Control("select: Order channels by", ".senet-dots"),
        Control("select: Compare with the mean of", ".senet-means, .senet-legend"),
        Control("select: Scale", ".senet-scale, .senet-link"),  # gates may reach from 0 to 1 anyway
        Control("select: Shallow", "[data-side=shallow] .senet-dots"),
        Control("select: Deep", "[data-side=deep] .senet-dots"),
        *hand("shallow"),
        *hand("deep"),
        *by_hand("deep"),
        *TABLES,
        *foot("select: Order channels by"),
    ],
    "explorer": [
        Control("radio: .+", ".senet-prediction, .senet-ribbon"),
        Control("button: Fetch the network to see its maps", ".senet-engine", stalled_with_a_channel),
        *OWN,
        Control("select: Second picture", ".senet-second"),
        Control("button: Swap the two", ".senet-prediction"),
        Control(
            "button: .+ gates, on average .+", ".senet-detail", each=True, keys=arrow_down
        ),  # Enter: tests/book/test_explorer.py
        Control("select: Order channels by", ".senet-dots"),
        Control("select: Behind the gates", ".senet-means, .senet-legend"),
        Control("select: Scale", ".senet-scale, .senet-link"),
        Control("select: Channels shown", ".senet-plot"),
        Control("range: from place.*", ".senet-plot"),
        *hand("shallower"),
        *hand("deeper"),
        Control(
            "element: senet-handle", ".senet-hand-line", handle_in_sight("deeper"), pointer=drag_up, keys=None
        ),  # Shift and arrows do
        *by_hand("deeper"),
        Control("button: Why did this gate open.*", ".senet-why-map", gates_let_go("deeper")),
        Control("summary: Numbers of this map", OPEN, first=answered_why),
        *SAVES,
        *TABLES,
        Control("select: Patch", ".senet-why-map"),  # which takes the map away
        *foot("select: Order channels by"),
        Control("select: Network", ".senet-ribbon"),
    ],
    "explorer, small": [
        Control("radio: .+", ".senet-prediction, .senet-ribbon"),
        Control("button: .+ gates, on average .+", ".senet-ribbon", each=True, keys=arrow_down),
        Control("slider: Channels of the shallower block", "[data-side=shallower] .senet-readout"),
        Control("slider: Channels of the deeper block", "[data-side=deeper] .senet-readout"),
        *foot("radio: .+"),
    ],
    "convolution": [
        Control("radio: .+", "[data-stage=sum]"),
        Control("select: Kernel", "[data-stage=sum]"),
        Control("application: Window on .+", ".senet-conv-sum"),
        Control(
            "element: senet-place", ".senet-conv-sum", each=True, pointer=click_elsewhere, keys=None
        ),  # the picture's window has them
        Control("number: weight of .+", "[data-stage=sum]", each=True),
        Control("button: Play", "[data-stage=sum]"),
        Control("button: Pause", ".senet-controls"),
        Control("button: Step", "[data-stage=sum]"),
        Control("button: Step back", "[data-stage=sum]"),
        Control("button: Whole maps", "[data-stage=sum]"),
        *TABLES,
        *SAVES,
        *foot("select: Kernel"),
    ],
    "squeeze": [
        Control("select: Object", ".senet-squeezed"),
        Control("select: on", ".senet-squeezed"),
        Control("select: Squeeze by", ".senet-squeezed"),
        Control("select: Channel", ".senet-made"),
        Control("application: Move .+", ".senet-squeezed"),
        Control("button: To the middle", ".senet-squeezed"),
        Control("button: Shuffle each map", "[data-symbol=u]"),  # its mean stays: that is the point
        *TABLES,
        *SAVES,
        Control(
            "element: senet-squeezed", ".senet-made", pointer=click_another_tile, keys=None
        ),  # the menu "Channel" does the same
        *foot("select: Object"),
    ],
    "attribution": [
        Control("radio: .+", ".senet-scatter-dots"),
        Control("select: Block", ".senet-scatter-dots"),
        Control("select: Method", ".senet-scatter-dots"),
        Control("select: Channel", ".senet-opened"),
        Control("slider: Channels, by how far their gates are open", ".senet-opened"),
        Control("checkbox: Show what opened its gate", ".senet-opened"),
        *TABLES,
        *SAVES,
        *foot("select: Block"),
    ],
    "relatives": [
        Control("radio: .+", ".senet-lanes"),
        Control("select: Stage of ResNet-50", ".senet-lanes"),
        *TABLES,
        *SAVES,
        *foot("select: Stage of ResNet-50"),
    ],
    "excitation": [
        Control("radio: .+", ".senet-layers"),
        Control("select: Look at", ".senet-sum"),
        Control("select: Rule", ".senet-layers"),
        Control("element: senet-layers", ".senet-sum", keys=None),  # the menu "Look at" does the same
        Control("range: Move z of channel .*", ".senet-layers", each=True),
        Control("range: Push gate s of channel .*", ".senet-layers", each=True),
        *TABLES,
        *SAVES,
        *foot("select: Rule"),
    ],
    "rescale": [
        Control("radio: .+", ".senet-stages"),
        Control("select: Channel", ".senet-stages"),
        Control("range: .*[Gg]ate.*", ".senet-stages, .senet-effect"),
        Control("button: Off", ".senet-stages, .senet-effect", first=chosen("button: The block’s own")),
        Control("button: Wide open", ".senet-stages, .senet-effect"),
        Control("button: The block’s own", ".senet-stages, .senet-effect", first=chosen("button: Off")),
        Control("element: senet-tiles", ".senet-stages", pointer=click_another_tile, keys=None),  # the menu "Channel" does the same
        *TABLES,
        *SAVES,
        *foot("select: Channel"),
    ],
    "cost": [
        Control("select: Network", ".senet-costs"),
        Control("select: Reduction ratio r", ".senet-costs"),
        Control("select: Placement", ".senet-costs"),
        Control("group: .+", SCROLL, each=True),
        *TABLES,
        *SAVES,
        *foot("select: Placement"),
    ],
    "profiles": [
        Control("select: Network", ".senet-plotted"),
        Control("select: Block", ".senet-plotted"),
        Control("select: Order channels by", ".senet-plotted"),
        Control("select: Draw", ".senet-plotted"),
        Control("select: Scale", ".senet-plotted"),
        Control("button: .+: take away", ".senet-plotted, .senet-chips"),
        Control("select: Add a class", ".senet-plotted, .senet-chips"),
        Control("slider: Channels of the block", ".senet-readout"),
        Control("select: By depth", ".senet-plotted"),
        Control("slider: Blocks by depth", ".senet-plotted"),
        *SAVES,
        *TABLES,
        *foot("select: Draw"),
    ],
    "curves": [
        Control("select: Quantity", ".senet-plotted", first=runs_shown),
        Control("select: Along", ".senet-plotted", first=runs_shown),
        Control("button: .+: take away", ".senet-plotted, .senet-chips", first=runs_shown),
        Control("select: Add a run", ".senet-plotted, .senet-chips", first=runs_shown),
        Control("slider: Places in the chart", ".senet-readout"),
        Control("select: Show", ".senet-plotted"),
        Control("select: Value", ".senet-plotted", first=a_study),
        *SAVES,
        *TABLES,
        *foot("select: Quantity|select: Value"),
    ],
}
# What a widget has only in some places: a study to show belongs to the book's own curves.
SOMETIMES = {"curves": ("select: Show", "select: Value")}


def widgets() -> list[tuple[str, str, str]]:
    """Page, key and kind of every widget of the built book, but for those that are REPEATED."""
    found = [
        (page, *figure) for page in book_pages() if page != REPEATED for figure in FIGURE.findall((HTML / page).read_text("utf8"))
    ]
    return [(page, key, f"{kind}, small" if '"small":true' in unescape(more) else kind) for page, key, kind, more in found]


def test_every_kind_is_known():
    kinds = {kind for _, _, kind in widgets()}
    kinds |= {kind for _, kind, _ in FIGURE.findall((HTML / REPEATED).read_text("utf8"))}
    assert kinds, f"No widget in {HTML}: run `make book` first"
    assert kinds - CONTROLS.keys() == set(), "name their controls in CONTROLS"


def crawls() -> list:
    """By both hands; a second widget of a kind on a page by keys alone, a third by the pointer: their code is the same."""
    found, cases = widgets(), []
    for i, (path, key, kind) in enumerate(found):
        before = sum(each[::2] == (path, kind) for each in found[:i])
        for hand in ("pointer", "keys") if before == 0 else ("keys",) if before % 2 else ("pointer",):
            browser = "whole chromium" if CAMERA in CONTROLS.get(kind, ()) else "chromium"
            cases.append(pytest.param(browser, path, key, kind, hand, id=f"{path}-{key}-{hand}"))
    return cases


@pytest.mark.parametrize(("browser", "path", "key", "kind", "hand"), crawls(), indirect=["browser"], scope="session")
def test_every_control(page: Page, guard: Guard, book_url: str, path: str, key: str, kind: str, hand: str):
    """Each control of each widget of the book, once by keys and once by the pointer, does what it says."""
    if kind not in CONTROLS:
        pytest.fail(f"{kind} is unknown: name its controls in CONTROLS")
    guard.allow("net::ERR_ABORTED|ERR_FAILED")  # a download that was cancelled
    page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    crawl = Crawl(page, book_url, path, key, hand)
    known = CONTROLS[kind]
    missing = []
    for entry in known:
        operated = checked(crawl, entry)
        unknown = [name for name, _ in crawl.controls() if not any(re.fullmatch(each.name, name) for each in known)]
        assert unknown == [], f"{path}#{key} has controls that CONTROLS doesn't know"
        if not operated and entry.name not in SOMETIMES.get(kind, ()):
            missing.append(entry.name)
    assert missing == [], f"{path}#{key} has no such control that can be operated"


def checked(crawl: Crawl, entry: Control) -> bool:
    """Operate what fits; whether there was anything."""
    way = getattr(entry, crawl.hand)
    if entry.first:
        entry.first(crawl)
    found = crawl.find(entry.name, entry.within)
    if way is None:
        return bool(found)
    for i in range(len(found) if entry.each else min(1, len(found))):
        controls = crawl.find(entry.name, entry.within) if i else found
        if i >= len(controls):
            break
        responds(crawl, entry, controls[i], None if way == "usual" else way)
    return bool(found)


def responds(crawl: Crawl, entry: Control, control: Locator, way: "Callable[[Crawl, Locator], None] | None") -> None:
    said = f"{entry.name} changes nothing of {entry.changes!r} by {crawl.hand}"
    if entry.changes == DOWNLOAD:
        with crawl.page.expect_download() as download:
            crawl.operate(entry.name, control, way)
        assert download.value.path().stat().st_size > 100, said
    elif entry.changes == OPEN:
        before = control.evaluate("(e) => e.parentElement.open")
        crawl.operate(entry.name, control, way)
        assert control.evaluate("(e) => e.parentElement.open") != before, said
        control.evaluate("(e) => { e.parentElement.open = true; }")
    elif entry.changes == SCROLL:
        if control.evaluate("(e) => e.scrollHeight - e.clientHeight") > 4:
            before = control.evaluate("(e) => e.scrollTop")
            crawl.operate(entry.name, control, way)
            crawl.page.wait_for_function("([e, before]) => e.scrollTop !== before", arg=[control.element_handle(), before])
    elif entry.changes == PAGE_LINK:
        address = control.get_attribute("href")
        crawl.operate(entry.name, control, way)
        held = "navigator.clipboard.readText().catch(() => '')"
        assert address in (crawl.page.url, crawl.page.evaluate(held)), said
        crawl.arrived()  # the page may have been loaded anew
    else:
        crawl.quiet()
        before = crawl.look(entry.changes)
        crawl.operate(entry.name, control, way)
        changed = f"([e, selector, before]) => ({LOOK})(e, selector) !== before"
        try:
            crawl.page.wait_for_function(changed, arg=[crawl.figure.element_handle(), entry.changes, before], timeout=PATIENCE)
        except Exception as error:
            raise AssertionError(f"{said}; controls: {json.dumps(crawl.controls())}") from error
