"""How long a choice takes in the explorer until its live answer is painted: two builds of the book, in turns, in one browser.

    python -m tools.explorer_speed OLD/html NEW/html [--slow 6]

A choice is another picture, or a gate that is pulled, while the network runs in the page. It ends when the frame with the answer
has been painted: what waits for that frame is not part of it. On the landing page only pictures are chosen, and their recorded
answers shown, since earlier builds neither pull gates nor run the network there. Times of a busy machine vary; their ratio, taken
in turns, varies far less while no more runs than the machine has cores.
"""

import argparse
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tools import chromium, serve

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
        const start = performance.now();
        if (pulls) key((i >> 1) % 2 ? "ArrowUp" : "ArrowDown", true);
        else {
            radios[(7 * i) % radios.length].dispatchEvent(new PointerEvent("pointerdown", { bubbles: true })); // as from a hand
            radios[(7 * i) % radios.length].click();
        }
        await answered();
        await painted();
        times.push(performance.now() - start);
    }
    return times;
}"""


@contextmanager
def served(html: Path) -> Iterator[str]:
    with serve.server(html, prefix="/", quiet=True) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


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


def measured(old: Path, new: Path, path: str, slow: float, turns: int = 10, count: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds of each choice, in the old build and in the new one."""
    times: list[list[float]] = [[], []]
    with ExitStack() as held:
        urls = [held.enter_context(served(html)) for html in (old, new)]
        browser = held.enter_context(chromium.launch(held.enter_context(sync_playwright())))
        pages = [opened(browser, url + path) for url in urls]
        for page in pages:
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slow})
            page.evaluate(CHOICES, 4)  # not counted: the first of each kind
        for _ in range(turns):
            for page, mine in zip(pages, times, strict=True):
                page.bring_to_front()
                mine += page.evaluate(CHOICES, count)
    return np.array(times[0]), np.array(times[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--slow", type=float, default=6, help="how many times slower the processor is made (default: 6)")
    arguments = parser.parse_args()
    for path in PAGES:
        old, new = measured(arguments.old, arguments.new, path, arguments.slow)
        for name, times in (("old", old), ("new", new)):
            print(
                f"{path}, {name}: median {np.median(times):.0f} ms, p95 {np.quantile(times, 0.95):.0f} ms of {len(times)} choices"
            )
        print(f"{path}: p95 of the new build is {np.quantile(new, 0.95) / np.quantile(old, 0.95):.2f} of the old one's")


if __name__ == "__main__":
    main()
