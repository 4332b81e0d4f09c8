"""One training run, asked of a page and of PyTorch: the same network, seed, pictures and rates (tools/page_training.py)."""

import copy
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from playwright.sync_api import Browser, Page
from torch import Tensor, nn

from sebook.experiments.studies import STUDIES
from sebook.pages import train_step, trainer
from sebook.widgets.train import RECIPES
from senet import pretrained
from senet.images import statistics
from senet.images.patchwork import patchwork
from senet.training import Recipe, _batches, sgd
from senet.training.distributed import team
from tools.engine_bench import ISOLATED, LIVE, provided

HOME = "https://page-training.test/"  # answered by this module alone
STUDY = STUDIES[trainer.STUDY]
FIFTY = 50


def plan(seed: int, quick: bool = True, **changed: Any) -> dict[str, Any]:
    """A run as the widget asks for it."""
    recipe = RECIPES["quick" if quick else "chapter"]
    told = {"seed": seed, "pictures": recipe["pictures"], "tested": recipe["tested"], "epochs": recipe["epochs"]}
    return told | {"peak": STUDY.recipe.peak_rate} | changed


def shorten(page: Page, **changed: int) -> None:
    """From the next page on, the widget's quick recipe has these values."""
    # An observer sees the figure as the parser adds it; DOMContentLoaded may come after a module that was cached has read the data.
    page.add_init_script(
        "new MutationObserver((_, self) => { for (const f of document.querySelectorAll('[data-senet=train]')) {"
        f" const d = JSON.parse(f.dataset.data); Object.assign(d.recipes.quick, {json.dumps(changed)});"
        " f.dataset.data = JSON.stringify(d); self.disconnect(); } }).observe(document, {childList: true, subtree: true});"
    )


def recipe_of(asked: Mapping[str, Any], quick: bool = True) -> Recipe:
    """The same, as PyTorch is asked for it, in float32, which is all that the page has."""
    changed = trainer.QUICK["recipe"] if quick else {}
    return replace(STUDY.recipe, seed=asked["seed"], epochs=asked["epochs"], peak_rate=asked["peak"], bf16=False, **changed)


def network(arm: str, seed: int, quick: bool = True) -> nn.Module:
    torch.manual_seed(seed)
    arguments = STUDY.arms[trainer.ARMS[arm]].arguments | (trainer.QUICK["arguments"] if quick else {})
    return pretrained.ARCHITECTURES[STUDY.architecture](num_classes=10, **arguments)


def net_of(arm: str, quick: bool = True) -> str:
    return f"{'se-r4' if arm == 'se' else arm}{'-quick' if quick else ''}"


def trial(browser: Browser, more: Mapping[str, str] | None = None) -> Page:
    """A page in which all trainers are started, those of ``more`` files as well, and which can fetch nothing."""
    page = browser.new_page()
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html", headers=ISOLATED))
    page.set_default_timeout(600_000)
    page.goto(HOME)
    page.evaluate(Path(__file__).with_suffix(".js").read_text("utf8"))
    nets = [net_of(arm, quick) for arm in trainer.ARMS for quick in (True, False)]
    files = {net: provided(LIVE / f"train-{net}.js") for net in nets} | dict(more or {})
    texts = [provided(LIVE / f"{name}.js") for name in ("trainer", "runtime")]
    page.evaluate("([trainer, runtime, files]) => trial.start(trainer, runtime, files)", [*texts, files])
    return page


# --- fifty steps ---------------------------------------------------------------------------------------------------------------


def by_torch(asked: Mapping[str, Any], quick: bool, dtype: torch.dtype, layout: torch.memory_format, threads: int = 1) -> Tensor:
    """The weights (P,) of the network with SE after fifty steps of what was asked."""
    whole = patchwork(STUDY.pictures, seed=1)
    preprocess, recipe = pretrained.Preprocessing(32, *statistics(whole)), recipe_of(asked, quick)
    train = whole[: asked["pictures"]]
    model = copy.deepcopy(network("se", asked["seed"], quick)).to(dtype).to(memory_format=layout).train()
    optimizer = sgd(model, recipe)
    steps = recipe.epochs * (len(train) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.peak_rate, total_steps=steps, pct_start=0.25)
    torch.set_num_threads(threads)
    done = 0
    with team("cpu") as alone:
        while done < FIFTY:
            epoch = done // (len(train) // recipe.batch_size)
            for x, labels in _batches(train.images, train.labels, recipe, preprocess, alone, epoch):
                optimizer.zero_grad()
                F.cross_entropy(model(x.to(dtype).contiguous(memory_format=layout)), labels).backward()
                optimizer.step()
                schedule.step()
                if (done := done + 1) == FIFTY:
                    break
    torch.set_num_threads(1)
    return train_step.rows(model)[0].double()


def fifty(page: Page, quick: bool, asked: Mapping[str, Any]) -> dict[str, float]:
    """The largest differences of any weight, by pair."""
    data = page.evaluate("([net, plan, count]) => trial.steps(net, plan, count)", [net_of("se", quick), asked, FIFTY])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.safetensors")
        path.write_bytes(bytes(data))
        sides = {"page": train_step.rows(pretrained.load(pretrained.read(path)))[0].double()}
    rows, last = torch.contiguous_format, torch.channels_last
    sides["torch"] = by_torch(asked, quick, torch.float32, rows)
    sides["torch, channels last"] = by_torch(asked, quick, torch.float32, last)
    sides["torch, two threads"] = by_torch(asked, quick, torch.float32, rows, threads=2)
    sides["torch, float64"] = by_torch(asked, quick, torch.float64, rows)
    names = list(sides)
    return {
        f"{one} / {other}": float(f"{(sides[one] - sides[other]).abs().max().item():.1e}")
        for i, one in enumerate(names)
        for other in names[i + 1 :]
    }
