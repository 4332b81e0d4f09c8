"""A choice in the explorer lays out what it changes, and not the page: on a slow processor that was a tenth of its time."""

import json

from tools.choice_traces import CATEGORIES
from tools.explorer_speed import CHOICES

from .explorer import Explorer
from .live import started

MOST = 300  # of the page's 2,500 objects


def test_a_choice_lays_out_its_own_parts(explorer: Explorer):
    """Another picture, and a gate that is pulled: until the answer is painted, no text or number moves what is around it."""
    explorer.el.get_by_role("button", name="Run the network").click()
    started(explorer)
    page = explorer.page
    page.evaluate(CHOICES, 4)  # the first of each kind finds room for what was not there yet
    browser = page.context.browser
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.evaluate(CHOICES, 4)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    begins, ends = (sorted(e["ts"] for e in events if e["name"] == f"choice-{word}") for word in ("begins", "painted"))
    layouts = [e for e in events if e["name"] == "Layout"]
    for begin, end in zip(begins, ends, strict=True):
        sizes = [e["args"]["beginData"]["totalObjects"] for e in layouts if begin < e["ts"] < end]
        assert sizes and max(sizes) <= MOST, sizes
