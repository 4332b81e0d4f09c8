"""SE put into a trained network: gates at one half against an identity start, over the first hundred steps."""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from senet.images import Pictures
from senet.models.cifar import SmallResNet
from senet.training import Recipe, evaluate, fit, sgd

from ..experiments.study import mean_interval
from . import price
from .inserting import insert_se

LOOKS = (0, 1, 2, 5, 10, 20, 50, 100)  # steps after which it is measured
BEFORE = Recipe(epochs=8, batch_size=32, peak_rate=0.1)  # of the network without SE
RATE = 0.02  # constant afterwards


def measure(
    train: Pictures, test: Pictures, preprocess: price.Preprocess, *, seeds: int, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Train a small ResNet without SE, put SE in, and train on for a hundred steps; each start from the same network.

    Returns:
        ``starts``: by start, for each of ``looks`` the mean ``accuracy`` on ``test`` and half its 95 % interval over the seeds.
    """
    found: dict[str, list[list[float]]] = {"without SE": [], "identity": [], "half": []}
    for seed in range(seeds):
        torch.manual_seed(seed)
        plain = SmallResNet((1, 1, 1), num_classes=len(train.classes), se=None, stem_stride=2)
        fit(plain, train, None, Recipe(**{**vars(BEFORE), "seed": seed}), preprocess, progress=False)
        for start, runs in found.items():
            torch.manual_seed(seed)
            model = copy.deepcopy(plain) if start == "without SE" else insert_se(plain, 4, min_hidden=1, start=start)
            runs.append(_hundred_steps(model, train, test, preprocess, seed))
            say(f"seed {seed}, {start}: " + ", ".join(f"{at}: {value:.1%}" for at, value in zip(LOOKS, runs[-1], strict=True)))
    starts = {
        start: [dict(zip(("accuracy", "half"), mean_interval(list(at)), strict=True)) for at in zip(*runs, strict=True)]
        for start, runs in found.items()
    }
    about = {"pictures": {"train": len(train), "test": len(test)}, "seeds": seeds, "before": vars(BEFORE), "rate": RATE}
    return about | {"looks": LOOKS, "starts": starts, "runs": found}


def _hundred_steps(model: nn.Module, train: Pictures, test: Pictures, preprocess: price.Preprocess, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    order = torch.cat([torch.randperm(len(train), generator=generator) for _ in range(2)])
    optimizer = sgd(model, Recipe(peak_rate=RATE, se_decay=0.0))
    found = [evaluate(model, test, preprocess)["accuracy"]]
    for step, batch in enumerate(order.split(32)[: LOOKS[-1]], start=1):
        model.train()
        loss = F.cross_entropy(model(preprocess(train.images[batch])), train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step in LOOKS:
            found.append(evaluate(model, test, preprocess)["accuracy"])
    return found
