"""Training in the page beside PyTorch's: `make page-training`. Writes data/results/page-training.json.

In Chromium, with the trainers and the runtime of the built book, one thread for each network:

- ``runs``: the quick recipe, seed by seed, with SE and without, in the page and by :func:`senet.training.fit` in float32. A seed
  draws the same in both, but rounding parts the runs, so what can agree is the distribution of accuracies.
- ``chapter``: the same by the chapter's recipe, which takes about twenty times as long.
- ``fifty``: how far weights are from PyTorch's after fifty steps, at the recipe's rate and at a small one; and how far PyTorch's
  are from PyTorch's, in another memory format, on two threads, and in float64.
- ``memory``: of the whole tab, as the chapter's widget trains for 2,000 steps.
- ``webgpu``: what a step would ask of a GPU: operations, those that ONNX Runtime Web does not list for it, both runtimes' bytes.
- ``speed``: a step in the page over the same step by PyTorch on one thread, taken in turns: processor time, in the page of all
  that its process does meanwhile (the drawing of shifts, gates for the chart, a test at the end).
- ``slow``: the chapter's widget where cores are six times slower (:mod:`tools.page_slow`): how long a seed takes, how long it said
  that it would, how soon the page answers a key meanwhile.

Name parts to measure only those; the file keeps the others as they were.
"""

import argparse
import base64
import gzip
import json
import shlex
import statistics as numbers
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from playwright.sync_api import Browser, Page, sync_playwright
from scipy import stats

from sebook.pages import trainer
from sebook.widgets.train import RECIPES
from senet import machine, pretrained
from senet.images import statistics
from senet.images.patchwork import patchwork
from senet.training import fit, sgd
from tools import chromium, page_floor, page_slow, serve
from tools.engine_bench import ISOLATED, LIVE, provided, versions
from tools.page_trial import STUDY, fifty, net_of, network, plan, recipe_of, shorten, trial

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "data" / "results" / "page-training.json"
HTML = ROOT / "_build" / "html"
PEAKS = (STUDY.recipe.peak_rate, 0.001)
STEPS, ROUNDS, IN_A_ROW = 2000, 9, 60
PRODUCTS = "products"
# No headless shell tells a page its memory, and others only in a process of its own; at once, rather than at the next collection.
TELLING = {"whole": True, "flags": ("--site-per-process", "--enable-blink-features=ForceEagerMeasureMemory")}


# --- seeds ---------------------------------------------------------------------------------------------------------------------


def runs(browser: Browser, seeds: int, quick: bool = True) -> dict[str, Any]:
    """Accuracies of both networks, seed by seed, in the page and by PyTorch, and whether they differ."""
    page, whole, test = trial(browser), patchwork(STUDY.pictures, seed=1), patchwork(plan(0, quick)["tested"], seed=2)
    preprocess, told = pretrained.Preprocessing(32, *statistics(whole)), []
    for seed in range(seeds):
        asked = plan(seed, quick)
        nets = [net_of(arm, quick) for arm in trainer.ARMS]
        found = page.evaluate("([nets, plan]) => trial.seeds(nets, plan)", [nets, asked])
        for arm in trainer.ARMS:
            model, recipe = network(arm, seed, quick), recipe_of(asked, quick)
            history = fit(model, whole[: asked["pictures"]], test, recipe, preprocess, progress=False)
            mine = found[net_of(arm, quick)]
            told.append(
                {"arm": arm, "seed": seed, "page": round(mine["accuracy"], 4), "torch": round(history[-1]["test_accuracy"], 4)}
                | {"steps": mine["steps"], "page_seconds": round(mine["seconds"], 1)}
            )
            print(told[-1], flush=True)
    page.close()
    by_arm = {arm: [[run[side] for run in told if run["arm"] == arm] for side in ("page", "torch")] for arm in trainer.ARMS}
    leads = [(np.subtract(*by)).tolist() for by in zip(by_arm["se"], by_arm["none"], strict=True)]
    compared = {name: comparison(*sides) for name, sides in {**by_arm, "se minus none": leads}.items()}
    recipe = RECIPES["quick" if quick else "chapter"]
    return {"recipe": recipe, "peak_rate": STUDY.recipe.peak_rate, "compared": compared, "runs": told}


def comparison(mine: Sequence[float], its: Sequence[float]) -> dict[str, Any]:
    """Two sets of accuracies (0 to 1) beside each other.

    Returns: ``page`` and ``torch``, mean and standard deviation; their ``difference`` (page minus
        torch) with Welch's 95 % ``interval``; the ``p`` of Mann and Whitney's test, by which both come
        from one distribution; and the smallest true difference of means that so many seeds with such
        deviations would ``show`` in four trials out of five, by a t test at 5 %.
    """
    welch = stats.ttest_ind(mine, its, equal_var=False)
    deviation = ((np.var(mine, ddof=1) + np.var(its, ddof=1)) / 2) ** 0.5
    freedom = len(mine) + len(its) - 2
    quantiles = stats.t.ppf(0.975, freedom) + stats.t.ppf(0.8, freedom)
    sides = {
        side: {"mean": round(float(np.mean(some)), 4), "deviation": round(float(np.std(some, ddof=1)), 4), "seeds": len(some)}
        for side, some in (("page", mine), ("torch", its))
    }
    return sides | {
        "difference": round(float(np.mean(mine) - np.mean(its)), 4),
        "interval": [round(float(end), 4) for end in welch.confidence_interval(0.95)],
        "p": round(float(stats.mannwhitneyu(mine, its).pvalue), 3),
        "would_show": round(float(quantiles * deviation * (1 / len(mine) + 1 / len(its)) ** 0.5), 4),
    }


# --- fifty steps ---------------------------------------------------------------------------------------------------------------


def fifties(browser: Browser, seeds: int) -> list[dict[str, Any]]:
    page = trial(browser)
    told = []
    for quick in (True, False):
        for peak in PEAKS:
            for seed in range(min(seeds, 3) if peak == PEAKS[0] else 1):
                told.append({"recipe": "quick" if quick else "chapter", "peak_rate": peak, "seed": seed})
                told[-1]["differences"] = fifty(page, quick, plan(seed, quick, peak=peak))
                print(told[-1], flush=True)
    page.close()
    return told


# --- memory --------------------------------------------------------------------------------------------------------------------


class Isolated(serve.Pages):
    """The built book, with the headers without which a page is not told its memory."""

    def end_headers(self) -> None:
        for header in ISOLATED.items():
            self.send_header(*header)
        super().end_headers()


def memory(browser: Browser, steps: int = STEPS, arms: str = "both") -> dict[str, Any]:
    """Bytes of the tab, threads and drawings included, as the chapter's own widget trains; a step is one batch of each network."""
    each = 20
    page, told = browser.new_page(), []
    page.set_default_timeout(600_000)
    shorten(page, pictures=each * RECIPES["quick"]["batch"], tested=50, epochs=steps // each)
    at = "() => +(/step (\\d+)/.exec(document.querySelector('.senet-train-status').textContent) ?? [0, 0])[1]"
    with serve.running(serve.Server(("127.0.0.1", 0), partial(Isolated, directory=str(HTML), quiet=True))) as address:
        page.goto(f"{address}/book/training.html?train.arms={arms}")
        page.locator("figure[data-senet=train]").get_by_role("button", name="Train", exact=True).press("Enter")
        page.wait_for_function("() => document.querySelector('.senet-train-status').textContent.includes('step')")
        while not told or told[-1][0]:  # until the run is over
            page.wait_for_timeout(1000)
            bytes_ = page.evaluate("async () => (await performance.measureUserAgentSpecificMemory()).bytes")
            told.append([page.evaluate(at), bytes_])
            print(told[-1], flush=True)
        page.close()
    told = [row for row in told if row[0]]
    settled = np.array([row for row in told if row[0] > steps / 5])
    slope = float(np.polyfit(settled[:, 0], settled[:, 1], 1)[0])
    return {"steps": steps, "networks": arms, "step_and_bytes": told, "bytes_per_step_after_a_fifth": round(slope, 1)}


# --- speed ---------------------------------------------------------------------------------------------------------------------


def speed(browser: Browser, page: Page, arm: str, quick: bool) -> dict[str, Any]:
    """Milliseconds of processor time of a step in the page and by PyTorch, in turns, and their ratio: medians over the rounds."""
    recipe = recipe_of(plan(0, quick), quick)
    batch = recipe.batch_size
    short = plan(0, quick, pictures=IN_A_ROW * batch, tested=50, epochs=1)
    model = network(arm, 0, quick).to(memory_format=torch.channels_last)
    optimizer = sgd(model, recipe)
    x, labels = torch.randn(batch, 3, 32, 32).to(memory_format=torch.channels_last), torch.arange(batch) % 10
    devtools, net = browser.new_browser_cdp_session(), net_of(arm, quick)

    def torchs() -> float:
        began = time.process_time()
        for _ in range(IN_A_ROW):
            optimizer.zero_grad()
            F.cross_entropy(model(x), labels).backward()
            optimizer.step()
        return 1000 * (time.process_time() - began) / IN_A_ROW

    def spent() -> float:
        processes = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")

    def pages(net: str) -> float:
        began = spent()
        page.evaluate("([net, plan]) => trial.seeds([net], plan)", [net, short])
        return 1000 * (spent() - began) / IN_A_ROW

    nets = [net] if quick else [net, PRODUCTS]
    torchs(), *map(pages, nets)
    rounds = [(torchs(), *map(pages, nets)) for _ in range(ROUNDS)]
    ratios = [mine / its for its, mine, *_ in rounds]
    its, mine, *products = (round(numbers.median(side), 2) for side in zip(*rounds, strict=True))
    spread = [round(end(ratios), 2) for end in (min, max)]
    told = {"page_ms": mine, "torch_ms": its, "ratio": round(numbers.median(ratios), 2), "ratio_range": spread, "rounds": ROUNDS}
    return told | {"floor": page_floor.floor(*products, its, arm, quick)} if products else told


def speeds(browser: Browser, _: int) -> dict[str, Any]:
    page = trial(browser, {PRODUCTS: page_floor.products_file()})
    told = {net_of(arm, quick): speed(browser, page, arm, quick) for quick in (True, False) for arm in trainer.ARMS}
    page.close()
    return told


def webgpu(_: Browser, __: int) -> dict[str, Any]:
    import onnx

    told = json.loads(gzip.decompress(base64.b64decode(provided(LIVE / f"train-{net_of('se')}.js"))))
    nodes = onnx.load_from_string(base64.b64decode(told["step_onnx"])).graph.node
    operators, package = [node.op_type for node in nodes], ROOT / "frontend/engine/node_modules/onnxruntime-web"
    listed = (package / "docs" / "webgpu-operators.md").read_text(encoding="utf-8")
    runtimes = {"wasm": "ort-wasm-simd-threaded.wasm", "webgpu": "ort-wasm-simd-threaded.asyncify.wasm"}
    return {
        "nodes": len(operators),
        "that_compute": sum(name not in ("Reshape", "Identity", "Cast") for name in operators),
        "not_listed": sorted({name for name in operators if f"| {name} |" not in listed} - {"Identity"}),
        "runtime_bytes": {kind: (package / "dist" / file).stat().st_size for kind, file in runtimes.items()},
    }


def slowly(browser: Browser, _: int) -> dict[str, Any]:
    return page_slow.slow(browser, HTML)


PARTS = {
    "runs": runs,
    "chapter": partial(runs, quick=False),
    "fifty": fifties,
    "memory": lambda browser, _: memory(browser),
    "speed": speeds,
    "webgpu": webgpu,
    "slow": slowly,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--seeds", type=int, default=STUDY.seeds)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    torch.set_num_threads(1)
    result = json.loads(options.out.read_text("utf8")) if options.out.exists() else {}
    with sync_playwright() as playwright:
        for part in options.parts or PARTS:
            with chromium.launch(playwright, **(TELLING if part == "memory" else {})) as browser:
                found = PARTS[part](browser, options.seeds)
                here = machine.circumstances() | {"versions": versions(browser)}
            result[part] = {"command": shlex.join(["python", "-m", "tools.page_training", *sys.argv[1:]]), **here, "found": found}
            options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
