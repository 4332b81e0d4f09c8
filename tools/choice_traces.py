"""What a page's main thread did for each choice of a reader, from a trace of Chromium.

The page sets two marks for each choice, "choice-begins" and "choice-painted" (tools/explorer_speed.py). All that the thread runs
between them is counted in its processor time, and given to the part that it is: a layout that a script asks for is layout.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

CATEGORIES = ["toplevel", "devtools.timeline", "blink.user_timing"]
PARTS = ("script", "style", "layout", "paint", "other")
PART_OF = {
    "FunctionCall": "script",
    "EventDispatch": "script",
    "TimerFire": "script",
    "HandlePostMessage": "script",
    "FireAnimationFrame": "script",
    "RunMicrotasks": "script",
    "UpdateLayoutTree": "style",
    "Layout": "layout",
    "PrePaint": "paint",
    "Paint": "paint",
    "Layerize": "paint",
}
TASK = "ThreadControllerImpl::RunTask"
FRAME = "Layerize"


@dataclass
class Choice:
    """Milliseconds: on the clock, and of the main thread's processor time by part."""

    clock: float
    parts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    frames: int = 0

    @property
    def work(self) -> float:
        return sum(self.parts.values())


def choices(trace: bytes, clocks: list[float]) -> list[Choice]:
    """Of each choice, what it took; `clocks` are the milliseconds that the page measured itself."""
    events = json.loads(trace)["traceEvents"]
    begins, ends = (sorted((e for e in events if e["name"] == f"choice-{word}"), key=_time) for word in ("begins", "painted"))
    if not len(begins) == len(ends) == len(clocks):
        raise ValueError(f"{len(clocks)} choices, but {len(begins)} begin and {len(ends)} end in the trace")
    thread = _thread(begins[0])
    mine = sorted((e for e in events if e["ph"] == "X" and _thread(e) == thread), key=lambda e: (e["ts"], -e["dur"]))
    found = []
    for begin, end, clock in zip(begins, ends, clocks, strict=True):
        choice = Choice(clock)
        within = [e for e in mine if e["ts"] + e["dur"] > begin["ts"] and e["ts"] + e["dur"] < end["ts"]]
        for part, own in _own_times(within):
            choice.parts[part] += own / 1000
        choice.frames = sum(e["name"] == FRAME for e in within)
        found.append(choice)
    return found


def _own_times(events: list[dict]) -> Iterator[tuple[str, float]]:
    """Each event's part, and its processor time without that of the events in it."""
    around: list[dict] = []  # from the task inwards
    for event in events:
        while around and event["ts"] >= around[-1]["ts"] + around[-1]["dur"]:
            around.pop()
        if not around and event["name"] != TASK:
            continue  # counted with its task
        part = PART_OF.get(event["name"], around[-1]["part"] if around else "other")
        if around:
            yield around[-1]["part"], -event.get("tdur", 0)
        yield part, event.get("tdur", 0)
        around.append({"ts": event["ts"], "dur": event["dur"], "part": part})


def _thread(event: dict) -> tuple[int, int]:
    return event["pid"], event["tid"]


def _time(event: dict) -> float:
    return event["ts"]
