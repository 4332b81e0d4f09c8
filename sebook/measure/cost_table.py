"""What SE costs in each network of the book, for each r and each placement: the data of the widget "Cost".

The table is counted by :func:`sebook.measure.cost.cost` on PyTorch's meta device, so that no network is run, and kept in
``data/results/cost.json`` (``python -m senet cost-table``). A test counts it all again.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

import senet
from senet.models import cifar, resnet
from senet.models.resnet import PLACEMENTS

from .cost import cost

# The title, the picture's side in pixels, and what makes the network with SE.
NETWORKS: dict[str, tuple[str, int, Callable[..., nn.Module]]] = {
    **{f"se_resnet{n}": (f"ResNet-{n}", 224, getattr(resnet, f"se_resnet{n}")) for n in (18, 34, 50, 101, 152)},
    **{f"se_resnet{n}_32px": (f"ResNet-{n} for 32 pixels", 32, getattr(cifar, f"se_resnet{n}")) for n in (20, 32, 56, 110)},
}
REDUCTIONS = (2, 4, 8, 16, 32)
WHOLE = ("parameters", "multiply_adds", "bytes")
SE = ("se_parameters", "se_multiply_adds", "se_elementwise", "se_bytes")
WAYS = {"ours": "ours", "fused": "ours, fused", "torchvision": "torchvision"}  # of what the benchmark times, by the names it gives
PACKAGE = Path(senet.__file__).parent
RESULTS = next((f for f in (PACKAGE / "data", PACKAGE.parent / "data") if f.is_dir()), PACKAGE.parent / "data") / "results"
FILE, BENCH, ENGINE = RESULTS / "cost.json", RESULTS / "bench-cpu.json", RESULTS / "engine.json"


def one(network: str, reduction: int = 16, placement: str = "standard") -> dict[str, int]:
    """The cost of one picture in float32: the fields ``SE`` and, of the same network without SE, the fields ``WHOLE``."""
    _, size, make = NETWORKS[network]
    with torch.device("meta"):
        counted = asdict(cost(make(reduction=reduction, placement=placement), size))
    return {name: counted[name] - counted[f"se_{name}"] for name in WHOLE} | {name: counted[name] for name in SE}


def count(networks: Iterable[str] = tuple(NETWORKS), said: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """All of it: ``networks`` -> name -> ``title``, ``size``, ``plain`` (``WHOLE``) and ``se`` -> placement -> r -> (``SE``)."""
    table: dict[str, Any] = {}
    for name in networks:
        title, size, _ = NETWORKS[name]
        entry = table[name] = {"title": title, "size": size, "plain": [], "se": {}}
        for placement in PLACEMENTS:
            rows = entry["se"][placement] = {}
            for reduction in REDUCTIONS:
                counted = one(name, reduction, placement)
                entry["plain"] = [counted[field] for field in WHOLE]
                rows[str(reduction)] = [counted[field] for field in SE]
        said(title)
    return {"whole": WHOLE, "fields": SE, "reductions": REDUCTIONS, "placements": PLACEMENTS, "networks": table}


def read(file: Path = FILE) -> dict[str, Any]:
    """The table that ships.

    Raises:
        FileNotFoundError: it is not there; the message says how it is made.
    """
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing: make it by `python -m senet cost-table --out {file}`")
    return json.loads(file.read_text(encoding="utf-8"))


def measured(file: Path = BENCH, batch: int = 8, mode: str = "eval") -> dict[str, Any]:
    """How much longer SE-ResNet-50 takes than ResNet-50 for ``batch`` pictures: what ``python -m senet bench`` measured, in short.

    Returns:
        ``date``, ``machine``, ``threads``, ``versions``, and ``rows``. A row has ``mode``, ``dtype``, ``format``, ``batch``, and
        a ``ratio`` with its 95 % ``interval`` for each of this book's SE block (``ours``), the ``fused`` network (in evaluation)
        and torchvision's block. A fused network is compared with a plain one whose batch norms are folded as well. There are no
        rows if the file is missing, or has none for that many pictures.
    """
    if not file.exists():
        return {"rows": []}  # the counts do without measurements
    found = json.loads(file.read_text(encoding="utf-8"))
    rows = [
        {key: case[key] for key in ("mode", "dtype", "format", "batch")}
        | {
            way: {"ratio": case["results"][name]["ratio"], "interval": case["results"][name]["ratio_interval"]}
            for way, name in WAYS.items()
            if name in case["results"]
        }
        for case in found["cases"]
        if (case["what"], case["mode"], case["batch"]) == ("network", mode, batch)
    ]
    return {key: found[key] for key in ("date", "machine", "threads", "versions")} | {"rows": rows}


def in_browser(file: Path = ENGINE) -> dict[str, Any]:
    """What ``make engine-bench`` measured: the book's networks in a browser, with batch norms as they ship, folded, and apart.

    Returns:
        ``date``, ``machine``, ``versions``, and ``rows`` by network. A row counts ``batch_norms``, and those ``left`` once the
        runtime has optimised the graph. It has the gzipped bytes to fetch: with batch norms ``apart``, ``folded`` in 32 bits,
        and as it ``ships``. It has ``ms`` for a picture, and the ``ratio`` of that time to the time with batch norms apart,
        with its ``interval``. ``unmended`` is the same ratio where the runtime leaves graphs as they are, for weights in 32
        bits (it would widen shorter ones again for every picture).

    Raises:
        FileNotFoundError: it is not there; the message says how it is made.
    """
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing: make it by `make engine-bench`")
    found = json.loads(file.read_text(encoding="utf-8"))
    rows = {}
    for name, one in found["networks"].items():
        graphs, times = one["graphs"], one["times"]["ask"]["results"]
        shipped, apart = times["folded, 16 bits, all"], graphs["apart, 16 bits"]
        over = shipped["over"]["apart, 16 bits, all"]
        rows[name] = {
            "batch_norms": apart["batch_norms"]["file"],
            "left": apart["batch_norms"]["basic"],
            "apart": apart["gzipped"],
            "folded": graphs["folded, 32 bits"]["gzipped"],
            "ships": graphs["folded, 16 bits"]["gzipped"],
            "ms": shipped["ms"],
            "ratio": over["ratio"],
            "interval": over["interval"],
            "unmended": times["folded, 32 bits, disabled"]["over"]["apart, 32 bits, disabled"]["ratio"],
        }
    return {key: found[key] for key in ("date", "machine", "versions")} | {"rows": rows}


def compact(table: dict[str, Any]) -> str:
    """As JSON with a row of numbers a line, so that a change of one can be read in a diff."""

    def row(found: re.Match) -> str:
        return json.dumps(json.loads(found[0]))

    return re.sub(r"\[[^][{}]*\]", row, json.dumps(table, indent=1)) + "\n"
