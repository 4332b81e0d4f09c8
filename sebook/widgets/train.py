""" "Train it here": a page trains the chapter's two networks itself, with SE and without, seed by seed."""

from typing import Any

from ..experiments.studies import STUDIES
from ..pages import page_svg, plots
from .curves import study_result
from .fields import One, Whole
from .plot import PlotWidget

RECIPE = STUDIES["minute"].recipe
RECIPES = {
    "quick": {"title": "quick", "batch": 16, "pictures": 1000, "tested": 500, "epochs": 16},
    "chapter": {"title": "the chapter’s", "batch": RECIPE.batch_size, "pictures": 2000, "tested": 2000, "epochs": RECIPE.epochs},
}
REDUCTIONS = ("2", "4", "8", "16")  # whose files sebook.pages.trainer writes
SEEDS = 60  # to begin with: one for everybody in a class


class Train(PlotWidget):
    """Two small networks that learn in the reader's browser: see :mod:`sebook.pages.trainer`.

    >>> Train()

    In a notebook it says how to do the same in Python.

    Attributes:
        arms: ``"both"``, ``"se"`` or ``"none"``.
        r: the reduction ratio of the network with SE.
        recipe: ``"quick"``, or ``"chapter"`` for what :func:`senet.training.fit` does in the chapter.
        rate: the highest rate.
        seed: the first seed.
        seeds: how many are trained, one after the other.
        quantity: what the curves show: ``"accuracy"`` or ``"loss"``.
    """

    arms = One(("both", "se", "none"), unlike="is not there")
    r = One(REDUCTIONS, "4", unlike="is not there")
    recipe = One(tuple(RECIPES), unlike="is not there")
    rate = One(("0.05", "0.1", "0.2"), "0.1", unlike="is not there")
    seed = Whole(0, high=SEEDS - 1, unlike="is not possible")
    seeds = One(("1", "3", "10"), unlike="is not there")
    quantity = One(("accuracy", "loss"), unlike="is not there")

    def __init__(self, **choices: Any) -> None:
        from scipy.stats import t

        quantiles = [round(float(t.ppf(0.975, freedom)), 6) for freedom in range(1, SEEDS)]
        super().__init__("train", {"recipes": RECIPES, "recorded": {"chapter": _recorded()}, "t": quantiles})
        self.choose(**choices)

    def figure(self) -> tuple[str, str]:
        drawing = plots.study(study_result("study-minute"))
        return page_svg.to_svg(drawing.figure, drawing.label), drawing.label


def _recorded() -> list[list[float]]:
    """Seed, accuracy with SE and without, of the study that made the same comparison in Python."""
    study = STUDIES["minute"]
    by_arm = {arm.name: {} for arm in study.arms}
    for run in study_result("study-minute")["runs"]:
        by_arm[run["arm"]][run["seed"]] = round(run["accuracy"], 5)
    with_se, without = by_arm.values()
    return [[seed, accuracy, without[seed]] for seed, accuracy in sorted(with_se.items()) if seed in without]
