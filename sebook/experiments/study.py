"""Studies: the same training with one thing changed, over several seeds, so that a difference can be told from chance.

Every arm of a study is trained by one recipe on the same pictures; with one seed, all arms see them in the same order. What is
compared is therefore the difference *within* a seed, and its interval is that of a mean of such differences over the seeds.

A study takes hours. Each run is written down as it ends, seed by seed, and the same command continues with those that are missing.
Where a rate is to be chosen for each arm, :mod:`sebook.experiments.plan` says how.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from senet import machine
from senet.images import Pictures
from senet.training import Recipe, evaluate, fit, resume

from . import plan as planning


@dataclass(frozen=True)
class Arm:
    """One network of a study.

    Attributes:
        group: what is changed, such as ``"reduction"``; empty for the arm that all others are compared with.
        value: to what, in words.
        arguments: keywords for the architecture.
        paper_error: the paper's top-1 error in % for the like, on ImageNet; None where it has none.
    """

    group: str
    value: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    paper_error: float | None = None

    @property
    def name(self) -> str:
        return f"{self.group} {self.value}" if self.group else self.value


@dataclass(frozen=True)
class Study:
    """What is trained, on what, and how.

    Attributes:
        title: one line for people.
        data: as ``python -m senet train --data`` takes it.
        architecture: a name among ``pretrained.ARCHITECTURES``; arms differ in its arguments.
        arms: the first is the one that all others are compared with.
        recipe: of every run, but for the seed.
        seeds: how many are asked for: 0, 1, ...
        pictures: only the first so many training pictures; None for all.
        plan: how each arm's rate is chosen before; None where the recipe's rate is everybody's.
        measures: what is measured of each network on the test pictures: ``"accuracy"`` (with the loss), or ``"shift"`` for what
            :mod:`sebook.experiments.shift` adds.
    """

    title: str
    data: str
    architecture: str
    arms: tuple[Arm, ...]
    recipe: Recipe
    seeds: int
    pictures: int | None = None
    plan: planning.Plan | None = None
    measures: str = "accuracy"


def run(
    study: Study,
    build: Callable[..., nn.Module],
    train: Pictures,
    test: Pictures,
    preprocess: Callable[[Tensor], Tensor],
    path: Path,
    facts: Mapping[str, Any],
    *,
    seeds: int | None = None,
    checkpoints: Path | None = None,
    device: str = "cpu",
    mix: bool = False,
    progress: bool = True,
    measure: Callable[..., dict[str, Any]] = evaluate,
) -> dict[str, Any]:
    """Train what ``path`` does not hold yet, seed by seed, and write each run there as it ends.

    Args:
        study: see :class:`Study`.
        build: the architecture: ``build(num_classes=..., **arm.arguments)``.
        train: pictures to train on.
        test: pictures to measure on after the last epoch. Nothing is chosen by them.
        preprocess: uint8 (N, 3, H, W) to what the network takes.
        path: a JSON file, made if it is not there.
        facts: what else to write with each run: date, machine, versions.
        seeds: how many, if not the study's own number.
        checkpoints: a folder for the state of the run under way, so that it too can continue.
        device: where to compute.
        mix: add to runs that were computed in another dtype, or by another processor. Rounding then differs, and so does each run.
            That is luck, as with another seed; but no single machine can repeat all the runs.
        progress: show a bar, and one for the run under way.
        measure: ``measure(model, test, preprocess)``: what to note of a network; ``accuracy`` and ``loss`` at least.

    Returns:
        What is in the file: the study, and under ``runs`` for each: ``arm``, ``seed``, ``accuracy`` (0 to 1), ``loss``,
        ``train_accuracy`` (in the last epoch, of the pictures as training changes them; older files lack it), ``parameters``,
        ``dtype`` (of the convolutions), ``seconds`` and the facts. With a plan also ``beforehand`` (what so many seeds can
        show), ``choices`` (runs as these, measured on the pictures held out), in each run its ``rate``, and ``unfinished`` while
        runs are missing.

    Raises:
        ValueError: the file belongs to another study, or to the same with another recipe or other arms; or its runs were computed
            in another dtype or by another machine than this one, and ``mix`` is False.
        OSError: it cannot be written.
    """
    result = read(path, study)
    bf16 = machine.use_bfloat16(study.recipe.bf16, device)
    here = {"dtype": "bfloat16" if bf16 else "float32", **{name: facts[name] for name in ("machine",) if name in facts}}
    if not mix:
        _same_arithmetic(path, result, here)
    seeds = study.seeds if seeds is None else seeds
    held_out, wanted, missing = None, planning.wanted(study, seeds), planning.missing(study, result, seeds)
    if study.plan:
        train, held_out = study.plan.split(train)
    with tqdm(total=len(wanted), initial=len(wanted) - len(missing), desc="study", unit="run", disable=not progress) as bar:
        for arm, rate, seed in missing:
            bar.set_postfix_str(f"{arm.name}, {f'rate {rate:g}' if rate else f'seed {seed}'}")
            used = rate or (planning.chosen(result["choices"], arm.name) if study.plan else study.recipe.peak_rate)
            recipe = replace(study.recipe, seed=seed, bf16=bf16, peak_rate=used)
            if rate and study.plan.epochs:
                recipe = replace(recipe, epochs=study.plan.epochs)
            torch.manual_seed(seed)  # the first weights
            model = build(num_classes=len(train.classes), **arm.arguments)
            name = f"{path.stem}-{arm.name}-{f'{used:g}-' if study.plan else ''}{seed}.pt".replace(" ", "-")
            file = checkpoints / name if checkpoints else None
            this = {"arguments": json.dumps(dict(arm.arguments), sort_keys=True)}
            history = fit(model, train, None, recipe, preprocess, device=device, checkpoint=file, progress=progress, run=this)
            measured = evaluate(model, held_out, preprocess) if rate else measure(model, test, preprocess)
            parameters = sum(p.numel() for p in model.parameters())
            seconds = sum(epoch["seconds"] for epoch in history)
            said = {"arm": arm.name, **({"rate": used} if study.plan else {}), "seed": seed, **measured}
            said |= {"train_accuracy": history[-1]["accuracy"], "parameters": parameters}
            said |= {"dtype": here["dtype"], "seconds": round(seconds, 1), **facts}
            result["choices" if rate else "runs"].append(said)
            if study.plan:
                planning.note(study, result)
            resume.write(path, (json.dumps(result, indent=1) + "\n").encode())
            bar.update()
    return result


def read(path: Path, study: Study) -> dict[str, Any]:
    """What ``path`` holds of ``study``; a beginning, if it is not there. Raises ``ValueError`` where it holds another."""
    asked = json.loads(json.dumps(asdict(study)))  # tuples become lists, as in a file
    del asked["seeds"]  # more of them may be asked for later
    del asked["recipe"]["bf16"]  # follows the machine; each run notes its dtype
    planned = {"beforehand": planning.beforehand(study.plan, study.seeds), "choices": []} if study.plan else {}
    if not path.exists():
        return {"study": asked, **planned, "runs": []}
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        there = result["study"]
        runs = result["runs"]
        recipe = asdict(Recipe()) | there["recipe"]  # what a recipe gained since had its default's effect
        bf16 = recipe.pop("bf16")  # of a file from before each run noted its dtype
        there["recipe"] = recipe
        there = {"plan": None, "measures": "accuracy"} | there  # older files lack them
        planned = {name: result[name] for name in ("beforehand", "choices", "unfinished") if name in result}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a study's file, or is damaged: name another, or remove it") from error
    if there != asked:
        other = [name for name in asked if there.get(name) != asked[name]]
        raise ValueError(f"{path} holds a study with another {' and '.join(other)}: name another file, or remove it")
    before = {} if bf16 is None else {"dtype": "bfloat16" if bf16 else "float32"}
    return {"study": there, **planned, "runs": [before | run for run in runs]}


def _same_arithmetic(path: Path, result: Mapping[str, Any], here: Mapping[str, str]) -> None:
    """Raise ``ValueError`` where a run was computed otherwise than ``here``."""
    for name, value in here.items():
        runs = [*result.get("choices", ()), *result["runs"]]
        for other in sorted({run[name] for run in runs if name in run} - {value}):
            raise ValueError(
                f"{path} holds runs with {name} {other!r}, and here it would be {value!r}: results of both are not one study's. "
                "Name another folder by --out to start over, or add --mix to accept both; each run keeps its own note"
            )


@dataclass(frozen=True)
class Row:
    """One arm in numbers.

    Attributes:
        seeds: how many runs it has.
        accuracy: mean over them, 0 to 1.
        half: half the width of the 95 % interval of that mean, by Student's t; NaN for one run.
        difference: mean accuracy minus the first arm's, paired by seed.
        difference_half: half the width of the 95 % interval of that.
    """

    arm: str
    group: str
    value: str
    seeds: int
    accuracy: float
    half: float
    difference: float
    difference_half: float
    parameters: int
    paper_error: float | None

    def percent(self) -> str:
        """The accuracy in per cent with its interval, cut off at 0 and 100; a single run has no interval."""
        if math.isnan(self.half):
            return f"{100 * self.accuracy:.1f}"
        low, high = max(0.0, self.accuracy - self.half), min(1.0, self.accuracy + self.half)
        return f"{100 * self.accuracy:.1f} ({100 * low:.1f}\xa0to\xa0{100 * high:.1f})"


def rows(result: Mapping[str, Any]) -> list[Row]:
    """A study's result arm by arm, in the study's order; arms without a run are left out."""
    by_arm: dict[str, dict[int, dict]] = {}
    for said in result["runs"]:
        by_arm.setdefault(said["arm"], {})[said["seed"]] = said
    arms = [Arm(**arm) for arm in result["study"]["arms"]]
    standard = by_arm.get(arms[0].name, {})
    table = []
    for arm in arms:
        runs = by_arm.get(arm.name, {})
        if not runs:
            continue
        accuracies = [said["accuracy"] for said in runs.values()]
        paired = [said["accuracy"] - standard[seed]["accuracy"] for seed, said in runs.items() if seed in standard]
        parameters = next(iter(runs.values()))["parameters"]
        numbers = (*mean_interval(accuracies), *mean_interval(paired))
        table.append(Row(arm.name, arm.group, arm.value, len(runs), *numbers, parameters, arm.paper_error))
    return table


def agreement(table: Sequence[Row]) -> tuple[float, int]:
    """How well the order of our accuracies and that of the paper's errors agree: Kendall's tau, -1 to 1, and of how many arms.

    The standard is one of the arms. Those that the paper has no figure for are left out.
    """
    from scipy.stats import kendalltau

    both = [(row.accuracy, -row.paper_error) for row in table if row.paper_error is not None]
    return float(kendalltau(*zip(*both, strict=True)).statistic), len(both)


def mean_interval(values: list[float]) -> tuple[float, float]:
    """Mean, and half the width of its 95 % interval by Student's t; NaN where a number says nothing (no value, one value)."""
    if not values:
        return math.nan, math.nan
    mean = sum(values) / len(values)
    if len(values) == 1:
        return mean, math.nan
    from scipy.stats import t

    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return mean, float(t.ppf(0.975, len(values) - 1)) * deviation / math.sqrt(len(values))


def table(result: Mapping[str, Any]) -> str:
    """As Markdown: a row for each network, first the one that all are compared with; the paper's errors where it has some."""
    table = rows(result)
    paper = any(row.paper_error is not None for row in table)
    lines = [
        "| network | trainings | accuracy, % | points above or below the first row | parameters |"
        + " the paper's error on ImageNet, % |" * paper,
        "|---|---:|---:|---:|---:|" + "---:|" * paper,
    ]
    for row in table:
        cells = [
            _called(row),
            str(row.seeds),
            row.percent(),
            f"{100 * row.difference:+.1f} ± {100 * row.difference_half:.1f}".replace("-", "−") if row.group else "",
            f"{row.parameters:,}",
            *(["" if row.paper_error is None else f"{row.paper_error:.2f}"] if paper else []),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines).replace(" ± nan", "").replace(" ± ", "\xa0±\xa0")  # a number and its interval stay in one line


IN_WORDS = {"reduction": "reduction ratio {}", "stages": "SE in stage {} only", "relative": "{} instead of SE"}


def _called(row: Row) -> str:
    """An arm as a new reader can take it in: the first as it is, the others by what differs."""
    if row.value in ("none", "no SE"):
        return "the same without SE"
    return IN_WORDS.get(row.group, f"{row.group}: {{}}").format(row.value) if row.group else f"**{row.value}**"
