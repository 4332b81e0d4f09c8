"""Controls that several widgets have: tables, what saves, links, gates by hand, and the reader's own picture."""

from dataclasses import replace

from .crawl import DOWNLOAD, OPEN, PAGE_LINK, SCROLL, Control
from .preparations import (
    a_gate_pulled,
    chosen,
    covered,
    gates_let_go,
    give_a_picture,
    held_up,
    released,
    running,
    undone,
)

TABLES = [Control("summary: All numbers as tables", OPEN), Control("group: .+", SCROLL, each=True)]
SAVES = [Control("button: (SVG|PNG|CSV): save .+", DOWNLOAD, each=True)]


def foot(changed: str) -> list[Control]:
    """Link and Reset. ``changed`` names a control to operate, so that there is something to reset."""
    return [
        Control("link: (Link (?:to this view|copied).*)", PAGE_LINK),
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

# The segmenter shows a reader's picture in the place of its own.
PERSON = {
    "[aria-label='mine.png']": "[aria-label^='mine.png.']",
    "[aria-label$=', edited']": "[aria-label*=', edited.']",
    ".senet-dots": ".senet-segmenter",
}
OWN_PERSON = [replace(each, changes=PERSON.get(each.changes, each.changes)) for each in OWN]
