"""Controls that several kinds of widgets have: tables, files to save, the gates of a side, a link and a way back."""

from .crawl import DOWNLOAD, OPEN, PAGE_LINK, SCROLL, Control
from .preparations import a_gate_pulled, chosen, gates_let_go

TABLES = [Control("summary: All numbers as tables", OPEN), Control("group: .+", SCROLL, each=True)]
SAVES = [Control("button: (SVG|PNG|CSV): save .+", DOWNLOAD, each=True)]


def foot(changed: str) -> list[Control]:
    """Link and Reset. ``changed`` names a control to operate, so that there is something to reset."""
    return [
        Control("link: (Link (?:to this view|copied).*)", PAGE_LINK),
        Control("button: Reset", ".senet-live", first=chosen(changed)),
    ]


def ends(changed: str) -> list[Control]:
    """Tables with their files, and the foot."""
    return [*TABLES, *SAVES, *foot(changed)]


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
