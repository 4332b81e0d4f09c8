"""What was measured of training in the page: the file says what the book says of it."""

import json

import numpy as np
import pytest
from scipy import stats

from sebook.pages import trainer
from sebook.widgets.train import RECIPES, REDUCTIONS
from tools.page_training import OUT, comparison
from tools.page_trial import STUDY, plan, recipe_of

RESULT = json.loads(OUT.read_text("utf-8"))


def largest(differences: dict[str, float], of_page: bool) -> float:
    """Of two runs in float32, the page's and PyTorch's or both PyTorch's."""
    return max(value for pair, value in differences.items() if pair.startswith("page") == of_page and "float64" not in pair)


@pytest.mark.parametrize(("part", "recipe"), [("runs", "quick"), ("chapter", "chapter")])
def test_ten_seeds_of_both_are_compared_as_the_file_says(part: str, recipe: str):
    found = RESULT[part]["found"]
    assert found["recipe"] == RECIPES[recipe]
    for arm in trainer.ARMS:
        runs = [run for run in found["runs"] if run["arm"] == arm]
        assert [run["seed"] for run in runs] == list(range(10))
        sides = [[run[side] for run in runs] for side in ("page", "torch")]
        assert comparison(*sides) == found["compared"][arm]


def test_a_comparison_sees_what_ten_seeds_can_show():
    luck = np.random.default_rng(0)
    seen = []
    for _ in range(200):
        mine, its = luck.normal(0.8, 0.02, 10), luck.normal(0.8, 0.02, 10)
        shift = comparison(mine, its)["would_show"]
        seen.append(stats.ttest_ind(mine + 0.02 * 2.63 / 2, its).pvalue < 0.05)
        assert shift == pytest.approx(1.32 * np.sqrt((mine.var(ddof=1) + its.var(ddof=1)) / 2), rel=0.01)
    assert 0.7 < np.mean(seen) < 0.9  # four trials out of five


def test_the_page_parts_from_pytorch_hardly_further_than_pytorch_from_itself():
    """By a recipe's rate rounding errors grow: few products round twice as much (sebook/pages/train_products.py)."""
    for recipe in ("quick", "chapter"):
        rows = [row for row in RESULT["fifty"]["found"] if row["recipe"] == recipe]
        fast = [row["differences"] for row in rows if row["peak_rate"] == STUDY.recipe.peak_rate]
        slow = [row["differences"] for row in rows if row["peak_rate"] != STUDY.recipe.peak_rate]
        assert len(fast) == 3 and len(slow) == 1
        assert max(largest(each, True) for each in fast) <= 1.25 * max(largest(each, False) for each in fast)
        assert max(slow[0].values()) <= 1e-4


def test_what_is_asked_of_a_page_is_what_pytorch_is_asked():
    assert tuple(map(str, trainer.REDUCTIONS)) == REDUCTIONS
    for quick, name in ((True, "quick"), (False, "chapter")):
        asked, recipe = plan(3, quick), recipe_of(plan(3, quick), quick)
        assert (recipe.seed, recipe.epochs, recipe.batch_size) == (3, RECIPES[name]["epochs"], RECIPES[name]["batch"])
        assert asked["pictures"] == RECIPES[name]["pictures"] and recipe.peak_rate == asked["peak"]


def test_the_tab_does_not_grow_as_it_trains():
    """What is left is each step's loss, which the curves need: less than a fiftieth over all steps."""
    found = RESULT["memory"]["found"]
    (last, held) = found["step_and_bytes"][-1]
    assert found["steps"] == 2000 and last > 1900
    assert abs(found["bytes_per_step_after_a_fifth"]) * found["steps"] < held / 50


def test_a_step_is_near_what_it_could_be_and_slow_devices_are_told_the_time():
    """The ratios are a machine's; the bounds below are the words of the chapter and of the widget."""
    for net, found in RESULT["speed"]["found"].items():
        assert found["ratio"] == pytest.approx(found["page_ms"] / found["torch_ms"], rel=0.15), net
        assert found["ratio"] < 2.2, net
    for recipe in RECIPES:
        found = RESULT["slow"]["found"][recipe]
        assert found["ended"].startswith("Seed 0 is trained")
        assert 2 / 3 < found["announced"] / found["then_took"] < 3 / 2  # said beforehand, and at most a half off
        assert found["times_slower"] >= 6
    assert RESULT["slow"]["found"]["quick"]["seconds"] < RESULT["slow"]["found"]["chapter"]["seconds"] / 2.5  # "a third of that"
