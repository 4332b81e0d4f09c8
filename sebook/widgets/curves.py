""" "Training curves": loss and accuracy by epoch of a few runs, also of one under way; and what studies of many runs found."""

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from senet import pretrained

from ..experiments import study
from ..pages import page_svg, plots
from .fields import One, Several, Whole
from .plot import PlotWidget
from .sets import Set

Record = Mapping[str, float]
SHIPPED = ("se_resnet20_cifar10", "se_resnet18_slim_imagenet100", "se_resnet_patchwork")
QUANTITIES = ("accuracy", "loss")
AXES = ("epoch", "minutes")
VALUES = ("accuracy", "difference")
MOST = 6  # runs that can be told apart
_FIELDS = ("epoch", "loss", "accuracy", "test_loss", "test_accuracy", "seconds")


class Curves(PlotWidget):
    """Loss and accuracy by epoch, and studies arm by arm.

    >>> Curves()                          # the shipped networks and studies
    >>> Curves({"SE-ResNet-8": history})  # what senet.training.fit returned
    >>> curves = Curves()                 # a run as it goes on, in a kernel
    >>> fit(..., after_epoch=curves.follow("mine"))

    A published page shows what there is when the book is built. Traits work both ways.

    Attributes:
        show: ``"runs"``, or ``"study-NAME"`` for a study.
        quantity: of runs: ``"accuracy"`` or ``"loss"``.
        axis: of runs: ``"epoch"`` or ``"minutes"``, the time since the start.
        runs: names of the runs that are drawn.
        value: of a study: ``"accuracy"``, or ``"difference"`` from the arm that all others are compared with, seed by seed.
        at: the epoch, or the number of the arm from the top, that is held; None for none.

    Args:
        histories: by name, what :func:`senet.training.fit` returned; one history alone is called "this run". None for the shipped
            networks' with the studies of ``data/results``.
    """

    show = One(("runs", Set("studies")), unlike="is not there")
    quantity = One(QUANTITIES, unlike="is not there")
    axis = One(AXES, unlike="is not there")
    runs = Several(Set("histories"), most=MOST)
    value = One(VALUES, unlike="is not there")
    at = Whole(None, none=True, unlike="is before the first place")

    def __init__(
        self,
        histories: Mapping[str, Sequence[Record]] | Sequence[Record] | None = None,
        *,
        runs: Sequence[str] | None = None,
        **choices: Any,
    ) -> None:
        self._shipped = histories is None
        if histories is None:
            histories = {pretrained.get(name).title: shipped(name) for name in SHIPPED if _file(name).is_file()}
        elif not isinstance(histories, Mapping):
            histories = {"this run": histories} if len(histories) else {}
        data = {
            "histories": {name: _columns(history) for name, history in histories.items()},
            "studies": studies() if self._shipped else {},
        }
        super().__init__("curves", data)
        self.choose(runs=runs, **choices)

    def add(self, name: str, record: Record) -> None:
        """Add one epoch's record to the run ``name``; the first record begins the run. The widget shows it at once."""
        histories = {known: {field: [*values] for field, values in run.items()} for known, run in self._data["histories"].items()}
        run = histories.setdefault(name, {field: [] for field in _FIELDS})
        for field, values in _columns([record]).items():
            run[field] += values
        self._data = {**self._data, "histories": histories}
        if name not in self.runs and len(self.runs) < MOST:
            self.runs = [*self.runs, name]

    def follow(self, name: str = "this run") -> Callable[[Record], None]:
        """A callback for ``fit(..., after_epoch=curves.follow("mine"))``. A run that already has that name starts over."""
        self._data = {**self._data, "histories": {known: run for known, run in self._data["histories"].items() if known != name}}
        self.runs = [run for run in self.runs if run != name]
        return lambda record: self.add(name, record)

    def figure(self) -> tuple[str, str]:
        if self.show != "runs":
            drawing = plots.study(study_result(self.show))
        else:
            shown = {name: _records(run) for name, run in self._data["histories"].items() if name in self.runs[:4] and run["epoch"]}
            if not shown:
                return "<p>No epoch has ended yet.</p>", "Training curves: no epoch has ended yet."
            if any(math.isnan(record["test_accuracy"]) for run in shown.values() for record in run):
                said = "; ".join(f"{name}: {run[-1]['accuracy']:.1%} after epoch {len(run)}" for name, run in shown.items())
                return f"<p>{said}</p>", f"Accuracy on the pictures that were trained on: {said}."
            drawing = plots.curves(shown)
        return page_svg.to_svg(drawing.figure, drawing.label), drawing.label


def shipped(network: str) -> list[dict[str, float]]:
    """The history of a shipped network's training: one record an epoch, as :func:`senet.training.fit` returned it."""
    with _file(network).open(newline="", encoding="utf-8") as file:
        return [{field: float(value) for field, value in row.items()} for row in csv.DictReader(file)]


def studies() -> dict[str, dict[str, Any]]:
    """The finished studies that ``data/results`` holds, by file name: for each arm its runs, mean and interval."""
    found = {}
    for path in sorted(_results().glob("study-*.json")):
        result = study_result(path.stem)
        if "unfinished" in result:
            continue
        runs: dict[str, list] = {}
        for said in result["runs"]:
            runs.setdefault(said["arm"], []).append([said["seed"], round(said["accuracy"], 5)])
        arms = [
            {
                "name": row.arm,
                "runs": sorted(runs[row.arm]),
                "mean": round(row.accuracy, 5),
                "half": _number(row.half),
                "difference": _number(row.difference),
                "differenceHalf": _number(row.difference_half),
            }
            for row in study.rows(result)
        ]
        if arms:
            made = result["runs"][-1]
            found[path.stem] = {
                "title": result["study"]["title"],
                "arms": arms,
                "command": made.get("command", ""),
                "date": made.get("date", ""),
            }
    return found


def study_result(stem: str) -> dict[str, Any]:
    """What a study's file holds, of ``sebook.experiments.study``: ``study-patchwork`` for instance."""
    return json.loads((_results() / f"{stem}.json").read_text(encoding="utf-8"))


def _results() -> Path:
    return pretrained.get(SHIPPED[0]).file.parent / "results"


def _file(network: str) -> Path:
    return _results() / f"{network}.training.csv"


def _columns(history: Sequence[Record]) -> dict[str, list[float | None]]:
    """By field, to five digits; None for what was not measured: JSON knows no NaN."""
    return {field: [_number(record.get(field, math.nan)) for record in history] for field in _FIELDS}


def _records(run: Mapping[str, Sequence[float | None]]) -> list[dict[str, float]]:
    rows = zip(*(run[field] for field in _FIELDS), strict=True)
    return [{field: math.nan if value is None else value for field, value in zip(_FIELDS, row, strict=True)} for row in rows]


def _number(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
