"""Training in the page where cores are slow: `python -m tools.page_training slow` (Linux; as root, where cgroups of version 1 are).

Every thread of the browser gets a part of a core, as if cores were ``SLOWER`` times slower; ``times_slower`` says what came of it
on a machine with other work. The browser's own throttle holds back a page's main thread, and hardly the threads in which networks
learn (:func:`throttled_by_the_browser`).
"""

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page

from sebook.widgets.train import RECIPES
from tools import serve
from tools.page_trial import net_of, plan, trial

SLOWER = 6
PERIOD = 12_000  # microseconds: shorter than a frame, so that nothing pauses visibly
GROUPS = Path("/sys/fs/cgroup/cpu")
TOLD = re.compile(r"About (a second|\d+ seconds|[\d.]+ minutes) more")
# Of every key that is pressed, the milliseconds until the page is painted again, as "interaction to next paint" has them.
WATCH = """() => { window.painted = [];
  new PerformanceObserver((list) => { for (const e of list.getEntries()) if (e.name === "keydown") painted.push(e.duration); })
    .observe({ type: "event", durationThreshold: 16 }); }"""


class SlowCores:
    """A browser whose threads each get a part of a core, as if every core were that much slower."""

    def __init__(self, slower: float) -> None:
        self.group, self.slower = GROUPS / f"slow-{os.getpid()}", slower
        self.group.mkdir()

    def hold(self) -> None:
        """Hold back the threads that there are by now: a page starts more."""
        for thread in self.spent():
            own = self.group / str(thread)
            if own.exists():
                continue
            own.mkdir()
            (own / "cpu.cfs_period_us").write_text(str(PERIOD))
            (own / "cpu.cfs_quota_us").write_text(str(round(PERIOD / self.slower)))
            with suppress(ProcessLookupError):  # it has ended meanwhile
                (own / "tasks").write_text(str(thread))

    @staticmethod
    def spent() -> dict[int, float]:
        """Seconds of processor time by thread."""
        browsers = [process for process in psutil.Process().children(recursive=True) if "chrom" in process.name()]
        return {thread.id: thread.user_time + thread.system_time for process in browsers for thread in process.threads()}

    def end(self) -> None:
        for own in filter(Path.is_dir, self.group.iterdir()):
            for thread in (own / "tasks").read_text().split():
                with suppress(ProcessLookupError):
                    (GROUPS / "tasks").write_text(thread)
            own.rmdir()
        self.group.rmdir()


def seconds(words: str) -> float:
    """The other way round than ``duration`` in frontend/src/widgets/train-data.ts."""
    number = re.match(r"[\d.]+", words)
    return (float(number[0]) if number else 1.0) * (60 if "minute" in words else 1)


def run(page: Page, address: str, recipe: str) -> dict[str, Any]:
    """One seed of both networks by the widget: what it announced, how long it took, and how soon it answered keys meanwhile."""
    page.goto(f"{address}/book/training.html?train.recipe={recipe}")
    page.evaluate(WATCH)
    widget = page.locator("figure[data-senet=train]")
    show, announced, found, slow_cores = widget.get_by_label("Show"), [], "", SlowCores(SLOWER)
    try:
        slow_cores.hold()
        widget.get_by_role("button", name="Train", exact=True).press("Enter")
        began = time.monotonic()
        while "is trained" not in found and "failed" not in found:
            page.wait_for_timeout(200)
            slow_cores.hold()
            found = widget.locator(".senet-train-status").inner_text()
            now = time.monotonic() - began
            if (told := TOLD.search(found)) and (not announced or now > announced[-1][0] + 5):
                announced.append((now, seconds(told[1])))
                show.press("ArrowDown" if len(announced) % 2 else "ArrowUp")
        took = time.monotonic() - began
        busiest = max(slow_cores.spent().values())  # a thread that learns
    finally:
        slow_cores.end()
    painted, (first, said) = sorted(page.evaluate("painted")), announced[0]
    return {
        "seconds": round(took, 1),
        "times_slower": round(took / busiest, 1),
        "first_announced_after": round(first, 1),
        "announced": round(said, 1),
        "then_took": round(took - first, 1),
        "announced_over_taken": [round(told / (took - at), 2) for at, told in announced if took - at > 5],
        "key_to_paint_ms": {"median": painted[len(painted) // 2], "largest": painted[-1], "keys": len(announced)}
        if painted
        else {},
        "ended": found,
    }


def throttled_by_the_browser(page: Page) -> dict[str, float]:
    """Milliseconds of a step by the browser's throttle, by rate: far from six times at six."""
    devtools, net = page.context.new_cdp_session(page), net_of("none")
    short = plan(0, pictures=320, tested=50, epochs=2)
    told = {}
    for rate in (1, SLOWER, 1):  # the last counts of the two at 1: the first also compiles
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        told[str(rate)] = round(page.evaluate("([net, plan]) => trial.seeds([net], plan)", [net, short])[net]["pace"], 1)
    return told


def slow(browser: Browser, html: Path) -> dict[str, Any]:
    page = trial(browser)
    result: dict[str, Any] = {"slower": SLOWER, "step_ms_by_the_browsers_throttle": throttled_by_the_browser(page)}
    page.close()
    with serve.running(serve.server(html, quiet=True)) as address:
        for recipe in RECIPES:
            page = browser.new_page(viewport={"width": 390, "height": 844})
            page.set_default_timeout(120_000)
            result[recipe] = run(page, address, recipe)
            print(recipe, result[recipe], flush=True)
            page.close()
    return result
