"""What a study settles before its first run: which rates are tried, on which pictures, and which lead so many seeds can show.

A learning rate may suit one network more than another. So each arm of a planned study is first trained once with each rate, and
measured on pictures that were held out from the *training* set; the rate that was right most often is that arm's. Only then come
the runs that count: several seeds with the arm's own rate, each measured once on the test pictures. A file whose runs are not
complete says so, and nothing in the book reads it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from senet.images import Pictures


@dataclass(frozen=True)
class Plan:
    """A study's plan.

    Attributes:
        rates: peak learning rates to choose from, in the order in which they are tried.
        train_each: how many training pictures of each class to train on, the first ones.
        held_out_each: how many of each class after those to choose by; nothing else uses them.
        deviation: the standard deviation over seeds that is expected of a difference between two arms, as a share.
        because: where that comes from.
        says: the questions, and what the study cannot tell, in words.
        seed: of the runs that choose; no run that counts has it.
        epochs: of the runs that choose, whose schedule is shortened to fit; None for the recipe's number.
    """

    rates: tuple[float, ...]
    train_each: int
    held_out_each: int
    deviation: float
    because: str
    says: str
    seed: int = 1000
    epochs: int | None = None

    def __post_init__(self) -> None:
        if len(self.rates) < 2 or len({*self.rates}) < len(self.rates):
            raise ValueError(f"rates={self.rates} leave no choice: give two or more, each once")

    def split(self, train: Pictures) -> tuple[Pictures, Pictures]:
        """The pictures to train on, and those held out. Raises ``ValueError`` where a class has too few."""
        needed, first, then = self.train_each + self.held_out_each, [], []
        for label, name in enumerate(train.classes):
            own = (train.labels == label).nonzero().flatten()
            if len(own) < needed:
                raise ValueError(f"{name} has {len(own)} training pictures, and the plan needs {needed}")
            first.append(own[: self.train_each])
            then.append(own[self.train_each : needed])
        return train[torch.cat(first).tolist()], train[torch.cat(then).tolist()]


def smallest_lead(deviation: float, seeds: int, power: float = 0.8) -> tuple[float, float]:
    """Which lead so many paired seeds can tell from none, at a 95 % interval by Student's t.

    Args:
        deviation: standard deviation of a difference within a seed; the results have its unit.
        seeds: 2 or more.
        power: in which share of such studies the second lead would show.

    Returns:
        The least lead that *can* be told, half an interval's width; and the one that such a study shows with this power.
    """
    if seeds < 2:
        raise ValueError(f"seeds={seeds} gives no interval: 2 or more")
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    critical, error = t.ppf(0.975, seeds - 1), deviation / math.sqrt(seeds)
    away = brentq(lambda shift: nct.sf(critical, seeds - 1, shift) - power, 0, 20 * critical)
    return float(critical * error), float(away * error)


def beforehand(plan: Plan, seeds: int) -> dict[str, Any]:
    """For the study's file: the leads of :func:`smallest_lead`, in points."""
    least, likely = smallest_lead(100 * plan.deviation, seeds)
    return {"seeds": seeds, "least_lead_points": round(least, 2), "lead_seen_in_four_of_five_points": round(likely, 2)}


def chosen(choices: Iterable[Mapping[str, Any]], arm: str) -> float:
    """The rate that did best for ``arm`` on the pictures held out; on a tie, the smaller rate."""
    own = [said for said in choices if said["arm"] == arm]
    return max(own, key=lambda said: (said["accuracy"], -said["rate"]))["rate"]


def at_an_end(plan: Mapping[str, Any], rate: float) -> bool:
    """Whether ``rate`` is the smallest or the largest that was tried, so that one beyond might have been better."""
    return rate in (min(plan["rates"]), max(plan["rates"]))


def in_words(result: Mapping[str, Any]) -> str:
    """The rates that were chosen so far, arm by arm, as lines of Markdown; empty for a study without a plan."""
    plan, choices = result["study"].get("plan"), result.get("choices", [])
    if not plan:
        return ""
    lines = [f"**Unfinished: {result['unfinished']}.** Conclude nothing from it.\n"] if "unfinished" in result else []
    heads = [f"rate {rate:g}" for rate in sorted(plan["rates"])]
    lines += ["| arm | " + " | ".join(heads) + " | chosen |", "|---|" + "---:|" * (len(heads) + 1)]
    for arm in dict.fromkeys(said["arm"] for said in choices):
        right = {said["rate"]: f"{said['accuracy']:.1%}" for said in choices if said["arm"] == arm}
        whole = len(right) == len(heads)
        rate = chosen(choices, arm)
        best = f"{rate:g}{', at an end' if at_an_end(plan, rate) else ''}" if whole else ""
        lines.append(f"| {arm} | " + " | ".join(right.get(each, "") for each in sorted(plan["rates"])) + f" | {best} |")
    return "\n".join(lines) + "\n"


def table(rows: Iterable[Any], result: Mapping[str, Any], head: str, last: Mapping[str, str]) -> str:
    """The arms that count as Markdown: each by its own rate, beside the first, which has SE.

    Args:
        rows: of :func:`sebook.experiments.study.rows`.
        result: the study's file.
        head, last: a further column, by the arm's value.
    """
    rates = {run["arm"]: run["rate"] for run in result["runs"]}
    lines = [f"| variant | rate | right, % | against SE | {head} |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        change = f"{100 * row.difference:+.1f}\xa0±\xa0{100 * row.difference_half:.1f}".replace("-", "−") if row.group else ""
        lines.append(f"| {row.value} | {rates[row.arm]:g} | {row.percent()} | {change} | {last[row.value]} |")
    return "\n".join(lines)


# --- which runs there are, of a sebook.experiments.study.Study ---


def wanted(study: Any, seeds: int) -> list[tuple[Any, float | None, int]]:
    """All runs in their order: arm, rate if the run chooses one, seed."""
    plan = study.plan
    choices = [(arm, rate, plan.seed) for rate in plan.rates for arm in study.arms] if plan else []
    # Seed by seed: a study that is stopped early has few seeds of all arms, and not many of few.
    return choices + [(arm, None, seed) for seed in range(seeds) for arm in study.arms]


def missing(study: Any, result: Mapping[str, Any], seeds: int) -> list[tuple[Any, float | None, int]]:
    """Those that ``result`` doesn't hold."""
    tried = {(run["arm"], run["rate"]) for run in result.get("choices", ())}
    done = {(run["arm"], run["seed"]) for run in result["runs"]}
    return [
        (arm, rate, seed)
        for arm, rate, seed in wanted(study, seeds)
        if ((arm.name, rate) not in tried if rate else (arm.name, seed) not in done)
    ]


def note(study: Any, result: dict[str, Any]) -> None:
    """Say in ``result`` how many of the runs that the plan asks for are missing, if any are."""
    left, whole = missing(study, result, study.seeds), wanted(study, study.seeds)
    result.pop("unfinished", None)
    if left:
        result["unfinished"] = f"{len(left)} of {len(whole)} runs are missing"
