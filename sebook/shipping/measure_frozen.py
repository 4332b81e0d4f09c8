"""Must it stay? Gates frozen and folded away, batch norm's statistics taken again (with a control), and one epoch on top."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from senet.images import Pictures
from senet.training import Recipe, fit

from ..experiments.controls import difference, mean_gates
from ..experiments.study import mean_interval
from . import price
from .folding import fold

# At a small rate: the networks are trained already.
RECIPE = {"epochs": 1, "batch_size": 60, "peak_rate": 0.02, "se_decay": 0.0}
KEPT = ("shift", "flip", "zoom", "grow_to")  # of a network's own recipe: what it saw of its pictures at last


def measure(
    model: nn.Module,
    train: Pictures,
    test: Pictures,
    preprocess: price.Preprocess,
    *,
    trained: Mapping[str, Any],
    seeds: int,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """A trained network, the same folded, and both after one epoch on ``train``.

    Args:
        model: a trained network with SE blocks.
        train: labelled pictures, for the gates' means, the statistics and the epoch.
        test: labelled pictures to measure on.
        preprocess: uint8 (N, 3, H, W) to what the network takes.
        trained: the recipe of its training, by the names of :class:`~senet.training.Recipe`.
        seeds: trainings of one epoch each.
        say: called with a line after each step.

    Returns:
        ``steps``: by step ``accuracy``, and against the trained network ``difference``, ``low`` and ``high``: a 95 % interval over
        the test pictures or, after training, over the seeds.
    """
    recipe = Recipe(**RECIPE, **{key: trained[key] for key in KEPT if key in trained})
    plain = price.answers(model, test, preprocess)
    right = plain.argmax(1) == test.labels
    steps: dict[str, dict[str, float]] = {"trained": difference(right, right)}

    def add(name: str, network: nn.Module) -> None:
        steps[name] = difference(price.answers(network, test, preprocess).argmax(1) == test.labels, right)
        say(f"{name}: {steps[name]['accuracy']:.2%}, {100 * steps[name]['difference']:+.2f} points")

    folded = fold(model, mean_gates(model, train, preprocess), preprocess(test.images[:2]))
    add("frozen and folded", folded)
    for name, network in (("with SE, ", model), ("", folded)):  # the first is the control: nothing has changed there
        add(f"{name}statistics of plain pictures", price.reestimate(copy.deepcopy(network), train, preprocess))
        again = price.reestimate(copy.deepcopy(network), train, preprocess, recipe)
        add(f"{name}statistics as in training", again)
    for name, start in (("folded, one epoch", again), ("with SE, one epoch", model)):
        found = []
        for seed in range(seeds):
            tuned = copy.deepcopy(start)
            fit(tuned, train, None, replace(recipe, seed=seed), preprocess, progress=False)
            found.append((price.answers(tuned, test, preprocess).argmax(1) == test.labels).double().mean().item())
            say(f"{name}, seed {seed}: {found[-1]:.2%}")
        mean, half = mean_interval(found)
        before = steps["trained"]["accuracy"]
        steps[name] = {"accuracy": mean, "difference": mean - before, "low": mean - half - before, "high": mean + half - before}
    return {
        "pictures": {"train": len(train), "test": len(test)},
        "seeds": seeds,
        "recipe": vars(recipe),
        "parameters": {"with SE": _count(model), "folded": _count(folded)},
        "steps": steps,
    }


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
