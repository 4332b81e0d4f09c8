"""How long a choice takes in the explorer until its live answer is painted: two builds of the book, in turns, in one browser.

    python -m tools.explorer_speed OLD/html NEW/html [--slow 6]

A choice is another picture, or a gate that is pulled, while the network runs in the page. It ends when the frame with the answer
has been painted: what waits for that frame is not part of it. On the landing page only pictures are chosen, and their recorded
answers shown, since earlier builds neither pull gates nor run the network there.

It prints two times. What passes on the clock varies with all else that the machine does. The processor time of the page's main
thread varies far less, and a trace of the browser tells what it goes into (tools/choice_traces.py). Both are compared within one
run; OLD twice shows how far two equal builds differ by chance.
"""

import argparse
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tools import choice_traces, chromium, serve

PAGES = ("book/explorer.html", "book/index.html")
READY = 120_000  # milliseconds for the network to be fetched and started
CHOICES = """async (count) => {
    const figure = document.querySelector("figure[data-senet=explorer]");
    const stage = figure.querySelector(".senet-stage");
    const radios = [...figure.querySelectorAll(".senet-thumbs input")];
    const plots = [...figure.querySelectorAll(".senet-plot")];
    const plot = plots[plots.length - 1];
    const key = (name, shiftKey) => plot.dispatchEvent(new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true }));
    const answered = () => new Promise((resolve) => {
        if (!stage.hasAttribute("aria-busy")) return resolve();
        const seen = new MutationObserver(() => {
            if (stage.hasAttribute("aria-busy")) return;
            seen.disconnect();
            resolve();
        });
        seen.observe(stage, { attributeFilter: ["aria-busy"] });
    });
    // The next task after the frame's style, layout and paint, before all that waits for the frame to be there.
    const painted = () => new Promise((resolve) => requestAnimationFrame(() => {
        scheduler.postTask(resolve, { priority: "user-blocking" });
    }));
    if (plot.dataset.held === undefined) key("ArrowRight", false);
    await answered();
    const times = [];
    const last = Number(figure.dataset.choices ?? 0);
    figure.dataset.choices = last + count;
    for (let i = last; i < last + count; i++) {
        await painted();
        await new Promise((resolve) => setTimeout(resolve, 400)); // as a reader looks: what the last choice put off is over
        const pulls = i % 2 === 1 && figure.dataset.pulls !== "no";
        const start = performance.mark("choice-begins").startTime;
        if (pulls) key((i >> 1) % 2 ? "ArrowUp" : "ArrowDown", true);
        else {
            radios[(7 * i) % radios.length].dispatchEvent(new PointerEvent("pointerdown", { bubbles: true })); // as from a hand
            radios[(7 * i) % radios.length].click();
        }
        await answered();
        await painted();
        times.push(performance.mark("choice-painted").startTime - start);
    }
    return times;
}"""


def opened(browser: Browser, url: str) -> Page:
    """The page with its network running, and a channel chosen."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(url)
    figure = page.locator("figure[data-senet=explorer]").first
    figure.scroll_into_view_if_needed()
    page.wait_for_selector("figure[data-senet=explorer][data-live=true]", timeout=READY)
    run = figure.get_by_role("button", name="Run the network")
    if run.count():
        run.click()
        page.wait_for_selector("figure[data-senet=explorer] [data-engine=ready]", timeout=READY)
    else:
        figure.evaluate("figure => { figure.dataset.pulls = 'no' }")
    figure.locator(".senet-side:last-of-type").scroll_into_view_if_needed()
    return page


def measured(builds: list[Path], path: str, slow: float, turns: int, count: int = 10) -> list[list[choice_traces.Choice]]:
    """Each build's choices."""
    found: list[list[choice_traces.Choice]] = [[] for _ in builds]
    with ExitStack() as held:
        urls = [held.enter_context(serve.running(serve.server(html, quiet=True))) for html in builds]
        browser = held.enter_context(chromium.launch(held.enter_context(sync_playwright())))
        pages = [opened(browser, f"{url}/{path}") for url in urls]
        for page in pages:
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slow})
            page.evaluate(CHOICES, 4)  # not counted: the first of each kind
        for _ in range(turns):
            for page, mine in zip(pages, found, strict=True):
                page.bring_to_front()
                browser.start_tracing(categories=choice_traces.CATEGORIES)
                times = page.evaluate(CHOICES, count)
                mine += choice_traces.choices(browser.stop_tracing(), times)
    return found


def ratio(old: np.ndarray, new: np.ndarray, of: float, draws: int = 2000) -> str:
    """A quantile of the new build's over the old one's, with what 95 % of redrawn samples give."""
    chance = np.random.default_rng(0)
    again = [np.quantile(chance.choice(x, (draws, len(x))), of, axis=1) for x in (old, new)]
    low, high = np.quantile(again[1] / again[0], [0.025, 0.975])
    return f"{np.quantile(new, of) / np.quantile(old, of):.2f} ({low:.2f} to {high:.2f})"


def tell(path: str, slow: float, found: list[list[choice_traces.Choice]]) -> None:
    print(f"\n{path}, processor {slow:g} times slower" if slow != 1 else f"\n{path}")
    for name, mine in zip(("old", "new"), found, strict=True):
        split = ", ".join(f"{part} {np.mean([choice.parts[part] for choice in mine]):.1f}" for part in choice_traces.PARTS)
        frames = np.mean([choice.frames for choice in mine])
        print(f"  {name}: {len(mine)} choices, ms of the main thread on average: {split}; {frames:.1f} frames")
    for what in ("clock", "work"):
        old, new = (np.array([getattr(choice, what) for choice in mine]) for mine in found)
        for word, of in (("median", 0.5), ("p95", 0.95)):
            values = f"{np.quantile(old, of):.1f} -> {np.quantile(new, of):.1f} ms"
            print(f"  {'on the clock' if what == 'clock' else 'of the main thread'}, {word}: {values}, ratio {ratio(old, new, of)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--slow", type=float, default=6, help="how many times slower the processor is made (default: 6)")
    parser.add_argument("--turns", type=int, default=10, help="of ten choices in each build (default: 10)")
    parser.add_argument("--pages", nargs="+", default=PAGES)
    arguments = parser.parse_args()
    for path in arguments.pages:
        tell(path, arguments.slow, measured([arguments.old, arguments.new], path, arguments.slow, arguments.turns))


if __name__ == "__main__":
    main()
