"""What ``python -m senet measure`` does: what *Must it stay?* and *What if* measure, each into a file of results."""

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from senet import pretrained
from senet.images import Pictures

from ..experiments import shift
from ..shipping import measure_frozen, measure_padding, measure_precision, measure_start
from . import datasets
from .provenance import keep, measured_on


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _train(args: Namespace, checkpoint: pretrained.Checkpoint) -> Pictures:
    return _some(datasets.pictures(checkpoint.provenance["data"], "train", checkpoint.preprocessing.size), args.train)


def _some(pictures: Pictures, count: int) -> Pictures:
    """Every so many, since they may lie class by class."""
    return pictures[:: max(1, len(pictures) // count)][:count]


def _frozen(args: Namespace, checkpoint: pretrained.Checkpoint, test: Pictures) -> dict[str, Any]:
    model, train = pretrained.load(checkpoint), _train(args, checkpoint)
    recipe = checkpoint.provenance["recipe"]
    return measure_frozen.measure(model, train, test, checkpoint.preprocessing, trained=recipe, seeds=args.seeds, say=_say)


def _start(args: Namespace, checkpoint: pretrained.Checkpoint, test: Pictures) -> dict[str, Any]:
    return measure_start.measure(_train(args, checkpoint), test, checkpoint.preprocessing, seeds=args.seeds, say=_say)


def _as_trained(measured: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """What needs the trained network and its test pictures alone."""
    return lambda args, checkpoint, test: measured(pretrained.load(checkpoint), test, checkpoint.preprocessing)


WHAT: dict[str, Callable[..., dict[str, Any]]] = {
    "frozen": _frozen,
    "start": _start,
    "padding": _as_trained(measure_padding.measure),
    "precision": _as_trained(measure_precision.measure),
    "shift": _as_trained(shift.measure),
}


def measure(args: Namespace) -> None:
    """Measure what chapters report: frozen gates, the start of new ones, padding, 16 bits, corrupted pictures."""
    if args.seeds < 2:
        raise ValueError(f"--seeds {args.seeds} gives no interval: 2 or more")
    checkpoint, test = datasets.with_test_pictures(args.name)
    found = WHAT[args.what](args, checkpoint, _some(test, args.test))
    drawn = {} if "seeds" in found else {"seed": None}  # nothing was drawn
    keep(measured_on(checkpoint) | drawn | found, args.out / f"{args.what}-{args.name}.json")
